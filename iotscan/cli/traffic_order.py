"""What ``iotscan traffic`` was asked for, made ready: every file that it names is read before a capture is."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from iotscan.assess.check import Check
from iotscan.assess.profile import Profile
from iotscan.assess.terms import Terms
from iotscan.cli.prepare import rules_left_out
from iotscan.data.fingerprints.library import load_library
from iotscan.model.errors import BadInput
from iotscan.model.run import Run
from iotscan.model.text import safe_text
from iotscan.observe.traffic.given import Given
from iotscan.observe.traffic.ledger import Ledger
from iotscan.observe.traffic.messages import STREAM
from iotscan.scan.revocation_files import read_revocation_files
from iotscan.scan.tables import read_list
from iotscan.scan.traffic import Order
from iotscan.scan.trust_stores import read_trust_stores


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """The words of the command line."""

    sources: tuple[str, ...]
    stream_name: str = STREAM
    local: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    devices: str = ""
    trust_stores: tuple[Path, ...] = ()
    crls: tuple[Path, ...] = ()
    ocsp_responses: tuple[Path, ...] = ()
    fingerprints: tuple[Path, ...] = ()
    output: Path


def order_of(wish: Wish, *, checks: tuple[Check, ...], profile: Profile, terms: Terms) -> Order:
    """What is to be read and how it is judged. Raises BadInput."""
    Ledger(wish.local)  # says which word is no network
    library, left_out = load_library(wish.fingerprints)
    sources, stream_name = _streamed(wish)
    return Order(
        sources=sources,
        stream_name=stream_name,
        local=wish.local,
        own=wish.own,
        given=Given(
            trust_stores=read_trust_stores(map(_placed, wish.trust_stores)),
            revocation=read_revocation_files(
                [_placed(file) for file in wish.crls], [_placed(file) for file in wish.ocsp_responses]
            ),
        ),
        known=_inventory(wish.devices, wish.output) if wish.devices else None,
        library=library,
        checks=checks,
        profile=profile,
        terms=terms,
        output=wish.output,
        notices=rules_left_out(left_out),
    )


@contextmanager
def stream_of(order: Order) -> Iterator[int | None]:
    """The descriptor of what the source ``-`` is: standard input, or a pipe that was named. Raises BadInput."""
    if STREAM not in order.sources:
        yield None
    elif order.stream_name != STREAM:
        try:
            pipe = os.open(order.stream_name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise BadInput(f"{safe_text(order.stream_name, 400)} cannot be read ({error.strerror})") from error
        try:
            yield pipe
        finally:
            os.close(pipe)
    elif sys.stdin.isatty():
        raise BadInput("- is a capture on standard input, and that is a terminal: tcpdump -w - | iotscan traffic -")
    else:
        yield sys.stdin.fileno()


def _streamed(wish: Wish) -> tuple[tuple[str, ...], str]:
    """The sources, with ``-`` for a pipe among them, and the name of that. Raises BadInput for several.

    The process that reads them could not open ``<(zstdcat a.pcap.zst)``, which is one of ours only.
    """
    pipes = [source for source in wish.sources if source != STREAM and _is_pipe(source)]
    if not pipes:
        return wish.sources, wish.stream_name
    if len(pipes) > 1 or STREAM in wish.sources:
        named = " and ".join(safe_text(each, 80) for each in (*pipes, STREAM)[:2])
        raise BadInput(f"{named} are both pipes: give one, joined by mergecap -w - FILE... | iotscan traffic -")
    return tuple(STREAM if source == pipes[0] else source for source in wish.sources), pipes[0]


def _is_pipe(source: str) -> bool:
    try:
        return Path(source).is_fifo()
    except OSError:  # who reads it says so
        return False


def _placed(file: Path) -> str:
    """Where it is for a process that may be elsewhere."""
    return str(file.absolute())


def _inventory(named: str, output: Path) -> Run:
    known = read_list(named, output)
    if not known.devices:
        raise BadInput(f"--devices {known.id} knows no devices: give a run of scan or discover, or a table of them")
    return known
