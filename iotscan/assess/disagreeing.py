"""Where two vantages of one device answer one question differently. Pure.

What an image configures, what a device answers when it is asked, and what it does when nobody asks, go to the same
checks: each check is the question, its results are the answers. Observed goes before in use, in use before configured;
which of them is wrong nobody can say from here, so all is told.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from iotscan.assess.check import Check
from iotscan.assess.unlike import accounts, client_certificates, host_keys, logins
from iotscan.assess.versions import programs_apart, system_apart
from iotscan.model.device import Device, Image
from iotscan.model.facts import Disagreement, RunsImage, VantageComparison
from iotscan.model.facts.vantages import Conflict
from iotscan.model.observation import Observation, observe
from iotscan.model.result import CheckInfo, Result
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome, Vantage

PROBE = "vantages/1"
_ANSWERS = (Outcome.PASS, Outcome.FAIL)
_SEEN = (Vantage.OBSERVED, Vantage.IN_USE)
_MOST = 100


def compare_vantages(
    devices: Sequence[Device],
    images: Sequence[Image],
    linked: Iterable[Observation],
    observations: Sequence[Observation],
    results: Iterable[Result],
    checks: Iterable[CheckInfo],
) -> tuple[Observation, ...]:
    """One comparison for each device that more than one vantage saw. ``linked`` says which image each runs."""
    runs = {o.subject.device: o.fact for o in linked if isinstance(o.fact, RunsImage)}
    titles = {info.id: info.title for info in checks}
    answers: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.outcome in _ANSWERS and not result.waiver:
            answers[result.subject.owner].append(result)
    seen = _vantages(observations)
    stated = _owned(observations)
    found = []
    for device in devices:
        fact = runs.get(device.id)
        vantages = seen.get(device.id, set()) | ({Vantage.CONFIGURED} if fact else set())
        if len(vantages) < 2:
            continue
        own, theirs = answers.get(device.id, []), answers.get(fact.image, []) if fact else []
        pairs = list(_by_traffic(own, titles))
        if fact:
            of_both = [*stated.get(device.id, ()), *stated.get(fact.image, ())]
            of_image = (
                *_by_image(own, theirs, titles),
                *host_keys(device, fact, of_both),
                *accounts(device, fact, of_both),
                *logins(device, fact, of_both),
                *client_certificates(device, fact, of_both),
            )
            # An image of another version may well be configured otherwise: it is told, and blames nobody.
            pairs += (
                [msgspec.structs.replace(p, conflict="explained") for p in of_image] if fact.other_version else of_image
            )
            pairs += _by_version(device, fact, of_both)
        comparison = VantageComparison(
            vantages=tuple(v for v in Vantage if v in vantages),
            compared=len(_both(own, theirs)),
            disagreements=tuple(sorted(pairs, key=_order)[:_MOST]),
        )
        subject = Subject(device=device.id, address=device.address)
        # What a device does is one side of each: no reader may take it for a configuration alone.
        strongest = next(v for v in Vantage if v in vantages)
        found.append(observe(comparison, subject, probe=PROBE, vantage=strongest))
    return tuple(found)


def split_by_vantages(checks: Iterable[Check]) -> tuple[tuple[Check, ...], tuple[Check, ...]]:
    """The checks that ask of one vantage, and those that ask what all come to together."""
    listed = tuple(checks)
    then = tuple(c for c in listed if any(need.fact is VantageComparison for need in c.needs))
    return tuple(c for c in listed if c not in then), then


def _vantages(observations: Iterable[Observation]) -> Mapping[str, set[Vantage]]:
    found: dict[str, set[Vantage]] = defaultdict(set)
    for observation in observations:
        if observation.subject.device and observation.vantage in _SEEN:
            found[observation.subject.device].add(observation.vantage)
    return found


def _owned(observations: Iterable[Observation]) -> Mapping[str, list[Observation]]:
    found: dict[str, list[Observation]] = defaultdict(list)
    for observation in observations:
        found[observation.subject.owner].append(observation)
    return found


def _both(own: Iterable[Result], theirs: Iterable[Result]) -> set[str]:
    of_image = {r.check for r in theirs}
    by_vantage: dict[str, set[Vantage]] = defaultdict(set)
    for result in own:
        by_vantage[result.check].add(result.vantage)
    return {check for check, seen in by_vantage.items() if check in of_image or len(seen) > 1}


def _by_image(own: Sequence[Result], theirs: Sequence[Result], titles: Mapping[str, str]) -> Iterator[Disagreement]:
    """Checks that the image answers with one voice, and the device otherwise."""
    of_device, of_image = _grouped(own), _grouped(theirs)
    for check in sorted(of_device.keys() & of_image.keys()):
        here, there = of_device[check], [r for r in of_image[check] if r.vantage is Vantage.CONFIGURED]
        failed_here, failed_there = _fails(here), _fails(there)
        if not there or bool(failed_here) == bool(failed_there):
            continue
        shown, said = (failed_here or here)[0], (failed_there or there)[0]
        yield _pair("configured" if failed_here else "mended", said, shown, titles)


def _by_traffic(own: Sequence[Result], titles: Mapping[str, str]) -> Iterator[Disagreement]:
    """One service, one check: asked it says one thing, and its traffic shows another."""
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in own:
        if result.subject.service:
            groups[result.check, result.subject.service].append(result)
    for _, found in sorted(groups.items()):
        asked = [r for r in found if r.vantage is Vantage.OBSERVED]
        used = [r for r in found if r.vantage is Vantage.IN_USE]
        if asked and used and bool(_fails(asked)) != bool(_fails(used)):
            yield _pair("in-use", (_fails(asked) or asked)[0], (_fails(used) or used)[0], titles)


def _by_version(device: Device, fact: RunsImage, observations: Sequence[Observation]) -> Iterator[Disagreement]:
    """The firmware version that the device names, where the image has another of the same thing; so of its programs."""
    system = system_apart(device, fact.image, observations)
    for apart in (*([system] if system else []), *programs_apart(device, fact.image, observations)):
        yield Disagreement(
            conflict="version",
            check="",
            title="Device and image name the same version",
            one=Vantage.CONFIGURED,
            one_place=apart.path,
            one_says=apart.in_image,
            other=Vantage.OBSERVED,
            other_place=apart.place,
            other_says=apart.on_device,
        )


def _grouped(results: Iterable[Result]) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        found[result.check].append(result)
    return found


def _fails(results: Iterable[Result]) -> list[Result]:
    return sorted(
        (r for r in results if r.outcome is Outcome.FAIL), key=lambda r: (-r.severity.rank, str(r.subject), r.part)
    )


def _pair(conflict: Conflict, one: Result, other: Result, titles: Mapping[str, str]) -> Disagreement:
    failed = one if one.outcome is Outcome.FAIL else other
    return Disagreement(
        conflict=conflict,
        check=one.check,
        title=titles.get(one.check, one.check),
        one=one.vantage,
        one_place=str(one.subject),
        one_says=one.summary,
        other=other.vantage,
        other_place=other.subject.service or str(other.subject),
        other_says=other.summary,
        severity=failed.severity,
    )


def _order(one: Disagreement) -> tuple[int, str, str, str]:
    return (-one.severity.rank, one.conflict, one.check, one.other_place)
