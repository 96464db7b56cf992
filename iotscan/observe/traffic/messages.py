"""What the process that reads traffic is told, and what it says: frames of a length and a JSON object.

Secrets that devices said in the clear are hidden before anything is said of them: none of these holds any.
"""

from collections.abc import Callable
from typing import IO, Final, Protocol

import msgspec

from iotscan.model.capture import Capture
from iotscan.model.device import Device
from iotscan.model.observation import Observation
from iotscan.observe.traffic.given import Given
from iotscan.observe.worker_protocol import HEAD, BadFrame

FRAME_CAP: Final = 64 * 1024 * 1024
"""Bytes of one frame."""
STREAM: Final = "-"
"""A source that is read from standard input."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be read, and by what it is judged whose traffic it is."""

    sources: tuple[str, ...]
    """Paths, in this order; :data:`STREAM` for what comes on standard input."""
    stream_name: str = STREAM
    """What a report calls the stream: the interface that is listened to."""
    local: tuple[str, ...] = ()
    """Networks of the devices besides those of private use (``--local``)."""
    given: Given = Given()
    own: tuple[str, ...] = ()
    """MAC and IP addresses of the machine that captures: its device is marked."""
    known: tuple[str, ...] = ()
    """MAC or IP addresses of devices that are told of first, where there are more than can be told of."""
    snapshot_seconds: float = 5.0
    """How often it says what there is by then; what it has said counts, whatever becomes of it."""


class Doing(msgspec.Struct, frozen=True, kw_only=True, tag="doing"):
    """How far it is, at least each second: also while a stream is silent."""

    source: str
    frames: int = 0
    """Of all sources so far."""
    bytes: int = 0
    """Read of all sources so far."""
    seconds: float = 0.0
    """From the first frame of all to the last: time of the capture, not of the clock."""
    devices: int = 0
    peers: int = 0
    """Servers beyond the network that devices talked to."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag="snapshot"):
    """All that is known by now. Each stands for itself: what an earlier one said may look otherwise by now."""

    devices: tuple[Device, ...] = ()
    observations: tuple[Observation, ...] = ()
    captures: tuple[Capture, ...] = ()
    """Those that are read to their end, and the one that is being read as far as it is."""
    is_cut_off: bool = False
    """There is more than one message holds: this tells of the first devices only."""


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """None of the sources is a capture; ``why`` is a line for the user. Nothing follows."""

    why: str


class Part(msgspec.Struct, frozen=True, kw_only=True, tag="part"):
    """Some of the devices, at the end, with all that was observed of them."""

    devices: tuple[Device, ...] = ()
    observations: tuple[Observation, ...] = ()


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag="ended"):
    """Everything was read and said."""

    captures: tuple[Capture, ...]
    notices: tuple[str, ...] = ()
    """What the reader must know: what was left out, who is contradicted."""
    is_whole: bool = True
    """False where reading broke off by a fault of ours."""


Message = Doing | Snapshot | Refused | Part | Ended
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
    try:
        return _DECODER.decode(source.read(length))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFrame("a frame that is no message") from error


Told = Callable[[Doing | Snapshot], None]
"""Hears how far it is, and what there is by now."""
