"""A conversation played to a reader, piece by piece."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from iotscan.observe.traffic.conversation import Chooser, Conversation, Endpoint, Piece, Reader, Told

T = TypeVar("T")
Said = tuple[str, bytes]
"""``>`` for what the client says, ``<`` for the server, and the bytes."""
AT = 1_790_000_000_000_000_000


def conversation(transport: str = "tcp", port: int = 80, *, has_beginning: bool = True) -> Conversation:
    """A device and a server beyond its network."""
    return Conversation(
        transport=transport,  # type: ignore[arg-type]
        client=Endpoint("02:77:00:00:00:15", "10.77.0.21", 40000),
        server=Endpoint("02:77:00:00:01:50", "203.0.113.80", port),
        first=AT,
        last=AT,
        has_beginning=has_beginning,
    )


def play(choose: Chooser, talk: Conversation, said: Iterable[Said | Piece]) -> list[Told]:
    """What a reader makes of it, chosen by what is said first."""
    told: list[Told] = []
    reader: Reader | None = None
    kept: list[Piece] = []
    at = AT
    for each in said:
        at += 1_000_000
        piece = each if isinstance(each, Piece) else Piece(at, each[0] == ">", each[1])
        kept.append(piece)
        if reader is None:
            # A first piece may hold too little to tell anything by: whoever follows a conversation joins them.
            said_so_far = b"".join(p.data for p in kept if p.is_upward == piece.is_upward)
            reader = choose(talk, msgspec.structs.replace(piece, data=said_so_far), told.append)
        if reader is None:
            continue
        for one in kept:
            reader.take(one)
            if not reader.wants_more:
                reader.end(at)
                return told
        kept = []
    if reader is not None:
        reader.end(at)
    return told


def items(told: Iterable[Told], kind: type[T]) -> list[T]:
    """The things of one kind."""
    return [each.item for each in told if isinstance(each.item, kind)]


def cut(said: Iterable[Said], size: int) -> list[Said]:
    """The same in pieces of ``size`` bytes."""
    return [(who, data[at : at + size]) for who, data in said for at in range(0, len(data), size)]
