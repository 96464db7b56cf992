"""The document as one HTML page to send on: nothing to fetch, whole without script, safe with whatever a device says.

Everything goes through Jinja2 with autoescape; style and script are inline and named by their hashes in the page's
own content security policy, so that a browser runs nothing else (docs/decisions/0007, 0050).
"""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from iotscan.model.brand import Brand
from iotscan.report.document import Block, Card, Chart, Document, Fold, Section, Table, numbered, words_of
from iotscan.report.layout.facets import SHAPES, facets, severity
from iotscan.report.layout.markup import kind, shares, sought, target, tone, weights
from iotscan.report.layout.overrides import Overrides, read_overrides
from iotscan.report.layout.palette import sheet
from iotscan.report.layout.paper import paper_sheet
from iotscan.shipped import shipped

BLOCKS: Final = ("header", "cover", "contents", "before", "after", "footer")
"""The blocks that a brand's templates may stand in for, in the order in which they stand in the page."""
MOST_ENTRIES: Final = 150
"""Cards of a section that the contents list; a longer row has a filter, and would only bury the sections."""
_STATES: Final = {"DRAFT": ("draft", "✎"), "FINAL": ("final", "✓"), "INCOMPLETE RUN": ("incomplete", "!")}


def render(document: Document) -> bytes:
    """The whole page as UTF-8, ending in a newline.

    Raises :class:`~iotscan.model.errors.BadInput` for a template of the brand's that cannot be used.
    """
    overrides = read_overrides(document.brand.templates, BLOCKS) if document.brand.templates else Overrides()
    page = page_data(document)
    style = _style(document, overrides.style)
    script = inline("page.js")
    made = (
        _environment()
        .get_template("page.html.j2")
        .generate(
            page=page,
            document=document,
            parts={block: _part(block, page, overrides) for block in BLOCKS},
            numbers={id(section): number for number, _, section in numbered(document)},
            ids=frozenset(_ids(document)),
            policy=policy(style, script),
            style=style,
            script=script,
        )
    )
    return "".join((*made, "\n")).encode()


def page_data(document: Document) -> dict[str, Any]:
    """What the blocks around the sections are told: words, lists and dictionaries, nothing that does anything."""
    brand = document.brand
    state, shape = _STATES[document.status] if document.has_status else ("", "")
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "is_brief": document.is_brief,
        "status": document.status if document.has_status else "",
        "status_shape": shape,
        "state": state,
        "classification": document.classification,
        "language": document.language,
        "made": document.made,
        "facts": [{"name": fact.name, "text": words_of(fact.spans)} for fact in document.facts],
        "footer": document.footer,
        "warning": document.warning,
        "company": brand.company,
        "authors": list(brand.authors),
        "contact": brand.contact,
        "legal": list(brand.legal),
        "logo": _logo(brand),
        "contents": [] if document.is_brief else list(_contents(document)),
    }


def policy(style: str, script: str) -> str:
    """A content security policy that allows these two inline blocks, images in the page itself, and nothing else."""
    allowed = {"style-src": _hash(style), "script-src": _hash(script), "img-src": "data:"}
    closed = ("default-src", "base-uri", "form-action")
    return "; ".join((*(f"{name} 'none'" for name in closed), *(f"{name} {what}" for name, what in allowed.items())))


def _hash(block: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}'"


def _logo(brand: Brand) -> str:
    if not brand.logo or brand.logo_type not in ("image/svg+xml", "image/png"):
        return ""
    return f"data:{brand.logo_type};base64,{base64.b64encode(brand.logo).decode()}"


def _contents(document: Document) -> Iterator[dict[str, Any]]:
    for number, depth, section in numbered(document):
        cards = [{"id": card.id, "title": card.title} for card in _cards(section.blocks) if card.listed]
        yield {
            "number": number,
            "depth": depth,
            "id": section.id,
            "title": section.title,
            "cards": cards if len(cards) <= MOST_ENTRIES else [],
        }


def _cards(blocks: tuple[Block, ...]) -> Iterator[Card]:
    for block in blocks:
        if isinstance(block, Card):
            yield block
        elif isinstance(block, Fold):
            yield from _cards(block.blocks)


def _ids(document: Document) -> Iterator[str]:
    """Every id that a link may lead to."""
    for _, _, section in numbered(document):
        yield section.id
        yield from _ids_in(section.blocks)


def _ids_in(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Card():
                yield block.id
                yield from _ids_in(block.blocks)
            case Fold():
                yield from _ids_in(block.blocks)
            case Table():
                yield block.id
            case Chart():
                yield from (block.id, block.table.id)


def _part(block: str, page: dict[str, Any], overrides: Overrides) -> Markup:
    """A block around the sections: the brand's where it has one, else ours."""
    if page["is_brief"] and block in ("cover", "contents"):
        # A brand's cover is made for a report of many pages, as ours is.
        return _ours("masthead", page) if block == "cover" else Markup()
    if block in overrides.templates:
        # Rendered with autoescape in a process of its own: what is in it beyond text is the assessor's own.
        return Markup(overrides.render(block, page))  # noqa: S704  # escaped in its own process
    return _ours(block, page)


def _ours(name: str, page: dict[str, Any]) -> Markup:
    return Markup(_environment().get_template(f"{name}.html.j2").render(page=page))  # noqa: S704  # escaped there


def _style(document: Document, own: str) -> Markup:
    """Colours, our style, the paper, and the brand's own style last. Nothing of a run stands in it unescaped."""
    parts = (sheet(document.brand), inline("page.css"), paper_sheet(document), own)
    return Markup("\n".join(part for part in parts if part))  # noqa: S704  # ours, and a brand's own style


def templates() -> Path:
    """The folder of our templates."""
    return shipped("reports") / "templates" / "audit"


@cache
def inline(name: str) -> Markup:
    """Our own style or script as it stands in the file. It never holds anything of a run."""
    return Markup((templates() / name).read_text(encoding="utf-8"))  # noqa: S704  # a file of ours


@pass_context
def _number(context: Context, section: Section) -> str:
    return str(context["numbers"][id(section)])


@pass_context
def _target(context: Context, href: str) -> str:
    return target(href, context["ids"])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "kind": kind,
        "tone": tone,
        "weights": weights,
        "shares": shares,
        "severity": severity,
        "sought": sought,
        "facets": facets,
        "number": _number,
        "target": _target,
    }
    environment.globals |= {"shapes": SHAPES}
    return environment
