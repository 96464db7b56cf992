"""The questions iotscan can ask, one protocol a file. A new probe is listed here and nowhere else."""

from iotscan.observe.network.probe import Probe


def all_probes() -> tuple[Probe, ...]:
    """Every probe. Imported on demand: some bring heavy libraries."""
    from iotscan.observe.network.probes import (
        adb,
        certificate,
        coap,
        dtls,
        dtls_endpoint,
        http,
        known_psk,
        login,
        mqtt,
        ota,
        quic,
        snmp,
        ssh,
        telnet,
        tls,
        tls_attacks,
        update,
        well_known,
    )

    over_tcp = (adb, certificate, http, login, mqtt, ota, ssh, telnet, tls, tls_attacks, update, well_known)
    over_udp = (coap, dtls, dtls_endpoint, quic, snmp)
    return tuple(m.PROBE for m in (*over_tcp, *over_udp, known_psk))
