"""Markdown, and how text is made safe for it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.model.run import BaselineInfo, Run
from iotscan.model.waiver import WaiverUse
from iotscan.report import gfm, markdown
from iotscan.report.registry import write

from .example import empty_run, example_run, image_run, interrupted_run
from .hostile import TRICKS
from .reading import MENTION, markdown_tokens, read_markdown


@pytest.mark.parametrize("make", [example_run, empty_run, interrupted_run, image_run])
def test_the_verdict_comes_first(make: Any) -> None:
    text = write(make(), "github-summary")
    read_markdown(text)
    first = text.splitlines()[0]
    assert first.startswith("# iotscan: ")
    if make is not image_run:
        assert "INCOMPLETE" in first or "NO VERDICT" in first


def test_a_bracket_round_a_device_s_word_is_no_part_of_it() -> None:
    assert gfm.words("expired 12 days ago (owner j.doe)") == "expired 12 days ago (owner `j.doe`)"
    assert gfm.words("see f(x.y) here") == "see `f(x.y)` here"


def test_findings_show_their_state() -> None:
    results = tuple(replace(r, baseline="new") if r.check == "adb-access" else r for r in example_run().results)
    lines = write(replace(example_run(), results=results), "github-summary").splitlines()
    assert (
        "| high | `tls-versions` | gw-edge | `192.0.2.1 tcp/443` | TLS 1.0 or TLS 1.1 is accepted | WAIVED W-2026-014 |"
        in lines
    )
    assert "| high | `adb-access` | cam-front | `192.0.2.21 tcp/5555` | A debug bridge listens | new |" in lines
    assert "## Not assessed: 23" in lines


def _decided() -> Run:
    use = WaiverUse(
        id="W-1", check="tls-versions", target="asset dev-gw", decision="risk_accepted", reason="a | b", owner="jane",
        expires="2026-11-20", state="expired", findings=("590bdb3f94f0018e",),
    )  # fmt: skip
    return replace(example_run(), waivers=(use,), baseline=BaselineInfo(run="01JD", new=0, known=11))


def test_waivers_and_the_baseline_are_told() -> None:
    text = write(_decided(), "github-summary")
    assert "| expired | W-1 | tls-versions | asset dev-gw |" in text
    assert "Baseline: " in text


def test_no_finding_is_no_praise_where_nothing_was_assessed() -> None:
    assert "No finding, and nothing was assessed." in write(empty_run(), "github-summary")
    run = image_run()
    passed = replace(run, results=tuple(r for r in run.results if not r.is_finding))
    assert "No finding; 1 question passed." in write(passed, "github-summary")


def test_a_summary_is_short_and_says_what_it_left_out() -> None:
    run = example_run()
    many = replace(
        run, results=tuple(replace(r, summary=f"{n}") for n in range(400) for r in run.results if r.is_finding)
    )
    text = write(many, "github-summary")
    assert "and 4,350 findings more." in text
    assert len(text.encode()) < markdown.BYTES / 20
    assert "and" not in write(run, "github-summary").split("## Findings")[1].split("## Grades")[0].splitlines()[-1]


def test_a_summary_never_passes_githubs_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = len(write(example_run(), "github-summary").encode())
    monkeypatch.setattr(markdown, "BYTES", whole - 1)
    shorter = write(example_run(), "github-summary")
    assert len(shorter.encode()) < whole
    monkeypatch.setattr(markdown, "BYTES", 1)
    assert write(example_run(), "github-summary").startswith("# iotscan: FAIL")


def test_words_stay_words_and_the_rest_becomes_code() -> None:
    assert gfm.words("TLS 1.0 or TLS 1.1 is accepted (since 2026), 100% of it.") == (
        "TLS 1.0 or TLS 1.1 is accepted (since 2026), 100% of it."
    )
    assert gfm.words("banner login_prompt <b>x</b> seen") == "banner `login_prompt <b>x</b>` seen"
    assert gfm.words("Set `a|b` in nginx (`c`).", cell=True) == r"Set `a\x7cb` in nginx (`c`)."
    assert gfm.words("ask @everyone about #1!") == "ask `@everyone` about `#1`!"
    assert gfm.code("a`b``c") == "```a`b``c```"
    assert gfm.code("`") == "`` ` ``"
    assert gfm.code("") == ""


@given(st.text(max_size=60) | st.sampled_from(TRICKS), st.booleans())
def test_any_text_is_shown_and_does_nothing(text: str, cell: bool) -> None:
    line = " ".join(text.split())
    for made in (gfm.words(line, cell=cell), gfm.code(line, cell=cell)):
        tokens = list(markdown_tokens(f"Said: {made}\n"))
        assert {t.type for t in tokens} <= {"paragraph_open", "paragraph_close", "inline", "text", "code_inline"}
        assert not any(t.type == "text" and MENTION.search(t.content) for t in tokens)


@given(st.text(max_size=60) | st.sampled_from(TRICKS))
def test_any_text_is_one_cell(text: str) -> None:
    line = " ".join(text.split())
    table = gfm.table(["a", "b"], [[gfm.words(line, cell=True), gfm.code(line, cell=True)]])
    tokens = list(markdown_tokens(table))
    assert sum(t.type == "td_open" for t in tokens) == 2
    assert sum(t.type == "tr_open" for t in tokens) == 2


@given(st.text(max_size=60))
def test_code_is_shown_as_it_is(text: str) -> None:
    line = " ".join(text.split()).replace("\x00", "")
    shown = "".join(t.content for t in markdown_tokens(f"x{gfm.code(line)}x\n") if t.type == "code_inline")
    assert shown == line
