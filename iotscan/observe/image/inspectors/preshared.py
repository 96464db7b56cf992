"""Pre-shared keys in configurations, measured, and LwM2M clients as they are started.

Sources: mosquitto.conf(5) (psk_file), stunnel(8) (PSKsecrets), ipsec.secrets(5), swanctl.conf(5),
wpa_supplicant.conf(5), hostapd.conf, OpenWrt's /etc/config/wireless; the options of the clients of Leshan, Wakaama
(lwm2mclient) and Anjay (demo).
"""

import functools
import hashlib
import re
from collections.abc import Iterator
from typing import Literal

from iotscan.data.known_psks import read_known_psks
from iotscan.model.facts import ConfiguredPsk, ConfiguredPsks, Lwm2mClient, Lwm2mClients
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.secret_forms.placeholders import entropy, is_random

_LIMIT = 256 * 1024
_HEX = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2}){2,128})")
_WORD = re.compile(r"[A-Za-z]{3,24}[\W_]?\d{0,4}!?|\d{4,12}")
_MOSQUITTO = ("/etc/mosquitto/mosquitto.conf", "/etc/mosquitto/conf.d/*.conf")
_STUNNEL = ("/etc/stunnel/*.conf",)
_IPSEC = ("/etc/ipsec.secrets", "/etc/ipsec.d/*.secrets", "/etc/strongswan/ipsec.secrets", "/var/ipsec/ipsec.secrets")
_SWANCTL = ("/etc/swanctl/swanctl.conf", "/etc/swanctl/conf.d/*.conf")
_WPA = ("/etc/wpa_supplicant.conf", "/etc/wpa_supplicant/*.conf")
_HOSTAPD = ("/etc/hostapd.conf", "/etc/hostapd/*.conf")
_STARTS = (
    "/etc/systemd/system/*",
    "/usr/lib/systemd/system/*",
    "/lib/systemd/system/*",
    "/etc/init.d/*",
    "/etc/default/*",
    "/etc/rc.local",
    "/etc/lwm2m/*",
    "/etc/anjay/*",
)
_CLIENT = re.compile(
    r"(leshan[\w.-]{0,40}client[\w.-]{0,40}|lwm2mclient|anjay[\w.-]{0,40}demo|anjay[\w-]{0,40})\b(.*)", re.IGNORECASE
)
_SERVER = re.compile(
    r"(?:--server-uri|--server-url|-u|-h|--url)[ =][\"']?"
    r"((?:coaps?(?:\+tcp)?://)?)(?:[^\s/@\"']{0,300}@)?([\w.:\[\]-]+)"
)
_KEY = re.compile(r"(?:--key|--psk|-p|-s)[ =][\"']?((?:[0-9a-fA-F]{2}){2,64})\b")
_IDENTITY = re.compile(r"(?:--identity|-i)[ =][\"']?([^\s\"']+)")
_STRONG, _VARIED = 16, 3.0
"""Bytes of a key, and bits of entropy a byte, below which it may have been thought of."""
Found = Iterator[tuple[str, int, str, str, str]]
"""Path, line, system, identity, key as it is written."""


def _inspect(tree: Tree) -> Heard:
    try:
        clients = tuple(dict.fromkeys(_clients(tree)))
        found = (*_mosquitto(tree), *_stunnel(tree), *_ipsec(tree), *_swanctl(tree), *_radio(tree), *_lwm2m(tree))
        psks = tuple(_measured(tree, *each) for each in found)
    except Unreadable as error:
        text = f"pre-shared keys: {error}"
        return all_missed((ConfiguredPsks, Lwm2mClients), AttemptStatus.UNREADABLE, Reason.UNREADABLE, text)
    facts: list[ConfiguredPsks | Lwm2mClients] = []
    if psks:
        facts.append(ConfiguredPsks(psks=psks))
    if clients:
        facts.append(Lwm2mClients(clients=clients))
    return Heard(facts=tuple(facts))


def _measured(tree: Tree, path: str, line: int, system: str, identity: str, written: str) -> ConfiguredPsk:
    digits = _HEX.fullmatch(written)
    raw = bytes.fromhex(digits[1]) if digits and system != "uci-wireless" else written.encode()
    text = raw.decode("ascii", "replace")
    return ConfiguredPsk(
        path=tree.show(path),
        line=line,
        system=system,  # type: ignore[arg-type]  # every caller passes one of the literals
        length=len(raw),
        is_word=bool(_WORD.fullmatch(text) or (digits is None and _WORD.fullmatch(written))),
        is_identity=bool(identity) and identity.lower() in (text.lower(), written.lower()),
        published=_documented().get(raw.hex(), ""),
    )


@functools.cache
def _documented() -> dict[str, str]:
    """Keys of public examples in hex digits, and their records."""
    return {known.key.reveal(): known.id for known in read_known_psks()}


def _lines(tree: Tree, *patterns: str) -> Iterator[tuple[str, int, str]]:
    for pattern in patterns:
        for path in globbed(tree, pattern):
            text = tree.whole(path, _LIMIT).decode("utf-8", "replace")
            for number, line in enumerate(text.splitlines(), start=1):
                if line.strip() and not line.lstrip().startswith(("#", ";")):
                    yield path, number, line.strip()


def _named(tree: Tree, patterns: tuple[str, ...], rule: str) -> Iterator[str]:
    """Files that a configuration names by a setting."""
    for _, _, line in _lines(tree, *patterns):
        match = re.match(rule, line)
        if match and tree.find(match[1].strip()) is not None:
            yield match[1].strip()


def _mosquitto(tree: Tree) -> Found:
    for file in dict.fromkeys(_named(tree, _MOSQUITTO, r"psk_file\s+(/.+)")):
        for path, number, line in _lines(tree, file):
            identity, _, key = line.partition(":")
            if key:
                yield path, number, "mosquitto", identity, key.strip()


def _stunnel(tree: Tree) -> Found:
    for file in dict.fromkeys(_named(tree, _STUNNEL, r"PSKsecrets\s*=\s*(/.+)")):
        for path, number, line in _lines(tree, file):
            identity, _, key = line.partition(":")
            if key:
                yield path, number, "stunnel", identity, key.strip()


def _ipsec(tree: Tree) -> Found:
    for path, number, line in _lines(tree, *_IPSEC):
        match = re.match(r"(.{0,200}?):\s*PSK\s+(?:\"([^\"]+)\"|(\S+))", line)
        if match:
            yield path, number, "ipsec", match[1].strip().split(" ")[0], match[2] or match[3]


def _swanctl(tree: Tree) -> Found:
    is_ike = False
    for path, number, line in _lines(tree, *_SWANCTL):
        section = re.match(r"([\w-]+)\s*\{", line)
        if section:
            is_ike = section[1].startswith("ike")
        match = re.search(r"\bsecret\s*=\s*\"?([^\"\s}]+)", line)
        if match and is_ike:
            yield path, number, "swanctl", "", match[1]


def _radio(tree: Tree) -> Found:
    for system, patterns, name, key in (
        ("wpa", _WPA, r"ssid=\"?([^\"]+)", r"(?:psk|sae_password)=\"?([^\"]+)"),
        ("hostapd", _HOSTAPD, r"ssid=(.+)", r"(?:wpa_passphrase|wpa_psk|sae_password)=(.+)"),
        (
            "uci-wireless",
            ("/etc/config/wireless",),
            r"option\s+ssid\s+[\"']?([^\"']+)",
            r"option\s+key\s+[\"']?([^\"']+)",
        ),
    ):
        ssid = ""
        for path, number, line in _lines(tree, *patterns):
            named, match = re.match(name, line), re.match(key, line)
            ssid = named[1] if named else ssid
            if match and len(match[1]) >= 8:
                yield path, number, system, ssid, match[1].strip()


def _started(tree: Tree) -> Iterator[tuple[str, int, str, str]]:
    for path, number, line in _lines(tree, *_STARTS):
        match = _CLIENT.search(line)
        if match and not line.startswith(("Description", "Documentation", "After", "Requires", "Wants")):
            yield path, number, match[1], match[2]


def _lwm2m(tree: Tree) -> Found:
    for path, number, _, options in _started(tree):
        identity, key = _identity_and_key(options)
        if key:
            yield path, number, "lwm2m", identity, key


def _identity_and_key(options: str) -> tuple[str, str]:
    """Of one client; without both there is neither. ``-p`` is a key to some, a port to others: the longest is it."""
    identity, keys = _IDENTITY.search(options), _KEY.findall(options)
    return (identity[1], max(keys, key=len)) if identity and keys else ("", "")


def _clients(tree: Tree) -> Iterator[Lwm2mClient]:
    for path, number, program, options in _started(tree):
        server = _SERVER.search(options)
        yield Lwm2mClient(
            path=tree.show(path),
            line=number,
            program=safe_text(program, 60),
            server=safe_text(server[1] + server[2], 120) if server else "",
            bootstraps=bool(re.search(r"(?:^|\s)(?:-b|--bootstrap)\b", options)),
            security=_security(options),
            key_sha256_prefix=_digest(options),
        )


def _digest(options: str) -> str:
    """Of a key that nobody could guess; nothing of one that was thought of, or is in documentation."""
    raw = bytes.fromhex(_identity_and_key(options)[1])
    is_drawn = is_random(raw) if raw.isascii() else len(raw) >= _STRONG and entropy(raw) >= _VARIED
    return hashlib.sha256(raw).hexdigest()[:8] if is_drawn and raw.hex() not in _documented() else ""


def _security(options: str) -> Literal["none", "psk", "certificate", "unsaid"]:
    if re.search(r"--security-mode[ =]nosec|\bcoap://", options):
        return "none"
    if re.search(r"--identity|(?:^|\s)-i[ =]", options) and re.search(r"--key|--psk|(?:^|\s)-[ps][ =]", options):
        return "psk"
    if re.search(r"--client-cert|--cert|-c(?:cert|prik)|--security-mode[ =](?:cert|rpk|est)|--rpk|--x509", options):
        return "certificate"
    return "unsaid"


INSPECTOR = Inspector(name="preshared", version=1, gives=(ConfiguredPsks, Lwm2mClients), inspect=_inspect)
