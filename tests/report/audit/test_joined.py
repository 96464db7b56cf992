"""The audit report of joined runs: each part with its own time, word and limits."""

import msgspec
import pytest

from iotscan.model.facts import TrafficProfile
from iotscan.model.material import Material
from iotscan.model.observation import Observation, observe
from iotscan.model.subject import Subject
from iotscan.report.audit import inventory
from iotscan.report.audit.assembly import document
from iotscan.report.audit.device_card import heard_last, last_seen
from iotscan.report.audit.told import Told
from iotscan.report.layout.markdown import render
from iotscan.report.view import view
from iotscan.scan.joining import join_runs
from tests.scan.test_joining import IMAGE, MOMENT, caught, device, run_of

IMAGES = run_of("i", "image", images=(IMAGE,))
TRAFFIC = run_of("t", "traffic", device(7), captures=(caught(1),))
SCAN = run_of("s", "scan", device(7))


def told(*runs) -> str:
    return render(document(join_runs(list(runs), "j")))


def test_without_a_scan_nobody_is_said_to_have_been_asked():
    text = told(TRAFFIC, IMAGES)
    assert "no device was asked anything" in text
    assert "No device was asked anything: what one answers over the network is not known." in text
    for untrue in (
        "Knocks on ports",
        "Could be reached",
        "were looked for, asked and judged",
        "What goes beyond reading",
    ):
        assert untrue not in text


def test_each_run_has_its_own_authority_and_only_the_scan_has_permissions():
    text = told(SCAN, TRAFFIC, IMAGES)
    scope = text.partition("## 3 Scope")[2].partition("## 4 ")[0]
    headings = [line for line in scope.splitlines() if line.startswith("### ")]
    assert [sum(f"(run {one})" in line for line in headings) for one in "sti"] == [1, 1, 1]
    assert scope.count("What goes beyond reading") == 1
    assert "a scan, recorded traffic and firmware images showed" in text


@pytest.mark.parametrize(("hours", "day"), [(-24 * 400, "23 October 2025"), (1, "27 November 2026")])
def test_who_was_only_heard_was_last_seen_when_that_was(hours, day):
    heard = caught(hours)
    fact = TrafficProfile(first=MOMENT, last=msgspec.convert(heard.last, type=type(MOMENT)))
    seen = msgspec.structs.replace(device(7), found_by=("traffic",))
    run = msgspec.structs.replace(
        run_of("t", "traffic", seen, captures=(heard,)),
        observations=(observe(fact, Subject(device="dev-7"), probe="t/1"),),
    )
    joined = join_runs([run, IMAGES], "j")
    assert last_seen(joined, seen, heard_last(joined)) == day
    # Who was asked, too, was seen then.
    asked = msgspec.structs.replace(seen, found_by=("arp", "traffic"))
    assert last_seen(joined, asked, heard_last(joined)) == "27 November 2026"


def test_what_was_heard_is_read_once_for_all_cards():
    """Counted, not timed: a card each must not read all observations each."""

    class Counted(tuple[Observation, ...]):
        readings = 0

        def __iter__(self):
            Counted.readings += 1
            return super().__iter__()

    def readings(count: int) -> int:
        heard = tuple(msgspec.structs.replace(device(n), found_by=("traffic",)) for n in range(1, count + 1))
        run = run_of("t", "traffic", *heard)
        told = Told(run=run, view=view(run), material=Material())
        remarked = tuple(msgspec.structs.replace(row, remarks=("look",)) for row in told.view.devices)
        told = msgspec.structs.replace(
            told,
            view=msgspec.structs.replace(told.view, devices=remarked),
            run=msgspec.structs.replace(run, observations=Counted()),
        )
        Counted.readings = 0
        inventory.section(told)
        return Counted.readings

    assert 0 < readings(2) == readings(20)
