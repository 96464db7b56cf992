"""What became of a service that was heard a moment ago and now cannot be asked."""

import msgspec

from iotscan.model.facts import Fact
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.dial import DialError, Refused
from iotscan.observe.network.probe import Missed, missed


def gone(fact: type[Fact], error: DialError) -> Missed:
    """A dial error in the words of an attempt, where the service had been identified before.

    A refusal is no absence then: the service takes one guest at a time, is busy, or keeps us out.
    """
    end = missed(fact, error)
    if not isinstance(error, Refused):
        return end
    return msgspec.structs.replace(
        end,
        status=AttemptStatus.UNREADABLE,
        reason=Reason.UNREACHABLE,
        detail=f"{error}, though it was open when it was identified",
    )
