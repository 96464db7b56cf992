"""What changed from one run to another. Pure.

Findings are matched by check, device or image, place and part, so that another variant at the same place is a
change and no pair of fixed and added. What is not in the new run is fixed only if its question was asked again;
a device that was not seen and a port that nobody looked at fix nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from iotscan.assess.linking import Link, link
from iotscan.assess.looking import Looking
from iotscan.assess.renewals import Chains, chains_of, renewals
from iotscan.assess.shifting import shifts
from iotscan.model.comparison import WHATS, Change, Comparison, GradeChange, Member, Shift, Side, What
from iotscan.model.device import Device, Image
from iotscan.model.facts import PortSweep
from iotscan.model.identity import provisional_ids
from iotscan.model.lasting import content, lasting_part, lasting_place
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome

OPEN = (Outcome.NOT_ASSESSED, Outcome.ERROR)
Key = tuple[str, str, str, str]
"""Check, id of the owner in the new run (or ``gone`` and the old id), place, part."""

Index = dict[tuple[str, str], list[Result]]
"""Results by check and owner in the new run."""


def compare(
    old: Run,
    new: Run,
    *,
    fleet: Collection[str] = (),
    of_keys: Collection[str] = (),
    pair_lone_images: bool = False,
    judged_again: tuple[bool, bool] = (False, False),
    notes: Sequence[str] = (),
) -> Comparison:
    """Compare two runs that were judged by the same rules.

    ``fleet`` are the ids of checks that compare devices with each other: with fewer devices, their silence is
    no repair. ``of_keys`` are those that look for a key in images: with fewer images, theirs is none. ``judged_again``
    says of each run whether its results are those it was stored with.
    """
    links = link(old, new, pair_lone_images=pair_lone_images)
    # Findings hang on what a device proves; who is on a list may be taken for who was there before.
    listed = link(old, new, by_address=True) if "discover" in (old.command, new.command) else links
    work = _Comparing(old, new, links, frozenset(fleet), frozenset(of_keys))
    changes = sorted(work.changes(), key=_order)
    return Comparison(
        old=_side(old, judged_again[0]),
        new=_side(new, judged_again[1]),
        changes=tuple(changes),
        members=tuple(_members(old, new, listed)),
        grades=tuple(_grades(old, new, links)),
        passes_lost=work.passes_lost(),
        notes=(*notes, *_notes(old, new, listed), *_strangers(old, new, listed)),
    )


class _Pair(msgspec.Struct, frozen=True, kw_only=True):
    old: Result
    new: Result
    is_same: bool
    """The same finding beyond doubt: one of a kind at its place, or the same in what was seen."""


class _Comparing:
    """Two runs, indexed by what their results are about."""

    def __init__(
        self, old: Run, new: Run, links: dict[str, Link], fleet: frozenset[str], of_keys: frozenset[str]
    ) -> None:
        self._old, self._new, self._links, self._fleet = old, new, links, fleet
        self._before: Index = defaultdict(list)
        self._after: Index = defaultdict(list)
        for result in old.results:
            self._before[result.check, self._home(result)].append(result)
        for result in new.results:
            self._after[result.check, result.subject.owner].append(result)
        self._checks = {c.id: c for c in (*old.checks, *new.checks)}
        self._asked = {c.id for c in new.checks}
        self._known = {c.id for c in old.checks}
        self._names = _names(old) | _names(new)
        self._sweeps: dict[str, list[PortSweep]] = defaultdict(list)
        for observation in new.observations:
            if isinstance(observation.fact, PortSweep):
                self._sweeps[observation.subject.device].append(observation.fact)
        runs = (("0", old), ("1", new))
        self._spoken = {(n, d.id, s.name): s.protocol for n, run in runs for d in run.devices for s in d.services}
        self._of_keys = of_keys if any(i.id not in links for i in old.images) else frozenset()
        self._is_thinned = any(d.id not in links for d in old.devices)

    def changes(self) -> Iterator[Change]:
        """Every finding of either run."""
        groups: dict[Key, tuple[list[Result], list[Result]]] = defaultdict(lambda: ([], []))
        for which, run in enumerate((self._old, self._new)):
            for result in run.results:
                if result.is_finding:
                    owner = result.subject.owner if which else self._home(result)
                    key = (result.check, owner, lasting_place(result.subject), lasting_part(result))
                    groups[key][which].append(result)
        for olds, news in groups.values():
            pairs, gone, come = _paired(olds, news)
            yield from map(self._pair, pairs)
            yield from (self._gone(r) for r in gone)
            yield from (self._change("added", r, note=self._origin(r)) for r in come)

    def passes_lost(self) -> int:
        """Passes of devices and images of both runs that are open now."""
        passes = (r for r in self._old.results if r.outcome is Outcome.PASS and r.subject.owner in self._links)
        closed = (r for r in passes if not self._open(self._before, r, self._home(r)))
        return sum(self._fate(r)[0] == "no_longer_assessed" for r in closed)

    def _home(self, result: Result) -> str:
        owner = result.subject.owner
        found = self._links.get(owner)
        return found.to if found else f"gone {owner}"

    def _pair(self, pair: _Pair) -> Change:
        old, new = pair.old, pair.new
        is_moved = (old.variant, old.severity, content(old)) != (new.variant, new.severity, content(new))
        is_known = pair.is_same and old.variant == new.variant and new.severity.rank <= old.severity.rank
        return self._change("changed" if is_moved else "unchanged", new, old, is_known=is_known)

    def _gone(self, result: Result) -> Change:
        what, note = self._fate(result)
        return self._change(what, result, result, note=note)

    def _fate(self, result: Result) -> tuple[What, str]:
        """Whether what is not in the new run is fixed or was only not looked at, and why."""
        owner = self._home(result)
        if owner.startswith("gone "):
            kind = "image is not in the new run" if result.subject.image else "device was not seen"
            return "no_longer_assessed", f"the {kind}"
        if result.check not in self._asked:
            return "no_longer_assessed", "the check was not asked"
        unsettled = self._open(self._after, result, owner)
        if unsettled:
            return "no_longer_assessed", unsettled[0].detail or "the question is open"
        if result.check in self._fleet and self._is_thinned:
            return "no_longer_assessed", "a device that it may have been compared with was not seen"
        if result.check in self._of_keys:
            return "no_longer_assessed", "an image in which the key may have been found is not in the new run"
        said = self._after[result.check, owner]
        settled = [r for r in _at(said, result) if r.outcome not in OPEN]
        if settled or (result.subject.image and said):
            good = next((r.summary for r in settled if not r.is_finding), "")
            return "fixed", good or "no longer found"
        return self._shut(result, owner)

    def _shut(self, result: Result, owner: str) -> tuple[What, str]:
        """What became of a service that the check no longer speaks of."""
        service = result.subject.service
        sweeps = self._sweeps[owner]
        if service.startswith("tcp/") and sweeps and all(result.subject.port in s.closed for s in sweeps):
            return "fixed", f"{service} is closed"
        before = self._spoken.get(("0", result.subject.device, service), "")
        spoken = self._spoken.get(("1", owner, service), "")
        if spoken not in ("", "unknown", before):
            return "fixed", f"{service} speaks {spoken} now"
        return "no_longer_assessed", f"{service or 'this'} was not looked at"

    def _origin(self, result: Result) -> str:
        """Why a finding is new: it came, or it was only not looked for."""
        owner = result.subject.owner
        if owner not in {found.to for found in self._links.values()}:
            return "the image is new" if result.subject.image else "the device is new"
        if result.check not in self._known:
            return "newly assessed: the check was not asked before"
        was_open = self._open(self._before, result, owner)
        return f"newly assessed: before, {was_open[0].detail or 'it was open'}" if was_open else ""

    def _open(self, side: Index, result: Result, owner: str) -> list[Result]:
        """The results of one side that leave the question of ``result`` open."""
        here = _at(side[result.check, owner], result)
        return [r for r in here if r.outcome in OPEN and r.part in ("", result.part)]

    def _change(
        self, what: What, said: Result, before: Result | None = None, *, note: str = "", is_known: bool = False
    ) -> Change:
        info = self._checks.get(said.check)
        variant = info.variants.get(said.variant) if info else None
        is_here = what in ("added", "changed", "unchanged")
        return Change(
            what=what,
            check=said.check,
            element=said.element,
            severity=said.severity,
            severity_before=before.severity if before else None,
            variant=said.variant,
            variant_before=before.variant if before else "",
            title=variant.title if variant else said.summary,
            owner=self._names.get(said.subject.owner, said.subject.owner),
            subject=said.subject,
            summary=said.summary,
            observed=said.observed,
            observed_before=before.observed if before else "",
            fingerprint=said.fingerprint if is_here else "",
            fingerprint_before=before.fingerprint if before else "",
            waiver=said.waiver,
            note=note,
            is_known=is_known,
        )


def _at(results: Iterable[Result], result: Result) -> list[Result]:
    """Those at the place of ``result``, and those about the whole of its device or image."""
    place = lasting_place(result.subject)
    return [r for r in results if lasting_place(r.subject) in (place, "")]


def _paired(olds: list[Result], news: list[Result]) -> tuple[list[_Pair], list[Result], list[Result]]:
    """Findings of one check at one place: the pairs, what only the old run has, what only the new one has."""
    pairs: list[_Pair] = []
    left, come = list(olds), list(news)
    is_single = len(olds) == len(news) == 1

    def take(is_match: Callable[[Result, Result], bool]) -> None:
        for new in list(come):
            old = next((o for o in left if is_match(o, new)), None)
            if old is not None:
                left.remove(old)
                come.remove(new)
                pairs.append(_Pair(old=old, new=new, is_same=is_single or content(old) == content(new)))

    take(lambda o, n: o.variant == n.variant and content(o) == content(n))
    take(lambda o, n: o.variant == n.variant)
    if is_single:
        take(lambda o, n: True)
    return pairs, left, come


def _order(change: Change) -> tuple[object, ...]:
    s = change.subject
    return (WHATS.index(change.what), -change.severity.rank, change.check, change.owner, s, change.variant, change.note)


def _side(run: Run, judged_again: bool) -> Side:
    return Side(
        run=run.id,
        command=run.command,
        started=run.started,
        status=run.status,
        as_of=run.as_of,
        tool=run.tool.version,
        profile=f"{run.profile.id} {run.profile.version}".strip(),
        profile_sha256=run.profile.sha256,
        judged_again=judged_again,
    )


def _names(run: Run) -> dict[str, str]:
    return {d.id: d.label for d in run.devices} | {i.id: i.name or i.source for i in run.images}


def _members(old: Run, new: Run, links: dict[str, Link]) -> Iterator[Member]:
    before, after = _owners(old), _owners(new)
    was, now = Looking(old), Looking(new)
    back = {found.to: (owner, found.by) for owner, found in links.items()}
    changed = _certificates(old, new, links)
    for owner in after.values():
        earlier, by = back.get(owner.id, ("", ""))
        if earlier:
            kept = _kept(before[earlier], owner, by, was, now)
            yield msgspec.structs.replace(kept, shifts=(*kept.shifts, *changed.get(owner.id, ())))
        else:
            yield _come(owner, was)
    yield from (_gone(owner, now) for owner in before.values() if owner.id not in links)


def _certificates(old: Run, new: Run, links: dict[str, Link]) -> dict[str, tuple[Shift, ...]]:
    """What changed of the certificates of devices that both runs saw, by the id in the new one."""
    before = {d.id: d for d in old.devices}
    told = {}
    for device in new.devices:
        earlier = next((before[owner] for owner, found in links.items() if found.to == device.id), None)
        if earlier is not None:
            told[device.id] = tuple(renewals(_chains(old, earlier), _chains(new, device), new.moment))
    return told


def _strangers(old: Run, new: Run, links: dict[str, Link]) -> Iterator[str]:
    """Addresses where the certificate changed, and nothing says whether the device is the one of then."""
    known = {found.to for found in links.values()}
    lost = {a: d for d in old.devices if d.id not in links for a in d.addresses}
    for device in new.devices:
        address = next((a for a in device.addresses if a in lost), "")
        if device.id in known or not address:
            continue
        for shift in renewals(_chains(old, lost[address]), _chains(new, device), new.moment):
            yield f"{address} {shift.before} -> {shift.after} ({shift.note}): it may be another device"


def _chains(run: Run, device: Device) -> Chains:
    return chains_of(run.observations, {device.id, *provisional_ids(device)})


def _kept(earlier: Device | Image, owner: Device | Image, by: str, was: Looking, now: Looking) -> Member:
    return Member(
        what="kept",
        kind=_kind_of(owner),
        id=owner.id,
        label=_label(owner),
        address=_address(owner),
        address_before=_address(earlier),
        known_by=by,
        shifts=shifts(earlier, owner, was, now) if isinstance(earlier, Device) and isinstance(owner, Device) else (),
    )


def _come(owner: Device | Image, was: Looking) -> Member:
    missed = was.missed(owner) if isinstance(owner, Device) else ""
    note = f"not looked for before: {missed}" if missed else ""
    label, address = _label(owner), _address(owner)
    return Member(what="added", kind=_kind_of(owner), id=owner.id, label=label, address=address, note=note)


def _gone(owner: Device | Image, now: Looking) -> Member:
    missed = now.missed(owner) if isinstance(owner, Device) else ""
    return Member(
        what="not_looked_for" if missed else "gone",
        kind=_kind_of(owner),
        id=owner.id,
        label=_label(owner),
        address_before=_address(owner),
        note=missed,
    )


def _owners(run: Run) -> dict[str, Device | Image]:
    return {**{d.id: d for d in run.devices}, **{i.id: i for i in run.images}}


def _kind_of(owner: Device | Image) -> Literal["device", "image"]:
    return "image" if isinstance(owner, Image) else "device"


def _label(owner: Device | Image) -> str:
    return owner.name or owner.source if isinstance(owner, Image) else owner.label


def _address(owner: Device | Image) -> str:
    return owner.address if isinstance(owner, Device) else ""


def _grades(old: Run, new: Run, links: dict[str, Link]) -> Iterator[GradeChange]:
    if old.grades.network and new.grades.network:
        yield GradeChange(owner="network", before=old.grades.network.shown, after=new.grades.network.shown)
    before, after = old.grades.devices | old.grades.images, new.grades.devices | new.grades.images
    names = _names(new)
    for owner, found in sorted(links.items(), key=lambda item: names.get(item[1].to, "")):
        if owner in before and found.to in after:
            shown = before[owner].shown, after[found.to].shown
            yield GradeChange(owner=names.get(found.to, found.to), before=shown[0], after=shown[1])


def _notes(old: Run, new: Run, links: dict[str, Link]) -> Iterable[str]:
    if bool(old.images) != bool(new.images) and bool(old.devices) != bool(new.devices):
        yield f"{old.id} is of {_kind(old)} and {new.id} of {_kind(new)}: nothing in them can be the same"
    elif not links and (old.devices or old.images):
        yield f"no device or image of {old.id} was seen again: everything is new"
    for run in (old, new):
        if run.status != "complete":
            yield f"{run.id} did not end: what it did not get to is not assessed"
    if old.redaction != new.redaction:
        yield f"{old.id} is redacted {old.redaction} and {new.id} {new.redaction}: a device may not be known again"
    lone = [found for found in links.values() if found.by == "being the only image"]
    if lone:
        names = f"{old.images[0].name!r} and {new.images[0].name!r}"
        yield f"the images are called {names}: they are taken for one because each run has one; see --name"


def _kind(run: Run) -> str:
    return "an image" if run.images else "a network"
