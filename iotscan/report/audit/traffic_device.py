"""The card of one device in the section Traffic: what it is as a client and as a server, and what it was seen to do."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from iotscan.report.audit.cells import facts
from iotscan.report.document import Block, Card, Cell, Column, Facts, Paragraph, Table, Tone, cell, plain
from iotscan.report.rating import size_of
from iotscan.report.talk_rows import TalkRow
from iotscan.report.use_rows import ClearRow, HandshakeRow, HelloRow, NamesRow, TimeRow, UpdateRow
from iotscan.report.words import counted, listed

R = TypeVar("R")
ROWS: Final = 10
"""Rows of each table of a device before the rest is counted; the run file has all."""
_SERVERS: Final = 4
_NAMED: Final = 8
"""Names that a cell lists."""
_PROVED: Final[dict[str, Tone]] = {"no": "fail", "yes": "info", "unknown": "unknown"}


def card(row: TalkRow, number: int) -> Card:
    """The card. ``number`` tells it and its tables from those of other devices."""
    title = f"{row.label} ({row.address})" if row.label else row.address or row.device
    return Card(id=f"traffic-device-{number}", title=title, blocks=tuple(_blocks(row, number)), listed=False)


def _blocks(row: TalkRow, number: int) -> Iterator[Block]:
    done = row.uses
    yield Facts(
        rows=facts(
            ("Calls itself", listed(done.called, 6)),
            ("Seen for", row.seen),
            ("Readable on the way", row.clear),
            ("Not seen", _unseen(row)),
        )
    )
    yield from _table(f"traffic-hellos-{number}", "What it offers as a TLS client", _HELLO, done.hellos, _hello)
    yield from _table(f"traffic-clients-{number}", "With whom, as a TLS client", _CLIENT, done.clients, _client)
    yield from _table(f"traffic-servers-{number}", "As a TLS server", _SERVER, done.servers, _server)
    yield from _table(f"traffic-updates-{number}", "Looks for updates", _UPDATE, done.updates, _update)
    yield from _table(f"traffic-names-{number}", "Names that it asked for", _NAMES, done.names, _names)
    yield from _table(f"traffic-time-{number}", "Where it asked for the time", _TIME, done.time, _time)
    yield from _table(f"traffic-clear-{number}", "What of it anybody on the way can read", _CLEAR, done.clear, _clear)
    if done.is_cut_off:
        yield Paragraph(spans=plain("More was seen of it than the run file lists."))


def _unseen(row: TalkRow) -> str:
    """What no conclusion can be drawn about."""
    done = row.uses
    kinds = {
        "TLS": (*done.clients, *done.servers),
        "updates": done.updates,
        "questions for names": done.names,
        "questions for the time": done.time,
    }
    return listed([name for name, rows in kinds.items() if not rows])


def _table(
    id: str, caption: str, columns: tuple[Column, ...], rows: Sequence[R], line: Callable[[R], tuple[Cell, ...]]
) -> Iterator[Block]:
    if rows:
        more = f": the first {ROWS} of {len(rows):,}, the run file has all" if len(rows) > ROWS else ""
        yield Table(id=id, caption=f"{caption}{more}", columns=columns, rows=tuple(line(r) for r in rows[:ROWS]))


_HELLO: Final = (
    Column(title="JA4", weight=2, kind="code"),
    Column(title="JA3", weight=2, kind="code"),
    Column(title="Offers", weight=2.6),
    Column(title="To whom", weight=2),
)


def _hello(row: HelloRow) -> tuple[Cell, ...]:
    whom = f"{listed(row.servers, _SERVERS)}{_times(row.count)}"
    return cell(row.ja4 or "not told"), cell(row.ja3 or "not told"), cell(row.offers), cell(whom)


_CLIENT: Final = (
    Column(title="Server", weight=2),
    Column(title="Was chosen", weight=2),
    Column(title="Certificate or key", weight=2.6),
    Column(title="Checks the certificate", weight=2),
)


def _client(row: HandshakeRow) -> tuple[Cell, ...]:
    return (
        cell(f"{row.peer}; {row.asked}; {row.over}{_times(row.count)}"),
        cell(row.chose),
        cell(row.identity),
        cell(f"{row.proved}: {row.why}" if row.why else row.proved, _PROVED[row.proved]),
    )


_SERVER: Final = (
    Column(title="For", weight=2),
    Column(title="Over", weight=1.2),
    Column(title="It chose", weight=2),
    Column(title="Certificate or key", weight=2.6),
)


def _server(row: HandshakeRow) -> tuple[Cell, ...]:
    return cell(f"{row.peer}{_times(row.count)}; {row.asked}"), cell(row.over), cell(row.chose), cell(row.identity)


_UPDATE: Final = (
    Column(title="Where", weight=2.4),
    Column(title="What", weight=1.5),
    Column(title="How often", weight=1.2),
    Column(title="Carried by", weight=1.3),
    Column(title="Signature", weight=1.3),
    Column(title="Told by", weight=1.2),
)


def _update(row: UpdateRow) -> tuple[Cell, ...]:
    return (
        cell(row.where),
        cell(row.what),
        cell(row.often),
        cell(row.carried, "pass" if row.is_encrypted else "warn"),
        cell(row.signature),
        cell(row.told_by),
    )


_NAMES: Final = (
    Column(title="Of whom", weight=1.8),
    Column(title="Over", weight=1.2),
    Column(title="Protection", weight=1.4),
    Column(title="Names", weight=3),
    Column(title="Questions", kind="number"),
)


def _names(row: NamesRow) -> tuple[Cell, ...]:
    names = listed(row.names, _NAMED) or "not readable"
    tone: Tone = "pass" if row.protection == "encrypted" else "warn"
    return cell(row.server), cell(row.over), cell(row.protection, tone), cell(names), cell(f"{row.count:,}")


_TIME: Final = (
    Column(title="Of whom", weight=2),
    Column(title="What", weight=1.6),
    Column(title="Authentication", weight=1.6),
    Column(title="Questions", kind="number"),
)


def _time(row: TimeRow) -> tuple[Cell, ...]:
    return cell(row.server), cell(row.what), cell(row.authentication), cell(f"{row.count:,}")


_CLEAR: Final = (
    Column(title="What", weight=4),
    Column(title="Payload", kind="number"),
    Column(title="Of all it said", kind="number"),
)


def _clear(row: ClearRow) -> tuple[Cell, ...]:
    return cell(row.what), cell(size_of(row.bytes)), cell(row.share)


def _times(count: int) -> str:
    return f", {counted(count, 'time')}" if count > 1 else ""
