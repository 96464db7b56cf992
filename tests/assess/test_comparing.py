"""Added, changed, fixed, no longer assessed: silence fixes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.comparing import compare
from iotscan.model.comparison import Comparison
from iotscan.model.device import Device, Image, Service
from iotscan.model.facts import PortSweep
from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome, Reason, Severity
from tests.assess.comparisons import run_of
from tests.assess.making import at, device, on_image, result, seen

MAC = "00:11:22:33:44:55"
GW = Image(id="gw", source="out/gw", format="folder", name="gw")
OPEN = result("c1", subject=at("tcp/23"), variant="open", observed="open")


def told(comparison: Comparison) -> list[tuple[str, str]]:
    return [(c.what, c.note) for c in comparison.changes]


def again(outcome: Outcome, service: str = "tcp/23", **more) -> Result:
    return result("c1", outcome, subject=at(service), **more)


@pytest.mark.parametrize(
    ("later", "what", "note"),
    [
        ([OPEN], "unchanged", ""),
        ([again(Outcome.PASS, summary="shut")], "fixed", "shut"),
        ([again(Outcome.NOT_APPLICABLE, "", summary="no telnet here")], "fixed", "no telnet here"),
        ([again(Outcome.NOT_ASSESSED, detail="it timed out")], "no_longer_assessed", "it timed out"),
        ([again(Outcome.NOT_ASSESSED, "", detail="not swept")], "no_longer_assessed", "not swept"),
        ([again(Outcome.ERROR, detail="KeyError in c1")], "no_longer_assessed", "KeyError in c1"),
        # What passes elsewhere says nothing of this port, and a gap beside a pass stays a gap.
        ([again(Outcome.PASS, "tcp/2323")], "no_longer_assessed", "tcp/23 was not looked at"),
        ([again(Outcome.PASS), again(Outcome.NOT_ASSESSED, detail="half")], "no_longer_assessed", "half"),
        ([], "no_longer_assessed", "tcp/23 was not looked at"),
    ],
)
def test_what_became_of_a_finding(later: list[Result], what: str, note: str):
    assert told(compare(run_of(OPEN), run_of(*later))) == [(what, note)]


def test_a_check_that_was_not_asked_fixes_nothing():
    assert told(compare(run_of(OPEN), run_of(checks=["c2"]))) == [("no_longer_assessed", "the check was not asked")]


@pytest.mark.parametrize(
    ("swept", "services", "what"),
    [
        (PortSweep(open=(80,), closed=(23,)), (), "fixed"),
        (PortSweep(open=(80,), closed=(22,), filtered=(23,)), (), "no_longer_assessed"),
        (PortSweep(open=(23,), closed=(22,)), (Service(transport="tcp", port=23, protocol="http"),), "fixed"),
        (PortSweep(open=(23,), closed=(22,)), (Service(transport="tcp", port=23),), "no_longer_assessed"),
    ],
)
def test_a_port_that_the_check_no_longer_speaks_of(swept: PortSweep, services: tuple[Service, ...], what: str):
    after = run_of(again(Outcome.PASS, "tcp/80"), devices=[device(services=services)], seen=[seen(swept, at())])
    assert [c.what for c in compare(run_of(OPEN), after).changes] == [what]


def test_a_device_that_is_gone_is_no_fix():
    compared = compare(run_of(OPEN), run_of(devices=[device("d2", "192.0.2.2")]))
    assert told(compared) == [("no_longer_assessed", "the device was not seen")]
    assert [(m.what, m.id) for m in compared.members] == [("added", "d2"), ("gone", "d1")]
    assert compared.notes == ("no device or image of run was seen again: everything is new",)
    assert compared.differs


def test_a_device_that_moved_is_the_same_and_so_are_its_findings():
    def moved(address: str) -> Device:
        return device(f"at-{address}", address, mac=MAC)

    one, other = (
        run_of(
            result("c1", subject=at("tcp/23", d.id, d.address), variant="open", observed=f"{d.address} answers"),
            devices=[d],
        )
        for d in (moved("192.0.2.1"), moved("192.0.2.9"))
    )
    compared = compare(one, other)
    assert told(compared) == [("unchanged", "")]
    assert not compared.differs
    assert [(m.what, m.address_before, m.address) for m in compared.members] == [("kept", "192.0.2.1", "192.0.2.9")]


def test_another_variant_is_one_change_and_new_to_the_gate():
    ajar = result("c1", subject=at("tcp/23"), variant="ajar", severity=Severity.LOW)
    (worse,) = compare(run_of(ajar), run_of(OPEN)).changes
    assert (worse.what, worse.variant_before, worse.severity_before, worse.is_known) == (
        "changed",
        "ajar",
        "low",
        False,
    )
    assert worse.fingerprint != worse.fingerprint_before
    (better,) = compare(run_of(OPEN), run_of(ajar)).changes
    assert (better.what, better.is_known) == ("changed", False)


def test_more_seen_at_the_same_place_is_a_known_change_unless_it_is_graver():
    more = result("c1", subject=at("tcp/23"), variant="open", observed="wide open")
    (change,) = compare(run_of(OPEN), run_of(more)).changes
    assert (change.what, change.is_known) == ("changed", True)
    graver = result("c1", subject=at("tcp/23"), variant="open", observed="open", severity=Severity.CRITICAL)
    (change,) = compare(run_of(OPEN), run_of(graver)).changes
    assert (change.what, change.is_known) == ("changed", False)


def account(name: str, line: int) -> Result:
    at_line = on_image("/etc/shadow", line)
    return result("c1", subject=at_line, variant="open", part=name, observed=f"/etc/shadow:{line}: {name}")


def test_accounts_of_one_file_are_told_apart_wherever_they_stand():
    old = run_of(account("root", 1), account("admin", 2), devices=(), images=[GW])
    new = run_of(account("admin", 1), account("guest", 2), devices=(), images=[GW])
    assert [(c.what, c.observed[-5:], c.is_known) for c in compare(old, new).changes] == [
        ("added", "guest", False),
        ("fixed", " root", False),
        ("unchanged", "admin", True),
    ]


def test_one_unknown_account_leaves_the_others_fixed():
    unknown = result("c1", Outcome.NOT_ASSESSED, subject=on_image("/etc/shadow", 1), part="root", detail="odd hash")
    old = run_of(account("root", 1), account("admin", 2), devices=(), images=[GW])
    new = run_of(unknown, devices=(), images=[GW])
    assert [(c.what, c.note) for c in compare(old, new).changes] == [
        ("fixed", "no longer found"),
        ("no_longer_assessed", "odd hash"),
    ]


def test_without_a_part_another_thing_in_the_file_is_no_change_of_the_first():
    def there(text: str) -> Result:
        return result("c1", subject=on_image("/x", 1), variant="open", observed=text)

    one, other = (run_of(there(text), devices=(), images=[GW]) for text in ("one", "other"))
    assert [(c.what, c.is_known) for c in compare(one, other).changes] == [("added", False), ("fixed", False)]


def test_newly_assessed_is_said():
    was_open = run_of(again(Outcome.NOT_ASSESSED, detail="it timed out", reason=Reason.TIMEOUT))
    assert told(compare(was_open, run_of(OPEN))) == [("added", "newly assessed: before, it timed out")]
    assert told(compare(run_of(devices=[]), run_of(OPEN))) == [("added", "the device is new")]
    unasked = run_of(checks=["c2"])
    assert told(compare(unasked, run_of(OPEN))) == [("added", "newly assessed: the check was not asked before")]


def test_fewer_devices_repair_no_shared_key():
    pair = [device(), device("d2", "192.0.2.2")]
    old, new = run_of(OPEN, devices=pair), run_of(again(Outcome.PASS, ""), devices=pair[:1])
    assert [c.what for c in compare(old, new, fleet={"c1"}).changes] == ["no_longer_assessed"]
    assert [c.what for c in compare(old, new).changes] == ["fixed"]


def test_a_pass_that_is_open_now_is_a_difference():
    compared = compare(run_of(again(Outcome.PASS)), run_of(again(Outcome.NOT_ASSESSED)))
    assert (compared.passes_lost, compared.differs, compared.changes) == (1, True, ())


def test_another_kind_of_run_is_pointed_out():
    image = run_of(devices=(), images=[GW], id="img")
    (note,) = compare(image, run_of(OPEN, id="net")).notes
    assert note == "img is of an image and net of a network: nothing in them can be the same"
    (note,) = compare(run_of(OPEN, status="interrupted", id="cut"), run_of(OPEN)).notes
    assert note.startswith("cut did not end")


drawn = st.lists(
    st.builds(
        lambda check, outcome, service, variant, part, text: result(
            check, outcome, subject=at(service), variant=variant, part=part, observed=text
        ),
        st.sampled_from(["c1", "c2"]),
        st.sampled_from(Outcome),
        st.sampled_from(["", "tcp/80", "tcp/443"]),
        st.sampled_from(["open", "ajar"]),
        st.sampled_from(["", "x"]),
        st.sampled_from(["a", "b"]),
    ),
    max_size=8,
)


@given(drawn, drawn)
def test_every_finding_is_told_once_and_a_run_does_not_differ_from_itself(before: list[Result], after: list[Result]):
    old, new = run_of(*before), run_of(*after)
    compared = compare(old, new)
    findings = [{r.fingerprint for r in run.results if r.is_finding} for run in (old, new)]
    assert sorted(c.fingerprint_before for c in compared.changes if c.fingerprint_before) == sorted(findings[0])
    assert sorted(c.fingerprint for c in compared.changes if c.fingerprint) == sorted(findings[1])
    # What the gate lets by as known failed before at this place, in this way.
    failed = {(r.check, r.variant, r.subject) for r in old.results if r.is_finding}
    assert {(c.check, c.variant, c.subject) for c in compared.changes if c.is_known} <= failed
    same = compare(old, old)
    assert not same.differs
    assert {c.what for c in same.changes} <= {"unchanged"}
