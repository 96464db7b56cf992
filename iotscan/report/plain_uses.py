"""What a device was seen to do in traffic, as plain lines: all of it, a line each."""

from collections.abc import Iterator

from iotscan.report.use_rows import HandshakeRow, UpdateRow, Uses
from iotscan.report.words import counted, listed


def done(uses: Uses) -> Iterator[str]:
    """The lines, indented below those of the device."""
    if uses.called:
        yield f"  calls itself: {listed(uses.called)}"
    for hello in uses.hellos:
        marks = f"ja4 {hello.ja4 or 'not told'}  ja3 {hello.ja3 or 'not told'}"
        yield f"  offers: {marks}  {hello.offers}  to {listed(hello.servers)}  {counted(hello.count, 'time')}"
    for row in uses.clients:
        yield f"  tls client: {_handshake(row)}"
        yield f"    checks the certificate: {row.proved}{f': {row.why}' if row.why else ''}"
    yield from (f"  tls server: for {_handshake(row)}" for row in uses.servers)
    yield from (f"  update: {_update(row)}" for row in uses.updates)
    for asked in uses.names:
        names = listed(asked.names) or "not readable"
        yield f"  names: of {asked.server}  {asked.over}  {asked.protection}  {counted(asked.count, 'time')}: {names}"
    for time in uses.time:
        yield f"  time: of {time.server}  {time.what}  {time.authentication}  {counted(time.count, 'time')}"
    yield from (f"  in the clear: {clear.what}  {clear.bytes:,} bytes, {clear.share} of all" for clear in uses.clear)
    if uses.is_cut_off:
        yield "  and more: the run file does not list all that was seen"


def _handshake(row: HandshakeRow) -> str:
    return f"{row.peer}  {row.asked}  {row.over}  {row.chose}  {row.identity}  {counted(row.count, 'time')}"


def _update(row: UpdateRow) -> str:
    told = f"signature: {row.signature}; told by {row.told_by or 'nothing'}"
    return f"{row.where}  {row.what}  {row.often}  {row.carried}  {told}"
