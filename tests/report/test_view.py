import random
from typing import get_args

import pytest
from msgspec.structs import replace

from iotscan.model.grade import Coverage, Grade, Gradebook, Repair
from iotscan.model.result import Result
from iotscan.model.run import BaselineInfo, Run, Verdict
from iotscan.model.scope import PRACTICE_NETWORK
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Outcome, Reason, Severity, Vantage
from iotscan.model.waiver import AttestationUse, WaiverState, WaiverUse
from iotscan.report import plain
from iotscan.report.prose import blocks, spans
from iotscan.report.rating import letter_order
from iotscan.report.record import STATES, rules
from iotscan.report.registry import encoded
from iotscan.report.view import view
from iotscan.report.words import REASONS, clean, first_sentence, is_randomised, listed

from .example import DEVICES, example_run, image_run, interrupted_run


def test_the_order_of_a_run_does_not_matter() -> None:
    run, dice = example_run(), random.Random(7)

    def shuffled(name: str) -> tuple[object, ...]:
        items = list(getattr(run, name))
        dice.shuffle(items)
        return tuple(items)

    names = ("devices", "results", "checks", "attempts", "observations")
    mixed = replace(run, **{name: shuffled(name) for name in names})
    assert mixed != run
    assert view(mixed) == view(run)


def test_findings_are_told_worst_first_and_all_of_them() -> None:
    told = view(example_run())
    ranks = [group.severity.rank for group in told.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert set(told.severities) == set(Severity)
    assert sum(told.severities.values()) == sum(r.is_finding for r in example_run().results)
    assert told.waived == 1


def test_what_is_new_since_the_baseline_is_told_zeros_included() -> None:
    run = example_run()
    assert view(run).baseline == ""
    first, *others = run.results
    marked = (replace(first, baseline="new"), *(replace(r, baseline="known") for r in others if r.is_finding))
    known = BaselineInfo(run="20261101T080000Z-0000aa", finished="2026-11-01T08:00:00Z", new=1, known=10)
    compared = replace(run, results=marked, baseline=known)
    sentence = "since 20261101T080000Z-0000aa of 2026-11-01: 1 new, 10 known, 0 fixed, 0 no longer assessed"
    assert view(compared).baseline == sentence
    assert view(compared).new == 1
    lines = plain.render(compared).splitlines()
    assert f"baseline: {sentence}" in lines
    assert [line.endswith("  NEW") for line in lines if line.startswith("finding:")].count(True) == 1


def test_equal_findings_stand_together_with_every_place() -> None:
    (group,) = (g for g in view(example_run()).findings if g.check == "tls-versions")
    assert [f.where for f in group.findings] == ["192.0.2.1 tcp/443", "192.0.2.10 tcp/8443", "192.0.2.21 tcp/443"]
    assert group.findings[0].waiver == "W-2026-014"
    assert group.shared("observed") == "TLSv1.0, TLSv1.1, TLSv1.2"
    assert group.shared("reproduce") == ""
    assert group.fix.endswith("in nginx).")


def test_devices_are_worst_first_and_silent_ones_last() -> None:
    rows = view(example_run()).devices
    assert [r.shown for r in rows] == ["F", "F", "≤D", "≤C", "≤B", "–"]
    assert rows[-1].address == "192.0.2.23"
    assert rows[-1].assessed == 0
    assert rows[-1].not_assessed == 11
    camera = rows[1]
    assert (camera.label, camera.graded) == ("cam-front", 3)
    assert camera.protocols == ("telnet", "http", "https", "adb", "tcp/8000")
    assert [e.element for e in camera.elements] == ["hardware", "updates", "communication", "keys", "cloud"]


def test_letters_sort_by_badness() -> None:
    assert sorted(["–", "A", "≤F", "F", "≤C", "C"], key=letter_order) == ["F", "≤F", "C", "≤C", "A", "–"]


def test_gaps_keep_what_nobody_chose_apart() -> None:
    gaps = view(example_run()).gaps
    assert [g.voluntary for g in gaps] == [False, False, False, True, True, True]
    assert sum(g.count for g in gaps) == sum(r.outcome is Outcome.NOT_ASSESSED for r in example_run().results)
    consent = next(g for g in gaps if g.reason == "consent_withheld")
    assert consent.remedies == ("iotscan scan … --scope FILE --default-creds",)
    assert all(g.remedies for g in gaps)


def test_every_reason_has_words_and_a_remedy() -> None:
    assert set(REASONS) == set(Reason)
    assert all(words and remedy for words, remedy in REASONS.values())


def test_errors_are_told_as_ours() -> None:
    assert [(f.what, f.where) for f in view(example_run()).faults] == [
        ("check shared-keys", "hub-1 tcp/8443"),
        ("probe http/1", "cam-front tcp/8000"),
    ]


def test_what_it_takes_names_checks_and_places() -> None:
    network, *members = view(example_run()).takes
    assert (network.owner, network.shown) == ("network", "F")
    assert {(c.check, c.places) for c in network.why} == {
        ("default-login", ("cam-front tcp/23",)),
        ("mqtt-anonymous", ("hub-1 tcp/1883",)),
    }
    first, second = network.lifts
    # What is open stays open, so that a repair promises no more than a best end.
    assert (first.reaches, first.repairs, first.before) == ("≤E", 2, 0)
    assert (second.reaches, second.repairs, second.before) == ("≤D", 4, 2)
    assert {c.check for c in second.causes} == {"adb-access", "telnet-service"}
    assert next(t for t in members if t.owner == "cam-front").why[0].places == ("tcp/23",)


@pytest.mark.parametrize(
    ("severity", "check", "reaches"),
    [("low", "mqtt-anonymous", "≤C"), ("info", "mqtt-anonymous", "C"), ("high", "default-login", "C")],
)
def test_a_repair_of_a_settled_f_promises_a_best_end_where_anything_else_is_open(
    severity: str, check: str, reaches: str
) -> None:
    run = example_run()
    device = run.devices[0].id
    failed = Result(
        check="default-login", element=Element.KEYS, outcome=Outcome.FAIL, severity=Severity.CRITICAL,
        subject=Subject(device=device), fingerprint="feedfacefeedface",
    )  # fmt: skip
    gap = replace(failed, check=check, outcome=Outcome.NOT_ASSESSED, severity=Severity(severity), fingerprint="")
    book = Gradebook(
        owner="network", best="F", worst="F", shown="F", coverage=Coverage(assessed=1, unknown=1), elements={},
        graded_elements=1, raises=(Repair(reaches="C", findings=("feedfacefeedface",)),),
    )  # fmt: skip
    # Nothing keeps its worst end from its best, as both are F: nothing narrows it.
    grades = replace(run.grades, network=book, devices={}, images={})
    (lift,) = view(replace(run, grades=grades, results=(failed, gap))).takes[0].lifts
    assert lift.reaches == reaches


def test_a_cap_without_its_result_is_still_named() -> None:
    book = Gradebook(
        owner="network", best="F", worst="F", shown="F", coverage=Coverage(assessed=1, unknown=0), elements={},
        graded_elements=0, caps=("feedfacefeedface",),
    )  # fmt: skip
    run = example_run()
    told = view(replace(run, grades=replace(run.grades, network=book, devices={})))
    assert told.takes[0].why[0].check == "feedfacefeedface"
    assert "feedfacefeedface" in plain.render(replace(run, grades=replace(run.grades, network=book, devices={})))


def test_the_grade_without_the_question_of_trust_is_told_where_it_differs() -> None:
    covered = Coverage(assessed=9, unknown=0)
    grade = Grade(best="C", worst="C", shown="C", coverage=covered, without_trust="A")
    book = Gradebook(
        owner="network", best="C", worst="C", shown="C", coverage=covered, elements={"communication": grade},
        graded_elements=1, caps=("feedfacefeedface",), without_trust="B",
    )  # fmt: skip
    run = replace(example_run(), grades=replace(example_run().grades, network=book, devices={}))
    said = "B (communication A)"
    assert f"without the question of trust: network {said}" in plain.render(run)
    for kind in ("md", "html"):
        assert f"Without the question of trust: network {said}." in encoded(run, kind).decode().replace("\\", "")
    only_there = replace(run, grades=replace(run.grades, network=replace(book, without_trust="")))
    assert view(only_there).takes[0].without_trust == "communication A"
    assert "the question of trust" not in plain.render(example_run())


def test_an_interrupted_run_says_so_first_and_how_to_go_on() -> None:
    run = interrupted_run()
    told = view(run)
    assert told.partial == f"PARTIAL: interrupted; resume with iotscan scan --resume {run.id}"
    assert told.gate == "NO VERDICT"
    assert told.exit_code is None
    assert told.steps[0].command == f"iotscan scan --resume {run.id}"
    assert plain.render(run).startswith("PARTIAL: interrupted")
    assert view(replace(run, status="running")).partial.startswith("PARTIAL: the run did not end")
    assert "--resume" not in view(replace(run, command="image")).partial


@pytest.mark.parametrize(
    ("remedy", "is_named"),
    [
        ("grant --intrusive", True),
        ("--intrusive, and a scope file", True),
        ("x--intrusive", False),
        ("--intrusive-x", False),
    ],
)
def test_a_grant_is_a_word_of_its_own(remedy: str, is_named: bool) -> None:
    made = example_run()
    asked = next(r for r in made.results if r.outcome is Outcome.NOT_ASSESSED)
    steps = view(replace(made, results=(replace(asked, reason=Reason.CONSENT, remedy=remedy),))).steps
    assert any("--intrusive" in step.command for step in steps) == is_named


def test_what_takes_a_login_of_a_device_says_so_in_the_command_that_asks_again() -> None:
    made = example_run()
    asked = next(r for r in made.results if r.outcome is Outcome.NOT_ASSESSED)
    remedy = "grant it: --scope FILE --intrusive --backend-credential FILE (iotscan scope init makes the file)"
    steps = view(replace(made, results=(replace(asked, reason=Reason.CONSENT, remedy=remedy),))).steps
    (again,) = (step for step in steps if "--intrusive" in step.command)
    assert again.command.endswith("--scope FILE --intrusive --backend-credential FILE")
    assert again.purpose.startswith("assess 1 question that needs your consent")


def test_the_next_steps_are_commands() -> None:
    commands = [step.command for step in view(example_run()).steps]
    assert commands == [
        "iotscan explain mqtt-anonymous",
        "iotscan scan 192.0.2.0/26 --scope FILE --default-creds",
        "iotscan report 01JDA7Q2W3 -f html:report.html",
    ]


@pytest.mark.parametrize(("network", "needs"), [("127.0.0.0/8", False), ("10.0.0.0/8", True), ("net-1", True)])
def test_a_grant_needs_a_scope_file_beyond_this_machine(network: str, needs: bool) -> None:
    run = example_run()
    steps = view(replace(run, scope=replace(run.scope, include=(network,)))).steps
    assert any("--scope FILE" in s.command for s in steps) == needs
    assert any("--default-creds" in s.command for s in steps)


@pytest.mark.parametrize("targets", [("host; rm -rf /",), ("192.0.2.1", "$(id)")])
def test_a_target_cannot_break_out_of_a_command(targets: tuple[str, ...]) -> None:
    import shlex

    steps = view(replace(example_run(), targets=targets)).steps
    rerun = next(s.command for s in steps if "--default-creds" in s.command)
    assert shlex.split(rerun) == ["iotscan", "scan", *targets, "--scope", "FILE", "--default-creds"]


def test_a_command_to_copy_leaves_alone_whom_this_run_left_alone() -> None:
    run = example_run()

    def rerun(*excluded: str) -> str:
        scope = replace(run.scope, include=("192.0.2.0/26",), exclude=(*excluded, "192.0.2.0/32", "192.0.2.63/32"))
        return next(s.command for s in view(replace(run, scope=scope)).steps if "--default-creds" in s.command)

    assert "--exclude" not in rerun()
    assert " --exclude 192.0.2.7 --exclude fe80::1%eth0 --scope FILE " in rerun("192.0.2.7/32", "fe80::1%eth0/128")
    assert " --exclude … " in rerun(*(f"192.0.2.{n}/32" for n in range(4, 9)))


def test_the_practice_network_is_scanned_again_by_its_option() -> None:
    run = replace(example_run(), targets=(PRACTICE_NETWORK,))
    here = replace(run, scope=replace(run.scope, include=("127.77.0.10/32",)))
    assert "iotscan scan --lab --default-creds" in [s.command for s in view(here).steps]


def test_an_image_says_configured() -> None:
    told = view(image_run())
    (row,) = told.images
    assert (row.label, row.shown, row.graded) == ("gateway", "≤D", 2)
    communication = next(e for e in row.elements if e.element == "communication")
    assert communication.configured
    assert told.findings[0].findings[0].where == "etc/nginx/nginx.conf:14"
    assert not any(e.configured for d in view(example_run()).devices for e in d.elements)


def test_an_empty_run_is_told() -> None:
    empty = Run(
        id="1", tool=example_run().tool, status="complete", command="scan", started="", as_of="", targets=(),
        scope=example_run().scope, scope_sha256="", profile=example_run().profile,
    )  # fmt: skip
    assert "findings: 0" in plain.render(empty)


def test_a_result_on_an_unknown_check_or_device_is_told() -> None:
    run = example_run()
    assert "finding: critical  mqtt-anonymous" in plain.render(replace(run, checks=(), devices=()))


def test_words() -> None:
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c"], 1) == "a and 2 more"
    assert listed([]) == ""
    assert first_sentence("Set e.g. `x`.\nThen reboot.") == "Set e.g. `x`."
    assert clean("a\x1b[2Jb") == "a\\x1b[2Jb"
    assert clean("two  spaces") == "two  spaces"


def test_locally_administered_addresses_are_known() -> None:
    assert is_randomised("02:00:5e:00:53:2c")
    assert not is_randomised(DEVICES[0].mac)
    assert not is_randomised("")
    assert not is_randomised("[/bold]")


def test_configured_is_said_of_one_element_at_a_time() -> None:
    run = image_run()
    seen = tuple(replace(r, vantage=Vantage.OBSERVED) if r.element is Element.UPDATES else r for r in run.results)
    elements = {e.element: e.configured for e in view(replace(run, results=seen)).images[0].elements}
    assert elements["communication"]
    assert not elements["updates"]
    assert not elements["keys"]


def test_the_record_tells_who_allowed_what_and_what_was_decided() -> None:
    run = example_run()
    use = WaiverUse(
        id="W-2026-014", check="tls-versions", target="asset dev-gw", decision="accepted", reason="old clients",
        owner="j.doe", expires="2027-02-20", state="applied", findings=("a", "b"),
    )  # fmt: skip
    stated = AttestationUse(
        id="A-1", check="key-custody", target="all", holds=True, by="j.doe", reference="DOC-7", expires="2027-01-01",
        state="applied",
    )  # fmt: skip
    waivers = (use, replace(use, id="W-1", state="expired"), replace(use, id="W-2", state="unused", findings=()))
    told = view(replace(run, waivers=waivers, attestations=(stated,), redaction="off", audit_root="ab" * 32))
    assert [(w.id, w.state, w.findings) for w in told.waivers] == [
        ("W-1", "expired", 2), ("W-2", "unused", 0), ("W-2026-014", "applied", 2),
    ]  # fmt: skip
    assert told.attestations[0].by == "j.doe"
    assert (told.about.redaction, told.about.audit_root) == ("off", "ab" * 32)
    assert (told.about.started, told.about.authority) == ("2026-11-22 18:00:00 UTC", "command line")
    assert not told.is_complete


def test_every_state_of_a_waiver_can_be_told() -> None:
    assert set(STATES) == set(get_args(WaiverState))


def test_the_rules_of_the_gate_are_told_in_words() -> None:
    verdict = Verdict(complete=True, gate="none", fail_on="none", exit_code=0, summary="")
    assert rules(verdict) == ()
    every = replace(
        verdict, fail_on="high", warn_on="low", fail_on_new="medium", min_grade="C", min_coverage=0.9,
        incomplete="ignore", exit_zero=True,
    )  # fmt: skip
    assert len(rules(every)) == 7
    assert "wants a coverage of at least 90%" in rules(every)


def test_failed_checks_are_counted_as_coverage_counts_them() -> None:
    told = view(example_run())
    communication = next(e for e in told.network.elements if e.element == "communication")
    assert (communication.passed, communication.failed, communication.not_assessed) == (7, 7, 6)
    assert sum(e.failed for e in told.network.elements) == sum(e.failed for d in told.devices for e in d.elements)


def test_prose_comes_in_blocks() -> None:
    made = list(blocks("One\nparagraph.\n\n- an item that\n  goes on\n\n```\nssl  x;\n```\nEnd."))
    assert [(b.kind, b.text) for b in made if b.text] == [
        ("paragraph", "One paragraph."), ("item", "- an item that goes on"), ("code", "ssl  x;"), ("paragraph", "End."),
    ]  # fmt: skip
    assert list(spans("Set `a *b*` or *c d*.")) == [
        ("Set ", ""), ("a *b*", "code"), (" or ", ""), ("c d", "em"), (".", ""),
    ]  # fmt: skip
    for text in ("an odd ` stays", "2 * 3 * 4", "tls-*, mqtt-*", "a*b*c"):
        assert list(spans(text)) == [(text, "")]
