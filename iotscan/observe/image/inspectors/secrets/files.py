"""Secrets in files that exist to hold them, each by its own manual.

netrc(5), pppd(8) (chap-secrets), ipsec.secrets(5), snmpd.conf(5), wpa_supplicant.conf(5), hostapd.conf,
iwd.network(5), .pgpass of PostgreSQL.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from iotscan.model.facts import SecretGroup
from iotscan.wire.secret_forms.hit import Hit
from iotscan.wire.secret_forms.placeholders import stands_for_a_secret

_LINE = rb"(?m)^(?![ \t]*#)[ \t]*"
_NETRC: Final = re.compile(rb"\bmachine\s+\S+\s+(?:login\s+\S+\s+)?password\s+(\S+)")
_PPP: Final = re.compile(_LINE + rb"(?:\"[^\"\n]*\"|\S+)[ \t]+(?:\"[^\"\n]*\"|\S+)[ \t]+(?:\"([^\"\n]+)\"|(\S+))")
_IPSEC: Final = re.compile(_LINE + rb"[^#\n]{0,200}?:\s*(?:PSK|EAP|XAUTH|NTLM)\s+(?:\"([^\"\n]+)\"|(0[sx]\S+))")
_SNMP: Final = re.compile(_LINE + rb"(?:r[ow]community6?|com2sec6?\s+\S+\s+\S+)[ \t]+[\"']?([^\s\"'#]+)")
_SNMP_USER: Final = re.compile(_LINE + rb"createUser\s+(?:-e\s+\S+\s+)?\S+\s+(?:MD5|SHA\S*)\s+(?:\"([^\"\n]+)\"|(\S+))")
_WPA: Final = re.compile(
    _LINE
    + rb"(?:psk|password|sae_password|wpa_passphrase|wpa_psk|wep_key\d|Passphrase|PreSharedKey)="
    + rb"(?:\"([^\"\n]{4,128})\"|([^\"'\s#]{4,128}))"
)
_PGPASS: Final = re.compile(_LINE + rb"[^:\s]+:[^:\s]+:[^:\s]+:[^:\s]+:(\S+)")
_DOCUMENTED: Final = (b"public", b"private")

_KINDS: Final[tuple[tuple[Callable[[str, str], bool], str, SecretGroup, "re.Pattern[bytes]"], ...]] = (
    (lambda n, p: n in (".netrc", "_netrc", "netrc"), "netrc", "password", _NETRC),
    (lambda n, p: n in ("chap-secrets", "pap-secrets", "srp-secrets"), "ppp", "vpn", _PPP),
    (lambda n, p: n == "ipsec.secrets" or (n.endswith(".secrets") and "ipsec" in p), "ipsec", "vpn", _IPSEC),
    (lambda n, p: n.startswith("snmpd") and n.endswith(".conf"), "snmp", "community", _SNMP),
    (lambda n, p: n.startswith("snmpd") and n.endswith(".conf"), "snmp", "password", _SNMP_USER),
    (lambda n, p: n.endswith(".conf") and ("wpa_supplicant" in p or "hostapd" in n), "wpa", "wifi", _WPA),
    (lambda n, p: n.endswith((".psk", ".8021x")) and "iwd" in p, "iwd", "wifi", _WPA),
    (lambda n, p: n == ".pgpass", "pgpass", "password", _PGPASS),
)  # fmt: skip


def has_own_form(name: str, path: str) -> bool:
    """True for a file that is read by its own grammar only."""
    return any(fits(name, path) for fits, *_ in _KINDS)


def find_in_own_form(data: bytes, name: str, path: str) -> Iterator[Hit]:
    """The secrets of such a file."""
    for fits, form, group, pattern in _KINDS:
        if not fits(name, path):
            continue
        for match in pattern.finditer(data):
            value = match[1] or match[match.lastindex or 1] or b""
            if not stands_for_a_secret(value) and not (group == "community" and value in _DOCUMENTED):
                yield Hit(at=match.start(match.lastindex or 1), group=group, form=form, value=value)
