"""A check in plain words: the page that ``iotscan explain`` prints."""

import textwrap
from collections.abc import Iterator

from iotscan.model.result import CheckInfo, VariantInfo
from iotscan.report.changes import HEADING
from iotscan.report.prose import blocks
from iotscan.report.words import clean

WIDTH = 80
LONGEST = 2000
"""Characters of a line that stays whole."""


def explain(info: CheckInfo, width: int = WIDTH, *, proved: str = "") -> str:
    """Everything that is known of a check as text of at most ``width`` columns (commands and URLs stay whole).

    ``proved`` are the changes that repair it, as :func:`iotscan.report.changes.changes` tells them.
    """
    return "\n".join(clean(line, LONGEST) for line in _page(info, width, proved)) + "\n"


def _page(info: CheckInfo, width: int, proved: str) -> Iterator[str]:
    yield from textwrap.wrap(f"{info.id}: {info.title}", width)
    yield ""
    facts = {
        "element": info.element.value,
        "confidence": info.confidence.value,
        "effort": f"{info.effort} (of the remedy)",
        "since": f"{info.since}{'' if info.lifecycle == 'stable' else f' ({info.lifecycle})'}",
        "also": ", ".join(info.aliases),
        "tags": ", ".join(info.tags),
        "pack": info.pack if info.pack != "iotscan" else "",
    }
    for name, text in facts.items():
        if text:
            yield from textwrap.wrap(text, width, initial_indent=f"{name:<12}", subsequent_indent=" " * 12)
    yield from _section("Ways to fail", "\n".join(f"- {v.severity}: {v.title} ({k})" for k, v in ranked(info)), width)
    yield from _section("What a profile may set", "\n".join(_parameters(info)), width)
    yield from _section("What it looks at", info.looks_at, width)
    yield from _section("Why it matters", info.matters, width)
    yield from _section("How to fix", info.fix, width)
    yield from _section(HEADING, proved, width)
    yield from _section("References", info.references, width)
    clauses = "\n".join(f"- {clause}" for clause in info.clauses)
    yield from _section("A result is evidence relevant to (it proves no conformity)", clauses, width)


def _parameters(info: CheckInfo) -> Iterator[str]:
    for name, parameter in info.parameters.items():
        yield f"- {name} ({parameter.kind}, default {parameter.shown}): {parameter.title}"


def ranked(info: CheckInfo) -> list[tuple[str, VariantInfo]]:
    """The variants of a check, most severe first."""
    return sorted(info.variants.items(), key=lambda item: -item[1].severity.rank)


def _section(heading: str, prose: str, width: int) -> Iterator[str]:
    if prose.strip():
        yield ""
        yield from textwrap.wrap(heading.upper(), width)
        yield from reflow(prose, width, indent=2)


def reflow(prose: str, width: int, indent: int = 0) -> Iterator[str]:
    """Wrap paragraphs and list items anew; fenced and indented blocks stay as they are."""
    margin = " " * indent
    for block in blocks(prose):
        if block.kind == "code":
            yield f"{margin}{block.text}".rstrip()
            continue
        hang = margin + ("  " if block.kind == "item" else "")
        yield from textwrap.wrap(
            block.text,
            width,
            initial_indent=margin,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
