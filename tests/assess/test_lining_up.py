"""Devices side by side: the order of columns changes nothing, and nobody wins on what is not known."""

from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.assess.buyer_questions import QUESTIONS
from iotscan.assess.lining_up import Entry, line_up
from iotscan.assess.registry import load_checks
from iotscan.model.device import Service
from iotscan.model.grade import LETTERS, Coverage, Gradebook
from iotscan.model.lineup import Lineup, Said
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome, Reason
from tests.report.example import example_run, image_run

DEVICES = [device.id for device in example_run().devices]


def entries(*owners: str) -> list[Entry]:
    return [Entry(run=example_run(), owner=owner) for owner in owners]


def test_every_check_of_a_question_is_there() -> None:
    known = set(load_checks().ids)
    assert {c for q in QUESTIONS for c in (*q.deciding, *q.against)} <= known


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_columns_only_swaps_columns(order: tuple[int, ...]) -> None:
    straight = line_up(entries(*DEVICES[:3]))
    turned = line_up(entries(*(DEVICES[place] for place in order)))
    assert swapped(straight, order) == turned


def swapped(lineup: Lineup, order: tuple[int, ...]) -> Lineup:
    def said(row: tuple[Said, ...]) -> tuple[Said, ...]:
        return tuple(row[place] for place in order)

    new = {old: place for place, old in enumerate(order)}
    return replace(
        lineup,
        candidates=tuple(lineup.candidates[place] for place in order),
        questions=tuple(replace(row, said=said(row.said)) for row in lineup.questions),
        differences=tuple(replace(row, said=said(row.said)) for row in lineup.differences),
        better=tuple(sorted((new[one], new[other]) for one, other in lineup.better)),
        winner=None if lineup.winner is None else new[lineup.winner],
    )


def graded(run: Run, books: dict[str, tuple[str, str]]) -> Run:
    def book(owner: str, best: str, worst: str) -> Gradebook:
        shown = best if best == worst else f"≤{best}"
        some = Coverage(assessed=1, unknown=0 if best == worst else 1)
        fields = {"owner": owner, "best": best, "worst": worst, "shown": shown, "coverage": some}
        return msgspec.convert(
            {**msgspec.structs.asdict(run.grades.devices[DEVICES[0]]), **fields}, Gradebook, from_attributes=True
        )

    return replace(run, grades=replace(run.grades, devices={o: book(o, *ends) for o, ends in books.items()}))


INTERVAL = st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS)).map(lambda pair: tuple(sorted(pair)))


@given(ends=st.lists(INTERVAL, min_size=3, max_size=3))
def test_nobody_wins_where_intervals_overlap(ends: list[tuple[str, str]]) -> None:
    run = graded(example_run(), dict(zip(DEVICES, ends, strict=False)))
    made = line_up([Entry(run=run, owner=owner) for owner in DEVICES[:3]])
    for one, other in permutations(range(3), 2):
        assert ((one, other) in made.better) == (ends[one][1] < ends[other][0])
    alone = [one for one in range(3) if all(ends[one][1] < ends[other][0] for other in range(3) if other != one)]
    assert made.winner == (alone[0] if alone else None)


def test_an_image_and_a_device_are_never_ranked() -> None:
    run = graded(example_run(), {DEVICES[0]: ("A", "A")})
    image = image_run()
    made = line_up([Entry(run=run, owner=DEVICES[0]), Entry(run=image, owner=image.images[0].id)])
    assert made.better == ()


def test_what_is_not_graded_wins_and_loses_nothing() -> None:
    run = graded(example_run(), {DEVICES[0]: ("A", "A"), DEVICES[1]: ("F", "F")})
    silent = replace(run.grades.devices[DEVICES[1]], shown="–")
    run = replace(run, grades=replace(run.grades, devices={**run.grades.devices, DEVICES[1]: silent}))
    assert line_up([Entry(run=run, owner=owner) for owner in DEVICES[:2]]).better == ()


def test_one_failure_is_no_and_one_open_question_is_no_yes() -> None:
    run = example_run()
    telnet = next(r for r in run.results if r.check == "telnet-service" and r.is_finding)
    owner = telnet.subject.owner
    asked = "Logins and commands are encrypted"

    def answer(*outcomes: Outcome) -> Said:
        results = tuple(
            replace(telnet, outcome=o, reason=Reason.TIMEOUT if o is Outcome.NOT_ASSESSED else None) for o in outcomes
        )
        devices = tuple(replace(d, services=()) for d in run.devices)
        made = line_up([Entry(run=replace(run, results=results, devices=devices), owner=owner)] * 2)
        return next(row.said[0] for row in made.questions if row.asks == asked)

    assert answer(Outcome.PASS).state == "good"
    assert answer(Outcome.PASS, Outcome.NOT_ASSESSED, Outcome.FAIL).state == "bad"
    half = answer(Outcome.PASS, Outcome.NOT_ASSESSED)
    assert (half.state, half.reason, half.assessed, half.asked) == ("open", Reason.TIMEOUT, 1, 2)
    assert answer(Outcome.NOT_APPLICABLE).state == "none"
    assert (answer().state, answer().reason) == ("open", Reason.NOT_ASKED)


def test_nobody_calls_encrypted_what_also_answers_in_the_clear() -> None:
    run = example_run()
    telnet = next(r for r in run.results if r.check == "telnet-service" and r.is_finding)
    passed = replace(telnet, outcome=Outcome.PASS)
    redirect = replace(passed, check="https-redirect")

    def answer(protocols: tuple[str, ...], *results: Result) -> Said:
        services = tuple(Service(transport="tcp", port=n, protocol=p) for n, p in enumerate(protocols, start=1))
        devices = tuple(replace(d, services=services) for d in run.devices)
        told = replace(run, devices=devices, results=results)
        made = line_up([Entry(run=told, owner=telnet.subject.owner)] * 2)
        return next(row.said[0] for row in made.questions if row.asks == "Logins and commands are encrypted")

    assert answer(("https", "ssh", "mdns"), passed).state == "good"
    assert answer(("http", "https"), passed, redirect).state == "good"
    bare = answer(("http", "snmp", "https"), passed)
    assert (bare.state, bare.words) == ("open", ("http", "snmp"))
    assert answer(("http", "https"), passed, redirect, replace(redirect, outcome=Outcome.FAIL)).state == "bad"
    assert answer(("unknown",), passed).words == ("unknown",)


def test_what_differs_is_said_of_each_and_what_all_have_is_not_among_it() -> None:
    made = line_up(entries(*DEVICES))
    for row in made.differences:
        states = {said.state for said in row.said}
        assert "bad" in states
        assert states != {"bad"}
    severities = [row.severity.rank for row in made.differences]
    assert severities == sorted(severities, reverse=True)
    same = line_up(entries(DEVICES[0], DEVICES[0]))
    assert not same.differences
    assert not same.left_out
