"""What a profile extends: who wins, where it ends, and whose line a complaint names."""

from pathlib import Path

import pytest

from iotscan.assess.gate import GateSettings
from iotscan.assess.profile import PaceWish, load_profile, required_ids, select, values_by_id
from iotscan.model.errors import BadInput
from iotscan.model.scope import Pace
from tests.assess.profile.making import HEAD, PACK, family, ids, loaded, write


def test_words_of_a_selection_replace_or_add(tmp_path: Path):
    path = family(
        tmp_path,
        {
            "old": "select: {include: ['*'], exclude: [tls-ciphers]}\nrequired: [tls-versions]",
            "same": "extends: [./old.yaml]\nrequired: [key-age]",
            "young": "extends: [./same.yaml]\nselect: {include: ['tls-*', key-age]}",
        },
    )
    profile = load_profile(path)
    assert ids(load_profile(str(tmp_path / "same.yaml"))) == ["key-age", "tls-versions"]
    assert profile.select.include == ("tls-*", "key-age")
    assert ids(profile) == ["key-age", "tls-versions"]
    assert required_ids(profile, select(profile, PACK)) == ("key-age", "tls-versions")
    assert (profile.id, profile.extends) == ("young", ("old 1", "same 1"))


def test_mappings_go_key_by_key_and_the_younger_wins_under_whatever_name(tmp_path: Path):
    path = family(
        tmp_path,
        {
            "old": "policy: constrained\nports: likely\nvalues: {key-age: {max_days: 1, signers: [a]}}\n"
            "severities: {key-age: {old: low}}\npace: {connections: 10, accepted_per_second: 1}\n"
            "gate: {fail_on: high, min_coverage: 0.5}",
            "young": "extends: [./old.yaml]\nvalues: {KEY-005: {max_days: 2}}\nseverities: {KEY-005: {ancient: info}}\n"
            "pace: {connections: 20}\nfail_on: low",
        },
    )
    profile = load_profile(path)
    assert (profile.policy, profile.ports) == ("constrained", "likely")
    assert values_by_id(profile, PACK.checks)["key-age"] == {"max_days": 2, "signers": ["a"]}
    (aged,) = [c.info for c in select(profile, PACK) if c.info.id == "key-age"]
    assert {name: v.severity.value for name, v in aged.variants.items()} == {"old": "low", "ancient": "info"}
    assert profile.pace == PaceWish(connections=20, accepted_per_second=1)
    assert profile.gate == GateSettings(fail_on="low", min_coverage=0.5)


def test_of_several_parents_the_later_wins_and_each_counts_once(tmp_path: Path):
    path = family(
        tmp_path,
        {
            "root": "gate: {fail_on: info}",
            "left": "extends: [./root.yaml]\ngate: {fail_on: low}",
            "right": "extends: [./root.yaml]\npolicy: constrained",
            "young": "extends: [./left.yaml, ./right.yaml]",
        },
    )
    profile = load_profile(path)
    assert profile.gate.fail_on == "low"
    assert profile.policy == "constrained"
    assert profile.extends == ("root 1", "left 1", "right 1")


def test_the_line_of_a_parent_names_the_parents_file(tmp_path: Path):
    path = family(tmp_path, {"old": "required: [tls-versons]", "young": "extends: [./old.yaml]"})
    with pytest.raises(BadInput) as error:
        select(load_profile(path), PACK)
    assert str(error.value) == (
        f"{tmp_path / 'old.yaml'}:5: there is no check 'tls-versons': did you mean 'tls-versions'?"
    )
    path = family(
        tmp_path,
        {"old": "required: [key-age]", "young": "extends: [./old.yaml]\nselect: {exclude: [key-age]}"},
    )
    with pytest.raises(BadInput, match=r"old\.yaml:5: 'key-age' is required, but select leaves it out"):
        select(load_profile(path), PACK)
    path = family(tmp_path, {"old": "policy: gatway", "young": "extends: [./old.yaml]"})
    with pytest.raises(BadInput, match=r"old\.yaml:5: 'gatway'"):
        load_profile(path)


def test_a_circle_is_told_in_one_line(tmp_path: Path):
    family(tmp_path, {"a": "extends: [./b.yaml]", "b": "\nextends: [./a.yaml]"})
    with pytest.raises(BadInput) as error:
        load_profile(str(tmp_path / "a.yaml"))
    assert str(error.value).endswith("b.yaml:6: extends in a circle: a → b → a: leave one of them out")
    alone = write(tmp_path, "extends: [./p.yaml]")
    with pytest.raises(BadInput, match="circle: p → p"):
        load_profile(alone)


def test_three_generations_and_no_more(tmp_path: Path):
    names = ["g0", "g1", "g2", "g3", "g4"]
    family(tmp_path, {n: f"extends: [./{p}.yaml]" for p, n in zip(["", *names], names, strict=False) if p} | {"g0": ""})
    assert load_profile(str(tmp_path / "g3.yaml")).extends == ("g0 1", "g1 1", "g2 1")
    with pytest.raises(BadInput, match=r"g1\.yaml:5: extends deeper than 3 generations"):
        load_profile(str(tmp_path / "g4.yaml"))


def test_only_what_extends_thorough_may_ask_for_longer_and_nobody_faster(tmp_path: Path):
    patient = loaded(tmp_path, "extends: [thorough]\npace: {connections: 60}")
    assert patient.pace.connections == 60
    with pytest.raises(BadInput, match=r"accepted_per_second may be 0\.1 to 4"):
        loaded(tmp_path, "extends: [thorough]\npace: {accepted_per_second: 8}")
    gentle = loaded(tmp_path, "pace: {accepted_per_second: 0.5}").pace.over(Pace(connect_timeout=7))
    assert gentle == Pace(connect_timeout=7, accepted_per_second=0.5)


def test_the_hash_is_of_what_it_says_parents_included(tmp_path: Path):
    first = load_profile(write(tmp_path, "required: [key-age]"))
    other = tmp_path / "sub"
    other.mkdir()
    same = load_profile(write(other, "# a comment\nrequired:\n  - key-age"))
    assert first.sha256 == same.sha256 == first.as_info().sha256
    assert first.sha256 != load_profile(write(tmp_path, "required: [tls-versions]")).sha256
    write(tmp_path, "fail_on: low", HEAD.replace("id: x", "id: old"), "old.yaml")
    before = loaded(tmp_path, "extends: [./old.yaml]").sha256
    write(tmp_path, "severities: {key-age: low}", HEAD.replace("id: x", "id: old"), "old.yaml")
    assert loaded(tmp_path, "extends: [./old.yaml]").sha256 != before
