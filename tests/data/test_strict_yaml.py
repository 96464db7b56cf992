"""YAML that says what it seems to say, and refusals that name their line."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.data.strict_yaml import SIZE_LIMIT, BadYaml, load, parse, read
from iotscan.model.errors import BadInput

WHERE = Path("file.yaml")


def value(text: str) -> object:
    return parse(text.encode(), WHERE).value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("a: 1", {"a": 1}),
        ("on: no", {"on": "no"}),
        ("a: yes\nb: true\nc: True", {"a": "yes", "b": True, "c": "True"}),
        ("a: 010\nb: 0x1F\nc: -7\nd: 1.5\ne: 22:30", {"a": "010", "b": 31, "c": -7, "d": 1.5, "e": "22:30"}),
        ("a: 2026-11-22", {"a": "2026-11-22"}),
        ("a: 1_000\nb: .inf\nc: 1e3", {"a": "1_000", "b": ".inf", "c": "1e3"}),
        ("a: null\nb: ~\nc:", {"a": None, "b": None, "c": None}),
        ("[1, [2, '3']]", [1, [2, "3"]]),
        ("a: '*'\nb: \"&x\"", {"a": "*", "b": "&x"}),
        ("<<: x", {"<<": "x"}),
        ("a: " + "9" * 5000, {"a": "9" * 5000}),
        ("=: 1", {"=": 1}),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, expected: object):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3", 3, "'a' is given twice"),
        ("a:\n  b: 1\n  b: 2", 3, "'b' is given twice"),
        ("a: 1\nb: *a", 2, "aliases"),
        ("a: 1\nb: &x 2", 2, "anchors"),
        ("a: 1\nb: !!python/object:os.system x", 2, "tags"),
        ("a: !x y", 1, "tags"),
        ("1: a", 1, "a key must be text"),
        ("a: 1\n? [b, c]\n: 2", 2, "a key must be text"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("a: [1\nb", 2, "expected"),
        ("a: 1\n\tb: 2", 2, "cannot start"),
        ("[" * 31 + "]" * 31, 1, "deeper than 30"),
        ("a: {" * 40, 1, "deeper than 30"),
        ("a: 1\nb: x\x00y", 2, "not allowed"),
        ('a: 1\nb: "\\ud800"', 2, "is no text"),
    ],
)
def test_refusals_name_their_line(text: str, line: int, said: str):
    with pytest.raises(BadYaml, match=said) as error:
        value(text)
    assert error.value.line == line
    assert error.value.column > 0
    assert str(error.value).startswith(f"file.yaml:{line}:")
    assert isinstance(error.value, BadInput)


def test_deep_nesting_is_refused_before_it_is_built():
    with pytest.raises(BadYaml, match="deeper"):
        value("[" * 100_000)


def test_a_bomb_of_aliases_is_refused():
    with pytest.raises(BadYaml):
        value("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]")


def test_size_and_encoding(tmp_path: Path):
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (SIZE_LIMIT + 1))
    with pytest.raises(BadYaml, match="256 KiB"):
        load(path)
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(BadYaml, match=":2:1: is not UTF-8"):
        load(path)
    with pytest.raises(BadYaml, match="cannot be read"):
        load(tmp_path / "gone.yaml")
    with pytest.raises(BadYaml, match="cannot be read"):
        load(tmp_path)


def test_lines_are_known(tmp_path: Path):
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\nb:\n  - x\n  - c: 2\n    d: 3\n")
    document = read(path)
    assert [document.line(*w) for w in [("a",), ("b",), ("b", 1), ("b", 1, "d"), ("b", 9), ()]] == [1, 2, 4, 5, 2, 1]


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="ab:-[]{}&*!|>'\"#?,%@`0~\n \t", max_size=80)))
def test_any_bytes_give_a_value_or_bad_yaml(raw: bytes | str):
    with contextlib.suppress(BadYaml):
        parse(raw.encode() if isinstance(raw, str) else raw, WHERE)


# Beyond the basic plane JSON writes surrogate pairs, which YAML does not know.
TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=12)
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**15), 10**15), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)


@given(PLAIN)
def test_json_is_read_as_it_was_written(tree: object):
    assert value(json.dumps(tree)) == tree
