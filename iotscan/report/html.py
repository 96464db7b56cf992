"""The run as one HTML page to send on: nothing to fetch, whole without script, safe with whatever a device says.

Everything goes through Jinja2 with autoescape; style and script are inline and named by their hashes in the
page's own content security policy, so that a browser runs nothing else (docs/decisions/0007).
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from iotscan.model.grade import LETTERS
from iotscan.model.run import Cost, Run
from iotscan.model.vocabulary import Element, Severity
from iotscan.report.asked import asked
from iotscan.report.content import ElementRow, FindingGroup, OwnerRow, View
from iotscan.report.prose import Block, spans
from iotscan.report.view import view
from iotscan.report.words import NOTHING, counted, listed
from iotscan.shipped import shipped

SHAPES = dict(zip(Severity, ("●", "▲", "◆", "▽", "○"), strict=True))
"""A shape for each severity, those of the terminal."""
_MOODS = {"fail": "✕", "warn": "!", "pass": "✓", "plain": "–"}
_HEADINGS = {"scan": "Scan of", "discover": "Inventory of", "image": "Check of the image"}
_ADDRESS = re.compile(r"(https?://[A-Za-z0-9._~:/?#\[\]@!$&*+,;=%-]+[A-Za-z0-9/#=])")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is graded on its own: the network, or an image. ``note`` says which, or how it is spread."""

    kind: str
    note: str
    shown: str
    assessed: int
    total: int
    elements: tuple[ElementRow, ...]


def render(run: Run) -> str:
    """The page, ending in a newline."""
    told = view(run)
    standings = tuple(_standings(told))
    style, script = _inline("page.css"), _inline("page.js")
    mood = _mood(told)
    return (
        _page().render(
            told=told,
            heading=f"{_HEADINGS[told.about.command]} {listed(told.about.targets, 3) or 'nothing'}",
            stamp=_stamp(told),
            policy=policy(style, script),
            style=style,
            script=script,
            mood=mood,
            mood_shape=_MOODS[mood],
            standings=standings,
            assessed=sum(r.assessed for r in (*told.devices, *told.images)),
            applicable=sum(r.total for r in (*told.devices, *told.images)),
            waivers={w.id: w for w in told.waivers},
            cost=_cost(told.devices),
        )
        + "\n"
    )


def policy(style: str, script: str) -> str:
    """A content security policy that allows these two inline blocks, images in the page itself, and nothing else."""
    allowed = {"style-src": _hash(style), "script-src": _hash(script), "img-src": "data:"}
    closed = ("default-src", "base-uri", "form-action")
    return "; ".join((*(f"{name} 'none'" for name in closed), *(f"{name} {what}" for name, what in allowed.items())))


def _hash(block: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}'"


def _folder() -> Path:
    return shipped("reports") / "templates" / "html"


@cache
def _inline(name: str) -> Markup:
    """Our own style or script as it stands in the file. It never holds anything of a run."""
    return Markup((_folder() / name).read_text(encoding="utf-8"))  # noqa: S704  # a file of ours


@cache
def _page() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "listed": listed,
        "counted": counted,
        "spans": spans,
        "addresses": addresses,
        "runs": _runs,
        "share": _share,
        "tone": _tone,
        "capitalised": _capitalised,
        "sentence": _sentence,
        "new": lambda group: _count(group, "baseline", "new"),
        "waived": lambda group: sum(bool(f.waiver) for f in group.findings),
    }
    environment.globals |= {"nothing": NOTHING, "shapes": SHAPES, "elements": tuple(e.value for e in Element)}
    return environment.get_template("page.html.j2")


def addresses(text: str) -> tuple[tuple[str, bool], ...]:
    """(piece, is an https or http address) of a line; no other scheme ever becomes a link."""
    pieces = _ADDRESS.split(text)
    return tuple((piece, bool(number % 2)) for number, piece in enumerate(pieces) if piece)


def _runs(prose: Iterable[Block]) -> Iterator[tuple[str, list[str]]]:
    """Neighbours of one kind together: the items of a list, the lines of a command. Empty lines only part them."""
    for kind, group in groupby(prose, key=lambda b: b.kind if b.text.strip() else ""):
        if kind:
            yield kind, [b.text for b in group]


def _share(row: ElementRow, what: str) -> str:
    """A count of an element as per cent of what is applicable, with two digits, as SVG wants it."""
    return f"{100 * getattr(row, what) / row.total:.2f}" if row.total else "0"


def _tone(shown: str) -> str:
    """The style of a shown letter: ``a`` to ``f``, or ``none``. Only our own words ever become a class."""
    return shown[-1].lower() if shown[-1:] in LETTERS else "none"


def _capitalised(text: str) -> str:
    """``text`` with its first letter large; the others stay (Jinja's own filter makes them small)."""
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    """``text`` with a capital and a full stop."""
    text = _capitalised(text)
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _count(group: FindingGroup, field: str, value: str) -> int:
    return sum(getattr(f, field) == value for f in group.findings)


def _mood(told: View) -> str:
    """How the verdict looks: ``fail``, ``warn`` where something is missing, ``pass``, or ``plain`` without a gate."""
    if told.gate.startswith("FAIL"):
        return "fail"
    if told.partial or not told.is_complete:
        return "warn"
    return "pass" if told.gate == "PASS" else "plain"


def _stamp(told: View) -> str:
    known = told.about
    when = f"{known.started} to {known.finished or 'an end that did not come'}" if known.started else ""
    return " · ".join(part for part in (when, f"profile {known.profile}", f"run {known.run}") if part)


def _standings(told: View) -> Iterator[Standing]:
    if told.network:
        yield Standing(
            kind="Network",
            note=counted(told.network.devices, "device"),
            shown=told.network.shown,
            assessed=told.network.assessed,
            total=told.network.total,
            elements=told.network.elements,
        )
    for row in told.images:
        if row.elements:
            yield Standing(
                kind="Image",
                note=row.label,
                shown=row.shown,
                assessed=row.assessed,
                total=row.total,
                elements=row.elements,
            )


def _cost(rows: Sequence[OwnerRow]) -> str:
    spent = sum((r.cost for r in rows if r.cost), Cost())
    line = asked([(r.cost, r.label) for r in rows if r.cost])
    return f"{line}; {spent.bytes_sent:,} bytes sent, {spent.bytes_received:,} received" if line else ""
