"""The questions iotscan can ask, one protocol a file. A new probe is listed here and nowhere else."""

from importlib import import_module
from typing import Final

from iotscan.observe.network.probe import Probe

_MODULES: Final = (
    "adb",
    "amqp",
    "api",
    "bacnet",
    "certificate",
    "coap",
    "coap_tls",
    "controller",
    "data_store",
    "dns",
    "dtls",
    "dtls_endpoint",
    "esphome",
    "ftp",
    "graphql",
    "http",
    "known_psk",
    "login",
    "modbus",
    "mqtt",
    "mqtt_tenant",
    "ntp",
    "oauth_keys",
    "onvif",
    "opc_ua",
    "ota",
    "quic",
    "rtsp",
    "snmp",
    "ssh",
    "status",
    "telnet",
    "tftp",
    "tls",
    "tls_attacks",
    "update",
    "upnp",
    "web_enrolment",
    "web_store",
    "websocket",
    "well_known",
)
"""Modules of this folder, each with its ``PROBE``: one a line, in the order of the alphabet."""


def all_probes() -> tuple[Probe, ...]:
    """Every probe. Imported on demand: some bring heavy libraries."""
    return tuple(_probe(name) for name in _MODULES)


def _probe(name: str) -> Probe:
    probe: Probe = import_module(f"{__name__}.{name}").PROBE
    return probe
