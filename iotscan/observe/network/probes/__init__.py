"""The questions iotscan can ask, one protocol a file. A new probe is listed here and nowhere else."""

from iotscan.observe.network.probe import Probe


def all_probes() -> tuple[Probe, ...]:
    """Every probe. Imported on demand: some bring heavy libraries."""
    from iotscan.observe.network.probes import (
        adb,
        certificate,
        coap,
        dtls,
        http,
        login,
        mqtt,
        snmp,
        ssh,
        telnet,
        tls,
        update,
        well_known,
    )

    modules = (adb, certificate, coap, dtls, http, login, mqtt, snmp, ssh, telnet, tls, update, well_known)
    return tuple(m.PROBE for m in modules)
