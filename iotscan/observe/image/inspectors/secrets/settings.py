"""Secrets that a configuration, a script or an environment file calls so: ``mqtt_password = …``, ``option key '…'``.

A name counts by how it ends, and only with a value that nothing else would be (see :mod:`.placeholders`). Comments are
left out.
"""

import re
from collections.abc import Iterator
from typing import Final

from iotscan.model.facts import SecretGroup
from iotscan.wire.secret_forms.hit import Hit
from iotscan.wire.secret_forms.placeholders import is_random, stands_for_a_secret

WORDS: Final = (
    b"password",
    b"passwd",
    b"passphrase",
    b"passwort",
    b"pwd",
    b"secret",
    b"token",
    b"psk",
    b"key",
    b"requirepass",
    b"masterauth",
    b"credential",
)
"""How the name of a secret ends: searched as literals in a text in lower case, rules are only put to the line."""
_AFTER: Final = frozenset(b"=: \t\"'])s0123456789")
_LINE_LIMIT: Final = 1000
_LINES: Final = 2000
_ENDINGS: Final = (
    rb"password|passwd|passphrase|passwort|pwd|secret|token|psk|requirepass|masterauth|credentials?"
    rb"|(?:api|auth|access|shared|encryption|secret|app|pre[_-]?shared)[_-]?key"
)
_VALUE: Final = (
    rb"(?:\"(?P<double>[^\"\r\n]{4,256})\"|'(?P<single>[^'\r\n]{4,256})'|(?P<bare>[^\s\"'#;,{}\[\]<>|]{4,256}))"
)
_SETTING: Final = re.compile(
    rb"(?i)(?P<name>[\w.-]{0,48}?(?:"
    + _ENDINGS
    + rb")\d?)[\"']?\]?[ \t]*(?:=>|:=|[=:])[ \t]*"
    + _VALUE
    + rb"[ \t,;)}\"']*(?:[#;/].*)?$"
)
_SPACED: Final = re.compile(
    rb"(?i)^[ \t]*(?:option[ \t]+)?(?P<name>\w{0,32}(?:" + _ENDINGS + rb"|key[1-4]?))[ \t]+" + _VALUE + rb"[ \t]*$"
)
"""``remote_password x`` of mosquitto, ``requirepass x`` of Redis, ``option key 'x'`` of OpenWrt."""
_INLINE: Final = re.compile(
    rb"(?i)[\s'\"](?P<name>--(?:[a-z]{1,20}-)?(?:password|passwd|pass|token|secret|api-key|psk)|-P|--pw|-p)[ =]"
    rb"[\"']?(?P<value>[^\s\"'$<>|;&]{4,128})"
)
CLIENTS: Final = (b"mosquitto_pub", b"mosquitto_sub", b"mosquitto_rr", b"sshpass", b"mqtt-cli")
_COMMENTS: Final = (b"#", b"//", b";", b"--", b"*", b"/*", b"<!--", b"rem ", b'"""')
_CODE: Final = (".py", ".lua", ".js", ".php", ".pl", ".rb", ".c", ".h", ".ts", ".tcl", ".go", ".java", ".sh", ".cgi")
_OF_A_HANDSHAKE: Final = (b"derived_secret", b"traffic_secret", b"master_secret", b"shared_secret", b"early_secret")
_PROGRAMS: Final = ("/usr/lib/", "/lib/", "/usr/share/", "/usr/libexec/", "/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/")
_SPACED_FILES: Final = (".conf", ".cnf", ".cfg")


def find_settings(data: bytes, lower: bytes, name: str, path: str) -> Iterator[Hit]:
    """The secrets that the bytes of a file called ``name`` give a name to; ``lower`` are the bytes in lower case."""
    is_code = name.endswith(_CODE) or data[:2] == b"#!" or path.startswith(_PROGRAMS)
    is_spaced = name.endswith(_SPACED_FILES) or path.startswith("/etc/config/")
    for start, end in sorted(_lines(data, lower)):
        line = data[start:end]
        if line.lstrip().startswith(_COMMENTS):
            continue
        hit = _setting(line, start, is_code=is_code) or (is_spaced and _spaced(line, start)) or None
        if hit is not None:
            yield hit
    for client in CLIENTS:
        if client in data:
            yield from _options(data, client)


def _lines(data: bytes, lower: bytes) -> set[tuple[int, int]]:
    """Begin and end of the lines in which a word of :data:`WORDS` stands where a name would end."""
    lines: set[tuple[int, int]] = set()
    for word in WORDS:
        at = lower.find(word)
        while at >= 0 and len(lines) < _LINES:
            after = at + len(word)
            if after < len(lower) and lower[after] in _AFTER:
                start, end = _line_at(data, at)
                if end - start <= _LINE_LIMIT:
                    lines.add((start, end - 1 if data[end - 1 : end] == b"\r" else end))
            at = lower.find(word, after)
    return lines


def _line_at(data: bytes, at: int) -> tuple[int, int]:
    """Begin and end of the line at a place, no further looked for than a line may be long and one byte more."""
    first, last = max(0, at - _LINE_LIMIT - 1), min(len(data), at + _LINE_LIMIT + 1)
    start, end = data.rfind(b"\n", first, at), data.find(b"\n", at, last)
    return (start + 1 if start >= 0 else first), (end if end >= 0 else last)


def _setting(line: bytes, start: int, *, is_code: bool) -> Hit | None:
    match = _SETTING.search(line)
    if match is None or not _is_name(line, match.start("name")):
        return None
    quoted = match["double"] or match["single"]
    value = quoted or match["bare"]
    if (is_code and not quoted and not is_random(value)) or not _is_secret(match["name"], value, is_code=is_code):
        return None
    return _hit(match, value, start, "setting")


def _spaced(line: bytes, start: int) -> Hit | None:
    match = _SPACED.search(line)
    if match is None:
        return None
    value = match["double"] or match["single"] or match["bare"]
    if match["name"].lower() == b"key" and not line.lstrip().startswith(b"option"):
        return None
    return _hit(match, value, start, "setting") if _is_secret(match["name"], value, is_code=False) else None


def _options(data: bytes, client: bytes) -> Iterator[Hit]:
    """What is given to a client on its command line: ``mosquitto_pub -u x -P …``."""
    at = data.find(client)
    while at >= 0:
        start, end = _line_at(data, at)
        line = data[start:end][:_LINE_LIMIT]
        if not line.lstrip().startswith(_COMMENTS):
            for match in _INLINE.finditer(line):
                is_port = match["name"] == b"-p" and client != b"sshpass"
                if not is_port and _is_secret(match["name"], match["value"], is_code=False):
                    yield _hit(match, match["value"], start, "command")
        at = data.find(client, at + len(line) + len(client))


def _hit(match: "re.Match[bytes]", value: bytes, start: int, form: str) -> Hit:
    name = match["name"].decode("ascii", "replace")
    return Hit(at=start + match.start("name"), group=_group(name.lower()), form=form, value=value, name=name)


def _is_name(line: bytes, at: int) -> bool:
    """True where the name stands by itself: at the start, or after what introduces one."""
    before = line[:at].rstrip(b" \t\"'")
    return not before or before.endswith(_BEFORE) or before.split()[-1] in _INTRODUCED


_BEFORE: Final = (b"{", b",", b"(", b"[", b"-", b";", b"?", b"&")
_INTRODUCED: Final = (b"export", b"set", b"local", b"const", b"let", b"var", b"option", b"declare", b"Environment=")


def _is_secret(name: bytes, value: bytes, *, is_code: bool) -> bool:
    lower = name.lower().rstrip(b"1234")
    if stands_for_a_secret(value) or not value.isascii() or lower.endswith(_OF_A_HANDSHAKE):
        return False
    if lower.endswith((b"token", b"_key", b"-key", b"apikey")):
        # Such names are given to many things; what opens something was drawn.
        return is_random(value)
    has_digit = any(48 <= b <= 57 for b in value)
    if lower.endswith((b"secret", b"credential", b"credentials")):
        return has_digit and len(value) >= 8 and b" " not in value
    # In programs most such values are labels, messages and names of fields.
    return not is_code or (b" " not in value and has_digit and not value.isdigit())


def _group(name: str) -> SecretGroup:
    if any(word in name for word in ("psk", "wpa", "wifi", "wlan", "presharedkey")) or name.rstrip("1234") == "key":
        return "wifi"
    return "service-token" if name.endswith(("token", "key", "secret")) else "password"
