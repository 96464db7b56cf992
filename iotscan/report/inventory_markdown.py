"""A list of devices as GitHub-flavoured Markdown: for a wiki or an issue. No grade, no verdict: nothing was judged."""

from collections.abc import Callable, Iterator

from iotscan.model.run import Run
from iotscan.report.gfm import code, table, words
from iotscan.report.inventory import Entry, asked_of, entries
from iotscan.report.view import banner, partial, title
from iotscan.report.words import clean

COLUMNS: tuple[tuple[str, Callable[[Entry], str]], ...] = (
    ("address", lambda e: ", ".join(code(a, cell=True) for a in (e.address, *e.others))),
    ("mac", lambda e: code(e.mac, cell=True)),
    ("name", lambda e: words(e.name, cell=True)),
    ("kind", lambda e: words(e.kind, cell=True)),
    ("vendor", lambda e: words(e.vendor, cell=True)),
    ("model", lambda e: words(e.model, cell=True)),
    ("services", lambda e: ", ".join(code(s, cell=True) for s in e.services)),
    ("found by", lambda e: ", ".join(code(f, cell=True) for f in e.found_by)),
)
"""Columns and what stands in them. New ones are added at the end."""


def render(run: Run) -> str:
    """A heading, what was looked at, a table with a row a device, and the notices."""
    return "\n".join(_sections(run))


def _sections(run: Run) -> Iterator[str]:
    listing = entries(run)
    yield f"# iotscan: devices: {len(listing)}\n"
    if banner(run):
        yield f"**{words(banner(run))}**\n"
    if run.status != "complete":
        yield f"**{words(partial(run))}**\n"
    yield "".join(f"{words(line)}\n" for line in title(run))
    if listing:
        yield table((name for name, _ in COLUMNS), ([of(e) for _, of in COLUMNS] for e in listing))
    if spent := asked_of(run):
        yield f"Asked: {words(spent)}\n"
    remarks = [f"- {code(e.address)}: {words(text)}\n" for e in listing for text in _remarks(e)]
    if remarks:
        yield "## Beware\n"
        yield "".join(remarks)
    notices = dict.fromkeys((clean(n.about, 60), clean(n.text, 400)) for n in run.notices)
    if notices:
        yield "## Notices\n"
        yield "".join(f"- {words(about)}: {words(text)}\n" for about, text in notices)


def _remarks(entry: Entry) -> Iterator[str]:
    yield from entry.remarks
    if entry.children:
        yield f"behind it, not assessed: {', '.join(entry.children)}"
