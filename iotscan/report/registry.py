"""Report formats by name."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from iotscan.model.errors import BadInput
from iotscan.model.material import Material
from iotscan.model.run import Run
from iotscan.report import (
    csv,
    cyclonedx,
    gitlab,
    inventory,
    inventory_markdown,
    json,
    jsonl,
    junit,
    markdown,
    plain,
    sarif,
    sarif_github,
)
from iotscan.report.document import Document
from iotscan.report.words import clean

Writer = Callable[[Run], str]


def _text(run: Run) -> str:
    return inventory.inventory(run) if inventory.is_inventory(run) else plain.render(run)


def _pdf(document: Document) -> bytes:
    from iotscan.report.layout.pdf import render

    return render(document)


def _docx(document: Document) -> bytes:
    from iotscan.report.layout.docx import render

    return render(document)


def _html(document: Document) -> bytes:
    # Jinja2 is loaded by those who ask for a page.
    from iotscan.report.layout.html import render

    return render(document)


def _markdown(document: Document) -> bytes:
    from iotscan.report.layout.markdown import render

    return render(document).encode()


DOCUMENTS: Mapping[str, Callable[[Document], bytes]] = MappingProxyType(
    {"docx": _docx, "html": _html, "md": _markdown, "pdf": _pdf}
)
"""Formats of the audit report. What they lay out is made once, whatever is written of it."""
LISTS: Mapping[str, Writer] = MappingProxyType({"md": inventory_markdown.render})
"""What a format of the audit report is of a run that only lists devices: a table, as there is nothing to report on."""
BINARY: frozenset[str] = frozenset({"docx", "pdf"})
"""Formats that no terminal shows: without a PATH they go to a file."""
FORMATS: Mapping[str, Writer] = MappingProxyType(
    {
        "csv": csv.render,
        "cyclonedx": cyclonedx.render,
        "github-summary": markdown.summary,
        "gitlab-codequality": gitlab.render,
        "json": json.render,
        "jsonl": jsonl.render,
        "junit": junit.render,
        "sarif": sarif.render,
        "sarif-github": sarif_github.render,
        "text": _text,
    }
)
"""Formats that give text. The terminal is no format: it needs a console and is chosen by the CLI."""


class UnknownFormat(BadInput):
    """A format that we do not write. ``nearest`` is the name that was probably meant, or empty."""

    def __init__(self, name: str) -> None:
        self.nearest = next(iter(get_close_matches(name.lower(), known(), n=1)), "")
        hint = f": did you mean '{self.nearest}'?" if self.nearest else "."
        super().__init__(f"there is no report format '{clean(name, 40)}'{hint} Known: {', '.join(known())}")


def known() -> tuple[str, ...]:
    """The names of all formats, in order."""
    return tuple(sorted((*FORMATS, *DOCUMENTS)))


def encoded(run: Run, format: str, material: Material = Material()) -> bytes:
    """``run`` in ``format``; text is UTF-8 and ends in a newline. Raises :class:`UnknownFormat`.

    ``material`` is what an audit report tells beyond the run; the other formats tell the run alone.
    """
    if format in LISTS and inventory.is_inventory(run):
        return LISTS[format](run).encode()
    if format in DOCUMENTS:
        from iotscan.report.audit.assembly import document

        return DOCUMENTS[format](document(run, material))
    writer = FORMATS.get(format)
    if writer is None:
        raise UnknownFormat(format)
    return writer(run).encode()


def laid_out(document: Document, format: str) -> bytes:
    """A document in one of its formats. Raises :class:`UnknownFormat`."""
    writer = DOCUMENTS.get(format)
    if writer is None:
        raise UnknownFormat(format)
    return writer(document)


def write(run: Run, format: str) -> str:
    """``run`` in a format that is text, ending in a newline. Raises :class:`UnknownFormat`."""
    return encoded(run, format).decode()
