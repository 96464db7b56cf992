"""``iotscan traffic --listen``: an interface in place of a file, with a view of it while it goes on."""

from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from iotscan.cli.durations import read_duration
from iotscan.cli.interruption import ended_by_signals
from iotscan.cli.live_traffic import Count, LiveTraffic
from iotscan.cli.pipe import tell
from iotscan.model.errors import BadInput
from iotscan.model.run import Notice, Run
from iotscan.model.text import safe_text
from iotscan.observe.network.attached import own_places
from iotscan.observe.network.helper.capturing import LONGEST, Wanted
from iotscan.observe.traffic.messages import STREAM, Doing, Snapshot
from iotscan.scan.glimpses import Glimpses
from iotscan.scan.listening import Listening
from iotscan.scan.traffic import ABOUT, Order, Reading, reading

if TYPE_CHECKING:
    from iotscan.cli.output import Display
    from iotscan.observe.traffic.process import Heard


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The words of the command line: ``interfaces`` of ``--listen``, and what goes with it."""

    interfaces: tuple[str, ...] = ()
    duration: str = ""
    write: Path | None = None
    snaplen: int = 0
    is_promiscuous: bool = False
    leave_out: tuple[str, ...] = ()


class Ear(msgspec.Struct, frozen=True, kw_only=True):
    """What is listened to, for how long (0: until somebody ends it), and where a copy of it is kept."""

    wanted: Wanted
    seconds: float = 0.0
    keep: Path | None = None


def read_ear(words: Words, captures: Sequence[str]) -> Ear | None:
    """What to listen to; None where captures are read. Raises BadInput for both, none, or words that mean nothing."""
    if not words.interfaces:
        if not captures:
            raise BadInput("what is to be read? Give captures, - for one on standard input, or --listen IFACE")
        if words != Words():
            raise BadInput("--for, --write, --snaplen, --promiscuous and --leave-out belong to --listen: add it")
        return None
    if captures:
        raise BadInput("--listen takes no captures beside it: join the runs of both afterwards")
    if words.snaplen and not 64 <= words.snaplen <= 262_144:
        raise BadInput("--snaplen takes 64 to 262144 bytes")
    seconds = read_duration("--for", words.duration, LONGEST) if words.duration else 0.0
    wanted = Wanted(
        interfaces=tuple(dict.fromkeys(words.interfaces)),
        seconds=seconds or LONGEST,
        snap=words.snaplen,
        is_promiscuous=words.is_promiscuous,
        without=tuple(read_place(word) for word in words.leave_out),
    )
    return Ear(wanted=wanted, seconds=seconds, keep=words.write)


def read_place(word: str) -> tuple[str, int]:
    """``192.0.2.7:22`` or ``[fe80::1]:22`` as address and port; 0, for all, without one. Raises BadInput."""
    with suppress(ValueError):
        return str(ip_address(word.strip("[]"))), 0
    address, _, port = word.rpartition(":")
    with suppress(ValueError):
        if port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65_536:
            return str(ip_address(address.strip("[]"))), int(port)
    raise BadInput(f"--leave-out {safe_text(word, 60)} is no address: write 192.0.2.7, 192.0.2.7:22 or [fe80::1]:22")


def listen(ear: Ear, order: Order, display: "Display", *, is_shown: bool) -> Run:
    """Listen until the time is over or somebody ends it; the run, judged and kept. Raises BadInput."""
    with Listening(ear.wanted, ear.keep) as listening:
        order = msgspec.structs.replace(
            order, sources=(STREAM,), stream_name=listening.name, own=(*order.own, *own_places())
        )
        shown = display if is_shown else msgspec.structs.replace(display, quiet=max(display.quiet, 1))
        with reading(order, stream=listening.stream) as work:
            listening.hand_over()
            heard = _hear(work, listening, LiveTraffic(shown, listening.name, ear.seconds))
            outcome = listening.outcome()
            notices = tuple(Notice(about=ABOUT, text=text) for text in outcome.notices)
            run = work.kept(_as_live(heard, ear.keep), notices, is_cut=not outcome.is_whole)
    if kept := listening.kept():
        tell(kept)
    return run


def _hear(work: Reading, listening: Listening, live: LiveTraffic) -> "Heard":
    """Everything, while it is shown how far it is."""

    def stop() -> None:
        live.ending()
        listening.stop()

    def give_back() -> None:
        live.end()
        work.kill()

    with ended_by_signals(stop, give_back), live, Glimpses(work.glimpse, live.show) as glimpses:

        def told(said: Doing | Snapshot) -> None:
            if isinstance(said, Snapshot):
                glimpses.see(said)
            else:
                live.count(Count(frames=said.frames, bytes=said.bytes, devices=said.devices, peers=said.peers))

        try:
            return work.hear(told)
        finally:
            listening.stop()


def _as_live(heard: "Heard", keep: Path | None) -> "Heard":
    """An interface is no file, but for the copy that is kept of it."""
    kept = safe_text(str(keep), 400) if keep is not None else ""
    return msgspec.structs.replace(
        heard, captures=tuple(msgspec.structs.replace(c, format="live", sha256="", kept=kept) for c in heard.captures)
    )
