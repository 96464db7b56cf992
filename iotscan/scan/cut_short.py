"""What a scan says of itself when it ended before all was done."""

from iotscan.model.observation import Attempt
from iotscan.model.run import Notice
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.agenda import Questions

_WHY = {
    Reason.DEADLINE: "the deadline passed",
    Reason.INTERRUPTED: "it was interrupted",
    Reason.OUT_OF_SCOPE: "the scope's window closed",
}


def partial(cut: Reason, done: int, found: int) -> Notice:
    """The notice of a scan that ended when ``done`` of the devices ``found`` so far were done."""
    return Notice(about="partial", text=f"{_WHY[cut]} when {done} of {found} devices found so far were done")


def unasked(questions: Questions | None, device: str, address: str, reason: Reason, detail: str) -> list[Attempt]:
    """Attempts that say: this device was found, and we did not get to ask it everything."""
    kinds = (*questions.kinds("tcp"), *questions.kinds("udp")) if questions else ()
    return [
        Attempt(
            subject=Subject(device=device, address=address),
            need=kind,
            status=AttemptStatus.NOT_TRIED,
            reason=reason,
            detail=detail,
            probe="scan/1",
        )
        for kind in kinds
    ]
