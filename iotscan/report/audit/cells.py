"""Cells and spans that several sections make alike: letters, severities, counts, links."""

from collections.abc import Iterator, Sequence

from iotscan.model.vocabulary import Severity
from iotscan.report.content import OwnerRow
from iotscan.report.document import Cell, Fact, Span, Spans, Tone, cell, plain
from iotscan.report.prose import spans as marked
from iotscan.report.words import NOTHING, clean, listed

_LETTERS: dict[str, Tone] = {"A": "a", "B": "b", "C": "c", "D": "d", "E": "e", "F": "f"}
_SEVERITIES: dict[Severity, Tone] = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "high",
    Severity.MEDIUM: "medium",
    Severity.LOW: "low",
    Severity.INFO: "info",
}


def letter_tone(shown: str) -> Tone:
    """The tone of a letter as it is shown: ``≤C`` has that of C, ``–`` is unknown."""
    return _LETTERS.get(shown[-1:], "unknown")


def severity_tone(severity: Severity) -> Tone:
    """The tone of a severity."""
    return _SEVERITIES[severity]


def letter(shown: str) -> Cell:
    """A cell with a letter; one that nobody gave is a dash."""
    return cell(shown or NOTHING, letter_tone(shown))


def number(count: int, tone: Tone = "") -> Cell:
    """A cell with a count; the tone goes with one that is not zero."""
    return cell(f"{count:,}", tone if count else "")


def link(text: str, id: str) -> Span:
    """A link to a section, card or table of this document."""
    return Span(text, "link", f"#{id}")


def strong(text: str) -> Span:
    """Words that stand out."""
    return Span(text, "strong")


def fact(name: str, text: str) -> Fact:
    """A name and some words; nothing known is a dash."""
    return Fact(name=name, spans=plain(text or NOTHING))


def facts(*rows: tuple[str, str]) -> tuple[Fact, ...]:
    """The rows that have a value."""
    return tuple(fact(name, text) for name, text in rows if text)


def prose(text: str, limit: int = 600) -> Spans:
    """A line of a check's prose: what it marks as code stays code."""
    return tuple(Span(piece, "code" if kind == "code" else "text") for piece, kind in marked(clean(text, limit)))


def share(assessed: int, total: int) -> str:
    """``12 of 40 (30%)``; never 100% where something is open, never 0% where something is known."""
    return f"{assessed:,} of {total:,} ({percent(assessed, total)})" if total else "nothing to assess"


def percent(part: int, whole: int) -> str:
    """A share in whole percent that rounds neither to all nor to nothing."""
    if not whole:
        return "0%"
    rounded = round(100 * part / whole)
    return f"{min(max(rounded, 1 if part else 0), 100 if part == whole else 99)}%"


def severities(counts: dict[Severity, int]) -> str:
    """``2 critical, 5 high and 1 informational``; empty without any."""
    return listed([f"{n:,} {adjective(s)}" for s, n in counts.items() if n])


def adjective(severity: Severity) -> str:
    """A severity before a noun."""
    return "informational" if severity is Severity.INFO else severity.value


def brief(row: OwnerRow) -> str:
    """Findings of a device by severity in one line, a dash without any."""
    return ", ".join(f"{n} {s}" for s, n in row.findings.items()) or NOTHING


def joined(parts: Sequence[Spans], between: str) -> Spans:
    """Spans one after the other with words between them."""
    return tuple(_joined(parts, between))


def _joined(parts: Sequence[Spans], between: str) -> Iterator[Span]:
    for place, part in enumerate(parts):
        if place:
            yield Span(between)
        yield from part
