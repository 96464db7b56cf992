"""Listening to the traffic of interfaces: the capture as a stream for whoever reads it, and what came of it."""

import os
import socket
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Final

import msgspec
import psutil
from msgspec.structs import replace

from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text
from iotscan.observe.kept_copy import KeptCopy
from iotscan.observe.network.helper.capturing import INTERFACES, Capturing, Wanted
from iotscan.observe.network.helper.program import Unavailable

_SHOWN: Final = 12


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader of a run must know: what was left out and lost. ``is_whole``: it came to its end in order."""

    notices: tuple[str, ...]
    is_whole: bool


class Listening:
    """A capture at work. Use as a context manager. Raises BadInput where it cannot be.

    ``keep`` is a new file for a copy of all frames. ``wanted`` is as the user asked; the SSH session in which this runs
    is left out as well.
    """

    def __init__(self, wanted: Wanted, keep: Path | None = None) -> None:
        _must_be_there(wanted.interfaces)
        self._interfaces = wanted.interfaces
        self.name = "+".join(wanted.interfaces)
        self._keep = keep
        self._copy: KeptCopy | None = None
        self._notices: list[str] = []
        session = ssh_session()
        if session and session not in wanted.without:
            self._notices.append(f"the SSH session that this was started in ({session[0]}) is left out")
            wanted = replace(wanted, without=(*wanted.without, session))
        with ExitStack() as stack:
            try:
                self._capturing = stack.enter_context(Capturing(wanted))
            except Unavailable as error:
                raise BadInput(f"{self.name} cannot be listened to: {error}") from error
            self.stream: IO[bytes] = self._capturing.stream
            """What another process reads as a capture (pcapng)."""
            if keep is not None:
                self._copy = KeptCopy(self._capturing.stream, keep)
                self.stream = self._copy.stream
            stack.pop_all()

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """That is enough: what was caught until now still comes, then the stream ends. From any thread."""
        self._capturing.stop()

    def hand_over(self) -> None:
        """Another process has the stream now: our own end of it closes, so that its end of reading is seen."""
        self.stream.close()

    def outcome(self) -> Outcome:
        """What came of it, once the stream has ended."""
        down = [name for name in self._interfaces if not _is_up(name)]
        said = [*self._notices, *(f"{name} went down meanwhile: nothing more was heard there" for name in down)]
        try:
            result = self._capturing.result()
        except Unavailable as error:
            return Outcome(notices=(*said, str(error)), is_whole=False)
        said.insert(0, f"listened on {self.name} for {result.seconds:,.0f} s: {counted(result.frames)}")
        if result.left_out:
            said.append(f"{counted(result.left_out)} left out as asked")
        if result.lost:
            said.append(f"{self.name}: some frames were lost, for want of room: there were more than could be read")
        return Outcome(notices=tuple(said), is_whole=not down)

    def kept(self) -> str:
        """What became of the copy, once closed; empty without one."""
        if self._copy is None:
            return ""
        ends = f"; it ends early ({self._copy.problem})" if self._copy.problem else ""
        return f"kept {self._copy.size:,} bytes in {self._keep}, SHA-256 {self._copy.sha256}{ends}"

    def close(self) -> None:
        """End it, whatever it does."""
        self._capturing.stop()
        if self._copy is not None:
            self._copy.close()
        self._capturing.close()


def ssh_session() -> tuple[str, int] | None:
    """The far end of the SSH session that we run in, address and port; None elsewhere."""
    address, _, rest = os.environ.get("SSH_CONNECTION", "").partition(" ")
    try:
        return str(ip_address(address.partition("%")[0])), int(rest.split()[0])
    except (ValueError, IndexError):
        return None


def _must_be_there(interfaces: tuple[str, ...]) -> None:
    if not 0 < len(interfaces) <= INTERFACES:
        raise BadInput(f"listen on one to {INTERFACES} interfaces at once")
    there = [name for _, name in socket.if_nameindex()]
    for name in interfaces:
        if name not in there:
            shown = ", ".join(there[:_SHOWN])
            raise BadInput(f"there is no interface '{safe_text(name, 40)}' here: give one of {shown}")
        if not _is_up(name):
            raise BadInput(f"{name} is down: nothing can be heard there; ip link set {name} up")


def _is_up(interface: str) -> bool:
    stats = psutil.net_if_stats().get(interface)
    return stats is not None and stats.isup


def counted(frames: int) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{frames:,} frame{'' if frames == 1 else 's'}"
