"""The kernels of an image, and until when its main software gets updates."""

from iotscan.model.facts import AnyFact, Kernels, SoftwareSupport, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, Missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.kernel_files import kernels_in
from iotscan.observe.image.site import Site
from iotscan.observe.image.support import support_of


def _survey(site: Site) -> Heard:
    found = kernels_in(site)
    facts: list[AnyFact] = [support_of(site, found.kernels, found.lost)]
    if found.kernels:
        facts.append(Kernels(kernels=found.kernels))
    detail = "; ".join(found.lost[:3])
    unread = Missed(need=kind_of(Kernels), status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
    return Heard(facts=tuple(facts), missed=(unread,) if found.lost else ())


INSPECTOR = Inspector(name="software", version=1, gives=(Kernels, SoftwareSupport), survey=_survey)
