"""Profiles held against checks: what they take and require, and what they set for each."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.check import Policy
from iotscan.assess.grading import grade
from iotscan.assess.profile import BadProfile, load_profile, narrow, required_ids, select, values_by_id
from iotscan.assess.profile.selecting import _judged
from iotscan.model.errors import BadInput
from iotscan.model.grade import LETTERS
from iotscan.model.result import CheckInfo, VariantInfo
from iotscan.model.vocabulary import Confidence, Element, Outcome, Severity
from tests.assess.making import device, result
from tests.assess.profile.making import PACK, ids, loaded, write

SEVERITIES = st.sampled_from(list(Severity))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ["key-age", "tls-ciphers", "tls-versions"]),
        ("select: {include: ['tls-*']}", ["tls-ciphers", "tls-versions"]),
        ("select: {include: ['TLS-00[12]']}", ["tls-versions"]),
        ("select: {include: ['element:keys']}", ["key-age"]),
        ("select: {exclude: ['element:communication']}", ["key-age"]),
        ("select: {include: ['tls-*'], exclude: [TLS-004]}", ["tls-versions"]),
        ("select: {include: ['element:cloud', key-age]}", ["key-age"]),
        ("select: {include: ['tag:key-rotation']}", ["key-age"]),
        ("select: {exclude: ['tag:tls']}", []),
        ("select: {exclude: ['tag:attestation']}", ["key-age", "tls-ciphers", "tls-versions"]),
        ("select: {include: ['severity:high']}", ["key-age", "tls-versions"]),
        ("select: {include: ['severity:critical']}", []),
        ("select: {exclude: ['severity:medium']}", ["tls-ciphers"]),
        ("select: {include: ['clause:ETSI EN 303 645']}", ["key-age"]),
        ("select: {include: ['clause:ETSI EN 303 645 5.5-*']}", ["key-age"]),
    ],
)
def test_selection(tmp_path: Path, body: str, expected: list[str]):
    assert ids(loaded(tmp_path, body)) == expected


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("required:\n  - tls-versons", 6, "no check 'tls-versons': did you mean 'tls-versions'?"),
        ("select:\n  exclude:\n    - key-agee", 7, "did you mean 'key-age'?"),
        ("select:\n  include: [element:kyes]", 6, "did you mean 'element:keys'?"),
        ("select: {include: ['tag:tsl']}", 5, "there is no tag 'tag:tsl': did you mean 'tag:tls'?"),
        ("select: {include: ['severity:hihg']}", 5, "did you mean 'severity:high'?"),
        ("select: {include: ['clause:ETSI EN 303 654']}", 5, "did you mean 'ETSI EN 303 645'?"),
        ("select: {include: ['ssh-*']}", 5, "there is no check 'ssh-*'"),
        ("maps_to: [ETSI EN 303645]", 5, "did you mean 'ETSI EN 303 645'?"),
        ("values:\n  tls-version: {days: 1}", 6, "did you mean 'tls-versions'?"),
        ("values:\n  key-age:\n    max_day: 1", 7, "no parameter 'max_day': did you mean 'max_days'?"),
        ("values:\n  KEY-005:\n    max_days: long", 7, "'max_days' of key-age does not fit: a whole number"),
        ("values:\n  tls-versions:\n    x: 1", 7, "no parameter 'x': it has none"),
        ("severities:\n  key-agee: low", 6, "did you mean 'key-age'?"),
        ("severities:\n  key-age:\n    od: low", 7, "no variant 'od': did you mean 'old'?"),
        ("select: {exclude: [key-age]}\nrequired: [KEY-005]", 6, "'KEY-005' is required, but select leaves it out"),
        ("select: {include: [key-age]}\nrequired: ['tls-*']", 6, "'tls-*' is required, but select leaves it out"),
    ],
)
def test_unknown_words_are_told_with_line_and_nearest(tmp_path: Path, body: str, line: int, said: str):
    profile = loaded(tmp_path, body)
    with pytest.raises(BadProfile) as error:
        select(profile, PACK)
    assert f"p.yaml:{line}: " in str(error.value)
    assert said in str(error.value)
    assert isinstance(error.value, BadInput)


def test_narrowing(tmp_path: Path):
    profile = load_profile(write(tmp_path, "select: {include: ['tls-*']}\nrequired: [TLS-001]"))
    assert ids(narrow(profile, [], [])) == ["tls-ciphers", "tls-versions"]
    assert ids(narrow(profile, ["tls-versions"], [])) == ["tls-versions"]
    assert ids(narrow(profile, [], ["TLS-001"])) == ["tls-ciphers"]
    assert ids(narrow(profile, ["key-age"], [])) == []
    with pytest.raises(BadProfile, match="no check 'nope'"):
        select(narrow(profile, ["nope"], []), PACK)
    narrowed = narrow(profile, [], ["TLS-001"])
    assert profile.sha256 != narrowed.sha256
    assert required_ids(profile, select(profile, PACK)) == ("tls-versions",)
    assert required_ids(narrowed, select(narrowed, PACK)) == ()


def test_a_group_is_required_as_far_as_it_is_selected(tmp_path: Path):
    profile = loaded(tmp_path, "select: {exclude: [tls-ciphers]}\nrequired: ['tag:tls']")
    assert required_ids(profile, select(profile, PACK)) == ("key-age", "tls-versions")


def test_values_and_policy(tmp_path: Path):
    profile = loaded(tmp_path, "policy: constrained\nvalues: {KEY-005: {max_days: 30, signers: [a, b]}}")
    assert profile.as_policy() == Policy(kind="constrained")
    assert values_by_id(profile, PACK.checks)["key-age"] == {"max_days": 30, "signers": ["a", "b"]}


def test_severities_are_those_of_the_check_that_is_run_and_recorded(tmp_path: Path):
    profile = loaded(
        tmp_path, "select: {include: ['severity:high']}\nseverities: {key-age: low, TLS-002: {ajar: critical}}"
    )
    aged, versions = (c.info for c in select(profile, PACK))
    assert {v.severity for v in aged.variants.values()} == {Severity.LOW}
    assert [v.severity for v in versions.variants.values()] == [Severity.HIGH, Severity.CRITICAL]
    assert [v.title for v in versions.variants.values()] == ["A door is open", "A door is ajar"]


@given(own=st.lists(SEVERITIES, min_size=1, max_size=6), raised=st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_a_stricter_severity_never_improves_a_grade(own: list[Severity], raised: list[int]):
    """Property 9 of the grading: the same answers, judged more severely."""
    infos = [_info(f"c{i}", severity) for i, severity in enumerate(own)]
    by_rank = sorted(Severity, key=lambda s: s.rank)
    stricter = [
        _judged(info, ({info.id: by_rank[min(4, info.severity.rank + more)]},))
        for info, more in zip(infos, raised, strict=False)
    ]
    lax, strict = (
        grade([_answer(i, info) for i, info in enumerate(asked)], [device()], []).devices["d1"]
        for asked in (infos, stricter)
    )
    assert LETTERS.index(strict.best) >= LETTERS.index(lax.best)
    assert LETTERS.index(strict.worst) >= LETTERS.index(lax.worst)


def test_an_override_to_info_leaves_the_finding_where_it_is():
    info = _judged(_info("c0", Severity.HIGH), ({"c0": Severity.INFO},))
    answer = _answer(0, info)
    assert (answer.outcome, answer.severity) == (Outcome.FAIL, Severity.INFO)
    assert grade([answer], [device()], []).devices["d1"].best == "A"


def _info(id: str, severity: Severity) -> CheckInfo:
    return CheckInfo(
        id=id,
        title="Doors are shut",
        element=Element.KEYS,
        variants={"open": VariantInfo(severity=severity, title="A door is open")},
        confidence=Confidence.CERTAIN,
    )


def _answer(index: int, info: CheckInfo):
    """Every third is not assessed, the others fail."""
    outcome = Outcome.NOT_ASSESSED if index % 3 == 2 else Outcome.FAIL
    return result(info.id, outcome, info.severity, info.element)
