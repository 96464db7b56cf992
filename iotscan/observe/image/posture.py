"""An image from its places to observations and attempts."""

from collections.abc import Callable, Iterable, Iterator

from iotscan.model.facts import kind_of
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.redaction import Hiding
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason, Vantage
from iotscan.observe.heard import Heard, all_missed, attempts_of
from iotscan.observe.image.inspector import Inspector, Sweeper
from iotscan.observe.image.inspectors import all_inspectors
from iotscan.observe.image.site import Place, Site
from iotscan.observe.image.sweeping import Sweep, sweep

Posture = tuple[tuple[Observation, ...], tuple[Attempt, ...]]
Told = Callable[[str, int], None]
"""Hears what is being done and how many of it are done: ``("files", 512)``."""


def inspect_site(site: Site, image: str, told: Told = lambda what, count: None) -> tuple[Posture, int]:
    """Ask every inspector about the image with id ``image``; gives what was learnt and how many files were searched."""
    hiding = Hiding()
    observations: list[Observation] = []
    attempts: list[Attempt] = []

    def take(inspector: Inspector, heard: Heard, subject: Subject) -> None:
        seen = tuple(_observed(inspector, heard, subject, hiding))
        observations.extend(seen)
        attempts.extend(attempts_of(inspector.gives, heard, seen, subject, probe=inspector.label))

    inspectors = all_inspectors()
    whole = Subject(image=image)
    for place in site.roots:
        subject = Subject(image=image, path=place.tree.prefix.rstrip(":") if place.tree else "")
        for inspector in inspectors:
            if inspector.inspect is not None:
                told(inspector.name, 0)
                take(inspector, _inspect(inspector, place), subject)
    for inspector in inspectors:
        if inspector.inspect is not None and not site.roots:
            take(inspector, _no_root(inspector, site), whole)
        if inspector.survey is not None:
            told(inspector.name, 0)
            take(inspector, _survey(inspector, site), whole)
    sweeping = [(i, i.sweep()) for i in inspectors if i.sweep is not None]
    ended = sweep(site, [sweeper for _, sweeper in sweeping], lambda count: told("files", count))
    for number, (inspector, sweeper) in enumerate(sweeping):
        take(inspector, _swept(inspector, sweeper, ended, number), whole)
    attempts.extend(_gaps(site, ended, inspectors, image))
    return hiding.within((tuple(observations), tuple(attempts))), ended.searched


def _observed(inspector: Inspector, heard: Heard, subject: Subject, hiding: Hiding) -> Iterator[Observation]:
    vantage, probe = Vantage.CONFIGURED, inspector.label
    for fact in heard.facts:
        yield observe(fact, subject, probe=probe, vantage=vantage, hiding=hiding)
    for said in heard.configured:
        place = Subject(image=subject.image, path=said.path, line=said.line, service=said.service)
        yield observe(said.fact, place, probe=probe, vantage=vantage, hiding=hiding)


def _inspect(inspector: Inspector, place: Place) -> Heard:
    assert inspector.inspect is not None
    assert place.tree is not None
    try:
        return inspector.inspect(place.tree)
    except Exception as error:
        return _broken(inspector, type(error).__name__)


def _survey(inspector: Inspector, site: Site) -> Heard:
    assert inspector.survey is not None
    try:
        return inspector.survey(site)
    except Exception as error:
        return _broken(inspector, type(error).__name__)


def _swept(inspector: Inspector, sweeper: Sweeper, ended: Sweep, number: int) -> Heard:
    if number in ended.broken:
        return _broken(inspector, ended.broken[number])
    try:
        return sweeper.heard(ended.searched)
    except Exception as error:
        return _broken(inspector, type(error).__name__)


def _broken(inspector: Inspector, kind: str) -> Heard:
    """One broken inspector must not cost the others; the text of its error may hold what the image says."""
    detail = f"{kind} in {inspector.label}"
    return all_missed(inspector.gives, AttemptStatus.BROKEN, Reason.PROBE_ERROR, detail)


def _no_root(inspector: Inspector, site: Site) -> Heard:
    text = "the image holds no root file system that could be read"
    if any(place.problem for place in site.places):
        return all_missed(inspector.gives, AttemptStatus.UNREADABLE, Reason.UNREADABLE, text)
    return all_missed(inspector.gives, AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, text)


def _gaps(site: Site, ended: Sweep, inspectors: Iterable[Inspector], image: str) -> Iterator[Attempt]:
    """What could not be read may hold anything: a gap for all that is looked for, at the place itself."""
    # A gap of the whole image would be filled by whatever was learnt of it: the image itself goes by its format.
    named = [(place.shown or place.format or "image", place.problem) for place in site.places if place.problem]
    holes = [(path, f"{path}: {problem}") for path, problem in named]
    unswept = [(hole.path, f"{hole.path}: {hole.why}") for hole in ended.unswept]
    for inspector in inspectors:
        places = [*holes, *_few(unswept)] if inspector.sweep is not None else holes
        for fact in inspector.gives:
            for path, detail in places:
                yield Attempt(
                    subject=Subject(image=image, path=path),
                    need=kind_of(fact),
                    status=AttemptStatus.UNREADABLE,
                    reason=Reason.UNREADABLE,
                    detail=detail,
                    probe=inspector.label,
                )


def _few(unswept: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first unreadable file stands for all of them: one gap a kind is enough."""
    if len(unswept) < 2:
        return unswept
    path, detail = unswept[0]
    return [(path, f"{detail}, and {len(unswept) - 1:,} more that cannot be read")]
