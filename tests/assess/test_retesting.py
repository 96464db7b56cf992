"""What a report says of each finding since the audit before; and what a run remembers stays in it."""

import msgspec

from iotscan.assess.comparing import compare
from iotscan.assess.retesting import retests
from iotscan.model.sighting import Memory
from iotscan.model.vocabulary import Outcome, Reason
from tests.assess.comparisons import run_of
from tests.assess.making import result


def test_each_finding_has_its_status() -> None:
    old = run_of(
        result("c1", service="tcp/1"),
        result("c1", service="tcp/2"),
        result("c1", service="tcp/3"),
        result("c2", service="tcp/4", observed="then"),
        id="old",
    )
    new = run_of(
        result("c1", service="tcp/1"),
        result("c1", Outcome.PASS, service="tcp/2"),
        result("c1", Outcome.NOT_ASSESSED, service="tcp/3", reason=Reason.TIMEOUT),
        result("c2", service="tcp/4", observed="now"),
        result("c2", service="tcp/5"),
        id="new",
    )
    told = retests(compare(old, new), new)
    by_place = {(r.check, r.subject.service): r.fingerprint for r in (*old.results, *new.results)}
    assert {place: told[name].status for place, name in by_place.items()} == {
        ("c1", "tcp/1"): "open",
        ("c1", "tcp/2"): "fixed",
        ("c1", "tcp/3"): "not retested",
        ("c2", "tcp/4"): "changed",
        ("c2", "tcp/5"): "new",
    }


def test_a_waived_one_is_accepted_and_the_history_says_since_when() -> None:
    old, new = run_of(result("c1"), id="old"), run_of(result("c1"), id="new")
    (found,) = new.results
    waived = msgspec.structs.replace(new, results=(msgspec.structs.replace(found, waiver="W-1"),))
    told = retests(compare(old, waived), waived, {found.fingerprint: "2025-03-01T09:00:00+00:00"})
    assert (told[found.fingerprint].status, told[found.fingerprint].since) == ("accepted", "2025-03-01")


def test_a_run_judged_again_remembers_what_it_was_judged_by() -> None:
    from iotscan.assess.judging import judge
    from iotscan.assess.profile import load_profile
    from iotscan.assess.terms import Terms

    run, memory = run_of(id="r"), Memory(runs=3, since="2026-01-01T00:00:00+00:00")
    first = judge(run, (), load_profile("default"), as_of=run.moment, terms=Terms(recall=lambda _: memory))
    assert first.memory == memory
    again = judge(first, (), load_profile("default"), as_of=run.moment)
    assert again.memory == memory
