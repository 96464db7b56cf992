"""An image from its tree to observations and attempts."""

from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.redaction import Hiding
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason, Vantage
from iotscan.observe.heard import Heard, all_missed, attempts_of
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors import all_inspectors
from iotscan.observe.image.tree import Tree


def inspect_image(tree: Tree, image: str) -> tuple[tuple[Observation, ...], tuple[Attempt, ...]]:
    """Ask every inspector about the image with id ``image``."""
    observations: list[Observation] = []
    attempts: list[Attempt] = []
    subject = Subject(image=image)
    hiding = Hiding()
    for inspector in all_inspectors():
        heard = _ask(inspector, tree)
        seen = tuple(
            observe(fact, subject, probe=inspector.label, vantage=Vantage.CONFIGURED, hiding=hiding)
            for fact in heard.facts
        )
        observations.extend(seen)
        attempts.extend(attempts_of(inspector.gives, heard, seen, subject, probe=inspector.label))
    return hiding.within((tuple(observations), tuple(attempts)))


def _ask(inspector: Inspector, tree: Tree) -> Heard:
    try:
        return inspector.inspect(tree)
    except Exception as error:
        # One broken inspector must not cost the others; the text may hold what the image says, the type does not.
        detail = f"{type(error).__name__} in {inspector.label}"
        return all_missed(inspector.gives, AttemptStatus.BROKEN, Reason.PROBE_ERROR, detail)
