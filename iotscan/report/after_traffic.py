"""What to type after a capture was read: hear devices for longer, ask them themselves. Pure."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final

from iotscan.model.facts import TrafficProfile
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.report.content import OwnerRow, Step
from iotscan.report.words import counted

_DEVICES: Final = 3
_LONGER: Final = "capture for longer"
_ENOUGH: Final = 3600
"""Seconds after which only something else that the device does helps."""


def steps_after_traffic(run: Run, owners: Iterable[OwnerRow]) -> Iterator[Step]:
    """None where the run is no reading of captures, or nobody was heard."""
    profiles = [o.fact for o in run.observations if isinstance(o.fact, TrafficProfile)]
    if run.command != "traffic" or not profiles:
        return
    open_questions = sum(
        r.outcome is Outcome.NOT_ASSESSED and r.reason is Reason.NOT_OBSERVABLE and r.remedy.startswith(_LONGER)
        for r in run.results
    )
    if open_questions and max(profile.seconds for profile in profiles) < _ENOUGH:
        purpose = f"hear them for longer, best while they start: {counted(open_questions, 'question')} stayed open"
        yield Step(command="iotscan traffic --listen IFACE --for 1h", purpose=purpose)
    addresses = [row.address for row in owners if _can_be_asked(row.address)]
    if addresses:
        weakest = f"the {_DEVICES} weakest of {counted(len(addresses), 'device')}"
        which = weakest if len(addresses) > _DEVICES else "them"
        command = " ".join(("iotscan scan", *addresses[:_DEVICES]))
        yield Step(command=command, purpose=f"ask {which} directly; then iotscan join judges both as one")


def _can_be_asked(address: str) -> bool:
    """An address, and none of a link alone: that needs its interface. Names of a run file are none."""
    try:
        return not ip_address(address).is_link_local and "%" not in address
    except ValueError:
        return False
