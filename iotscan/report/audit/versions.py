"""Appendix: Tool and data versions. With what this was made, so that it can be made again."""

from collections.abc import Iterator

from iotscan.report.audit.cells import fact, facts
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Column, Fact, Facts, Section, Span, Table, cell
from iotscan.report.inventory import is_inventory
from iotscan.report.words import clean, counted


def section(told: Told) -> Section | None:
    """The appendix; every report has it."""
    return Section(id="versions", title="Tool and data versions", blocks=tuple(_blocks(told)), is_appendix=True)


def _blocks(told: Told) -> Iterator[Block]:
    run, about = told.run, told.view.about
    yield Facts(
        rows=(
            fact("Tool", about.tool),
            fact("Run format", clean(run.schema, 40)),
            fact("Profile", about.profile),
            *_code("SHA-256 of the profile", about.profile_sha256),
            *_code("SHA-256 of the scope", about.scope_sha256),
            *(() if is_inventory(run) else _rules(told)),
        )
    )
    made = {clean(name, 60): clean(value, 600) for name, value in told.material.versions.items()}
    if made:
        yield Table(
            id="versions-made",
            caption="What this report was made with",
            columns=(Column(title="What", weight=2), Column(title="Version or date", weight=4)),
            rows=tuple((cell(name), cell(value)) for name, value in made.items()),
        )
    probes = sorted({clean(o.probe, 60) for o in run.observations if o.probe})
    if probes:
        yield Facts(rows=(fact("Probes that saw something", ", ".join(probes[:200])),))


def _rules(told: Told) -> tuple[Fact, ...]:
    packs = ", ".join(sorted({clean(c.pack, 60) for c in told.run.checks}))
    number = counted(told.view.about.checks, "check")
    return facts(("Checks", f"{number} of {packs}" if packs else "none"), ("Waivers", _waivers(told)))


def _code(name: str, value: str) -> tuple[Fact, ...]:
    return (Fact(name=name, spans=(Span(value, "code"),)),) if value else ()


def _waivers(told: Told) -> str:
    given = len(told.run.waivers)
    if not given:
        return "none were given"
    applied = sum(w.state == "applied" for w in told.run.waivers)
    return f"{counted(given, 'waiver')} given, {applied:,} applied"
