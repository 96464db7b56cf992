"""What the process that reads an image says to the one that judges it: frames of a length and a JSON object.

Nothing is hidden yet in what is heard: secrets are hidden where observations are made of it, before anything is kept.
"""

from collections.abc import Iterable
from typing import IO, Protocol

import msgspec

from iotscan.model.device import ImagePart
from iotscan.model.facts import PublicKey
from iotscan.model.observation import Attempt
from iotscan.model.subject import Subject
from iotscan.observe.given_file import GivenFile
from iotscan.observe.heard import Heard
from iotscan.observe.worker_protocol import HEAD, BadFrame

FRAME_CAP = 64 * 1024 * 1024
"""Bytes of one frame: what one inspector may say of one root file system."""


ARGUMENT_CAP = 96 * 1024
"""Bytes of keys that are told to the process: Linux takes 128 KiB in one argument."""


def keys_as_text(keys: Iterable[PublicKey]) -> str:
    """Keys for the arguments of the process; those that find no room any more are not tried."""
    taken: list[PublicKey] = []
    left = ARGUMENT_CAP
    for key in keys:
        left -= len(msgspec.json.encode(key)) + 1
        if left > 0:
            taken.append(key)
    return msgspec.json.encode(taken).decode()


def keys_of_text(text: str) -> tuple[PublicKey, ...]:
    """The keys of :func:`keys_as_text`."""
    return msgspec.json.decode(text, type=tuple[PublicKey, ...])


def files_as_text(files: Iterable[GivenFile]) -> str:
    """Files of the user for the arguments of the process."""
    return msgspec.json.encode(tuple(files)).decode()


def files_of_text(text: str) -> tuple[GivenFile, ...]:
    """The files of :func:`files_as_text`."""
    return msgspec.json.decode(text, type=tuple[GivenFile, ...])


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """The image is open: its format and what is in it."""

    format: str
    parts: tuple[ImagePart, ...]


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """It is no image that we read; ``why`` is a line for the user. Nothing follows."""

    why: str


class Doing(msgspec.Struct, frozen=True, kw_only=True, tag="doing"):
    """What is being done now, for whoever watches: ``files`` and how many were searched."""

    what: str
    count: int = 0


class Said(msgspec.Struct, frozen=True, kw_only=True, tag="said"):
    """What one inspector, by its name, heard about one root file system or the whole image."""

    inspector: str
    subject: Subject
    heard: Heard


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended"):
    """Everything was asked: how many files were searched, and the gaps of what could not be read."""

    searched: int
    gaps: tuple[Attempt, ...]


Message = Opened | Refused | Doing | Said | Ended
_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def write(sink: IO[bytes], message: Message) -> None:
    """Send one message. Raises BadFrame, with nothing sent, beyond FRAME_CAP."""
    body = msgspec.json.encode(message)
    if len(body) > FRAME_CAP:
        raise BadFrame("more than a frame can hold")
    sink.write(HEAD.pack(len(body)) + body)
    sink.flush()


class Source(Protocol):
    """Where messages are read from."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; fewer at the end only."""


def read(source: Source) -> Message | None:
    """The next message; None where the other side has closed. Raises BadFrame for anything else."""
    head = source.read(HEAD.size)
    if not head:
        return None
    if len(head) < HEAD.size:
        raise BadFrame("half a frame")
    (length,) = HEAD.unpack(head)
    if length > FRAME_CAP:
        raise BadFrame("a frame longer than agreed")
    body = source.read(length)
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFrame("a frame that is no message") from error
