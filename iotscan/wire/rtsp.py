"""Two questions of RTSP, OPTIONS and DESCRIBE, and their answers. There is no way here to set up or play a stream.

Sources: RFC 2326 (RTSP 1.0: §6.1 request, §7.1 response, §10.1 OPTIONS, §10.2 DESCRIBE, §12), which cameras speak;
RFC 7826 (RTSP 2.0); RFC 8866 (SDP: §5 lines, §5.14 media, §6.6 rtpmap).
"""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from iotscan import __version__
from iotscan.model.facts.rtsp import RtspChallenge
from iotscan.model.text import safe_text
from iotscan.wire.authenticate import read_challenges

HEAD_CAP: Final = 8 * 1024
BODY_CAP: Final = 16 * 1024
_FIELDS_LIMIT: Final = 64
_CHALLENGES_LIMIT: Final = 8
_MEDIA_LIMIT: Final = 8
_LINES_LIMIT: Final = 400
_METHODS_LIMIT: Final = 16
_KINDS: Final = frozenset({"audio", "video", "text", "application", "message", "image"})
"""Media of RFC 8866 §5.14."""
_STATIC: Final = {"0": "PCMU", "8": "PCMA", "14": "MPA", "26": "JPEG", "31": "H261", "32": "MPV", "33": "MP2T"}
"""Payload types that need no rtpmap (RFC 3551 §6), of those that cameras send."""
_END: Final = b"\r\n\r\n"
Method = Literal["OPTIONS", "DESCRIBE"]


class RtspResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A response: names of fields in lower case, values raw (device text!). ``is_last`` when no other follows it."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    is_last: bool = False

    def fields(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return tuple(value for key, value in self.headers if key == name)

    def header(self, name: str) -> str:
        """The first value of a field, empty without one."""
        return next(iter(self.fields(name)), "")

    @property
    def server(self) -> str:
        """What it says that it is: safe text."""
        return safe_text(self.header("server").encode("latin-1", "replace"))

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of the Public field (RFC 2326 §12.31): safe text."""
        listed = (word.strip() for field in self.fields("public") for word in field.split(",", _METHODS_LIMIT))
        return tuple(dict.fromkeys(safe_text(word, 30) for word in listed if word))[:_METHODS_LIMIT]

    @property
    def media(self) -> tuple[str, ...]:
        """What the description in it lists; empty where it holds none."""
        return read_media(self.body) if self.status == 200 else ()

    @property
    def challenges(self) -> tuple[RtspChallenge, ...]:
        """How it asks for a login; empty where it does not."""
        if self.status != 401:
            return ()
        several = (c for field in self.fields("www-authenticate") for c in read_challenges(field))
        read = (
            RtspChallenge(
                scheme=safe_text(c.scheme, 40),
                realm=safe_text(c.parameters.get("realm", "").encode("latin-1", "replace")),
                algorithm=safe_text(c.parameters.get("algorithm", "md5").lower(), 40) if c.scheme == "digest" else "",
            )
            for c in several
        )
        return tuple(dict.fromkeys(read))[:_CHALLENGES_LIMIT]


def request(method: Method, url: str, number: int, *, authorization: str = "") -> bytes:
    """A request. ``url`` is absolute, or ``*`` for OPTIONS; ``number`` its CSeq (§12.17).

    ``authorization`` is the value of that field (§12.5); without it there are no credentials.
    """
    fields = [f"{method} {url} RTSP/1.0", f"CSeq: {number}"]
    fields += ["Accept: application/sdp"] if method == "DESCRIBE" else []
    fields.append(f"User-Agent: iotscan/{__version__}")
    fields += [f"Authorization: {authorization}"] if authorization else []
    return ("\r\n".join(fields) + "\r\n\r\n").encode("utf-8", "replace")


def is_whole(data: bytes) -> bool:
    """Whether a response at the start of ``data`` needs no more bytes, or more would not make one of it."""
    head, end, body = data.partition(_END)
    if not end:
        return len(data) > HEAD_CAP or not b"RTSP/".startswith(data[:5])
    return len(body) >= min(_length(_fields(head)), BODY_CAP)


def read_response(data: bytes, number: int) -> RtspResponse | None:
    """The response to request ``number`` at the start of ``data``; None for anything else. Never raises.

    A camera may leave the number out; another number is the answer to another question.
    """
    head, end, rest = data.partition(_END)
    words = head.partition(b"\r\n")[0].split(b" ", 2)
    is_one = end and len(head) <= HEAD_CAP and len(words) >= 2 and words[0] in (b"RTSP/1.0", b"RTSP/2.0")
    if not is_one or len(words[1]) != 3 or not words[1].isdigit():
        return None
    fields = tuple(_fields(head))
    numbers = [value for name, value in fields if name == "cseq"]
    if numbers and numbers[0] != str(number):
        return None
    length = _length(fields)
    closes = any(name == "connection" and value.lower() == "close" for name, value in fields)
    return RtspResponse(
        status=int(words[1]),
        headers=fields,
        body=rest[: min(length, BODY_CAP)],
        is_last=closes or len(rest) != length,
    )


def _fields(head: bytes) -> Iterator[tuple[str, str]]:
    for line in head[:HEAD_CAP].split(b"\r\n", _FIELDS_LIMIT + 1)[1 : _FIELDS_LIMIT + 1]:
        name, colon, value = line.partition(b":")
        if colon:
            yield name.strip().decode("latin-1").lower(), value.strip().decode("latin-1")


def _length(fields: Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]) -> int:
    """The Content-Length (§12.14); 0 without a readable one."""
    text = next((value for name, value in fields if name == "content-length"), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def read_media(body: bytes) -> tuple[str, ...]:
    """The media of a session description, each with its encoding; empty where it is no description. Never raises."""
    lines = [line.strip() for line in body[:BODY_CAP].split(b"\n", _LINES_LIMIT)[:_LINES_LIMIT]]
    if not lines or lines[0] != b"v=0":
        return ()
    found: list[tuple[str, str]] = []
    names: dict[tuple[int, str], str] = {}
    for line in lines:
        kind, _, value = line.decode("latin-1").partition("=")
        words = value.split()
        if kind == "m" and len(words) >= 4 and words[0] in _KINDS:
            found.append((words[0], words[3]))
        elif kind == "a" and found and words and words[0].startswith("rtpmap:") and len(words) >= 2:
            names.setdefault((len(found), words[0].removeprefix("rtpmap:")), words[1].partition("/")[0])
    shown = (
        f"{kind} {names.get((at, number), _STATIC.get(number, ''))}".rstrip()
        for at, (kind, number) in enumerate(found, start=1)
    )
    return tuple(safe_text(text, 60) for text in shown)[:_MEDIA_LIMIT]
