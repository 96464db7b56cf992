"""Open questions of one vantage that another one of the same device answers. Pure.

A device that was asked leaves some questions to its image, an image some to the device that runs it. Where both are
in a run, a question is open only where neither settles it, and it is told once: by whoever could look.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from iotscan.assess.remedies import GIVE_IMAGE, WHICH_IMAGE
from iotscan.assess.standing import FOR_OTHERS, answers_of
from iotscan.model.device import Device, Image
from iotscan.model.result import Result
from iotscan.model.vocabulary import Reason


def settle_by_vantages(
    results: Sequence[Result], devices: Iterable[Device], images: Sequence[Image], runs: Mapping[str, str]
) -> tuple[Result, ...]:
    """The results without the gaps that another vantage fills. ``runs``: device id -> the image that it runs.

    A device of which nobody knows which image of the run is its own is told to say so.
    """
    if not images:
        return tuple(results)
    told = _told(results)
    bearers: dict[str, list[str]] = defaultdict(list)
    for device, image in runs.items():
        bearers[image].append(device)
    unlinked = {d.id for d in devices if d.role != "backend" and d.id not in runs}
    kept = []
    for result in results:
        owner = result.subject.owner
        if result.reason is Reason.NEEDS_IMAGE and owner in runs:
            answers = answers_of(told[runs[owner], result.check], is_image=True)
        elif result.reason in FOR_OTHERS and owner in bearers:
            answers = [a for d in bearers[owner] for a in answers_of(told[d, result.check], is_image=False)]
        else:
            answers = []
        if not answers:
            is_asked_for = owner in unlinked and result.remedy == GIVE_IMAGE
            kept.append(msgspec.structs.replace(result, remedy=WHICH_IMAGE) if is_asked_for else result)
    return tuple(kept)


def _told(results: Iterable[Result]) -> Mapping[tuple[str, str], list[Result]]:
    told: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        told[result.subject.owner, result.check].append(result)
    return told
