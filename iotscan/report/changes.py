"""Proved changes as text: a part of the page that ``iotscan explain`` prints, and of the page of a check."""

from collections.abc import Iterable, Iterator

from iotscan.model.remedy import Absence, Program, Remedy

HEADING = "Exact changes, proved"
NOTICE = (
    "Each was applied to the program named, and the finding went away. Nothing of this is done by iotscan: keep a copy"
    " of the file, and try it on one device first."
)


def changes(programs: Iterable[Program], check: str, program: str = "", *, indent: str = "    ") -> str:
    """The changes for a check as prose with fenced code, of all programs or of one; empty where nothing is known.

    ``indent`` stands before each line of code.
    """
    wanted = [p for p in programs if program in ("", p.name)]
    proved = [line for p in wanted for r in p.remedies if r.check == check for line in (*_change(r, indent), "")]
    absent = [line for p in wanted for a in p.absences if a.check == check for line in (_absence(p, a), "")]
    return "\n".join([NOTICE, "", *proved, *absent] if proved else absent).strip()


def _change(remedy: Remedy, indent: str) -> Iterator[str]:
    ways = f" ({', '.join(remedy.variants)})" if remedy.variants else ""
    yield f"{remedy.program}: {remedy.title}{ways}."
    yield ""
    yield f"File: `{remedy.file}`{f', {remedy.where}' if remedy.where else ''}."
    if remedy.remove:
        also = f", there and in {', '.join(f'`{path}`' for path in remedy.also)}" if remedy.also else ""
        yield f"Take out the lines that match{also}:"
        yield from _code(remedy.remove, indent)
    if remedy.text:
        yield "Write:"
        yield from _code(remedy.text.splitlines(), indent)
    if remedy.fill:
        yield from (f"- `{name}`: {what}" for name, what in remedy.fill.items())
        yield ""
    yield "Bring it into force:"
    yield from _code(remedy.apply, indent)
    if remedy.note:
        yield remedy.note
        yield ""
    yield f"Tried with {remedy.versions}. Source: {remedy.source}."


def _absence(program: Program, absence: Absence) -> str:
    ways = f" ({', '.join(absence.variants)})" if absence.variants else ""
    return f"{program.name}{ways}: no change is proved. {absence.why}"


def _code(lines: Iterable[str], indent: str) -> Iterator[str]:
    yield "```"
    yield from (f"{indent}{line}" for line in lines)
    yield "```"
