"""Two runs compared, as plain lines, JSON or Markdown.

Every record of the text starts its line with what it is (``added:``, ``fixed:``), details follow indented;
zeros are said. All text from devices is made one printable line here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from iotscan.model.comparison import WHATS, Change, Comparison, Member, Shift, Side
from iotscan.model.errors import BadInput
from iotscan.report.json import document
from iotscan.report.words import clean, counted

SHORT = 8
"""Hex digits of a fingerprint that a person reads."""


def sentence(told: Comparison) -> str:
    """The counts in one line: ``0 added, 1 changed, ...``; of two lists those of devices: ``1 new, ...``."""
    if told.is_of_lists:
        return _devices(told)
    return ", ".join(f"{number} {_words(what)}" for what, number in told.counts.items())


def _devices(told: Comparison) -> str:
    kept = told.members_of("kept")
    changed = sum(bool(m.shifts) for m in kept)
    counts = {
        "new": len(told.members_of("added")),
        "not seen": len(told.members_of("gone")),
        "changed": changed,
        "not looked for": len(told.members_of("not_looked_for")),
        "the same": len(kept) - changed,
    }
    return ", ".join(f"{number} {what}" for what, number in counts.items())


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
    for member in told.members:
        if member.what != "kept" or member.address != member.address_before or member.shifts:
            yield from _member(member, told.old)
    yield from (f"grade: {clean(g.owner)}  {g.before} -> {g.after}" for g in told.grades if g.before != g.after)
    for what in WHATS[:-1]:
        for change in told.of(what):
            yield from _change(change)


def _side(which: str, side: Side) -> str:
    again = "; judged again for this comparison" if side.judged_again else ""
    partial = "" if side.status == "complete" else f"; {side.status}"
    # A table has neither a profile nor a program.
    judged = ", ".join(word for word in (side.profile, side.tool) if word.strip())
    what = f"{which}: {side.run}  {side.command} of {side.started[:19]}  {judged}".rstrip()
    return clean(f"{what}{partial}{again}", 400)


def _member(member: Member, old: Side) -> Iterator[str]:
    is_moved = member.what == "kept" and member.address != member.address_before
    words = {"added": "new", "not_looked_for": "not looked for", "kept": "moved" if is_moved else "changed"}
    what = words.get(member.what, "gone" if member.kind == "image" else "not seen")
    where = member.address or member.address_before
    if is_moved:
        where = f"{member.address_before} -> {member.address}"
    by = f" (known by its {member.known_by})" if is_moved and member.known_by else ""
    since = f" since {old.started[:19]}" if what == "not seen" else ""
    yield clean(f"{member.kind}: {what}{since}  {member.label}  {where}{by}", 400).rstrip()
    if member.note:
        yield f"  why: {clean(member.note, 400)}"
    for shift in member.shifts:
        if shift.what != "address" or not is_moved:
            yield f"  {clean(shift_words(shift), 400)}"


def shift_words(shift: Shift) -> str:
    """``name: hall -> kitchen``; ``service: tcp/23 telnet: closed``; ``service: new tcp/80 http``."""
    if shift.before and shift.after:
        said = f"{shift.before} -> {shift.after}"
    else:
        said = f"new {shift.after}" if shift.after else f"{shift.before}: {shift.note or 'not seen'}"
    note = f" ({shift.note})" if shift.note and shift.after else ""
    return f"{shift.what}: {said}{note}"


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
