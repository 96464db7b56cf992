"""The summary is for people who run no tool: plain sentences, right in number, from the data alone."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.model.material import Material, Roadmap, Step
from iotscan.model.result import CheckInfo
from iotscan.model.run import Run
from iotscan.model.scope import Grants
from iotscan.model.vocabulary import Outcome, Severity
from iotscan.report.audit.assembly import document
from iotscan.report.audit.risks import plainly, risks
from iotscan.report.document import Bullets, Callout, Chart, Paragraph, Section, words_of
from tests.report.example import example_run, image_run
from tests.report.hostile import TRICKS, spoiled

from .runs import PASSED, comparison, counted_run, material, shapes
from .walking import has, named, read

TECHNICAL = re.compile(r"CVE-\d|`|https?://|RFC \d|\bopenssl\b|\bnmap\b|iotscan|tcp/|udp/|0x|\.conf\b")
WRONG_NUMBER = re.compile(
    r"(?<![\w.,])(?:1|one) (?:of )?(?:devices|images|weaknesses|questions|kinds|findings|answers|times)\b"
    r"|(?<![\w.,])(?:\d*[02-9]|\d+1|\d,\d{3}) (?:device|image|weakness|question|kind|finding|answer|time)\b"
    r"|(?<![\w.,])(?:1|one) (?:(?!kind)\w+ )?(?:were|are)\b|(?<![\w.,])(?:\d*[02-9]|\d{2,}) (?:\w+ )?(?:was|is)\b"
)


def summary(run: Run, given: Material = Material()) -> Section:
    return named(document(run, given), "summary")


def prose(run: Run, given: Material = Material()) -> str:
    """The sentences: the first paragraph that is no heading."""
    return words_of(next(b for b in summary(run, given).blocks if isinstance(b, Paragraph)).spans)


def verdict(run: Run) -> tuple[str, str]:
    callout = next(b for b in summary(run).blocks if isinstance(b, Callout))
    return callout.tone, words_of(callout.spans)


def items(run: Run, head: str, given: Material = Material()) -> list[str]:
    """The list under a heading; empty without it."""
    blocks = summary(run, given).blocks
    for place, block in enumerate(blocks):
        if isinstance(block, Paragraph) and words_of(block.spans).startswith(head):
            following = blocks[place + 1]
            return [words_of(i) for i in following.items] if isinstance(following, Bullets) else []
    return []


def test_the_example_in_full() -> None:
    assert prose(example_run()) == (
        "On 22 November 2026, 6 devices were examined over the network, without logging in and without changing "
        "anything. The network as a whole is graded F (A is the best grade, F the worst). The weakest devices are "
        "hub-1 and cam-front. 10 weaknesses of 8 kinds were found on 5 of the 6 devices: 2 critical, 5 high, 2 medium "
        "and 1 low. One of them is accepted by a documented decision. Of 46 questions that applied, 22 (48%) could be "
        "answered; the others are unknown, which is not the same as good."
    )


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (counted_run(1, 1), "One weakness was found, rated high."),
        (counted_run(2, 2), "2 weaknesses of one kind were found on both devices, all rated high."),
        (counted_run(5, 1), "One weakness was found on one of the 5 devices, rated high."),
        (counted_run(1000, 640), "640 weaknesses of one kind were found on 640 of the 1,000 devices, all rated high."),
        (counted_run(3, 3), "found on all 3 devices, all rated high."),
        (counted_run(3, 0), "No weakness was found in what was assessed."),
        (counted_run(2, 0, 0), "Nothing could be assessed: that no weakness is listed here says nothing."),
        (counted_run(0, 0), "no device answered: of the network this report can say nothing, neither good nor bad."),
        (counted_run(1, 0), "one device was examined"),
        (counted_run(1, 0), "The one question that applied could be answered."),
        (counted_run(2, 0), "Both questions that applied could be answered."),
        (counted_run(3, 0), "All 3 questions that applied could be answered."),
        (counted_run(1, 1), "The device 10.0.0.0 is graded D (A is the best grade, F the worst)."),
        (counted_run(2, 1), "The weakest device is 10.0.0.0."),
        (counted_run(2, 2), "Both devices share this grade."),
        (counted_run(9, 7), "7 devices share the lowest grade, among them 10.0.0.0, 10.0.0.1 and 10.0.0.2."),
        (image_run(), "one firmware image was examined as files, without a running device."),
        (image_run(), "The image gateway has a grade of D at best (A is the best grade, F the worst), as what was"),
        (image_run(), "Of 3 questions that applied, 2 (67%) could be answered; the other is unknown"),
        (shapes()["mandate"], "over the network; with permission, documented default logins were tried."),
    ],
)  # fmt: skip
def test_numbers_and_their_grammar(run: Run, said: str) -> None:
    assert said in prose(run)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 3), st.sampled_from(list(Severity)[:4]))
def test_no_sentence_has_a_wrong_number(devices: int, failed: int, passed: int, severity: Severity) -> None:
    told = document(counted_run(devices, failed, passed, severity=severity))
    text = read(told, "summary")
    assert not WRONG_NUMBER.search(text), WRONG_NUMBER.search(text)


@pytest.mark.parametrize("shape", [n for n, r in shapes().items() if r.command != "discover"])
def test_nothing_technical_stands_in_it(shape: str) -> None:
    run = shapes()[shape]
    section = summary(run, material())
    said = [words_of(b.spans) for b in section.blocks if isinstance(b, Paragraph | Callout)]
    said += [words_of(i) for b in section.blocks if isinstance(b, Bullets) for i in b.items]
    assert [line for line in said if TECHNICAL.search(line)] == []
    assert 3 <= len(re.findall(r"[.!?](?= [A-Z0-9]|$)", prose(run))) + (run.devices == ()) <= 9


@pytest.mark.parametrize("trick", TRICKS)
def test_a_hostile_run_makes_no_other_shape(trick: str) -> None:
    plain, spoilt = summary(example_run()), summary(replace(spoiled(trick), images=()))
    assert [type(b) for b in spoilt.blocks] == [type(b) for b in plain.blocks]
    assert verdict(spoiled(trick)) == verdict(example_run())


def test_the_verdict() -> None:
    run = counted_run(3, 1)
    assert run.verdict is not None
    assert verdict(run) == ("fail", "Verdict: not passed. The pass mark: no weakness rated high or worse.")
    assert verdict(counted_run(3, 0)) == ("pass", "Verdict: passed. The pass mark: no weakness rated high or worse.")
    none = replace(run, verdict=replace(run.verdict, gate="none", fail_on="none"))
    assert verdict(none) == (
        "high",
        "Verdict: no pass mark was set for this audit, so it is neither passed nor failed. "
        "The gravest of what was found: 1 high weakness.",
    )
    strict = replace(run, verdict=replace(run.verdict, fail_on="critical", min_grade="C", min_coverage=0.8))
    assert verdict(strict)[1].endswith(
        "The pass mark: no weakness rated critical, no grade below C and at least 80% assessed."
    )
    assert verdict(shapes()["interrupted"])[0] == "unknown"


def test_an_incomplete_run_never_passes() -> None:
    run = replace(counted_run(3, 0), verdict=replace(PASSED, complete=False))
    tone, said = verdict(run)
    assert tone == "warn"
    assert said.startswith("Verdict: open.")
    failed = replace(counted_run(3, 1), verdict=replace(PASSED, gate="fail", complete=False))
    assert "Besides, the audit is incomplete" in verdict(failed)[1]


def test_what_nobody_assessed_never_passes() -> None:
    for run in (counted_run(0, 0), counted_run(2, 0, 0)):
        assert verdict(run) == (
            "warn",
            "Verdict: open. Nothing could be assessed, so there is nothing to pass or to fail.",
        )


def test_grants_are_said() -> None:
    run = example_run()
    both = replace(run, scope=replace(run.scope, grants=Grants(default_creds=True, intrusive=True)))
    assert "documented default logins were tried and questions that can disturb a device were asked" in prose(both)
    assert "without logging in" not in prose(both)


def test_the_risks_are_the_gravest_first_and_where() -> None:
    told = items(example_run(), "The gravest risks")
    assert len(told) == 5
    assert told[0] == (
        "A documented default login is accepted: critical, on cam-front. An attacker on the same network needs nothing "
        "else."
    )
    # High ones by the number of devices.
    assert told[2].startswith("TLS 1.0 or TLS 1.1 is accepted: high, on gw-edge, hub-1 and cam-front.")
    assert [r.severity for r in risks(example_run())] == sorted(
        (r.severity for r in risks(example_run())), key=lambda s: -s.rank
    )
    assert "3 further kinds of weakness: see Findings." in read(document(example_run()), "summary")


def test_an_accepted_risk_is_none_to_act_on() -> None:
    run = counted_run(2, 2)
    waived = replace(run, results=tuple(replace(r, waiver="W-1" if r.is_finding else "") for r in run.results))
    assert items(waived, "The gravest risk") == []
    assert items(waived, "Next action") == []
    assert "All of them are accepted by a documented decision." in prose(waived)
    partly = replace(
        run, results=tuple(replace(r, waiver="W-1" if r.subject.device == "dev-0" else "") for r in run.results)
    )
    assert len(items(partly, "The gravest risk")) == 1
    assert "One of them is accepted by a documented decision." in prose(partly)


def test_what_only_informs_is_no_weakness() -> None:
    info = counted_run(2, 1, severity=Severity.INFO)
    assert "No weakness was found" in prose(info)
    assert items(info, "The gravest risk") == []


def test_what_is_good_failed_nowhere() -> None:
    good = items(example_run(), "What is good")
    assert good == ["No two devices share a private key (on the one device where it could be asked)."]
    run = counted_run(3, 0)
    assert items(run, "What is good") == [
        "Every session has forward secrecy (on all 3 devices where it could be asked)."
    ]
    first = next(r for r in run.results if r.outcome is Outcome.PASS)
    bad = replace(run, results=(replace(first, outcome=Outcome.FAIL, variant="mixed"), *run.results[1:]))
    assert items(bad, "What is good") == []


def test_the_next_actions_come_from_the_roadmap() -> None:
    plan = Roadmap(
        owner="network",
        shown="F",
        steps=tuple(
            Step(
                check="default-login", title=f"Step {n}", severity="high", findings=(), owners=("dev-cam", "dev-gw"),
                effort="low", by="owner", phase="P1", reaches="D",
            )
            for n in range(5)
        ),
    )  # fmt: skip
    given = Material(roadmaps=(plan,))
    assert items(example_run(), "Next actions", given) == [
        "cam-front and gw-edge: Set a password of its own on every device before it leaves the factory. "
        "Then the network is graded D.",
        *["cam-front and gw-edge: Set a password of its own on every device before it leaves the factory."] * 2,
    ]
    said = read(document(example_run(), given), "summary")
    assert "It takes 1 change to reach the next better grade of the network. All are in the Roadmap." in said
    late = replace(plan, steps=(*(replace(s, reaches="F") for s in plan.steps[:4]), plan.steps[4]))
    said = read(document(example_run(), Material(roadmaps=(late,))), "summary")
    assert "It takes 5 changes to reach the next better grade of the network; the first of them are these." in said
    unknown = replace(plan, steps=(replace(plan.steps[0], check="gone", reaches="≤C"),))
    assert items(example_run(), "Next action", Material(roadmaps=(unknown,))) == [
        'cam-front and gw-edge: see to it that this holds: "Step 0". Then the network is graded C at best.'
    ]


def test_without_a_roadmap_they_come_from_the_gravest_findings() -> None:
    assert items(example_run(), "Next actions") == [
        "cam-front: Set a password of its own on every device before it leaves the factory.",
        'hub-1: see to it that this holds: "The MQTT broker asks who you are". The finding says how.',
        "gw-edge, hub-1 and cam-front: Set the lowest version to TLS 1.2 in the server's configuration.",
    ]


def test_what_improved_since_the_audit_before() -> None:
    said = prose(
        counted_run(3, 1), Material(comparison=comparison(fixed=3, added=1, unchanged=7, no_longer_assessed=2))
    )
    assert (
        "Since the audit of 1 October 2026, 3 findings were repaired, one is new, 7 are still open and 2 could not be "
        "looked at again. The network's grade went from F to D." in said
    )
    none = prose(counted_run(3, 1), Material(comparison=comparison()))
    assert "no finding was repaired, none is new and none is still open." in none
    assert "Since the audit" not in prose(counted_run(3, 1))


def test_a_draft_has_a_place_for_the_judgement_and_a_final_one_has_none() -> None:
    def editable(given: Material) -> list[str]:
        return [words_of(b.spans) for b in summary(example_run(), given).blocks if getattr(b, "editable", False)]

    assert len(editable(Material())) == 1
    assert editable(Material(is_final=True)) == []
    assert editable(Material(judgement=("The cameras first.",))) == []
    assert "The cameras first." in read(document(example_run(), Material(judgement=("The cameras first.",))), "summary")


def test_five_bars_with_what_nobody_knows() -> None:
    (chart,) = (b for b in summary(example_run()).blocks if isinstance(b, Chart))
    assert [bar.label for bar in chart.bars] == ["Hardware", "Updates", "Communication", "Keys", "Cloud"]
    assert [(p.what, p.count) for p in chart.bars[0].parts] == [("passed", 1), ("failed", 1), ("unknown", 2)]
    assert [(p.what, p.count) for p in chart.bars[2].parts] == [("passed", 7), ("failed", 7), ("unknown", 6)]
    assert [words_of(c.spans) for c in chart.table.rows[0]] == ["Hardware", "≤D", "1", "1", "2", "50%"]
    assert "Hardware: grade D at best, 1 good, 1 failed, 2 not assessed" in chart.description


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("A shell is open. More.", "A shell is open."),
        ("Use ECDHE (`ssl_ciphers x`) and renew. More.", "Use ECDHE and renew."),
        ("Set `x` to y.", ""),
        ("It is old; RFC 8996 retired it.", "It is old."),
        ("See CVE-2020-1234.", ""),
        ("Do this:\n\n    x", ""),
        ("Known since 2014 (CVE-2014-0160), and worse.", "Known since 2014, and worse."),
        ("", ""),
    ],
)
def test_prose_made_plain(text: str, plain: str) -> None:
    assert plainly(text) == plain


def test_a_check_that_is_unknown_is_named_by_its_id() -> None:
    told = items(shapes()["no checks"], "The gravest risks")
    assert told[0] == "default-login: critical, on cam-front."


def test_every_check_of_ours_reads_plainly() -> None:
    from iotscan.assess.registry import load_checks

    def silent(info: CheckInfo) -> bool:
        return not plainly(info.matters)

    infos = [c.info for c in load_checks(()).checks]
    assert sum(map(silent, infos)) < len(infos) / 10
    assert [i.id for i in infos if TECHNICAL.search(plainly(i.matters).replace("iotscan", ""))] == []


def test_what_to_do_about_traffic_is_said_plainly() -> None:
    from iotscan.assess.registry import load_checks

    assert [c.info.id for c in load_checks(()).checks if "traffic" in c.info.tags and not plainly(c.info.fix)] == []


def test_a_list_has_none() -> None:
    assert not has(document(shapes()["list"]), "summary")
