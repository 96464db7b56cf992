"""What devices were seen to do in traffic, on a terminal: a few lines for each, the telling ones first."""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from iotscan.report.ink import Column, Ink
from iotscan.report.talk_rows import TalkRow
from iotscan.report.talking import DEVICES
from iotscan.report.use_rows import HandshakeRow, Proved, UpdateRow, Uses
from iotscan.report.words import counted, listed

ROWS: Final = 3
"""Lines of one kind for one device before the rest is counted."""
_NAMES: Final = 6
_PROVED: Final[dict[Proved, str]] = {"no": "bold red", "yes": "green", "unknown": "dim"}
Line = tuple[str, Text]


def show_uses(ink: Ink, rows: list[TalkRow]) -> None:
    """What the first of these devices were seen to do; nothing where none did anything but talk."""
    telling = [row for row in rows if row.uses.says_something]
    if not telling:
        return
    ink.heading("what they do", ink.text("as clients and servers, as far as it was seen", "dim"))
    for row in telling[:DEVICES]:
        ink.say(ink.text(row.label or row.address, "bold"), 2)
        lines = [(ink.text(name, "dim"), words) for name, words in _lines(ink, row.uses)]
        ink.grid(Column(least=8), Column(wraps=True), rows=lines, indent=4)
    if len(telling) > DEVICES:
        ink.say(ink.text(f"and {counted(len(telling) - DEVICES, 'more device')}: see the text report", "dim"), 2)


def _lines(ink: Ink, uses: Uses) -> Iterator[Line]:
    groups: tuple[tuple[str, list[Text]], ...] = (
        ("tls to", [_client(ink, row) for row in uses.clients]),
        ("offers", [_pair(ink, h.ja4 or h.ja3, h.offers) for h in uses.hellos]),
        ("serves", [_pair(ink, f"{row.over}  {row.version}", row.identity) for row in uses.servers]),
        ("updates", [_update(ink, row) for row in uses.updates]),
        ("names", [_pair(ink, listed(r.names, _NAMES), f"of {r.server}, {r.protection}") for r in uses.names]),
        ("time", [_pair(ink, r.server, f"{r.what}, {r.authentication}") for r in uses.time]),
        ("clear", [_clear(ink, uses)] if uses.clear else []),
    )
    for name, rows in groups:
        for number, words in enumerate(rows[:ROWS]):
            yield "" if number else name, words
        if len(rows) > ROWS:
            yield "", ink.text(f"and {len(rows) - ROWS} more", "dim")


def _pair(ink: Ink, first: str, second: str) -> Text:
    return ink.join((first, ""), (f"  {second}" if first else second, "dim"))


def _client(ink: Ink, row: HandshakeRow) -> Text:
    """What is proved, else how the ends know each other."""
    head = (f"{row.name}  {row.version or 'version not seen'}  ", "")
    if row.proved == "unknown":
        why = f"; checks it: unknown, {row.why}" if row.why else ""
        return ink.join(head, (f"{row.identity}{why}", _PROVED[row.proved]))
    return ink.join(head, (f"checks the certificate: {row.proved}, {row.why}", _PROVED[row.proved]))


def _update(ink: Ink, row: UpdateRow) -> Text:
    carried = (f"  {row.carried}", "green" if row.is_encrypted else "yellow")
    signature = f", signature {row.signature}" if row.signature != "not known" else ""
    return ink.join((row.where, ""), carried, (f"{signature}; {row.what}, {row.often}", "dim"))


def _clear(ink: Ink, uses: Uses) -> Text:
    return ink.text(listed([f"{row.what} {row.share}" for row in uses.clear], ROWS), "yellow")
