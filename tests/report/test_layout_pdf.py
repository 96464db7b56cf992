"""The document as a PDF, read with poppler: tagged, with an outline, whole, and no word of it is code."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from iotscan.cli.output import read_formats
from iotscan.data.brand import read_brand
from iotscan.model.brand import Brand
from iotscan.model.contrast import READABLE, WHITE, contrast
from iotscan.model.errors import BadInput
from iotscan.report.document import (
    Bullets,
    Card,
    Cell,
    Code,
    Column,
    Document,
    Fact,
    Facts,
    Paragraph,
    Section,
    Span,
    Table,
    cell,
    numbered,
    plain,
)
from iotscan.report.layout import needs, pdf, sheet
from iotscan.report.layout.shortening import EVIDENCE, FIRST, MOST, shortened
from iotscan.report.layout.visible import visible
from iotscan.report.registry import DOCUMENTS
from iotscan.shipped import shipped
from tests.data.test_brand import png

from .attacks import ATTACKS
from .hostile import TRICKS
from .papers import paper

pytest.importorskip("typst")

CODE = (
    '#read("/etc/passwd")',
    '#import "@preview/cetz:0.3.0": *',
    '#include "main.typ"',
    "#{ while true {} }",
    "#panic(1)",
    "$ sum_(x) $ $x$",
    "@ref <label> @r1",
    "\\u{41} \\ \\n \\# #[]",
    "*strong* _emphasis_ `raw` ```py x```",
    "// gone /* gone */",
    "= Heading\n== Another\n- list\n+ numbered\n/ term: x",
    "~ --- ... -? 'x' \"y\" https://evil.example/x",
    "] [ ] ) ( } {",
    '"}],"spelt":false,"x":[{"k":"card"',
    '#image("logo.svg") #json("report.json")',
    '#link("file:///etc/passwd")[x]',
)


def tool(name: str, *given: str, raw: bytes, tmp_path: Path) -> str:
    """What a program of poppler says of a PDF."""
    place = tmp_path / "report.pdf"
    place.write_bytes(raw)
    words = [name, *given, str(place), *(["-"] if name == "pdftotext" else [])]
    ended = subprocess.run(words, capture_output=True, check=True, timeout=60)
    return ended.stdout.decode()


def dense(text: str) -> str:
    """Without the blanks and breaks that lines of a page bring."""
    return re.sub(r"\s", "", text)


def document_of(said: str) -> Document:
    """A document with one text everywhere where lines cannot come between its letters."""
    blocks = (
        Paragraph(spans=plain(said)),
        Bullets(items=(plain(said),)),
        Facts(rows=(Fact(name="n", spans=plain(said)),)),
        Code(text=said),
        Table(id="t", caption=said, columns=(Column(title=said),), rows=((cell(said),),)),
        Card(id="c", title=said, blocks=(Paragraph(spans=(Span(said, kind="code"),)),)),
    )
    return replace(paper("x"), title=said, sections=(Section(id="s", title=said, blocks=blocks),))


def test_it_is_tagged_for_screen_readers_and_says_what_it_is(tmp_path: Path) -> None:
    raw = pdf.render(paper())
    said = dict(re.findall(r"^([\w ]+?): +(.*)$", tool("pdfinfo", raw=raw, tmp_path=tmp_path), re.MULTILINE))
    assert said["Title"] == "Audit of cam-front"
    assert said["Author"] == "Muster GmbH"
    assert (said["Tagged"], said["JavaScript"], said["Encrypted"], said["Form"]) == ("yes", "no", "no", "none")
    assert said["CreationDate"].startswith("Fri Nov 27")
    assert "(A4)" in said["Page size"]
    assert "pdfuaid" in tool("pdfinfo", "-meta", raw=raw, tmp_path=tmp_path)
    assert b"/Lang(en)" in raw
    for act in (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/OpenAction", b"/SubmitForm"):
        assert act not in raw


def test_its_structure_has_headings_tables_and_figures_that_speak(tmp_path: Path) -> None:
    raw = pdf.render(paper())
    said = tool("pdfinfo", "-struct-text", raw=raw, tmp_path=tmp_path)
    for kind in ("H1", "H2", "H3", "TOC", "Table", "TH", "TD", "THead", "L", "LI", "Code", "Figure", "Caption", "Link"):
        assert re.search(rf"^ *{kind}\b", said, re.MULTILINE), kind
    assert b"/Alt(Two of five, cam-front.)" in raw
    assert "/Scope /Column" in said


def test_the_outline_has_every_section_and_card(tmp_path: Path) -> None:
    raw = pdf.render(paper())
    titles = outline(raw)
    for number, _, section in numbered(paper()):
        assert any(number in title and section.title in title for title in titles), section.title
    assert "Telnet cam-front" in titles
    assert titles.count("cam-front") == 0, "a card that is not listed stands in no outline"


def outline(raw: bytes) -> list[str]:
    """The titles of the bookmarks: typst writes them outside of compressed streams."""
    found = []
    for item in re.findall(rb"<<[^<>]*?/Title ?(\((?:[^()\\]|\\.)*\))[^<>]*?/Parent[^<>]*>>|"
                           rb"<<[^<>]*?/Parent[^<>]*?/Title ?(\((?:[^()\\]|\\.)*\))[^<>]*>>", raw):  # fmt: skip
        text = (item[0] or item[1])[1:-1]
        found.append(text.decode("utf-16") if text.startswith(b"\xfe\xff") else text.decode("latin-1"))
    return found


def test_all_that_the_document_says_stands_in_it_in_its_order(tmp_path: Path) -> None:
    text = tool("pdftotext", raw=pdf.render(paper()), tmp_path=tmp_path)
    pages = text.split("\f")
    body = dense("".join(pages[2:]))
    at = 0
    for number, _, section in numbered(paper()):
        name = dense(f"Appendix {number}: {section.title}" if number.isalpha() else f"{number} {section.title}")
        assert name in dense(pages[1]), "the contents"
        at = body.index(name, at)
    for words in (
        "Write cam-front here.",
        "For the assessor to edit",
        "Check it yourself",
        "not assessed",
        "Critical",
    ):
        assert dense(words) in body, words
    count = len(pages) - 1
    for number, page in enumerate(pages[:-1], start=1):
        for words in (
            f"{number} of {count}",
            "DRAFT",
            "TLP:AMBER cam-front",
            "Left cam-front",
            "not redacted cam",
        ):
            assert words in page, (number, words)


def test_pages_are_not_blank_and_the_ribbon_is_there(tmp_path: Path) -> None:
    place = tmp_path / "report.pdf"
    place.write_bytes(pdf.render(paper()))
    subprocess.run(["pdftoppm", "-r", "30", str(place), str(tmp_path / "page")], check=True, timeout=60)
    pages = sorted(tmp_path.glob("page*.ppm"))
    assert len(pages) > 3
    for page in pages:
        dots = page.read_bytes()[15:]
        assert 0.001 < 1 - dots.count(255) / len(dots) < 0.6, page.name
    accent = bytes.fromhex(sheet.ACCENT[1:])
    whole = pages[0].read_bytes()
    assert whole.count(accent) > 100


def test_every_trick_stays_text(tmp_path: Path) -> None:
    """All in one document: a word that was code would stop it, or be gone from the text."""
    tricks = [visible(trick.strip())[:200] for trick in (*CODE, *TRICKS, *ATTACKS[::19])]
    sections = tuple(replace(document_of(trick).sections[0], id=f"s{number}") for number, trick in enumerate(tricks))
    raw = pdf.render(replace(paper("x"), title=" ".join(CODE), sections=sections))
    text = dense(tool("pdftotext", "-raw", raw=raw, tmp_path=tmp_path).replace("\f", ""))
    for trick in tricks:
        if trick.isascii() and len(trick) < 80:
            assert text.count(dense(trick)) >= 12, trick
    assert "root:x:0" not in text
    assert b"/URI(" not in raw


def test_a_trick_in_every_block_of_a_document(tmp_path: Path) -> None:
    raw = pdf.render(paper(" ".join(CODE)))
    assert dense(CODE[0]) in dense(tool("pdftotext", "-raw", raw=raw, tmp_path=tmp_path))


def test_letters_that_no_font_has_are_spelt_out_and_the_cover_says_so(tmp_path: Path) -> None:
    text = tool("pdftotext", raw=pdf.render(document_of("Камера Ωμέγα 𓀀 x")), tmp_path=tmp_path)
    assert "Камера Ωμέγα" in text
    assert "\\U00013000" in text
    assert "no font of the machine" in text
    text = tool("pdftotext", raw=pdf.render(document_of("Камера")), tmp_path=tmp_path)
    assert "no font of the machine" not in text


def test_a_script_is_shown_or_spelt_out_and_never_lost(tmp_path: Path) -> None:
    words = ("摄像头", "カメラ", "카메라", "كاميرا", "מצלמה", "กล้อง", "कैमरा", "e\u0301\u0323x")
    raw = pdf.render(document_of(" | ".join(map(visible, words))))
    text = dense(tool("pdftotext", raw=raw, tmp_path=tmp_path))
    for said in words:
        assert said[0] in text or f"\\u{ord(said[0]):04x}" in text, said


def test_links_lead_to_what_is_there_or_to_an_address(tmp_path: Path) -> None:
    raw = pdf.render(paper())
    assert b"/URI(https://docs.example/a?b=(c)&d=1)" in raw
    refused = ("javascript:alert(1)", "file:///etc/passwd", "http:x", "#nowhere", "https://é.example", "https://[")
    linked = tuple(Paragraph(spans=(Span("words", kind="link", href=href),)) for href in refused)
    raw = pdf.render(replace(paper(), sections=(Section(id="s", title="S", blocks=linked),)))
    assert b"/URI" not in raw
    assert tool("pdftotext", raw=raw, tmp_path=tmp_path).count("words") == len(refused)


def test_two_of_the_same_id_are_no_error() -> None:
    block = Card(id="same", title="A", blocks=(Paragraph(spans=(Span("b", kind="link", href="#same"),)),))
    assert pdf.render(replace(paper(), sections=(Section(id="same", title="S", blocks=(block, block)),)))


def test_long_words_and_code_stay_on_the_page(tmp_path: Path) -> None:
    digest = "0123456789abcdef" * 16
    columns = tuple(Column(title=f"Communication {n}") for n in range(8))
    rows = (tuple(cell(digest[:64]) for _ in columns),)
    blocks = (Code(text=f'{{"a":"{digest}"}}'), Table(id="t", caption="c", columns=columns, rows=rows))
    raw = pdf.render(replace(paper("x"), title=digest, sections=(Section(id="s", title=digest, blocks=blocks),)))
    boxes = tool("pdftotext", "-bbox", raw=raw, tmp_path=tmp_path)
    right = [float(x) for x in re.findall(r'xMax="([0-9.]+)" yMax="[0-9.]+">[^<]', boxes)]
    assert max(right) < 595 - 55
    assert digest in dense(tool("pdftotext", "-raw", raw=raw, tmp_path=tmp_path))


def test_a_table_over_pages_repeats_its_head(tmp_path: Path) -> None:
    rows = tuple((cell(f"device {n}"), Cell(spans=plain("x"))) for n in range(120))
    table = Table(id="t", caption="Many", columns=(Column(title="Head one"), Column(title="Two")), rows=rows)
    raw = pdf.render(replace(paper("x"), sections=(Section(id="s", title="S", blocks=(table,)),)))
    pages = [p for p in tool("pdftotext", raw=raw, tmp_path=tmp_path).split("\f") if "device " in p]
    assert len(pages) > 2
    assert all("Head one" in page for page in pages)


def test_the_same_document_gives_the_same_bytes() -> None:
    assert pdf.render(paper()) == pdf.render(paper())
    assert pdf.render(replace(paper(), made="no day")) == pdf.render(replace(paper(), made="no day"))


def test_a_brand_is_worn(tmp_path: Path) -> None:
    brand = read_brand(shipped("reports") / "brand")
    raw = pdf.render(paper(brand=replace(brand, paper="letter")))
    assert "(letter)" in tool("pdfinfo", raw=raw, tmp_path=tmp_path)
    assert b"/Alt(Logo of Juniper Hollow Security)" in raw
    raw = pdf.render(paper(brand=Brand(logo=png(8, 4), logo_type="image/png")))
    pictured = tool("pdfimages", "-list", raw=raw, tmp_path=tmp_path)
    assert re.search(r"image +8 +4 ", pictured)
    made = sheet.sheet(paper(brand=brand))
    assert (made["primary"], made["accent"]) == ("#1d4a43", "#9a3d12")
    made = sheet.sheet(paper(brand=Brand(primary="#ffff00", accent="red")))
    assert (made["primary"], made["accent"]) == (sheet.PRIMARY, sheet.ACCENT)


def test_a_logo_that_cannot_be_drawn_is_one_line() -> None:
    with pytest.raises(BadInput, match="the logo of the brand cannot be drawn"):
        pdf.render(paper(brand=Brand(logo=b"\x89PNG", logo_type="image/png")))


@pytest.mark.parametrize("color", [*sheet.TONES.values(), sheet.PRIMARY, sheet.ACCENT])
def test_our_colours_can_be_read(color: str) -> None:
    assert contrast(color, WHITE) >= READABLE


def test_without_typst_it_is_one_line_before_any_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(needs, "find_spec", lambda _: None)
    with pytest.raises(BadInput, match=r"pip install 'iotscan\[report\]'"):
        DOCUMENTS["pdf"](paper())
    for wanted in ("pdf", "html,pdf", f"pdf:{tmp_path}/x.pdf"):
        with pytest.raises(BadInput, match=r"needs typst, which is not installed: pip install"):
            read_formats([wanted], tmp_path)
    assert read_formats(["docx", "html,md"], tmp_path)


def test_whoever_asks_for_no_pdf_loads_no_typst() -> None:
    code = "import sys, iotscan.report.registry, iotscan.report.layout.pdf as p; sys.exit('typst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def places(count: int) -> tuple[Card, ...]:
    return tuple(Card(id=f"p{n}", title=f"place {n}", listed=False, blocks=()) for n in range(count))


def large(count: int, *, evidence: int = 0) -> Document:
    finding = Card(id="f", title="F", blocks=places(count))
    raw = tuple(Card(id=f"e{n}", title=f"evidence {n}", blocks=()) for n in range(evidence))
    sections = (Section(id="s", title="S", blocks=(finding,)), Section(id="a", title="A", blocks=raw, is_appendix=True))
    return replace(paper("x"), sections=sections)


def test_a_document_for_paper_is_whole_until_it_is_too_large(tmp_path: Path) -> None:
    assert shortened(large(MOST, evidence=EVIDENCE)) == large(MOST, evidence=EVIDENCE)
    short = shortened(large(MOST + 1, evidence=EVIDENCE + 5))
    card: Any = short.sections[0].blocks[0]
    assert [b.title for b in card.blocks[:-1]] == [f"place {n}" for n in range(FIRST)]
    text = tool("pdftotext", raw=pdf.render(short), tmp_path=tmp_path)
    assert f"{MOST + 1 - FIRST} more of 1,001 are not laid out on paper" in text
    assert "5 more of 305 are not laid out on paper" in text


def test_what_takes_too_long_is_stopped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 0.05)
    with pytest.raises(BadInput, match=r"not ready within 0\.05 seconds.*-f html"):
        pdf.render(paper("x"))


def test_typst_is_held_to_a_limit_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    tight = "import resource as r; r.setrlimit(r.RLIMIT_DATA, (16_000_000, 16_000_000))"
    starved = f"{tight}; import iotscan.report.layout.typesetting as t; t.main()"
    monkeypatch.setattr(pdf, "COMMAND", (sys.executable, "-c", starved))
    with pytest.raises(BadInput, match=r"typst ended without a PDF"):
        pdf.render(paper("x"))
