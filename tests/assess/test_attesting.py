"""A person's word assesses what only a person can answer, is marked, expires, and is never kept in the evidence."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from iotscan.assess.attesting import known_checks
from iotscan.assess.judging import judge
from iotscan.assess.profile import Profile
from iotscan.assess.registry import load_checks
from iotscan.assess.terms import Terms
from iotscan.data.waiver_file import AttestationEntry, Target, WaiverEntry, WaiverFile
from iotscan.model.device import Image
from iotscan.model.facts import PortSweep
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome, Reason, Vantage
from tests.assess.making import TELNET, at, device, seen, sweep
from tests.assess.test_judging import run

PACK = load_checks()
PERSONAL = ("disclosure-process", "key-custody", "secure-boot-fuses")
CHECKS = tuple(c for c in PACK.checks if c.info.id in (*PERSONAL, "telnet-service"))
PROFILE = Profile(id="p", version="1", title="P")
AS_OF = datetime(2026, 11, 22, tzinfo=UTC)
HEARD = run(
    seen(TELNET, at("tcp/23")),
    sweep([23]),
    devices=(device(), device("d2", "192.0.2.2")),
    images=(Image(id="img-1", source="x", format="folder", name="gateway"),),
)


def entry(id: str = "A-1", **more: object) -> AttestationEntry:
    given = {
        "check": "key-custody",
        "target": Target(asset="d1"),
        "holds": True,
        "by": "Jane Doe",
        "reference": "DOC-17",
        "created": date(2026, 11, 1),
        "expires": date(2026, 12, 31),
    }
    return AttestationEntry(id=id, **(given | more))  # type: ignore[arg-type]


def judged(*entries: AttestationEntry, on: Run = HEARD, as_of: datetime = AS_OF, checks=CHECKS) -> Run:
    return judge(on, checks, PROFILE, as_of=as_of, terms=Terms(waivers=WaiverFile(attestations=entries)))


def said(made: Run, owner: str = "d1", check: str = "key-custody") -> Result:
    (result,) = (r for r in made.results if r.check == check and r.subject.owner == owner)
    return result


def test_a_word_that_holds_is_a_pass_and_marked() -> None:
    made = judged(entry())
    result = said(made)
    assert (result.outcome, result.vantage) == (Outcome.PASS, Vantage.ATTESTED)
    assert result.observed == "attested by Jane Doe until 2026-12-31, reference DOC-17"
    assert result.observations
    assert made.attestations[0].state == "applied"
    assert said(made, "d2").reason is Reason.NEEDS_ATTESTATION, "another device"
    assert said(made, "img-1").reason is Reason.NEEDS_ATTESTATION
    assert said(made, check="secure-boot-fuses").reason is Reason.NEEDS_ATTESTATION, "another check"


def test_a_word_that_does_not_hold_is_a_finding() -> None:
    result = said(judged(entry(holds=False)))
    assert (result.outcome, result.vantage, result.variant) == (Outcome.FAIL, Vantage.ATTESTED, "unsafe")
    both = judged(entry(), entry("A-2", holds=False))
    assert Outcome.FAIL in {r.outcome for r in both.results if r.check == "key-custody" and r.subject.owner == "d1"}


def test_an_image_and_a_whole_model_can_be_spoken_for() -> None:
    assert said(judged(entry(target=Target(image="gateway"))), "img-1").outcome is Outcome.PASS


def test_without_a_word_nothing_is_assumed() -> None:
    for result in judged().results:
        if result.check in PERSONAL:
            assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.NEEDS_ATTESTATION)
            assert not result.reason.is_involuntary
            assert result.remedy == "let the person who knows attest it in iotscan.waivers.yaml"


def test_a_stale_word_answers_nothing_and_says_so() -> None:
    last, after = (datetime(2026, 12, 31, 23, 59, tzinfo=UTC) + timedelta(minutes=n) for n in (0, 1))
    assert said(judged(entry(), as_of=last)).outcome is Outcome.PASS
    made = judged(entry(), as_of=after)
    result = said(made)
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.NEEDS_ATTESTATION)
    assert result.summary == "attestation A-1 expired on 2026-12-31 (by Jane Doe)"
    assert made.attestations[0].state == "expired"
    assert made.verdict
    assert "attestation A-1: expired 1 day ago (by Jane Doe)" in made.verdict.warnings


def test_a_renewed_word_takes_the_place_of_the_stale_one() -> None:
    stale = entry("A-9", expires=date(2026, 11, 2), holds=False)
    assert said(judged(stale, entry("A-1"))).outcome is Outcome.PASS
    two = judged(stale, entry("A-1", expires=date(2026, 11, 3)))
    assert "A-1 expired on 2026-11-03" in said(two).summary


def test_a_stored_run_is_judged_with_another_file() -> None:
    once = judged(entry())
    assert judged(on=once) == judged()
    assert judged(entry("A-7", holds=False), on=once) == judged(entry("A-7", holds=False))
    again = judged(entry(), on=msgspec.json.decode(msgspec.json.encode(once), type=Run))
    assert msgspec.json.encode(again) == msgspec.json.encode(once)


@pytest.mark.parametrize(
    ("more", "checks", "note"),
    [
        ({"target": Target(asset="d9")}, CHECKS, "nothing that it names is in this run"),
        ({}, CHECKS[:0], "the profile leaves its check out"),
    ],
)
def test_a_word_that_changes_nothing_is_told(more, checks, note: str) -> None:
    made = judged(entry(**more), checks=checks)
    assert (made.attestations[0].state, made.attestations[0].notes) == ("not_asked", (note,))
    assert made.verdict
    assert made.verdict.warnings == (f"attestation A-1: {note}",)
    assert not [o for o in made.observations if o.vantage is Vantage.ATTESTED]


def test_a_word_is_no_evidence_that_anybody_looked() -> None:
    silent = run(seen(PortSweep(filtered=(23, 80)), at()))
    made = judged(entry(), on=silent)
    assert said(made).outcome is Outcome.PASS
    assert made.verdict
    assert made.verdict.exit_code == 3
    assert judged(entry(), on=made).verdict == made.verdict
    unread = run(devices=(), images=HEARD.images)
    assert judged(entry(target=Target(image="gateway")), on=unread).verdict.exit_code == 3  # type: ignore[union-attr]


def test_the_checks_for_persons_are_those_that_say_so() -> None:
    known = known_checks(PACK.checks)
    assert known.attestable == frozenset(PERSONAL)
    assert known.attestable == {c.info.id for c in PACK.checks if "attestation" in c.info.tags}
    assert known.ids["key-001"] == "private-keys"


def test_an_attested_finding_can_be_waived() -> None:
    waiver = WaiverEntry(
        id="W-1", check="key-custody", target=Target(asset="d1"), decision="risk_accepted", reason="HSM ordered",
        owner="jane", created=date(2026, 11, 1), expires=date(2026, 12, 31),
    )  # fmt: skip
    file = WaiverFile(waivers=(waiver,), attestations=(entry(holds=False),))
    made = judge(HEARD, CHECKS, PROFILE, as_of=AS_OF, terms=Terms(waivers=file))
    assert said(made).waiver == "W-1"
    assert made.waivers[0].state == "applied"


@pytest.mark.parametrize(
    ("today", "outcome"), [(date(2026, 12, 31), Outcome.PASS), (date(2027, 1, 1), Outcome.NOT_ASSESSED)]
)
def test_a_word_has_to_hold_today_however_old_the_run_is(today: date, outcome: Outcome) -> None:
    made = judge(
        HEARD, CHECKS, PROFILE, as_of=AS_OF, terms=Terms(waivers=WaiverFile(attestations=(entry(),)), today=today)
    )
    assert said(made).outcome is outcome
    assert made.attestations[0].state == ("applied" if outcome is Outcome.PASS else "expired")
    assert made.as_of == AS_OF.isoformat(), "facts are judged by the date of the run"
