"""The words before TLS: what to say, what must come back, and how it ended, as a machine without a socket.

A protocol is a *script*: a generator that says bytes, is sent one reply after another, and returns its verdict.
A *framer* cuts the replies out of the stream. Both are pure; :class:`Opening` puts them together and bounds them.
"""

from collections.abc import Callable, Generator
from typing import Final, Literal, TypeVar

import msgspec

from iotscan.model.text import safe_text

LIMIT: Final = 16 * 1024
"""Bytes that a server may say before TLS begins."""
_SHOWN = 100

Ending = Literal["tls", "declined", "unreadable"]
"""TLS begins; the server plainly offers none; neither can be told."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What to send now (often nothing), and how the opening ended: None while it goes on."""

    say: bytes = b""
    ending: Ending | None = None
    detail: str = ""


class Garbled(ValueError):
    """The server's bytes are no reply of its protocol; the text says what they are."""


Reply = TypeVar("Reply")
Script = Generator[bytes, Reply, Step]
"""Yields what to say, ``b""`` to listen on; is sent a reply; returns the last step."""
Framer = Callable[[bytes], tuple[Reply, int] | None]
"""The first reply of a stream and the bytes it takes; None while it is not whole. Raises Garbled."""


def begin_tls(say: bytes = b"") -> Step:
    """The next word is a ClientHello, after ``say``."""
    return Step(say=say, ending="tls")


def declined(detail: str, leave: bytes = b"") -> Step:
    """The server plainly offers no TLS here; ``leave`` is how its protocol says goodbye."""
    return Step(say=leave, ending="declined", detail=detail)


def unreadable(detail: str, leave: bytes = b"") -> Step:
    """Whether the server offers TLS stays open."""
    return Step(say=leave, ending="unreadable", detail=detail)


def shown(words: bytes) -> str:
    """A piece of what a server said, safe to print."""
    return safe_text(words, _SHOWN)


class Opening:
    """One opening, from the first byte to the ClientHello. Never raises, whatever it is fed."""

    def __init__(self, script: "Script[Reply]", frame: "Framer[Reply]") -> None:
        self._advance = _driver(script, frame)
        self._heard = 0
        self._rest = b""
        self._end: Step | None = None

    def begin(self) -> Step:
        """What to say before anything was heard."""
        return self._settle(*self._advance(None))

    def feed(self, data: bytes) -> Step:
        """The next step after ``data`` came."""
        if self._end is not None:
            return self._end
        self._heard += len(data)
        if self._heard > LIMIT:
            return self._settle(unreadable(f"said more than {LIMIT} bytes before TLS"), b"")
        return self._settle(*self._advance(self._rest + data))

    def closed(self) -> Step:
        """The step after the server has closed."""
        if self._end is not None:
            return self._end
        what = "in the middle of the words before TLS" if self._heard else "without a word"
        return self._settle(unreadable(f"closed {what}"), b"")

    def _settle(self, step: Step, rest: bytes) -> Step:
        if step.ending == "tls" and rest:
            # We have the next word: what comes before it was slipped in, or this is no such server.
            step = unreadable(f"went on in the clear after it had agreed to TLS: {shown(rest)}")
        if step.ending is not None:
            self._end = Step(ending=step.ending, detail=step.detail)
        self._rest = rest
        return step


def _driver(script: "Script[Reply]", frame: "Framer[Reply]") -> Callable[[bytes | None], tuple[Step, bytes]]:
    """Runs the script over all replies that a buffer holds: the step it comes to, and what is left of the buffer."""

    def advance(buffer: bytes | None) -> tuple[Step, bytes]:
        try:
            if buffer is None:
                return Step(say=next(script)), b""
            say = b""
            while taken := frame(buffer):
                reply, size = taken
                buffer = buffer[size:]
                say += script.send(reply)
            return Step(say=say), buffer
        except StopIteration as last:
            step: Step = last.value
            return step, buffer or b""
        except Garbled as error:
            return unreadable(str(error)), b""

    return advance
