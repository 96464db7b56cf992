"""Report formats by name."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from iotscan.model.errors import BadInput
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
from iotscan.report.words import clean

Writer = Callable[[Run], str]


def _html(run: Run) -> str:
    # Jinja2 is loaded by those who ask for a page.
    from iotscan.report.html import render

    return render(run)


def _markdown(run: Run) -> str:
    return inventory_markdown.render(run) if inventory.is_inventory(run) else markdown.render(run)


def _text(run: Run) -> str:
    return inventory.inventory(run) if inventory.is_inventory(run) else plain.render(run)


FORMATS: Mapping[str, Writer] = MappingProxyType(
    {
        "csv": csv.render,
        "cyclonedx": cyclonedx.render,
        "github-summary": markdown.summary,
        "gitlab-codequality": gitlab.render,
        "html": _html,
        "json": json.render,
        "jsonl": jsonl.render,
        "junit": junit.render,
        "md": _markdown,
        "sarif": sarif.render,
        "sarif-github": sarif_github.render,
        "text": _text,
    }
)
"""Formats that give text. The terminal is no format: it needs a console and is chosen by the CLI."""


class UnknownFormat(BadInput):
    """A format that we do not write. ``nearest`` is the name that was probably meant, or empty."""

    def __init__(self, name: str) -> None:
        self.nearest = next(iter(get_close_matches(name.lower(), FORMATS, n=1)), "")
        hint = f": did you mean '{self.nearest}'?" if self.nearest else "."
        super().__init__(f"there is no report format '{clean(name, 40)}'{hint} Known: {', '.join(sorted(FORMATS))}")


def write(run: Run, format: str) -> str:
    """``run`` in ``format``, ending in a newline. Raises :class:`UnknownFormat`."""
    writer = FORMATS.get(format)
    if writer is None:
        raise UnknownFormat(format)
    return writer(run)
