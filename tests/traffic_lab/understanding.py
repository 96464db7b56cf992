"""What our own readers make of a capture: all that is told, and the conversations."""

from pathlib import Path
from typing import TypeVar

from iotscan.observe.traffic.conversation import Conversation, Told
from iotscan.observe.traffic.following import Following
from iotscan.observe.traffic.readers import all_choosers
from iotscan.wire.frames import Sighting

T = TypeVar("T")


class Heard:
    """A listener that keeps everything."""

    def __init__(self) -> None:
        self.all: list[Told] = []
        self.conversations: list[Conversation] = []

    def frame(self, at: int, source: str, length: int, count: int = 1) -> None:
        """Not kept."""

    def sighted(self, at: int, seen: Sighting) -> None:
        """Not kept."""

    def told(self, said: Told) -> None:
        self.all.append(said)

    def ended(self, conversation: Conversation) -> None:
        self.conversations.append(conversation)

    def items(self, kind: type[T]) -> list[T]:
        """The things of one kind, in order."""
        return [said.item for said in self.all if isinstance(said.item, kind)]

    def shown(self) -> str:
        """All that would be kept of them, as text."""
        return repr([said.item for said in self.all])


def understood(capture: Path) -> Heard:
    """A capture read to its end. No reader may have failed."""
    heard = Heard()
    following = Following(heard, all_choosers())
    with capture.open("rb") as stream:
        following.read(stream, capture.name, lambda _: None)
    following.close()
    assert not following.failures
    return heard
