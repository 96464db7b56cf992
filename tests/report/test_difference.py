"""A comparison as text, JSON and Markdown: zeros said, nothing raw."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.assess.comparing import compare
from iotscan.model.comparison import Comparison
from iotscan.model.errors import BadInput
from iotscan.model.vocabulary import Outcome, Severity
from iotscan.report.difference import markdown, sentence, text, write
from tests.assess.comparisons import run_of
from tests.assess.making import at, device, result


def comparison(said: str = "open", waiver: str = "") -> Comparison:
    mac = "00:11:22:33:44:55"
    old = run_of(
        result("c1", subject=at("tcp/23"), variant="open", severity=Severity.LOW, observed="a door"),
        result("c2", subject=at("tcp/80")),
        id="old",
        devices=[device(mac=mac), device("d2", "192.0.2.2")],
    )
    new = run_of(
        result("c1", subject=at("tcp/23", address="192.0.2.9"), variant="open", observed=said),
        result("c1", subject=at("tcp/99", address="192.0.2.9"), variant="open", waiver=waiver),
        result("c2", Outcome.PASS, subject=at("tcp/80", address="192.0.2.9"), summary="it is shut"),
        id="new",
        devices=[device(address="192.0.2.9", mac=mac)],
    )
    return compare(old, new, judged_again=(True, False), notes=["mind the gap"])


def test_the_text_says_all_in_lines_that_grep_finds():
    lines = text(comparison(waiver="W-1")).splitlines()
    assert lines[0] == "old: old  scan of 2026-11-22T00:00:00  p 1, 0.1; judged again for this comparison"
    assert lines[2:4] == ["note: mind the gap", "diff: 1 added, 1 changed, 1 fixed, 0 no longer assessed, 0 unchanged"]
    assert "device: moved  192.0.2.9  192.0.2.1 -> 192.0.2.9 (known by its mac)" in lines
    assert "device: not seen since 2026-11-22T00:00:00  192.0.2.2  192.0.2.2" in lines
    assert "added: high  c1  192.0.2.9 tcp/99  It is open  WAIVED W-1" in lines
    changed = lines.index("changed: high  c1  192.0.2.9 tcp/23  It is open")
    assert lines[changed + 1 : changed + 3] == ["  severity: low -> high", "  observed: a door -> open"]
    fixed = next(n for n, line in enumerate(lines) if line.startswith("fixed: "))
    assert lines[fixed + 1] == "  why: it is shut"


def test_nothing_new_is_said():
    run = run_of()
    assert sentence(compare(run, run)) == "0 added, 0 changed, 0 fixed, 0 no longer assessed, 0 unchanged"


def test_json_is_the_comparison():
    told = json.loads(write(comparison(), "json"))
    assert told["schema"] == "iotscan/diff@1"
    assert [c["what"] for c in told["changes"]] == ["added", "changed", "fixed"]


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'json'"):
        write(comparison(), "jsn")


@given(st.text(max_size=300) | st.sampled_from(["```\n<script>", "\x1b]0;x\x07", "a\nadded: critical", "\u202eevil"]))
def test_no_device_text_gets_out_of_its_line_or_its_block(said: str):
    hostile = comparison(said, said)
    first = hostile.changes[0]
    hostile = replace(hostile, changes=(replace(first, title=said, owner=said, note=said), *hostile.changes[1:]))
    for written in (text(hostile), markdown(hostile)):
        assert all(c.isprintable() or c == "\n" for c in written)
    assert not {*write(hostile, "json")} & {*"\x1b\x07\x9b\u202e\u200b"}
    lines = text(hostile).splitlines()
    assert sum(line.startswith("added:") for line in lines) == 1
    block = markdown(hostile).splitlines()
    assert set(block[2].removesuffix("text")) == {"`"}
    assert block[-1] == block[2].removesuffix("text")
    assert not any(line.startswith(block[-1]) for line in block[3:-1])
