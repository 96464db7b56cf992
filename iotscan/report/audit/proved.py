"""The exact changes that were proved to repair a finding, each once, with the places that it is for."""

from collections.abc import Iterator

from iotscan.model.remedy import Remedy
from iotscan.report.audit.found import Found
from iotscan.report.audit.wording import run_in, spans
from iotscan.report.content import FindingGroup
from iotscan.report.document import Block, Code, Fact, Facts, Paragraph, Span, plain
from iotscan.report.words import clean, listed

_NAMED = 5
_LIMIT = 4000
"""Characters of a change: cut, it would be another one, so this is far above any."""


def proved(group: FindingGroup, found: Found) -> Iterator[Block]:
    """The changes for the programs in which this was found; nothing where none was proved."""
    places: dict[str, list[str]] = {}
    known: dict[str, Remedy] = {}
    for finding in group.findings:
        for remedy in found.material.remedies.get(finding.whole_fingerprint, ()):
            known[remedy.id] = remedy
            places.setdefault(remedy.id, []).append(f"{finding.label} {finding.where}".strip())
    for anchor, remedy in known.items():
        yield from _one(remedy, places[anchor] if len(group.findings) > 1 else [])


def _one(remedy: Remedy, places: list[str]) -> Iterator[Block]:
    tried = f", tried with {remedy.versions}" if remedy.versions else ""
    yield run_in(clean(f"The exact change for {remedy.program}{tried}"), spans(clean(remedy.title)))
    rows = [
        ("For", listed(places, _NAMED)),
        ("File", remedy.file),
        ("Also look in", ", ".join(remedy.also)),
        ("Where", remedy.where),
        ("Fill in", "; ".join(f"{name}: {what}" for name, what in remedy.fill.items())),
        ("Source", remedy.source),
    ]
    yield Facts(rows=tuple(Fact(name=n, spans=plain(clean(t))) for n, t in rows if t))
    if remedy.remove:
        yield Code(text=_lines("\n".join(remedy.remove)), label="Take out the lines that match")
    if remedy.text:
        yield Code(text=_lines(remedy.text), label=clean(f"Write into {remedy.file}"))
    if remedy.apply:
        yield Code(text=_lines("\n".join(remedy.apply)), label="Bring it into force")
    if remedy.note:
        yield Paragraph(spans=(Span("Note.", "strong"), Span(f" {clean(remedy.note)}")))


def _lines(text: str) -> str:
    return "\n".join(clean(line, _LIMIT) for line in text.splitlines())
