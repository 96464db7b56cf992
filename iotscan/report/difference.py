"""Two runs compared, as plain lines, JSON or Markdown.

Every record of the text starts its line with what it is (``added:``, ``fixed:``), details follow indented;
zeros are said. All text from devices is made one printable line here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from iotscan.model.comparison import WHATS, Change, Comparison, Member, Side
from iotscan.model.errors import BadInput
from iotscan.report.json import document
from iotscan.report.words import clean, counted

SHORT = 8
"""Hex digits of a fingerprint that a person reads."""


def sentence(told: Comparison) -> str:
    """The counts in one line: ``0 added, 1 changed, ...``."""
    return ", ".join(f"{number} {_words(what)}" for what, number in told.counts.items())


def text(told: Comparison) -> str:
    """Plain lines that end in a newline."""
    return "\n".join(_lines(told)) + "\n"


def markdown(told: Comparison) -> str:
    """A heading with the counts, and the plain lines as a block in which nothing is markup."""
    lines = text(told)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return f"## iotscan diff: {sentence(told)}\n\n{fence}text\n{lines}{fence}\n"


def as_json(told: Comparison) -> str:
    """The whole comparison, keys in a fixed order."""
    return document(told, order="deterministic")


FORMATS: Mapping[str, Callable[[Comparison], str]] = MappingProxyType({"text": text, "json": as_json, "md": markdown})


def write(told: Comparison, format: str) -> str:
    """``told`` in ``format``, ending in a newline. Raises BadInput for a format that we do not write."""
    writer = FORMATS.get(format)
    if writer is None:
        near = get_close_matches(format.lower(), FORMATS, n=1)
        hint = f": did you mean '{near[0]}'?" if near else "."
        raise BadInput(f"there is no format '{clean(format, 40)}' of a comparison{hint} Known: {', '.join(FORMATS)}")
    return writer(told)


def _lines(told: Comparison) -> Iterator[str]:
    yield _side("old", told.old)
    yield _side("new", told.new)
    yield from (f"note: {clean(note, 400)}" for note in told.notes)
    yield f"diff: {sentence(told)}"
    if told.passes_lost:
        yield f"passes lost: {counted(told.passes_lost, 'question')} that passed before and are open now"
    yield from (_member(m) for m in told.members if m.what != "kept" or m.address != m.address_before)
    yield from (f"grade: {clean(g.owner)}  {g.before} -> {g.after}" for g in told.grades if g.before != g.after)
    for what in WHATS[:-1]:
        for change in told.of(what):
            yield from _change(change)


def _side(which: str, side: Side) -> str:
    again = "; judged again for this comparison" if side.judged_again else ""
    partial = "" if side.status == "complete" else f"; {side.status}"
    what = f"{which}: {side.run}  {side.command} of {side.started[:19]}  {side.profile}, {side.tool}"
    return clean(f"{what}{partial}{again}", 400)


def _member(member: Member) -> str:
    if member.what == "kept":
        by = f" (known by its {member.known_by})" if member.known_by else ""
        return clean(f"{member.kind}: moved  {member.label}  {member.address_before} -> {member.address}{by}", 400)
    return clean(
        f"{member.kind}: {member.what}  {member.label}  {member.address or member.address_before}", 400
    ).rstrip()


def _change(change: Change) -> Iterator[str]:
    place = str(change.subject)
    where = place if place.startswith(change.owner) else f"{change.owner}  {place}"
    waived = f"  WAIVED {change.waiver}" if change.waiver else ""
    head = f"{_words(change.what)}: {change.severity}  {change.check}  {where}  {change.title}{waived}"
    yield clean(head, 600)
    yield from (f"  {name}: {clean(words, 400)}" for name, words in _details(change).items() if words)


def _details(change: Change) -> dict[str, str]:
    details = {"why": change.note}
    if change.what == "changed":
        details |= {
            name: f"{before} -> {after}"
            for name, before, after in (
                ("severity", change.severity_before, change.severity),
                ("variant", change.variant_before, change.variant),
                ("observed", change.observed_before, change.observed),
            )
            if before != after
        }
    else:
        details["observed"] = change.observed
    return details | {"fingerprint": (change.fingerprint or change.fingerprint_before)[:SHORT]}


def _words(what: str) -> str:
    return what.replace("_", " ")
