"""Profiles: what they select, and what their author is told when they are wrong."""

from pathlib import Path

import pytest

from iotscan.assess.check import Policy
from iotscan.assess.profile import (
    BadProfile,
    load_profile,
    narrow,
    profile_names,
    required_ids,
    select,
    values_by_id,
)
from iotscan.assess.registry import CheckPack
from iotscan.model.errors import BadInput
from iotscan.model.facts import TelnetServer
from iotscan.sdk import Returned, good
from tests.assess.making import check


def fine(telnet: TelnetServer) -> Returned:
    return good("shut")


PACK = CheckPack(
    checks=tuple(
        check(fine, id=name, aliases=aliases, element=element)
        for name, aliases, element in [
            ("key-age", ("KEY-005",), "keys"),
            ("tls-ciphers", ("TLS-004",), "communication"),
            ("tls-versions", ("TLS-001", "TLS-002"), "communication"),
        ]
    )
)
HEAD = 'schema: iotscan/profile@1\nid: x\nversion: "1"\ntitle: X\n'


def write(tmp_path: Path, body: str, head: str = HEAD) -> str:
    path = tmp_path / "p.yaml"
    path.write_text(head + body)
    return str(path)


def ids(profile, pack=PACK):
    return [c.info.id for c in select(profile, pack)]


def test_every_shipped_profile_loads_over_our_checks():
    from iotscan.assess.registry import load_checks

    assert "default" in profile_names()
    pack = load_checks()
    for name in profile_names():
        assert load_profile(name).id == name
        assert select(load_profile(name), pack)
    everything_seen = [c.info.id for c in pack.checks if "attestation" not in c.info.tags]
    assert ids(load_profile("default"), pack) == everything_seen


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
    ],
)
def test_selection(tmp_path: Path, body: str, expected: list[str]):
    assert ids(load_profile(write(tmp_path, body))) == expected


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("selct: {}", 5, "unknown key 'selct': did you mean 'select'?"),
        ("select:\n  inclde: []", 6, "unknown key 'inclde': did you mean 'include'?"),
        ("policy: gatway", 5, "gateway or constrained"),
        ("fail_on: severe", 5, "none, info, low, medium, high, critical"),
        ("required: tls-versions", 5, "Expected `array`"),
        ("required:\n  - a\n  - 1", 7, "Expected `str`"),
        ("values:\n  tls-versions:\n    days: {a: 1}", 5, "Expected"),
        ("id: y", 5, "'id' is given twice"),
        ("origin: x", 5, "unknown key 'origin'"),
        ("title2: &a x", 5, "anchors"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, body: str, line: int, said: str):
    path = write(tmp_path, body)
    with pytest.raises(BadProfile) as error:
        load_profile(path)
    assert str(error.value).startswith(f"{path}:{line}:")
    assert said in str(error.value)
    assert isinstance(error.value, BadInput)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("", "schema must be"),
        ("- a\n", "a mapping is expected"),
        (HEAD.replace("@1", "@2"), "schema must be"),
        (HEAD.replace('"1"', "1"), "'version' must be a text"),
        (HEAD.replace("id: x\n", ""), "'id' must be a text"),
        (HEAD.replace("title: X", "title: ''"), "'title' must be a text"),
    ],
)
def test_a_head_is_needed(tmp_path: Path, head: str, said: str):
    with pytest.raises(BadProfile, match=said):
        load_profile(write(tmp_path, "", head or "{}"))


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("required:\n  - tls-versons", 6, "no check 'tls-versons': did you mean 'tls-versions'?"),
        ("select:\n  exclude:\n    - key-agee", 7, "did you mean 'key-age'?"),
        ("select:\n  include: [element:kyes]", 6, "did you mean 'element:keys'?"),
        ("values:\n  tls-version: {days: 1}", 6, "did you mean 'tls-versions'?"),
        ("select: {exclude: [key-age]}\nrequired: [KEY-005]", 6, "'KEY-005' is required, but select leaves it out"),
    ],
)
def test_unknown_checks_are_told_with_line_and_nearest(tmp_path: Path, body: str, line: int, said: str):
    profile = load_profile(write(tmp_path, body))
    with pytest.raises(BadProfile) as error:
        select(profile, PACK)
    assert f"p.yaml:{line}: " in str(error.value)
    assert said in str(error.value)


def test_an_unknown_profile_is_told_with_the_nearest():
    with pytest.raises(BadProfile, match="did you mean 'default'"):
        load_profile("defalt")
    with pytest.raises(BadProfile, match=r"gone\.yaml: cannot be read"):
        load_profile("./gone.yaml")


def test_narrowing(tmp_path: Path):
    profile = load_profile(write(tmp_path, "select: {include: ['tls-*']}\nrequired: [TLS-001]"))
    assert ids(narrow(profile, [], [])) == ["tls-ciphers", "tls-versions"]
    assert ids(narrow(profile, ["tls-versions"], [])) == ["tls-versions"]
    assert ids(narrow(profile, [], ["TLS-001"])) == ["tls-ciphers"]
    assert ids(narrow(profile, ["key-age"], [])) == []
    with pytest.raises(BadProfile, match="no check 'nope'"):
        select(narrow(profile, ["nope"], []), PACK)
    narrowed = narrow(profile, [], ["TLS-001"])
    assert required_ids(profile, select(profile, PACK)) == ("tls-versions",)
    assert required_ids(narrowed, select(narrowed, PACK)) == ()


def test_values_and_policy(tmp_path: Path):
    profile = load_profile(write(tmp_path, "policy: constrained\nvalues: {TLS-002: {days: 30, who: [a, b]}}"))
    assert profile.as_policy() == Policy(kind="constrained")
    assert values_by_id(profile, PACK.checks)["tls-versions"] == {"days": 30, "who": ["a", "b"]}


def test_the_hash_is_of_what_it_says(tmp_path: Path):
    first = load_profile(write(tmp_path, "required: [key-age]"))
    other = tmp_path / "sub"
    other.mkdir()
    same = load_profile(write(other, "# a comment\nrequired:\n  - key-age"))
    assert first.sha256 == same.sha256 == first.as_info().sha256
    assert first.sha256 != load_profile(write(tmp_path, "required: [tls-versions]")).sha256
    assert first.sha256 != narrow(first, ["key-age"], []).sha256
