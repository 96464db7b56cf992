"""Addresses of servers in a line of text or in a program, and which of them are nobody's back end."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.model.facts import BackendKind

MARKS: Final = (b"://", b"amazonaws.com", b"azure-devices", b"address", b"server", b"pool", b"ntp", b"broker", b"host")
_URL: Final = re.compile(
    rb"(?i)\b(https?|mqtts?|wss?|amqps?|coaps?(?:\+tcp)?|ssl|tcps?|ftps?|tftp|grpcs?|nats|redis|syslog)://"
    rb"(?:[^\s/@\"'<>]{1,128}@)?(\[[0-9a-f:]{3,40}\]|[a-z0-9][a-z0-9._-]{1,250})(?::(\d{1,5}))?(?=[/\s\"'<>?#;,)\]}\\&|\0]|$)"
)
_CLOUD: Final = re.compile(
    rb"(?i)\b([a-z0-9-]{4,64}\.(?:iot|credentials\.iot)\.[a-z0-9-]{6,30}\.amazonaws\.com"
    rb"|[a-z0-9-]{1,64}\.azure-devices(?:-provisioning)?\.net|mqtt\.googleapis\.com)\b"
)
_SETTING: Final = re.compile(
    rb"(?i)^[\s\"']*(?:option\s+|list\s+)?[\"']?(?P<name>address|addresses|server|pool|ntp|fallbackntp|hawkbit_server|broker"
    rb"|(?:[\w.]{1,24}[_.-])?(?:host|hostname|broker|server|endpoint))[\"']?\s*[\s:=]\s*[\"']?"
    rb"(?P<host>[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9][a-z0-9-]{0,62})*\.[a-z]{2,18}|\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>\d{1,5}))?(?=[\s\"',;]|$)"
)
_NOBODYS: Final = re.compile(
    r"(?:^|\.)(?:w3\.org|xmlsoap\.org|gnu\.org|apache\.org|mozilla\.org|kernel\.org|freedesktop\.org|ietf\.org|rfc-editor\.org"
    r"|python\.org|opensource\.org|json-schema\.org|openssl\.org|gnome\.org|launchpad\.net|wikipedia\.org|stackoverflow\.com"
    r"|sourceforge\.net|readthedocs\.(?:io|org)|systemd\.io|oasis-open\.org|purl\.org|yaml\.org|jquery\.(?:org|com)|schema\.org"
    r"|openxmlformats\.org|adobe\.com|nodejs\.org|npmjs\.(?:com|org)|perl\.org|cpan\.org|busybox\.net|musl-libc\.org|gnupg\.org"
    r"|samba\.org|isc\.org|linuxfoundation\.org|creativecommons\.org|unicode\.org|docbook\.org|spdx\.org|mit\.edu|vim\.org"
    r"|example(?:\.\w+)?|invalid|test|localhost|local|lan|home|internal|localdomain|arpa)$"
    r"|^(?:www|wiki|bugs|docs?|developer|support|help|blog|lists|man|manpages|tools|code|git)\."
)
_NO_ENDING: Final = frozenset(
    """
    conf cfg sh py js json xml html htm txt log pem crt key so service socket sock target d lua php c h cpp cgi css png
    svg yaml yml ini db lock pid tmp bin img gz md local default name value
    """.split()  # noqa: SIM905  # as prose it can be read
)
_PROSE: Final = (
    b"Documentation=",
    b"Description=",
    b"echo ",
    b"print",
    b"Homepage:",
    b"PROJECT_URL",
    b"BUG_REPORT_URL",
)
_IN_USE: Final = re.compile(
    rb"(?i)\b(?:curl|wget|uclient-fetch|http_request|requests?\.)\b|\b\w*(?:url|server|host|endpoint|broker)\w*[\"']?\s*="
)
_MOST_IN_A_PROGRAM: Final = 50_000
_KINDS: Final[dict[str, BackendKind]] = {"mqtt": "broker", "mqtts": "broker", "amqp": "broker", "amqps": "broker"}


class Named(msgspec.Struct, frozen=True):
    """A server as it stands in a text."""

    at: int
    host: str
    scheme: str = ""
    port: int = 0
    kind: BackendKind = "web"


def find_names(line: bytes, path: str, *, is_program: bool = False) -> Iterator[Named]:
    """The servers that a line of a file names; in a program of the system only those that it is set to or fetches."""
    if line.lstrip().startswith(_PROSE):
        return
    for match in _URL.finditer(line):
        is_web = match[1].lower() in (b"http", b"https", b"ftp")
        if not (is_program and is_web) or _IN_USE.search(line):
            yield from _url(match, path)
    for match in _CLOUD.finditer(line):
        yield Named(at=match.start(), host=match[1].decode().lower(), kind="iot-platform")
    setting = _SETTING.match(line)
    if setting is not None:
        host = setting["host"].decode().lower()
        kind = _kind_of_setting(setting["name"].decode().lower(), path)
        if is_backend(host) and kind is not None:
            yield Named(at=setting.start("host"), host=host, port=int(setting["port"] or 0), kind=kind)


def find_in_program(data: bytes, *, is_own: bool) -> Iterator[Named]:
    """The servers that the texts of a program name: of a vendor's own all, of others only what is one by its form."""
    at, count = data.find(b"://") if is_own else -1, 0
    while at >= 0 and count < _MOST_IN_A_PROGRAM:
        # The rule alone would try each letter of the file.
        match = _URL.search(data, max(0, at - 9), at + 300)
        if match is not None:
            yield from _url(match, "")
        at, count = data.find(b"://", at + 3), count + 1
    if b"amazonaws.com" in data or b"azure-devices" in data:
        for match in _CLOUD.finditer(data):
            yield Named(at=match.start(), host=match[1].decode().lower(), kind="iot-platform")


def _url(match: "re.Match[bytes]", path: str) -> Iterator[Named]:
    scheme, host = match[1].decode().lower(), match[2].decode().lower().strip("[]").rstrip(".")
    if is_backend(host):
        kind: BackendKind = "update" if _is_update(path) else _KINDS.get(scheme, "web")
        yield Named(at=match.start(), host=host, scheme=scheme, port=int(match[3] or 0), kind=kind)


def _is_update(path: str) -> bool:
    words = ("opkg", "/apk/", "/apt/", "yum.repos", "mender", "swupdate", "rauc", "hawkbit", "ostree", "fwupd")
    return any(word in path for word in words)


def _kind_of_setting(name: str, path: str) -> BackendKind | None:
    if "ntp" in path or "chrony" in path or "timesync" in path or "ntp" in name or path.endswith("/config/system"):
        return "time"
    if "mosquitto" in path or "broker" in name or "mqtt" in name:
        return "broker"
    if "hawkbit" in name or _is_update(path):
        return "update"
    if "syslog" in path or "log" in name:
        return "log"
    # ``server`` and ``address`` alone are said of anything.
    return (
        "web" if name.endswith(("host", "hostname", "server", "endpoint")) and name not in ("host", "server") else None
    )


def is_backend(host: str) -> bool:
    """False for this device, its network, examples, and where standards and manuals are kept."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        ending = host.rpartition(".")[2]
        return "." in host and ending.isalpha() and ending not in _NO_ENDING and not _NOBODYS.search(host)
    return address.is_global and not address.is_multicast
