"""What the author of a profile is told when a file is wrong: one line, with its place and the nearest right word."""

import random
import re
from pathlib import Path

import pytest

from iotscan.assess.profile import load_profile, profile_names, select
from iotscan.assess.registry import load_checks
from iotscan.model.errors import BadInput
from iotscan.shipped import shipped
from tests.assess.profile.making import HEAD, write

PACK = load_checks()


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("selct: {}", 5, "unknown key 'selct': did you mean 'select'?"),
        ("select:\n  inclde: []", 6, "unknown key 'inclde': did you mean 'include'?"),
        ("policy: gatway", 5, "did you mean 'gateway'?"),
        ("fail_on: severe", 5, "known are critical, high, info, low, medium, none"),
        ("gate: {fail_on: hihg}", 5, "did you mean 'high'?"),
        ("gate:\n  fail_onn: high", 6, "did you mean 'fail_on'?"),
        ("fail_on: high\ngate: {fail_on: low}", 5, "said twice"),
        ("gate:\n  min_coverage: 90", 6, "a share from 0 to 1"),
        ("gate: {min_grade: G}", 5, "'G' is not known here"),
        ("required: tls-versions", 5, "write a list"),
        ("required:\n  - a\n  - 1", 7, "put it in quotes"),
        ("values:\n  tls-versions:\n    days: {a: {b: 1}}", 7, "Expected"),
        ("severities: {key-age: hihg}", 5, "did you mean 'high'?"),
        ("severities: {key-age: {old: lw}}", 5, "did you mean 'low'?"),
        ("ports: everything", 5, "known are likely, usual"),
        ("pace: {accepted_per_second: 5}", 5, "accepted_per_second may be 0.1 to 4: a profile is never harder"),
        ("pace:\n  attempts_per_second: 0", 6, "attempts_per_second may be 0.5 to 50"),
        ("pace: {connections: 41}", 5, "connections may be 1 to 40, 300 in a profile that extends thorough"),
        ("pace: {open_at_once: 1}", 5, "unknown key 'open_at_once'"),
        ("extends: [defalt]", 5, "no profile 'defalt': did you mean 'default'?"),
        ("extends:\n  - ./gone.yaml", 6, "no file './gone.yaml' beside this one"),
        ("extends: default", 5, "write a list"),
        ('changelog: [{version: "2", says: New}]', 5, "must begin with version '1'"),
        ("id: y", 5, "'id' is given twice"),
        ("places: {}", 5, "unknown key 'places'"),
        ("title2: &a x", 5, "anchors"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, body: str, line: int, said: str):
    path = write(tmp_path, body)
    with pytest.raises(BadInput) as error:
        load_profile(path)
    assert str(error.value).startswith(f"{path}:{line}:")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("", "schema must be"),
        ("- a\n", "a mapping is expected"),
        (HEAD.replace("@1", "@2"), "schema must be"),
        (HEAD.replace('"1"', "1"), "put it in quotes"),
        (HEAD.replace("id: x\n", ""), "'id' is missing"),
        (HEAD.replace("title: X", "title: ''"), "'title' must not be empty"),
    ],
)
def test_a_head_is_needed(tmp_path: Path, head: str, said: str):
    with pytest.raises(BadInput, match=said):
        load_profile(write(tmp_path, "", head or "{}"))


def test_an_unknown_profile_is_told_with_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'default'"):
        load_profile("defalt")
    with pytest.raises(BadInput, match=r"gone\.yaml: cannot be read"):
        load_profile("./gone.yaml")


def complaint(path: Path) -> str:
    """What is said of a file, empty when it can be used; anything but BadInput is raised."""
    try:
        select(load_profile(str(path)), PACK)
    except BadInput as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", profile_names())
def test_a_broken_file_is_bad_input_and_nothing_else(tmp_path: Path, name: str):
    """Cut off at every seventh byte, and 200 times with a byte lost, doubled or changed."""
    whole = (shipped("profiles") / f"{name}.yaml").read_bytes()
    dice = random.Random(name)
    broken = [whole[:end] for end in range(0, len(whole), 7)]
    for _ in range(200):
        at, byte = dice.randrange(len(whole)), bytes([dice.randrange(256)])
        instead = dice.choice([b"", byte, whole[at : at + 1] * 2, b"\n", b": ", b"'"])
        broken.append(whole[:at] + instead + whole[at + 1 :])
    path = tmp_path / "broken.yaml"
    said = []
    for raw in broken:
        path.write_bytes(raw)
        said.append(complaint(path))
    assert all(len(line.splitlines()) <= 1 for line in said)
    assert [line for line in said if line and not re.match(rf"{re.escape(str(path))}:\d+", line)] == []
    assert sum(map(bool, said)) > len(broken) / 4
