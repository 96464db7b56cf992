"""The document as Markdown: every block is there, links lead somewhere, no word does anything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.report.document import Document, Paragraph, Part, Section, Span, numbered, plain
from iotscan.report.layout.markdown import drawn, render
from iotscan.report.words import clean

from .attacks import ATTACKS
from .hostile import TRICKS, is_harmless
from .papers import paper
from .reading import markdown_tokens, read_document


def test_a_document_is_read_back_whole() -> None:
    text = render(paper())
    read_document(text)
    lines = text.splitlines()
    assert lines[0] == "# Audit of cam-front"
    assert "**DRAFT**" in text
    for number, depth, section in numbered(paper()):
        assert f"{'#' * (depth + 1)} {number} {section.title}" in lines
    assert lines.count("<!-- edit -->") == 1
    assert "| cam-front 1 | ≤C | ████████████▚▚▚▚▚▚░░ |" in lines
    assert "| Device | Findings | Seen |" in lines
    assert "**● Critical** · **cam-front** · **✗ open**" in lines


def test_a_link_leads_to_the_heading_that_github_names() -> None:
    text = render(paper())
    assert "[the finding](#telnet-cam-front)" in text
    assert "[2 Summary](#2-summary)" in text
    assert "#nowhere" not in text


@pytest.mark.parametrize("trick", [*TRICKS, *ATTACKS[::17]])
def test_a_trick_stays_text(trick: str) -> None:
    assert_harmless(clean("x" + trick))
    assert_harmless(clean(trick))


@given(text=st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_any_text_stays_text(text: str) -> None:
    assert_harmless(text)


def assert_harmless(text: str) -> None:
    written = render(paper(text))
    read_document(written)
    assert is_harmless(written)
    assert written.endswith("\n")


@given(
    texts=st.lists(st.sampled_from(["a94a", "8fe1", "www", ".", "evil", "!", "(", "1.", "**", "`", " "]), max_size=6)
)
@settings(max_examples=200, deadline=None)
def test_spans_that_touch_make_nothing_together(texts: list[str]) -> None:
    for kinds in (("text",), ("text", "code", "strong", "link"), ("link", "text")):
        spans = tuple(
            Span(text, kind=kinds[n % len(kinds)], href="https://docs.example/")
            for n, text in enumerate(texts)  # type: ignore[arg-type]
        )
        section = Section(id="a", title="A", blocks=(Paragraph(spans=spans),))
        read_document(render(document(section)))


def test_a_number_at_the_start_of_a_line_makes_no_list() -> None:
    text = render(document(Section(id="a", title="A", blocks=(Paragraph(spans=plain("1. one")),))))
    assert not any(token.type == "ordered_list_open" for token in markdown_tokens(text))


def document(*sections: Section) -> Document:
    return Document(title="T", subtitle="", status="FINAL", classification="", made="", facts=(), sections=sections)


@given(counts=st.tuples(*[st.integers(0, 10**6)] * 3))
def test_a_bar_has_its_length_and_shows_all_there_is(counts: tuple[int, int, int]) -> None:
    parts = (
        Part(what="passed", count=counts[0]),
        Part(what="failed", count=counts[1]),
        Part(what="unknown", count=counts[2]),
    )
    bar = drawn(parts)
    assert len(bar) == (20 if sum(counts) else 0)
    assert [sign in bar for sign in "█▚░"] == [count > 0 for count in counts]


def test_a_hint_to_the_editor_is_no_code() -> None:
    block = Paragraph(spans=(Span("Impact.", kind="strong"), Span(" [To be written: what it costs.]")), editable=True)
    assert "**Impact.** (To be written: what it costs.)" in render(
        document(Section(id="a", title="A", blocks=(block,)))
    )
