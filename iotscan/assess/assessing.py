"""Questions asked of evidence. Pure: the same evidence and checks give the same results, in the same order.

For every check and every device and image, the facts that the check's annotations ask for are joined,
its function is called, and what it returns becomes results. Where a fact is missing, :mod:`.gaps` tells
whether that is *not applicable* (looked for, not there) or *not assessed*, and why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import msgspec

from iotscan.assess.back_ends import (
    NOT_OF_SERVERS,
    is_back_end,
    is_beyond_the_grant,
    is_no_question,
    policy_for,
)
from iotscan.assess.check import (
    Check,
    Each,
    Earlier,
    Fleet,
    Linked,
    Need,
    Policy,
    Presence,
    Remembered,
    Seen,
    Target,
    Trust,
    Verdict,
)
from iotscan.assess.evidence import Evidence, Owner, place_of, whole
from iotscan.assess.gaps import Gap, absent, gap_at, gap_on, missed, weightiest
from iotscan.assess.known_as import target_of
from iotscan.assess.naming import named
from iotscan.assess.parameters import told
from iotscan.assess.verdicts import Call, Results, looked_from
from iotscan.model.answer import Unanswered
from iotscan.model.facts import Fact
from iotscan.model.observation import Observation
from iotscan.model.result import Result
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Reason

Values = Mapping[str, Mapping[str, Any]]
"""Check id -> the named values that the profile gives this check."""


def assess(
    evidence: Evidence,
    checks: Iterable[Check],
    *,
    policy: Policy = Policy(),
    values: Values | None = None,
    excluded: Iterable[Check] = (),
) -> tuple[Result, ...]:
    """Ask every check about every device and image.

    ``values`` are named values for single checks, over those of ``policy``. Checks in ``excluded`` are
    listed as *not assessed (profile_excluded)* and never asked. Results are sorted by subject and check;
    each has a fingerprint.
    """
    results: list[Result] = []
    for check in checks:
        given = told(check.info, policy.values, (values or {}).get(check.info.id, {}))
        asking = _Asking(check, evidence, msgspec.structs.replace(policy, values=given))
        results += asking.fleet() if check.anchor.cardinality == "fleet" else asking.everyone()
    for check in excluded:
        text = "the profile leaves this check out"
        for owner in evidence.owners:
            gap = Gap(subject=whole(owner), kind=check.anchor.kind, reason=Reason.EXCLUDED, detail=text)
            results.append(Results(check, evidence).still_open(owner, gap))
    return named(results, evidence)


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One value for one parameter, and the observations it holds."""

    value: Any
    used: tuple[Observation, ...] = ()


class _Asking:
    """One check at work on one body of evidence."""

    def __init__(self, check: Check, evidence: Evidence, policy: Policy) -> None:
        self._check = check
        self._evidence = evidence
        self._policy = policy
        self._results = Results(check, evidence)

    def everyone(self) -> list[Result]:
        """Ask about every device and image, each by itself."""
        return [r for owner in self._evidence.owners for r in self._owner(owner) or self._nothing(owner)]

    def fleet(self) -> list[Result]:
        """Ask once about all of them together."""
        fact = self._check.anchor.fact
        owners: Sequence[Owner] = self._evidence.images if fact.per == "image" else self._evidence.devices
        found = self._among(owners)
        servers = {o.id for o in owners if is_back_end(o)}
        if servers and not any(r.is_finding and r.subject.owner in servers for r in found):
            # Devices are compared with each other: that a server is unlike them speaks well of none.
            owners = [o for o in owners if o.id not in servers]
            found = self._among(owners)
        results = list(found)
        seen = {o.id: self._evidence.observed(self._check.anchor.kind, o.id) for o in owners}
        for owner in self._evidence.owners:
            own = [] if owner.id in servers else self._missed(owner)
            results += own if own or seen.get(owner.id) else self._nothing(owner)
        return results

    def _among(self, owners: Sequence[Owner]) -> list[Result]:
        """Ask once about these together; nothing where none of them shows anything."""
        seen = {o.id: self._evidence.observed(self._check.anchor.kind, o.id) for o in owners}
        used = tuple(o for found in seen.values() for o in found)
        if not used:
            return []
        call = Call(
            target=Target(subject=Subject(), label="the network"),
            needs={self._check.anchor.parameter: Fleet(seen=tuple(_seen(o) for o in used))},
            used=used,
        )
        return list(self._spread(self._answers(call), call, [o for o in owners if seen[o.id]]))

    def _spread(self, verdicts: Sequence[Verdict | Result], call: Call, holders: Sequence[Owner]) -> Iterator[Result]:
        """Fleet verdicts on those they are about; what is about nobody holds for all who are not named."""
        named = [v for v in verdicts if isinstance(v, Verdict) and v.about]
        rest = [v for v in verdicts if not (isinstance(v, Verdict) and v.about)]
        default = Verdict(kind="good", summary=self._check.info.title)
        if any(v.about and v.about.owner not in {o.id for o in holders} for v in named):
            rest = [
                self._results.error(call, f"{self._check.info.id} returned a verdict about nobody it was asked about")
            ]
        for owner in holders:
            own = tuple(o for o in call.used if o.subject.owner == owner.id)
            target = msgspec.structs.replace(call.target, subject=whole(owner))
            narrowed = msgspec.structs.replace(call, target=target, used=own)
            about = [v for v in named if v.about and v.about.owner == owner.id]
            is_settled = any(v.kind != "good" for v in about)
            for said in about if is_settled else ([*about, *rest] or [default]):
                yield self._results.of(said, narrowed)

    def _owner(self, owner: Owner) -> list[Result]:
        results = self._missed(owner)
        for home, anchor in self._anchors(owner):
            results += self._ask_at(owner, home, anchor)
        return results

    def _missed(self, owner: Owner) -> list[Result]:
        fact = self._check.anchor.fact
        gaps = missed(self._evidence, fact, owner).values()
        return [self._results.still_open(owner, gap) for gap in gaps if not is_no_question(gap, fact, owner)]

    def _nothing(self, owner: Owner) -> list[Result]:
        """The one result of a device or image that no place of it gave an answer for."""
        anchor = self._check.anchor
        gap = gap_on(self._evidence, anchor.fact, owner)
        is_of_devices = is_back_end(owner) and (
            anchor.cardinality == "fleet" or (gap and is_no_question(gap, anchor.fact, owner))
        )
        if gap and not is_of_devices:
            return [self._results.still_open(owner, gap)]
        why = NOT_OF_SERVERS if is_of_devices else f"no {' with '.join(n.kind for n in self._check.needs)} here"
        said = Verdict(kind="skip", summary=why)
        call = Call(target=Target(subject=whole(owner)), needs={}, used=())
        return [msgspec.structs.replace(self._results.of(said, call), vantage=looked_from(owner))]

    def _anchors(self, owner: Owner) -> Iterator[tuple[Subject, _Choice]]:
        need = self._check.anchor
        found = self._evidence.observed(need.kind, owner.id)
        if need.cardinality == "each":
            if found:
                gaps = missed(self._evidence, need.fact, owner)
                yield whole(owner), _each(found, weightiest(gaps.values()).detail if gaps else "")
            return
        for observation in found:
            yield observation.subject, _one(need, observation)
        if need.cardinality == "presence":
            for place in absent(self._evidence, need.fact, owner):
                yield place, _Choice(value=Presence[Fact](fact=None))

    def _ask_at(self, owner: Owner, home: Subject, anchor: _Choice) -> list[Result]:
        """Join the other needs to one anchor and ask, once for each way they join."""
        place = place_of(home)
        choices: list[tuple[_Choice, ...]] = [(anchor,)]
        gaps: list[Gap] = []
        for need in self._check.needs[1:]:
            found, still_open = self._choose(need, owner, place)
            if not found and not still_open:
                return []
            choices.append(found)
            gaps += still_open
        results = [r for ways in product(*choices) for r in self._ask(owner, home, ways)]
        if gaps:
            gap = msgspec.structs.replace(weightiest(gaps), subject=home)
            results.append(self._results.still_open(owner, gap))
        return results

    def _choose(self, need: Need, owner: Owner, place: Subject) -> tuple[tuple[_Choice, ...], tuple[Gap, ...]]:
        """The values that a joined need may take, and what is open of it; neither where the fact is absent."""
        if need.cardinality == "linked":
            return self._linked(need, owner)
        found = self._joined(need, owner, place)
        is_each = need.cardinality == "each"
        if found:
            # What could not be read of an Each stays open: a pass over the rest is no pass.
            return found, tuple(missed(self._evidence, need.fact, owner).values()) if is_each else ()
        gap = gap_at(self._evidence, need.fact, owner, whole(owner) if is_each else place)
        if gap and is_each and is_beyond_the_grant(gap, owner):
            return (_each((), gap.detail),), ()
        if gap:
            return (), (gap,)
        if is_each:
            return (_each(()),), ()
        if need.cardinality == "presence":
            if not place.service or place in absent(self._evidence, need.fact, owner):
                return (_Choice(value=Presence[Fact](fact=None)),), ()
            detail = f"nothing looked for {need.kind} on {place.service}"
            return (), (Gap(subject=place, kind=need.kind, reason=Reason.NOT_OBSERVABLE, detail=detail),)
        return (), ()

    def _linked(self, need: Need, owner: Owner) -> tuple[tuple[_Choice, ...], tuple[Gap, ...]]:
        """The facts of the image that a device runs; open where none is known, or where the image hides some."""
        image = self._evidence.image_of(owner.id)
        if image is None:
            detail = "no image of this run is known to be what the device runs"
            return (), (Gap(subject=whole(owner), kind=need.kind, reason=Reason.NEEDS_IMAGE, detail=detail),)
        found = self._evidence.observed(need.kind, image.id)
        value = Linked(seen=tuple(_seen(o) for o in found), image=image.name or image.id)
        return (_Choice(value=value, used=found),), tuple(missed(self._evidence, need.fact, image).values())

    def _joined(self, need: Need, owner: Owner, place: Subject) -> tuple[_Choice, ...]:
        found = self._evidence.observed(need.kind, owner.id)
        if need.cardinality == "each":
            return (_each(found),) if found else ()
        if need.fact.per == "service" and (place.service or place.path):
            found = tuple(o for o in found if place_of(o.subject) == place)
        if need.fact.per == "image":
            found = tuple(o for o in found if _are_of_one_root(o.subject, place))
        return tuple(_one(need, o) for o in found)

    def _ask(self, owner: Owner, home: Subject, ways: Sequence[_Choice]) -> list[Result]:
        parameters = [n.parameter for n in self._check.needs]
        used = tuple(o for w in ways for o in w.used)
        call = Call(
            target=target_of(owner, home, used),
            needs={p: w.value for p, w in zip(parameters, ways, strict=True)},
            used=used,
        )
        results = [self._results.of(said, call) for said in self._answers(call)]
        if call.used:
            return results
        return [msgspec.structs.replace(r, vantage=looked_from(owner)) for r in results]

    def _answers(self, call: Call) -> Sequence[Verdict | Result]:
        """Call the question. Whatever it does, verdicts or one result come out."""
        owner = self._evidence.owner(call.home.owner)
        extras: dict[str, Any] = {
            "target": call.target,
            "policy": policy_for(self._policy, owner) if owner else self._policy,
            "as_of": self._evidence.as_of,
            "earlier": Earlier(certificates=self._evidence.earlier_at(call.home)),
            "apart": self._evidence.apart,
            "keyring": self._evidence.keyring,
            "remembered": Remembered(runs=self._evidence.earlier_runs, keys=self._evidence.remembered_at(call.home)),
            "trust": Trust(keys=self._evidence.trusted_by(call.home)),
        }
        arguments = call.needs | {name: extras[what] for name, what in self._check.extras.items()}
        try:
            returned = self._check.question(**arguments)
        except Unanswered as gap:
            detail = gap.detail or f"the answer is missing: {gap.reason.value.replace('_', ' ')}"
            return (Verdict(kind="unknown", summary=detail, reason=gap.reason),)
        except Exception as bug:
            # The type only: the text may hold what a device said.
            return (self._results.error(call, f"{type(bug).__name__} in {self._check.info.id}"),)
        verdicts = returned if isinstance(returned, tuple | list) else (returned,)
        if not verdicts or not all(isinstance(v, Verdict) for v in verdicts):
            return (self._results.error(call, f"{self._check.info.id} returned no verdict"),)
        return verdicts


def _are_of_one_root(one: Subject, other: Subject) -> bool:
    """False for facts about two root file systems of an image: what is said of the whole goes with each."""
    shorter, longer = sorted((one.path, other.path), key=len)
    return not shorter or longer == shorter or longer.startswith(f"{shorter}:")


def _seen(observation: Observation) -> Seen[Fact]:
    return Seen(fact=observation.fact, subject=observation.subject)


def _one(need: Need, observation: Observation) -> _Choice:
    fact = observation.fact
    value = Presence[Fact](fact=fact) if need.cardinality == "presence" else fact
    return _Choice(value=value, used=(observation,))


def _each(found: Sequence[Observation], missed: str = "") -> _Choice:
    return _Choice(value=Each(seen=tuple(_seen(o) for o in found), missed=missed), used=tuple(found))
