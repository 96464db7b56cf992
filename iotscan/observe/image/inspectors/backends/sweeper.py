"""The pass over configurations, scripts and a vendor's programs, for servers and for checks that are switched off."""

import re
from typing import Final

from iotscan.model.facts import Backend, Backends, Certificate, Pin, VerificationSwitch, VerificationSwitches
from iotscan.model.text import safe_text
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector, Swept
from iotscan.observe.image.inspectors.backends.lines import lines_with
from iotscan.observe.image.inspectors.backends.names import MARKS, Named, find_in_program, find_names
from iotscan.observe.image.inspectors.backends.switches import PIN_WORDS, WORDS, find_nested, find_pins, find_switch
from iotscan.observe.image.places import is_documentation, is_set_aside
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.certificates import read_damaged_bundle

_LARGEST_TEXT, _LARGEST_PROGRAM = 1 << 20, 64 << 20
_MOST = 400
_AUTHORITIES = 16
_OF_OTHERS: Final = re.compile(
    r"(?:^/|/usr/)(?:lib|lib64|share|include|src)/|^/var/(?:lib/(?:dpkg|apt|opkg)|cache|log)/|^/(?:proc|sys|dev)/|^/etc/(?:xml|appstream|maven|sgml)"
    r"|/(?:python3?(?:\.\d+)?|node_modules|perl5?|ruby|site-packages|dist-packages|gems|vendor|third_party|doc|docs|locale)/"
)
"""Libraries, packages and manuals: what they name is not what this device talks to."""
_UNITS: Final = re.compile(r"^/(?:usr/)?lib/(?:systemd/system|rauc|lua)/")
_OWN: Final = re.compile(r"^/(?:opt|usr/local|srv|home|root|app|apps|data|mnt|vendor|www|oem|userdata|persist)/")
_PROGRAMS: Final = re.compile(r"^/(?:usr/)?(?:s?bin|libexec)/")
_NO_TEXT: Final = (
    ".so",
    ".ko",
    ".a",
    ".o",
    ".pyc",
    ".png",
    ".jpg",
    ".gif",
    ".svg",
    ".gz",
    ".xz",
    ".zst",
    ".ttf",
    ".woff2",
    ".mo",
    ".css",
    ".map",
    ".crt",
    ".pem",
    ".html",
    ".htm",
    ".md",
    ".rst",
    ".txt",
    ".min.js",
)


class _Backends:
    """See :class:`~iotscan.observe.image.inspector.Sweeper`."""

    def __init__(self) -> None:
        self._backends: dict[tuple[str, str, int], Backend] = {}
        self._pins: dict[Pin, None] = {}
        self._switches: dict[VerificationSwitch, None] = {}
        self._files = 0

    def wants(self, entry: Entry) -> bool:
        path = entry.path
        if path.endswith(_NO_TEXT) or (_OF_OTHERS.search(path) and not _UNITS.match(path)):
            return False
        return entry.size <= (_LARGEST_PROGRAM if _OWN.match(path) or _PROGRAMS.match(path) else _LARGEST_TEXT)

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        """Metadata alone names no server."""

    def see(self, swept: Swept) -> None:
        if swept.data[:4] == b"\x7fELF":
            for named in find_in_program(swept.data, is_own=bool(_OWN.match(swept.entry.path))):
                self._backend(swept, named, 0)
        elif len(swept.data) <= _LARGEST_TEXT and b"\0" not in swept.data[:8192]:
            self._text(swept)
        self._files += swept.offset == 0

    def _text(self, swept: Swept) -> None:
        data, lower = swept.data, swept.data.lower()
        is_program = bool(_PROGRAMS.match(swept.entry.path))
        is_read_only = is_documentation(swept.entry.path)
        if not is_read_only:
            for start, line in lines_with(data, lower, MARKS):
                for named in find_names(line, swept.entry.path, is_program=is_program):
                    self._backend(swept, named, start)
            for start, line in lines_with(data, lower, PIN_WORDS):
                for name, value in () if is_set_aside(swept.tree, swept.entry.path) else find_pins(line):
                    if _is_of_server(name, swept.entry.path):
                        continue
                    held = _authorities(swept.tree, value)
                    pin = Pin(
                        path=swept.shown,
                        line=swept.line_at(start),
                        setting=safe_text(name),
                        value=safe_text(value),
                        authorities=tuple(c.sha256 for c in held),
                        subjects=tuple(c.subject for c in held),
                    )
                    self._pins.setdefault(pin)
        for start, line in lines_with(data, lower, WORDS):
            found = find_switch(line) or find_nested(data, start, line)
            if found is not None and len(self._switches) < _MOST:
                client, words, _ = found
                switch = VerificationSwitch(
                    path=swept.shown,
                    line=swept.line_at(start),
                    client=client,
                    setting=_shown(client, words),
                    in_documentation=is_read_only or is_set_aside(swept.tree, swept.entry.path),
                )
                self._switches.setdefault(switch)

    def _backend(self, swept: Swept, named: Named, start: int) -> None:
        key = (named.host, named.scheme, named.port)
        if key in self._backends or len(self._backends) > _MOST:
            return
        is_program = swept.data[:4] == b"\x7fELF"
        self._backends[key] = Backend(
            host=safe_text(named.host, 253),
            scheme=named.scheme,
            port=named.port if named.port < 65536 else 0,
            kind=named.kind,
            path=swept.shown,
            line=0 if is_program else swept.line_at(start),
        )

    def heard(self, searched: int) -> Heard:
        backends = tuple(self._backends.values())[:_MOST]
        inventory = Backends(
            backends=backends,
            pins=tuple(self._pins)[:_MOST],
            files_searched=self._files,
            is_cut_off=len(self._backends) > _MOST,
        )
        switches = VerificationSwitches(switches=tuple(self._switches), files_searched=self._files)
        return Heard(facts=(inventory, switches))


def _authorities(tree: Tree, value: bytes) -> tuple[Certificate, ...]:
    """The certificates of the file that a setting names, as far as they can be read."""
    path = value.decode("utf-8", "surrogateescape")
    if not path.startswith("/"):
        return ()
    try:
        found = read_damaged_bundle(tree.read(path, _LARGEST_TEXT))
    except Unreadable:
        return ()
    return tuple(c for c in found if isinstance(c, Certificate))[:_AUTHORITIES]


def _is_of_server(name: bytes, path: str) -> bool:
    """True for the authority whose clients a server takes: ``cafile`` of mosquitto.conf(5), ``smtpd_…`` of Postfix."""
    return (name.lower() == b"cafile" and "/mosquitto/" in path) or name.startswith((b"smtpd_", b"lmtpd_"))


def _shown(client: str, words: bytes) -> str:
    """A command line may hold a password between its name and its option: only these two are shown."""
    return safe_text(b"curl " + words.split()[-1].strip(b"\"'") if client == "curl" else words[-80:], 80)


INSPECTOR = Inspector(name="backends", version=1, gives=(Backends, VerificationSwitches), sweep=_Backends)
