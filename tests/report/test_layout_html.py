"""The document as one page: nothing that anybody says becomes markup, nothing is fetched, every colour can be read."""

import base64
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element as Node

import html5lib
import pytest
from msgspec.structs import replace

from iotscan.model.brand import Brand
from iotscan.model.contrast import contrast
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Severity
from iotscan.report.audit.assembly import document
from iotscan.report.document import Badge, Card, Document, Paragraph, Section, numbered, plain
from iotscan.report.ink import UNICODE
from iotscan.report.layout.facets import SHAPES, facets
from iotscan.report.layout.html import BLOCKS, render, templates
from iotscan.report.layout.markup import target
from iotscan.report.layout.palette import DARK, LIGHT, palettes
from iotscan.report.layout.paper import css_string
from iotscan.report.registry import encoded

from . import golden
from .attacks import ATTACKS
from .example import example_run, image_run, interrupted_run
from .full import full_run, retold
from .hostile import TRICKS
from .papers import paper

EVIL = (*ATTACKS, *TRICKS)
RUNS = (example_run, interrupted_run, image_run, full_run)
DRAWN = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
SVG = "{http://www.w3.org/2000/svg}"
_NAMING = frozenset({"id", "href", "for", "name", "aria-label", "aria-labelledby", "data-q", "data-k", "value", "alt"})
"""Attributes in which a word of a run may stand; their names are compared, not their values."""


def page_of(run: object) -> str:
    return render(document(run)).decode()  # type: ignore[arg-type]


def sifted(said: str) -> Document:
    """The handmade document, its first section with a filter, and a brand that says the same."""
    brand = Brand(company=said, authors=(said,), contact=said, logo=DRAWN, logo_type="image/svg+xml", legal=(said,))
    made = paper(said, brand)
    first = replace(made.sections[0], filterable=True)
    more = tuple(
        Card(
            id=f"card-{n}",
            title=f"{said} {n}",
            badges=(Badge(text=severity, tone=severity), Badge(text="keys" if n % 2 else "cloud"), Badge(text=said)),
            blocks=(Paragraph(spans=plain(said)),),
            search=said,
        )
        for n, severity in enumerate(("critical", "high", "low"))
    )
    return replace(made, sections=(replace(first, blocks=(*first.blocks, *more)), *made.sections[1:]))


def parse(page: str) -> Node:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    made = parser.parse(page)
    # What a hostile text could do first is to make the page invalid.
    assert [name for _, name, _ in parser.errors] == []
    return made


def shape(node: Node) -> Iterator[tuple[object, ...]]:
    """Tags and attributes in order, with their values where no text of a run may stand."""
    for inner in node.iter():
        names = sorted(k for k in inner.attrib if k != "content")
        yield (
            inner.tag if isinstance(inner.tag, str) else "comment",
            *((k, "" if k in _NAMING else inner.get(k)) for k in names),
        )


def words(page: str) -> str:
    """What a reader sees, as one line."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", body)).split())


def test_the_sample_is_what_is_written() -> None:
    golden.match(golden.REPORTS / "samples" / "report.html", encoded(example_run(), "html").decode())


@pytest.mark.parametrize("turn", range(3))
def test_no_text_of_a_run_becomes_markup(turn: int) -> None:
    run = full_run()

    def trick(text: str) -> str:
        return EVIL[(zlib.crc32(text.encode()) + turn * 131) % len(EVIL)]

    said: Counter[str] = Counter()

    def evil(text: str) -> str:
        said[trick(text)] += 1
        return f"{text} {trick(text)}"

    hostile = page_of(retold(run, evil))
    harmless = page_of(retold(run, lambda text: f"{text} {'x' * len(safe_text(trick(text), 10**6))}"))
    assert len(said) > 100
    # Rows are in the order of what they say.
    assert Counter(shape(parse(hostile))) == Counter(shape(parse(harmless)))


@pytest.mark.parametrize("start", range(0, len(EVIL), 61))
def test_every_attack_stays_text_in_every_block(start: int) -> None:
    harmless = list(shape(parse(render(sifted("x y")).decode())))
    for attack in EVIL[start : start + 61]:
        # A device's text is one printable line by the time that it is here; code may hold more.
        told = safe_text(attack, 10**6) or "-"
        page = render(sifted(told)).decode()
        assert list(shape(parse(page))) == harmless, attack
        assert told in unescape(page)


def test_only_the_web_and_what_is_there_is_a_link() -> None:
    assert target("https://a.example/b?c=(d)&e", frozenset()) == "https://a.example/b?c=(d)&e"
    assert target("#there", frozenset({"there"})) == "#there"
    for text in (
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//a.example",
        "#gone",
        "https://a\tb",
    ):
        assert target(text, frozenset({"there"})) == ""


@pytest.mark.parametrize("make", [*(lambda r=r: document(r()) for r in RUNS), lambda: sifted("x")])
def test_the_policy_names_exactly_what_is_inline(make: Callable[[], Document]) -> None:
    page = render(make()).decode()
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert found
    rules = dict(rule.split(" ", 1) for rule in unescape(found[1]).split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        (block,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert rules[name] == f"'sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}'"


@pytest.mark.parametrize("make", [*(lambda r=r: document(r()) for r in RUNS), lambda: sifted("x")])
def test_nothing_is_fetched_and_nothing_acts(make: Callable[[], Document]) -> None:
    page = render(make()).decode()
    for node in parse(page).iter():
        assert not any(name.startswith("on") or name in ("style", "srcset", "action") for name in node.attrib)
        assert node.get("src", "data:image/svg+xml;base64,").startswith("data:image/svg+xml;base64,")
        href = node.get("href", "#")
        outside = node.tag == "a" and href.startswith("https://") and node.get("rel") == "noreferrer"
        assert href.startswith("#") or outside or (node.tag == "link" and href == "data:,")
    assert "url(" not in page.replace("url(#hatch)", "")
    assert "@import" not in page


@pytest.mark.parametrize("make", [*(lambda r=r: document(r()) for r in RUNS), lambda: sifted("x")])
def test_headings_are_in_order_and_ids_are_unique(make: Callable[[], Document]) -> None:
    told = make()
    page = parse(render(told).decode())
    levels = [int(str(n.tag)[1]) for n in page.iter() if re.fullmatch(r"h\d", str(n.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    ids = [n.attrib["id"] for n in page.iter() if "id" in n.attrib]
    assert [i for i, n in Counter(ids).items() if n > 1] == []
    targets = {n.attrib["href"][1:] for n in page.iter("a") if n.attrib["href"].startswith("#")}
    labels = {i for n in page.iter() for i in n.attrib.get("aria-labelledby", "").split()}
    assert targets | labels <= set(ids)
    assert all("scope" in n.attrib for n in page.iter("th"))
    assert all(n.find("caption") is not None for n in page.iter("table"))
    assert page.find(".").attrib["lang"] == "en"  # type: ignore[union-attr]
    numbers = ["".join(n.itertext()) for n in page.iter("span") if n.get("class") == "no"]
    wanted = [number for number, _, _ in numbered(told)]
    assert numbers == wanted * 2, "once in the contents, once over the section"


def test_a_chart_has_a_name_a_description_a_hatch_and_its_table() -> None:
    page = parse(render(paper()).decode())
    (figure,) = page.iter("figure")
    picture = next(n for n in figure.iter(f"{SVG}svg") if n.get("role") == "img")
    title, told = picture.attrib["aria-labelledby"].split()
    texts = {n.get("id"): n.text for n in picture.iter() if n.get("id")}
    assert texts[title] == "Elements"
    assert texts[told] == "Two of five, cam-front."
    assert sum(n.get("fill") == "url(#hatch)" for n in picture.iter(f"{SVG}rect")) == 3
    widths = [n.get("width") for n in picture.iter(f"{SVG}rect") if n.get("class") != "bar-frame"]
    assert widths == ["100.00%", "60.00%", "30.00%", "10.00%", "100.00%", "0.10%", "0.10%", "99.80%", "100%"]
    (folded,) = figure.iter("details")
    assert [t.get("id") for t in folded.iter("table")] == ["data-1"]


def test_a_severity_has_a_word_and_the_shape_that_the_terminal_gives_it() -> None:
    assert {severity: SHAPES[severity] for severity in map(str, Severity)} == dict(UNICODE.severity)
    page = page_of(example_run())
    for severity in ("critical", "high", "medium", "low"):
        shown = f'class="mark {severity}"><span aria-hidden="true">{SHAPES[severity]}</span>&nbsp;{severity}<'
        assert shown in page


def test_what_a_person_has_to_write_is_marked() -> None:
    said = words(render(paper()).decode())
    assert said.count("To be written or confirmed by the assessor") == 1


@pytest.mark.parametrize("status", ["DRAFT", "FINAL", "INCOMPLETE RUN"])
def test_the_status_stands_on_the_cover_and_on_paper(status: str) -> None:
    page = render(replace(paper(), status=status)).decode()  # type: ignore[arg-type]
    assert re.search(rf'<p class="status status-[a-z]+"><span aria-hidden="true">.</span> {status}</p>', page)
    assert f"@top-left{{content:{css_string(f'Audit of cam-front · {status}')}" in page
    assert (f"– {status}</title>" in page) is (status != "FINAL")


def test_a_filter_offers_what_the_cards_are() -> None:
    told = facets(sifted("worn").sections[0])
    assert {c.name: tuple(word for _, word, _ in c.options) for c in told.choices} == {
        "Severity": ("critical", "high", "low"),
        "Element": ("keys", "cloud"),
        "Marked": ("open", "worn"),
    }
    assert told.total == 4
    page = parse(render(sifted("worn")).decode())
    cards = [n for n in page.iter("article") if "data-k" in n.attrib]
    assert len(cards) == 4, "a card in a card goes with it"
    assert all(n.attrib["data-q"] == "worn" for n in cards[1:])
    (form,) = page.iter("form")
    assert "hidden" in form.attrib, "without script it would do nothing"


def test_a_long_row_of_cards_does_not_bury_the_contents() -> None:
    cards = tuple(Card(id=f"c{n}", title=f"card {n}", blocks=()) for n in range(151))
    for count, listed in ((150, 150), (151, 0)):
        section = Section(id="a", title="A", blocks=cards[:count])
        page = parse(render(replace(paper(), sections=(section,))).decode())
        contents = next(page.iter("nav"))
        assert sum(a.attrib["href"].startswith("#c") for a in contents.iter("a")) == listed


@pytest.mark.parametrize("evil", ['"}</style><script>alert(1)</script>', "\\", "a\nb", "é漢", "*/", "\0"])
def test_what_stands_in_the_margin_stays_a_string(evil: str) -> None:
    assert re.fullmatch(r'"(?:[A-Za-z0-9 ]|\\[0-9a-f]+ )*"', css_string(evil))
    page = render(replace(paper(), classification=evil, footer=evil, warning=evil, title=evil)).decode()
    assert page.count("<style>") == page.count("</style>") == page.count("<script>") == page.count("</script>") == 1


@pytest.mark.parametrize(("paper_size", "size"), [("a4", "A4"), ("letter", "letter"), ("x}", "A4")])
def test_the_paper_is_the_brands(paper_size: str, size: str) -> None:
    assert f"@page{{size:{size};" in render(replace(paper(), brand=Brand(paper=paper_size))).decode()


COLOURS = ("", "#000000", "#ffffff", "#ffcc00", "#0057b8", "#7f7f7f", "#1a1a1a", "#ff0000")


@pytest.mark.parametrize("colour", COLOURS)
def test_every_text_can_be_read_on_its_ground_with_any_brand(colour: str) -> None:
    tones = ("critical", "high", "medium", "low", "info", "good")
    for palette in palettes(Brand(primary=colour, accent=colour)):
        inks = ("text", "muted", "accent", "brand-ink")
        pairs = [(ink, ground) for ink in inks for ground in ("page", "surface", "sunken")]
        pairs += [(tone, ground) for tone in tones for ground in (f"{tone}-soft", "surface", "page")]
        pairs += [("on-brand", "brand")]
        for ink, ground in pairs:
            assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)
        for bar in ("bar-passed", "bar-failed", "strong-line"):
            assert contrast(palette[bar], palette["surface"]) >= 3, bar


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    light, _ = palettes(Brand(primary="#0b3d2e", accent="#8a1538"))
    assert (light["brand"], light["brand-ink"], light["accent"]) == ("#0b3d2e", "#0b3d2e", "#8a1538")


def test_the_schemes_name_the_same_colours_and_all_that_is_used() -> None:
    light, dark = palettes(Brand())
    assert set(LIGHT) == set(DARK)
    style = (templates() / "page.css").read_text(encoding="utf-8")
    assert set(re.findall(r"var\(--([a-z-]+)\)", style)) == set(light) == set(dark)


def test_every_block_has_a_template() -> None:
    assert {f"{block}.html.j2" for block in (*BLOCKS, "masthead", "page", "blocks")} == {
        p.name for p in templates().glob("*.j2")
    }


def test_a_brief_page_has_neither_cover_nor_contents(tmp_path: Path) -> None:
    (tmp_path / "cover.html.j2").write_text("<p>a cover of theirs</p>")
    brief = replace(paper("x", Brand(templates=str(tmp_path))), is_brief=True, status="DRAFT")
    page = render(brief).decode()
    root = parse(page)
    assert not any("cover" in (node.get("class") or "").split() for node in root.iter())
    assert root.find(".//nav") is None
    assert "DRAFT" not in page
    assert "a cover of theirs" not in page
    assert [node.text for node in root.iter("h1")] == [brief.title]
    assert "INCOMPLETE RUN" in words(render(replace(brief, status="INCOMPLETE RUN")).decode())
