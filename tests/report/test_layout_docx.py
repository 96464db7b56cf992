"""The Word document: opened by python-docx and by LibreOffice, real styles, the same bytes, hostile text as text."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.model.brand import Brand
from iotscan.model.material import Material
from iotscan.report.audit.assembly import document as report
from iotscan.report.document import Card, Document, Paragraph, Section, Span, numbered, plain
from iotscan.report.layout.docx import render
from iotscan.report.layout.word.body import MOST_LISTED
from iotscan.report.layout.word.styles import COLOURS
from iotscan.report.words import clean

from .attacks import ATTACKS
from .hostile import TRICKS, spoiled
from .papers import paper, table
from .word import converted, needs_libreoffice, pages

DIRECT = {"w:b", "w:i", "w:color", "w:sz", "w:rFonts", "w:u", "w:highlight", "w:shd", "w:jc", "w:ind", "w:spacing"}
"""What would be formatted by hand where a style should be."""


def opened(document: Document) -> Any:
    return docx.Document(io.BytesIO(render(document)))


def png(width: int = 2, height: int = 1) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    rows = zlib.compress((b"\x00" + b"\x20\x60\xa0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


BRAND = Brand(
    company="Muster GmbH", authors=("Jane Doe",), primary="#702082", accent="#005F61",
    logo=png(), logo_type="image/png", paper="letter",
)  # fmt: skip


def test_headings_are_hierarchical_and_numbered_by_their_styles() -> None:
    made = opened(paper())
    headings = [(p.style.name, p.text) for p in made.paragraphs if re.match(r"(Heading|Appendix) \d", p.style.name)]
    assert headings == [
        (f"{'Appendix' if number.isalpha() else 'Heading'} {depth}", section.title)
        for number, depth, section in numbered(paper())
    ]
    for level in (1, 2, 3, 4):
        properties = made.styles[f"Heading {level}"].element.pPr
        assert properties.find(qn("w:numPr")) is not None
        assert properties.find(qn("w:outlineLvl")).get(qn("w:val")) == str(level - 1)
    assert [p.text for p in made.paragraphs if p.style.name == "Card 2"] == ["Telnet cam-front"]


def test_every_style_that_is_used_is_there_and_nothing_is_formatted_by_hand() -> None:
    made = opened(paper())
    known = {style.style_id for style in made.styles}
    body = made.element.body
    used = {e.get(qn("w:val")) for tag in ("w:pStyle", "w:rStyle", "w:tblStyle") for e in body.iter(qn(tag))}
    assert used <= known, used - known
    for properties in (*body.iter(qn("w:rPr")), *body.iter(qn("w:pPr"))):
        by_hand = {child.tag for child in properties} & {qn(tag) for tag in DIRECT}
        assert not by_hand, by_hand
    assert {"SeverityCritical", "OutcomeFail", "GradeA", "CodeCharacter", "Hyperlink", "ToEdit", "Code"} <= used


def test_what_waits_for_a_person_is_marked_and_has_a_comment() -> None:
    made = opened(paper())
    assert [p.text for p in made.paragraphs if p.style.name == "To edit"] == ["Write cam-front here."]
    assert [comment.author for comment in made.comments] == ["Muster GmbH"]


def test_heads_of_tables_are_repeated_and_rows_are_whole() -> None:
    made = opened(paper())
    report = [t for t in made.tables if t.style.name == "Report table"]
    assert len(report) == 3
    for one in report:
        heads = [row._tr.find(f".//{qn('w:tblHeader')}") is not None for row in one.rows]
        assert heads == [True] + [False] * (len(heads) - 1)
    assert all(row._tr.find(f".//{qn('w:cantSplit')}") is not None for t in made.tables for row in t.rows)
    captions = [p.text for p in made.paragraphs if p.style.name == "Caption"]
    assert captions[:2] == ["Figure 1: Elements", "Table 1: What was found by cam-front"]


def test_bars_are_cells_that_add_up_with_words_for_whoever_cannot_see_them() -> None:
    (bars,) = (t for t in opened(paper()).tables if t.style.name == "Bar table")
    assert bars._tbl.find(f".//{qn('w:tblDescription')}").get(qn("w:val")) == "Two of five, cam-front."
    for row in bars._tbl.tr_lst:
        assert sum(cell.grid_span for cell in row.tc_lst) == 42
    patterns = {e.get(qn("w:val")) for e in bars._tbl.iter(qn("w:shd"))}
    assert patterns == {"clear", "diagStripe"}
    assert "✗ 3" in bars._cells[42].text + "".join(c.text for c in bars.rows[1].cells)


def test_links_lead_to_bookmarks_and_to_the_web_alone() -> None:
    made = opened(paper())
    body = made.element.body
    names = [e.get(qn("w:name")) for e in body.iter(qn("w:bookmarkStart"))]
    assert len(names) == len(set(names))
    anchors = {e.get(qn("w:anchor")) for e in body.iter(qn("w:hyperlink")) if e.get(qn("w:anchor"))}
    assert anchors <= set(names)
    assert all(re.fullmatch(r"[A-Za-z]\w{0,39}", name) for name in names)
    outside = {r.target_ref for r in made.part.rels.values() if r.is_external}
    assert outside == {"https://docs.example/a?b=%28c%29&d=1"}


def test_the_contents_hold_entries_before_anybody_updates_them() -> None:
    made = opened(paper())
    entries = [p for p in made.paragraphs if p.style.name.startswith("toc ")]
    assert len(entries) == len(list(numbered(paper()))) + 1, "and the finding"
    assert "w:dirty" in entries[0]._p.xml
    assert made.settings.element.find(qn("w:updateFields")) is not None


def test_properties_header_and_footer() -> None:
    made = opened(paper(brand=BRAND))
    core = made.core_properties
    assert (core.title, core.author, core.language) == ("Audit of cam-front", "Jane Doe", "en")
    assert core.created is not None
    assert core.created.isoformat().startswith("2026-11-27")
    last = made.sections[-1]
    assert "TLP:AMBER cam-front" in "".join(p.text for p in last.header.paragraphs)
    assert "not redacted cam-front" in "".join(p.text for p in made.sections[0].first_page_header.paragraphs)
    assert "NUMPAGES" in last.footer._element.xml
    assert round(last.page_width.inches, 1) == 8.5
    assert made.inline_shapes[0]._inline.docPr.get("descr") == "Logo of Muster GmbH"
    assert '"702082"' in made.styles["Heading 1"].element.xml
    assert not opened(paper(brand=replace(BRAND, logo=b"<svg/>", logo_type="image/svg+xml"))).inline_shapes


def test_the_same_document_gives_the_same_bytes() -> None:
    data = render(paper(brand=BRAND))
    assert data == render(paper(brand=BRAND))
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert {info.date_time for info in file.infolist()} == {(2026, 11, 27, 0, 0, 0)}


def words_in(made: Any) -> Iterator[str]:
    for element in made.element.body.iter(qn("w:t")):
        yield element.text or ""


@pytest.mark.parametrize("trick", [*TRICKS, *ATTACKS[::29]])
def test_a_trick_stays_text(trick: str) -> None:
    said = clean(trick)
    made = opened(paper(said))
    texts = list(words_in(made))
    assert sum(said in text for text in texts) > 20
    assert len(made.element.xpath("//w:tbl")) == len(opened(paper("x")).element.xpath("//w:tbl"))


@given(text=st.text(max_size=30))
@settings(max_examples=50, deadline=None)
def test_no_text_breaks_the_file(text: str) -> None:
    made = opened(paper(text))
    # An empty paragraph is left out; nothing else comes or goes.
    assert {e.tag for e in made.element.body.iter()} <= {e.tag for e in opened(paper("x")).element.body.iter()}


def test_forbidden_characters_are_spelt_out() -> None:
    document = paper("a\x00b\x0b\ufffe\ud800c\x1f")
    assert r"a\x00b\x0b\ufffe\ud800c\x1f" in list(words_in(opened(document)))


@pytest.mark.parametrize("tone", sorted(COLOURS))
def test_words_of_every_tone_can_be_read_on_white_and_on_a_shaded_row(tone: Any) -> None:
    for ground in ("FFFFFF", "F6F7F9", "FDECEA", "FFF4DB", "EAF2FA"):
        assert contrast(COLOURS[tone], ground) >= 4.5, ground


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


HOSTILE = clean("<w:p/>]]>&amp; ${x} " + TRICKS[4] + " 漢字 😀 \u202etxt")


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document with a hostile name and a table of three pages, in a folder of its own."""
    needs_libreoffice()
    folder = tmp_path_factory.mktemp("word")
    document = paper(HOSTILE, BRAND)
    long = Section(id="long", title="Many rows", blocks=(table("cam-front", "table-long", rows=150),))
    (folder / "report.docx").write_bytes(render(replace(document, sections=(*document.sections[:3], long))))
    return folder


def test_libreoffice_lays_out_all_of_it(laid_out: Path) -> None:
    told = pages(converted(laid_out / "report.docx", "pdf", laid_out))
    text = "\n".join(told)
    for number, _, section in numbered(paper("cam")):
        if section.title == "Summary":
            assert re.search(rf"^ *{number} +Summary$", text, re.MULTILINE)
    assert "Page 2 of" in told[1]
    assert all("TLP:AMBER" in page for page in told[1:])
    rows = [page for page in told if "cam-front 1" in page]
    assert len(rows) >= 3
    assert all(re.search(r"Device +Findings +Seen", page) for page in rows), "the head of a table on each page"


def test_libreoffice_keeps_hostile_text_as_text(laid_out: Path) -> None:
    text = converted(laid_out / "report.docx", "txt", laid_out).read_text("utf-8-sig")
    assert f"Telnet {HOSTILE}" in text
    assert text.count(HOSTILE) > 20


def test_it_is_still_itself_after_libreoffice_saved_it(laid_out: Path, tmp_path: Path) -> None:
    odt = converted(laid_out / "report.docx", "odt", laid_out)
    again = docx.Document(str(converted(odt, "docx", tmp_path)))
    styles = {p.style.name for p in again.paragraphs}
    assert {"Heading 1", "Heading 2", "Heading 3", "Card 2", "To edit", "Code", "Caption", "Callout danger"} <= styles
    assert "Many rows" in [p.text for p in again.paragraphs if p.style.name == "Heading 1"]


def test_a_line_without_words_is_no_paragraph() -> None:
    sections = (Section(id="a", title="A", blocks=(Paragraph(spans=plain("")),)),)
    made = opened(replace(paper(), sections=sections))
    assert made.paragraphs[-1].text == "A"


def test_strong_words_alone_stay_with_what_follows() -> None:
    blocks = (Paragraph(spans=(Span("What was found.", kind="strong"),)), Paragraph(spans=plain("Telnet")))
    made = opened(replace(paper(), sections=(Section(id="a", title="A", blocks=blocks),)))
    assert [p.style.name for p in made.paragraphs[-2:]] == ["Lead", "Normal"]


def test_a_page_that_nobody_signs_has_no_contents_and_no_ribbon() -> None:
    made = opened(replace(paper(), is_brief=True))
    styles = [p.style.name for p in made.paragraphs]
    assert styles[0] == "Title brief"
    assert not {"TOC Heading", "Status ribbon"} & set(styles)
    assert len(made.sections) == 1
    partial = opened(replace(paper(), is_brief=True, status="INCOMPLETE RUN"))
    assert "Status ribbon" in [p.style.name for p in partial.paragraphs]


def test_contents_of_very_many_findings_name_sections_alone() -> None:
    cards = tuple(Card(id=f"c{n}", title=f"Card {n}", blocks=()) for n in range(MOST_LISTED + 1))
    made = opened(replace(paper(), sections=(Section(id="a", title="A", blocks=cards),)))
    assert [p.text for p in made.paragraphs if p.style.name.startswith("toc ")] == ["1  A"]
    assert made.styles["Card unlisted 2"].element.pPr.find(qn("w:outlineLvl")).get(qn("w:val")) == "9"
    assert sum(p.style.name == "Card unlisted 2" for p in made.paragraphs) == MOST_LISTED + 1


@pytest.mark.parametrize("trick", TRICKS[::3])
def test_a_report_on_a_hostile_run_opens(trick: str) -> None:
    made = opened(report(spoiled(trick), Material(made="2026-11-27")))
    assert len(made.tables) > 10
    assert {p.style.name for p in made.paragraphs} >= {"Heading 1", "Card 2", "To edit", "Caption"}
