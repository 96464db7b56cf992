"""What ``iotscan traffic`` was asked for, made ready: every file that it names is read before a capture is."""

import sys
from pathlib import Path

import msgspec

from iotscan.assess.check import Check
from iotscan.assess.profile import Profile
from iotscan.assess.terms import Terms
from iotscan.cli.prepare import rules_left_out
from iotscan.data.fingerprints.library import load_library
from iotscan.model.errors import BadInput
from iotscan.model.run import Run
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
    return Order(
        sources=wish.sources,
        stream_name=wish.stream_name,
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


def require_stream(sources: tuple[str, ...]) -> int | None:
    """The descriptor of standard input where a capture comes on it. Raises BadInput for a terminal."""
    if STREAM not in sources:
        return None
    if sys.stdin.isatty():
        raise BadInput("- is a capture on standard input, and that is a terminal: tcpdump -w - | iotscan traffic -")
    return sys.stdin.fileno()


def _placed(file: Path) -> str:
    """Where it is for a process that may be elsewhere."""
    return str(file.absolute())


def _inventory(named: str, output: Path) -> Run:
    known = read_list(named, output)
    if not known.devices:
        raise BadInput(f"--devices {known.id} knows no devices: give a run of scan or discover, or a table of them")
    return known
