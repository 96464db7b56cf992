"""Files read into types: every complaint has file, line and the nearest right word."""

from pathlib import Path
from typing import Literal

import msgspec
import pytest

from iotscan.data.strict_yaml import BadYaml
from iotscan.data.typed_yaml import read_typed

HEAD = "schema: iotscan/thing@1\n"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    colour: Literal["red", "green"] = "red"


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    parts: tuple[Part, ...] = ()
    by_name: dict[str, Part] = {}
    one: Part | None = None
    limit: int | None = None


def load(tmp_path: Path, body: str) -> Thing:
    path = tmp_path / "thing.yaml"
    path.write_text(HEAD + body)
    return read_typed(path, Thing, schema="iotscan/thing@1").value


def test_a_whole_file(tmp_path: Path) -> None:
    body = "id: x\nparts:\n  - {name: a}\n  - name: b\n    colour: green\nby_name: {c: {name: c}}\none: {name: d}\n"
    thing = load(tmp_path, body)
    assert [p.colour for p in thing.parts] == ["red", "green"]
    assert thing.by_name["c"].name == "c"
    assert thing.one == Part(name="d")


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("idd: x", 2, "unknown key 'idd': did you mean 'id'?"),
        ("parts: []", 1, "'id' is missing"),
        ("id: x\nparts:\n  - nam: a", 4, "unknown key 'nam': did you mean 'name'?"),
        ("id: x\nparts:\n  - name: a\n    colour: gren", 5, "did you mean 'green'?"),
        ("id: x\nby_name:\n  k:\n    name: a\n    color: red", 6, "did you mean 'colour'?"),
        ("id: x\none:\n  name: 3", 4, "Expected `str`"),
        ("id: x\none: red", 3, "Expected"),
        ("id: x\nlimit: many", 3, "Expected"),
        ("id: x\nparts: {a: b}", 3, "Expected `array`"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, body: str, line: int, said: str) -> None:
    with pytest.raises(BadYaml) as error:
        load(tmp_path, body)
    assert f"thing.yaml:{line}: " in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize("text", ["", "- a", "schema: iotscan/thing@2\nid: x", "id: x"])
def test_the_schema_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "thing.yaml"
    path.write_text(text)
    with pytest.raises(BadYaml, match=r"schema must be|a mapping is expected"):
        read_typed(path, Thing, schema="iotscan/thing@1")
