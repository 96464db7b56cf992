"""A check in plain words: the page that ``iotscan explain`` prints."""

import re
import textwrap
from collections.abc import Iterator

from iotscan.model.result import CheckInfo, VariantInfo
from iotscan.report.words import clean

WIDTH = 80
LONGEST = 2000
"""Characters of a line that stays whole."""
_ITEM = re.compile(r"[-*] ")


def explain(info: CheckInfo, width: int = WIDTH) -> str:
    """Everything that is known of a check as text of at most ``width`` columns (commands and URLs stay whole)."""
    return "\n".join(clean(line, LONGEST) for line in _page(info, width)) + "\n"


def _page(info: CheckInfo, width: int) -> Iterator[str]:
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
    yield from _section("What it looks at", info.looks_at, width)
    yield from _section("Why it matters", info.matters, width)
    yield from _section("How to fix", info.fix, width)
    yield from _section("References", info.references, width)
    clauses = "\n".join(f"- {clause}" for clause in info.clauses)
    yield from _section("A result is evidence relevant to (it proves no conformity)", clauses, width)


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
    for text, is_verbatim in _blocks(prose):
        if is_verbatim:
            yield f"{margin}{text}".rstrip()
            continue
        hang = margin + ("  " if _ITEM.match(text) else "")
        yield from textwrap.wrap(
            text,
            width,
            initial_indent=margin,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _blocks(prose: str) -> Iterator[tuple[str, bool]]:
    """(paragraph or item, False) and (line that stays as it is, True); fences themselves are dropped."""
    paragraph: list[str] = []
    is_fenced = False
    for line in prose.strip().splitlines():
        is_fence = line.lstrip().startswith("```")
        is_verbatim = is_fenced or not line.strip() or (line.startswith("    ") and not paragraph)
        if paragraph and (is_verbatim or is_fence or _ITEM.match(line)):
            yield " ".join(paragraph), False
            paragraph = []
        if is_fence:
            is_fenced = not is_fenced
        elif is_verbatim:
            yield line, True
        else:
            paragraph.append(line.strip())
    if paragraph:
        yield " ".join(paragraph), False
