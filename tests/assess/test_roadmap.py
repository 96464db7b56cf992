"""The roadmap: which changes lift a grade, and that grading again says the same."""

import random
import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.grading import grade
from iotscan.assess.roadmap import roadmaps
from iotscan.model.device import Device, Image, Service
from iotscan.model.grade import LETTERS, Gradebook
from iotscan.model.material import Roadmap
from iotscan.model.result import CheckInfo, Result, VariantInfo
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.vocabulary import Confidence, Element, Outcome, Severity, Vantage
from tests.assess.making import device, on_image, result
from tests.assess.test_grading_properties import DEVICES, results

replace = msgspec.structs.replace


def run_of(found: list[Result], devices: tuple[Device, ...] = DEVICES, **more: object) -> Run:
    return Run(
        id="01",
        tool=Tool(version="0"),
        status="complete",
        command="scan",
        started="2026-11-22T18:00:00Z",
        as_of="2026-11-22T18:00:00Z",
        targets=(),
        scope=Scope(include=()),
        scope_sha256="",
        profile=ProfileInfo(id="home", version="1"),
        devices=devices,
        results=tuple(found),
        **more,  # type: ignore[arg-type]
    )


def info(check: str, *, tags: tuple[str, ...] = (), effort: str = "low") -> CheckInfo:
    return CheckInfo(
        id=check,
        title=f"{check} is well",
        element=Element.COMMUNICATION,
        variants={"bad": VariantInfo(severity=Severity.HIGH, title="It is bad")},
        confidence=Confidence.CERTAIN,
        tags=tags,
        effort=effort,
    )


def repaired(found: list[Result], checks: set[str]) -> Gradebook:
    """The network graded again by the grader itself, once these checks fail nowhere."""
    after = [replace(r, outcome=Outcome.PASS) if r.is_finding and r.check in checks else r for r in found]
    grades = grade(after, DEVICES, [])
    assert grades.network
    return grades.network


def of_network(found: list[Result]) -> Roadmap | None:
    return next((r for r in roadmaps(run_of(found)) if r.owner == "network"), None)


@given(results())
def test_each_step_reaches_what_grading_again_says(found: list[Result]):
    roadmap = of_network(found)
    for number, step in enumerate(roadmap.steps if roadmap else (), start=1):
        assert step.reaches == repaired(found, {s.check for s in roadmap.steps[:number]}).shown


@given(results())
def test_every_finding_is_in_one_step(found: list[Result]):
    roadmap = of_network(found)
    told = [f for s in roadmap.steps for f in s.findings] if roadmap else []
    assert sorted(told) == sorted(r.fingerprint for r in found if r.is_finding)


@given(results(), st.randoms(use_true_random=False))
def test_the_order_of_results_does_not_matter(found: list[Result], chance: random.Random):
    shuffled = chance.sample(found, len(found))
    assert roadmaps(run_of(found)) == roadmaps(run_of(shuffled))


@given(results())
def test_no_step_is_needless_for_the_letter_that_it_leads_to(found: list[Result]):
    roadmap = of_network(found)
    done: set[str] = set()
    since: list[str] = []
    before = repaired(found, set()).best
    for step in roadmap.steps if roadmap else ():
        since.append(step.check)
        best = repaired(found, {*done, *since}).best
        if best != before:
            for needless in since:
                assert repaired(found, {*done, *since} - {needless}).best > LETTERS[LETTERS.index(before) - 1]
            done |= set(since)
            since, before = [], best
    assert not since


@given(results())
def test_the_sentence_is_true(found: list[Result]):
    roadmap = of_network(found)
    if roadmap is None or not roadmap.sentence:
        return
    # "to C at best (≤C)": the letter as it is shown stands last.
    words = re.sub(r" to \w at best \((≤\w)\)", r" to \1", roadmap.sentence).rstrip(".").split()
    numbers = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
    count = numbers.get(words[1]) or int(words[1])
    assert words[-3] == repaired(found, set()).shown
    assert words[-1] == repaired(found, {s.check for s in roadmap.steps[:count]}).shown
    assert words[-1].lstrip("≤") < words[-3].lstrip("≤")


def test_four_changes_lift_the_network_from_d_to_b():
    found = [result("h", severity=Severity.HIGH)]
    found += [result(f"m{n}", severity=Severity.MEDIUM, device=f"d{n % 2 + 1}") for n in range(3)]
    found += [result(f"l{n}", severity=Severity.LOW) for n in range(3)]
    roadmap = of_network(found)
    assert roadmap.sentence == "These four changes lift the network from D to B."
    assert [(s.check, s.phase, s.reaches) for s in roadmap.steps] == [
        ("h", "P1", "C"),
        *((f"m{n}", "P2", "C" if n < 2 else "B") for n in range(3)),
        *((f"l{n}", "P3", "B" if n < 2 else "A") for n in range(3)),
    ]


def test_the_fewest_changes_come_first():
    # Two devices with two highs each: one check is on both, so that repairing it alone lifts both from E to D.
    found = [result("both", device=d) for d in ("d1", "d2")]
    found += [result("only-1", device="d1"), result("only-2", device="d2")]
    roadmap = of_network(found)
    assert [(s.check, s.reaches) for s in roadmap.steps] == [("both", "D"), ("only-1", "D"), ("only-2", "A")]
    assert roadmap.sentence == "These three changes lift the network from E to A."


def test_what_is_open_stays_open():
    found = [result("bad"), result("open", Outcome.NOT_ASSESSED, Severity.MEDIUM), result("good", Outcome.PASS)]
    roadmap = of_network(found)
    assert (roadmap.shown, roadmap.steps[0].reaches) == ("D", "≤A")


def test_an_image_has_a_roadmap_of_its_own_and_its_vendor_acts():
    image = Image(id="gw", source="gw.img", format="squashfs", name="gateway")
    found = [result("bad", subject=on_image("etc/shadow"), vantage=Vantage.CONFIGURED)]
    (roadmap,) = roadmaps(run_of(found, (), images=(image,), checks=(info("bad"),)))
    assert roadmap.owner == "gw"
    assert roadmap.sentence == "This one change lifts the image gateway from D to A."
    assert roadmap.steps[0].by == "vendor"


def test_information_is_no_step():
    assert roadmaps(run_of([result("note", severity=Severity.INFO)])) == ()


def test_who_acts():
    page = (Service(transport="tcp", port=443, protocol="https"),)
    own, closed = device("d1", services=page), device("d2", "192.0.2.2")
    checks = (info("tls"), info("flash", tags=("updates",)))
    found = [result("tls", device="d1"), result("flash", device="d1")]
    acts = {s.check: s.by for r in roadmaps(run_of(found, (own,), checks=checks)) for s in r.steps}
    assert acts == {"tls": "owner", "flash": "vendor"}
    (alone,) = roadmaps(run_of([result("tls", device="d2")], (closed,), checks=checks))
    assert alone.steps[0].by == "vendor"


def test_a_cloud_question_to_a_public_address_is_for_who_runs_it():
    cloud = replace(info("broker"), element=Element.CLOUD)
    server = device("d1", "93.184.216.34", services=(Service(transport="tcp", port=443, protocol="https"),))
    (roadmap,) = roadmaps(run_of([result("broker", element=Element.CLOUD)], (server,), checks=(cloud,)))
    assert roadmap.steps[0].by == "provider"


def test_a_change_that_later_ones_make_needless_is_left_for_later():
    # Each device has two highs, and one of them repaired lifts it from E to D. "x" is on most devices, and yet "a", "b"
    # and "c" alone are enough.
    pairs = ("x a", "x b", "x c", "a z1", "b z2", "c z3")
    devices = tuple(device(f"d{n}", f"192.0.2.{n}") for n in range(1, 7))
    found = [result(c, device=f"d{n}") for n, pair in enumerate(pairs, start=1) for c in pair.split()]
    (roadmap,) = roadmaps(run_of(found, devices))
    assert [(s.check, s.reaches) for s in roadmap.steps[:3]] == [("a", "E"), ("b", "E"), ("c", "D")]


def test_whatever_is_found_of_a_back_end_is_for_who_runs_it():
    server = device("d1", "203.0.113.5", role="backend")
    (roadmap,) = roadmaps(run_of([result("flash")], (server,), checks=(info("flash", tags=("updates",)),)))
    assert roadmap.steps[0].by == "provider"
