"""The XML that nmap writes (``-oX``): which hosts were up, and which of their TCP ports were open.

What is there is given, also of a file that is cut short: nmap writes host by host. Source: nmap's docs/nmap.dtd. The
DOCTYPE without an internal subset that nmap writes is let pass; a document that declares anything in one is refused, so
that no entity is ever defined, expanded or fetched.
"""

from ipaddress import ip_address
from typing import Final
from xml.parsers import expat

import msgspec

from iotscan.model.text import safe_text

LIMIT: Final = 64 << 20
"""Bytes of a file: a /16 with all ports of a thousand hosts takes less."""
_HOSTS: Final = 100_000
_PORTS: Final = 1_024
"""Open ports kept of one host: who has more has all."""
_DEPTH: Final = 16


class NotNmap(ValueError):
    """The document is none that nmap wrote, or declares what nmap does not."""


class NmapHost(msgspec.Struct, frozen=True, kw_only=True):
    """A host that was up: its IPv4 or IPv6 address, canonical, and its open TCP ports in order."""

    address: str
    tcp: tuple[int, ...] = ()


class NmapScan(msgspec.Struct, frozen=True, kw_only=True):
    """``version`` is nmap's, ``started`` its own word for when. ``problem`` says why some of it may be missing."""

    hosts: tuple[NmapHost, ...]
    version: str = ""
    started: str = ""
    problem: str = ""


def read_nmap(document: bytes) -> NmapScan:
    """Read a file of nmap's. Raises NotNmap."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.EntityDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    problem = ""
    try:
        parser.Parse(document[:LIMIT], True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, NotNmap):
            raise
        problem = "it ends, or is damaged, before its end"
    if not reader.is_nmap:
        raise NotNmap("it is no XML of nmap's (nmap -oX FILE)")
    if len(document) > LIMIT:
        problem = f"it is larger than {LIMIT >> 20} MiB"
    return NmapScan(
        hosts=tuple(reader.hosts.values()),
        version=safe_text(reader.version, 40),
        started=safe_text(reader.started, 60),
        problem=problem or reader.problem,
    )


class _Reader:
    """What the parser tells, as hosts."""

    def __init__(self) -> None:
        self.hosts: dict[str, NmapHost] = {}
        self.is_nmap = False
        self.version = self.started = self.problem = ""
        self._depth = 0
        self._is_up = False
        self._address = ""
        self._port = 0
        self._ports: set[int] = set()

    def doctype(self, name: str, system: object, public: object, has_subset: int) -> None:
        if name != "nmaprun" or has_subset:
            raise NotNmap("it declares what no file of nmap's does")

    def refuse(self, *_: object) -> None:
        raise NotNmap("it declares what no file of nmap's does")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEPTH:
            raise NotNmap("it is nested deeper than any file of nmap's")
        if self._depth == 1:
            if name != "nmaprun":
                raise NotNmap("it is no XML of nmap's (nmap -oX FILE)")
            self.is_nmap = True
            self.version, self.started = attributes.get("version", ""), attributes.get("startstr", "")
        elif self._depth == 2 and name == "host":
            self._is_up, self._address, self._ports = False, "", set()
        elif self._depth == 3 and name == "status":
            self._is_up = attributes.get("state") == "up"
        elif self._depth == 3 and name == "address" and attributes.get("addrtype") in ("ipv4", "ipv6"):
            self._address = self._address or _canonical(attributes.get("addr", ""))
        elif self._depth == 4 and name == "port":
            number = attributes.get("portid", "")
            is_tcp = attributes.get("protocol") == "tcp" and number.isascii() and number.isdigit() and len(number) < 6
            self._port = int(number) if is_tcp else 0
        elif self._depth == 5 and name == "state" and attributes.get("state") == "open":
            self._open()

    def _open(self) -> None:
        if 0 < self._port < 65536 and len(self._ports) < _PORTS:
            self._ports.add(self._port)

    def end(self, name: str) -> None:
        if self._depth == 2 and name == "host" and self._is_up and self._address:
            if len(self.hosts) < _HOSTS or self._address in self.hosts:
                before = self.hosts[self._address].tcp if self._address in self.hosts else ()
                both = tuple(sorted({*before, *self._ports})[:_PORTS])
                self.hosts[self._address] = NmapHost(address=self._address, tcp=both)
            else:
                self.problem = f"it has more than {_HOSTS:,} hosts"
        self._depth -= 1


def _canonical(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
