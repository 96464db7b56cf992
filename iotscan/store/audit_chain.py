"""Reading an audit log: is the chain whole, where is it broken, what does it count."""

import hashlib
from collections import Counter
from pathlib import Path

import msgspec

from iotscan.model.audit import Begin, Entry
from iotscan.model.errors import BadInput

SIZE_LIMIT = 1 << 30
_DECODER = msgspec.json.Decoder(Entry)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """What a log says of itself.

    ``fault`` names the first line that does not fit (``:7 …``), empty when all do. ``root`` is the hash of
    the last whole line, ``ends`` the hash and line number of each closing entry, ``size`` the bytes of whole
    lines, ``torn`` those after them.
    """

    begin: Begin | None
    lines: int
    root: str
    counts: dict[str, int]
    status: str
    ends: dict[str, int]
    size: int
    torn: int
    fault: str

    @property
    def is_closed(self) -> bool:
        """True when the last line is a closing entry and nothing follows it."""
        return self.ends.get(self.root) == self.lines and not self.torn


def read_chain(path: Path) -> Chain:
    """Follow the chain of a log. Raises BadInput for a file that is no audit log at all."""
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise BadInput(f"{path} is larger than 1 GiB: this is no audit log")
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): only a scan writes one") from error
    size = raw.rfind(b"\n") + 1
    follower = _Follower()
    # Not splitlines(): only a line feed ends a line here.
    for line in raw[:size].split(b"\n")[:-1]:
        if not follower.take(line):
            break
    if follower.begin is None and not follower.fault:
        raise BadInput(f"{path} holds no audit log: only a scan writes one")
    return Chain(
        begin=follower.begin,
        lines=follower.lines,
        root=follower.root,
        counts=dict(follower.counts),
        status=follower.status,
        ends=follower.ends,
        size=size,
        torn=len(raw) - size,
        fault=follower.fault,
    )


class _Follower:
    """Takes line after line as long as they fit."""

    def __init__(self) -> None:
        self.begin: Begin | None = None
        self.lines = 0
        self.root = self.status = self.fault = ""
        self.counts: Counter[str] = Counter()
        self.ends: dict[str, int] = {}
        self._is_closed = False

    def take(self, line: bytes) -> bool:
        try:
            entry = _DECODER.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._stop("is no entry: it was changed")
        if entry.previous != self.root or entry.seq != self.lines:
            return self._stop("does not follow the line before: one of both was changed, moved or removed")
        if (problem := self._misplaced(entry)) is not None:
            return self._stop(problem)
        self.lines += 1
        self.root = hashlib.sha256(line).hexdigest()
        if entry.end:
            self.status = entry.end.status
            self.ends[self.root] = self.lines
        return True

    def _misplaced(self, entry: Entry) -> str | None:
        parts = [p for p in (entry.begin, entry.resumed, entry.send, entry.end) if p is not None]
        if len(parts) != 1 or bool(entry.begin) != (self.lines == 0):
            return "is not what belongs here: a log begins with one header, and each entry says one thing"
        if self._is_closed and not entry.resumed:
            return "comes after the closing entry"
        self._is_closed = entry.end is not None
        if entry.begin:
            self.begin = entry.begin
        if entry.send:
            self.counts[entry.send.kind] += 1
        if entry.end and entry.end.counts != dict(self.counts):
            return "counts other sends than the log holds"
        return None

    def _stop(self, problem: str) -> bool:
        self.fault = f":{self.lines + 1} {problem}"
        return False
