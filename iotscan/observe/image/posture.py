"""An image from its places to what inspectors heard, and from there to observations and attempts."""

from collections.abc import Callable, Iterable, Iterator

from iotscan.model.device import ImagePart
from iotscan.model.facts import kind_of
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.redaction import Hiding
from iotscan.model.subject import Subject
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason, Vantage
from iotscan.observe.heard import Heard, Missed, all_missed, attempts_of
from iotscan.observe.image.inspector import Inspector, Sweeper
from iotscan.observe.image.inspectors import all_inspectors
from iotscan.observe.image.messages import Doing, Ended, Message, Opened, Said
from iotscan.observe.image.mounted import covered
from iotscan.observe.image.site import CONTAINER, Place, Site
from iotscan.observe.image.sweeping import Sweep, sweep
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_HOLES = 20
"""Parts that cannot be read and are each named; an image may be made of thousands."""
_REST = "the rest of the image"
Posture = tuple[tuple[Observation, ...], tuple[Attempt, ...]]


def look_at(site: Site, image: str, tell: Callable[[Message], None]) -> None:
    """Ask every inspector about the image with id ``image``, and tell what each heard."""
    tell(Opened(format=site.format, parts=tuple(_part(place) for place in site.places)))

    def said(inspector: Inspector, heard: Heard, subject: Subject) -> None:
        tell(Said(inspector=inspector.name, subject=subject, heard=heard))

    inspectors = all_inspectors()
    whole = Subject(image=image)
    for place in site.roots:
        if place.tree is not None:
            place.tree.revocation = site.revocation
        subject = Subject(image=image, path=place.tree.prefix.rstrip(":") if place.tree else "")
        for inspector in inspectors:
            if inspector.inspect is not None:
                tell(Doing(what=inspector.name))
                is_foreign = inspector.boots and place.tree is not None and place.tree.format == CONTAINER
                said(inspector, Heard() if is_foreign else _inspect(inspector, place), subject)
    for inspector in inspectors:
        if inspector.inspect is not None and not site.roots:
            said(inspector, _no_root(inspector, site), whole)
        if inspector.survey is not None:
            tell(Doing(what=inspector.name))
            said(inspector, Heard() if inspector.boots and site.is_container else _survey(inspector, site), whole)
    sweeping = [(i, i.sweep()) for i in inspectors if i.sweep is not None]
    ended = sweep(site, [sweeper for _, sweeper in sweeping], lambda count: tell(Doing(what="files", count=count)))
    for number, (inspector, sweeper) in enumerate(sweeping):
        said(inspector, _swept(inspector, sweeper, ended, number), whole)
    tell(Ended(searched=ended.searched, gaps=tuple(_gaps(site, ended, inspectors, image))))


def posture(said: Iterable[Said], gaps: Iterable[Attempt], image: str, *, unsaid: Missed | None = None) -> Posture:
    """Observations and attempts from what inspectors said.

    ``unsaid`` says why nothing more was heard, where the image could not be asked to its end; its ``need`` is empty.
    """
    hiding = Hiding()
    observations: list[Observation] = []
    attempts: list[Attempt] = []
    by_name = {inspector.name: inspector for inspector in all_inspectors()}
    heard_of = set()
    for one in said:
        inspector = by_name[one.inspector]
        heard_of.add(inspector.name)
        seen = tuple(_observed(inspector, one.heard, one.subject, hiding))
        observations.extend(seen)
        attempts.extend(attempts_of(inspector.gives, one.heard, seen, one.subject, probe=inspector.label))
    if unsaid is not None:
        for inspector in all_inspectors():
            # Who said something may have had more to say: of another root file system, of what could not be read.
            place = Subject(image=image, path=_REST if inspector.name in heard_of else "")
            attempts.extend(_unlearnt(kind_of(fact), unsaid, place, inspector.label) for fact in inspector.gives)
    attempts.extend(gaps)
    return hiding.within((tuple(observations), tuple(attempts)))


def _unlearnt(need: str, why: Missed, subject: Subject, probe: str) -> Attempt:
    return Attempt(subject=subject, need=need, status=why.status, reason=why.reason, detail=why.detail, probe=probe)


def _part(place: Place) -> ImagePart:
    return ImagePart(
        format=place.format,
        role=place.role,
        path=place.shown,
        label=place.label,
        size=_size(place),
        problem=safe_text(place.problem, 400),
    )


def _size(place: Place) -> int:
    """Bytes; 0 where nobody can tell, which is a problem of the place by then."""
    try:
        return place.blob.size if place.blob is not None else 0
    except Unreadable:
        return 0


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
    holes = _few([(path, f"{path}: {problem}") for path, problem in named], _HOLES)
    unswept = [(hole.path, f"{hole.path}: {hole.why}") for hole in ended.unswept]
    for place in site.roots:
        if place.tree is not None and place.tree.format != CONTAINER:
            yield from _covered(place.tree, inspectors, image)
    for inspector in inspectors:
        places = [*holes, *_few(unswept, 1)] if inspector.sweep is not None else holes
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


def _covered(tree: Tree, inspectors: Iterable[Inspector], image: str) -> Iterator[Attempt]:
    """What a device mounts over a root file system is seen as a file system of its own at best, not in its place."""
    for folder in covered(tree):
        gap = Missed(need="", status=AttemptStatus.NOT_TRIED, reason=Reason.NOT_OBSERVABLE, detail=folder.why)
        for inspector in inspectors:
            # Who sweeps sees the files of every file system, wherever it is mounted.
            if inspector.sweep is None and (not folder.asked or inspector.name in folder.asked):
                place = Subject(image=image, path=folder.path)
                yield from (_unlearnt(kind_of(fact), gap, place, inspector.label) for fact in inspector.gives)


def _few(gaps: list[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """The last of so many stands for all that follow: each is a gap of every kind of fact."""
    if len(gaps) <= most:
        return gaps
    path, detail = gaps[most - 1]
    return [*gaps[: most - 1], (path, f"{detail}, and {len(gaps) - most:,} more that cannot be read")]
