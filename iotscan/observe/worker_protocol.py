"""What goes between us and a worker process: frames of a length and a JSON object, one answer to one request.

A request holds ``version``, ``id``, ``seconds`` (until the worker is killed), ``scope`` (the hash of the
scope it may act in, fixed at its start) and ``job``; an answer holds ``version``, ``id`` and either
``result`` or ``error``.
"""

import struct
from typing import Any, Protocol, TypeVar

import msgspec

T = TypeVar("T", bound="_Versioned")
VERSION = 1
FRAME_CAP = 4 * 1024 * 1024
"""Bytes of one frame."""
HEAD = struct.Struct(">I")


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


class BadFrame(ValueError):
    """A frame that is too long, no JSON, or not of this protocol."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One job for a worker."""

    id: int
    seconds: float
    job: dict[str, Any]
    scope: str = ""
    version: int = VERSION


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one job: a result, or in ``error`` why there is none."""

    id: int
    result: dict[str, Any] | None = None
    error: str = ""
    version: int = VERSION


def pack(message: Request | Response) -> bytes:
    """A message as a frame. Raises BadFrame beyond FRAME_CAP."""
    body = msgspec.json.encode(message)
    if len(body) > FRAME_CAP:
        raise BadFrame("the message is too long for a frame")
    return HEAD.pack(len(body)) + body


def frame_length(head: bytes) -> int:
    """The length that the 4 bytes of a frame's head announce. Raises BadFrame beyond FRAME_CAP."""
    (length,) = HEAD.unpack(head)
    if length > FRAME_CAP:
        raise BadFrame("a frame longer than agreed")
    return int(length)


def unpack(body: bytes, kind: type[T]) -> T:
    """The message of a frame's body. Raises BadFrame."""
    try:
        message = msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFrame("a frame that is no message") from error
    if message.version != VERSION:
        raise BadFrame(f"a message of protocol version {message.version}")
    return message
