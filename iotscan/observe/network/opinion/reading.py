"""What nmap's XML says of one service, read with python-nmap.

python-nmap reads, and nothing else: it neither finds nor starts a program here. It builds a tree of whatever it is
given, so that our own reader goes first: what declares an entity, is nested too deep or cut short is refused there.
Source: nmap's docs/nmap.dtd; python-nmap 0.7.1, ``PortScanner.analyse_nmap_xml_scan``.
"""

from collections.abc import Mapping
from typing import Any, Final

from iotscan.model.facts import ServiceOpinion
from iotscan.model.text import safe_text
from iotscan.wire.nmap_xml import NotNmap, read_nmap

_SHOWN: Final = 120
_PROBED: Final = 5
"""The least confidence, of 10, with which nmap has heard something: what it reads off the port's number alone has 3."""
_NOTHING: Final = frozenset({"", "unknown", "tcpwrapped"})
"""Names of nmap's for a service that it does not know either: ``tcpwrapped`` closes without a word."""


class NotAsked(Exception):
    """nmap reports nothing of the port, or could not connect to it: its time ran out, or the device kept it out."""


def read_opinion(document: bytes, port: int, *, by: str, argv: tuple[str, ...] = ()) -> ServiceOpinion | None:
    """What it holds TCP ``port`` of the one host in it to be; None where it does not know either.

    Raises NotAsked, and NotNmap for what is no whole report of nmap's.
    """
    guarded = read_nmap(document)
    if guarded.problem:
        raise NotNmap(guarded.problem)
    hosts = list(_parsed(document).values())
    if len(hosts) > 1:
        raise NotNmap("it names more hosts than were asked")
    entry = hosts[0].get("tcp", {}).get(port) if hosts else None
    if not entry:
        raise NotAsked("it reports nothing of the port: its time ran out")
    if entry.get("state") != "open":
        raise NotAsked("the port did not accept its connection")
    return _opinion(entry, by, argv)


def _parsed(document: bytes) -> Mapping[str, Any]:
    from nmap import PortScanner, PortScannerError  # 40 ms that only a second opinion costs

    class Reader(PortScanner):  # type: ignore[misc]  # python-nmap has no types
        """python-nmap's own start looks for a program and runs it."""

        def __init__(self) -> None:
            self._scan_result: dict[str, Any] = {}

    try:
        read = Reader().analyse_nmap_xml_scan(document)
        scan = read["scan"]
    except (PortScannerError, AttributeError, KeyError, TypeError, ValueError) as error:
        # Its text is the whole document.
        raise NotNmap("it is no whole report of nmap's") from error
    return dict(scan)


def _opinion(entry: Mapping[str, Any], by: str, argv: tuple[str, ...]) -> ServiceOpinion | None:
    def text(what: str) -> str:
        return safe_text(str(entry.get(what) or ""), _SHOWN)

    said = text("conf")
    confidence = min(int(said), 10) if said.isascii() and said.isdecimal() and len(said) < 3 else 0
    if text("name") in _NOTHING or confidence < _PROBED:
        return None
    return ServiceOpinion(
        by=by,
        protocol=text("name"),
        product=text("product"),
        version=text("version"),
        details=text("extrainfo"),
        cpe=text("cpe"),
        confidence=confidence,
        argv=argv,
    )
