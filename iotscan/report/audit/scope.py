"""Section: Scope and authorisation. Who allowed whom to do what, where and when, and what was done with that."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from iotscan.model.run import Part, Run
from iotscan.model.scope import BackEnd, Mandate
from iotscan.model.vocabulary import AttemptStatus
from iotscan.report.audit.cells import fact, facts
from iotscan.report.audit.parts import name, told_of
from iotscan.report.audit.times import moment
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Bullets, Callout, Column, Facts, Paragraph, Section, Table, cell, plain
from iotscan.report.words import clean, counted, listed

_ID: Final = "scope"
_TITLE: Final = "Scope and authorisation"
_MOST: Final = 40
"""Networks and notices that are named before the rest is counted."""
_AUTHORITIES: Final = {
    "command line": "No scope file was given: the audit was made on the word of whoever typed the command. This "
    "report does not show that the owner of the network allowed it.",
    "practice network": "The practice network of the tool was examined: simulated devices on the assessor's own "
    "machine, which need nobody's permission.",
    "an image: nothing is sent": "Files were examined. Nothing was sent to any device, so no permission to do so was "
    "needed; the right to examine the files themselves is not on record here.",
    "captured traffic: nothing is sent": "Recorded traffic was read. Nothing was sent to any device. Whoever records "
    "traffic of others needs a right to do so: it is not on record here.",
}


def section(told: Told) -> Section | None:
    """The section; every report has it."""
    parts = told.run.parts
    if not parts:
        blocks = (*_blocks(told), *_deviations(told))
        return Section(id=_ID, title=_TITLE, blocks=blocks)
    text = (
        f"This report puts {len(parts)} runs together. Each was made by a word of its own, and under its own limits: "
        "what one of them was allowed holds for none of the others. Nobody was asked anything to put them together."
    )
    of_each = (
        Section(
            id=f"{_ID}-{number}", title=f"{name(part)} (run {clean(part.id, 60)})", blocks=_of_part(told, part, number)
        )
        for number, part in enumerate(parts, start=1)
    )
    ended = Section(id=f"{_ID}-record", title="On record of these runs", blocks=tuple(_deviations(told)))
    return Section(id=_ID, title=_TITLE, blocks=(Paragraph(spans=plain(text)),), sections=(*of_each, ended))


def _of_part(told: Told, part: Part, number: int) -> tuple[Block, ...]:
    """The blocks of one run of several; their tables have anchors of their own."""
    single = told_of(told, part)
    blocks = tuple(_blocks(single))
    if not single.run.is_asking:
        blocks = (*blocks, Facts(rows=facts(("What was read", listed(single.view.about.targets, _MOST)))))
    return tuple(replace(b, id=f"{b.id}-{number}") if isinstance(b, Table) else b for b in blocks)


def _blocks(told: Told) -> Iterator[Block]:
    run, mandate = told.run, told.run.scope.mandate
    if mandate is None:
        yield from _without_mandate(told)
    else:
        yield from _mandate(mandate)
    if run.is_asking:
        yield from _examined(told)
        yield _permissions(run, mandate)


def _without_mandate(told: Told) -> Iterator[Block]:
    word = told.run.scope.authority
    said = _AUTHORITIES.get(word)
    if said is None:
        said = f"No scope file was given. The run names as its authority: {clean(word, 200) or 'nobody'}."
    is_harmless = told.run.command in ("image", "traffic") or word == "practice network"
    yield Callout(tone="info" if is_harmless else "warn", spans=plain(said))


def _mandate(mandate: Mandate) -> Iterator[Block]:
    yield Facts(
        rows=facts(
            ("Engagement", clean(mandate.engagement, 120)),
            ("Client", clean(mandate.client, 120)),
            ("Assessor", clean(mandate.assessor, 120)),
            ("Authorised by", clean(mandate.authorized_by, 120)),
            ("Reference", clean(mandate.reference, 200)),
            ("SHA-256 of the authorisation", clean(mandate.document_sha256, 80)),
            ("Window", f"{moment(mandate.not_before)} to {moment(mandate.not_after)}"),
            ("Authorisation expires", moment(mandate.expires)),
            ("Emergency contact", clean(mandate.emergency_contact, 200)),
            ("Scope file", clean(mandate.file, 120)),
            ("SHA-256 of the scope file", clean(mandate.sha256, 80)),
        )
    )
    yield Table(
        id="scope-in",
        caption="In scope",
        columns=(
            Column(title="Networks", weight=3, kind="code"),
            Column(title="Ports"),
            Column(title="Note", weight=2),
        ),
        rows=tuple(
            (cell(_networks(entry.networks)), cell(_ports(entry.ports)), cell(clean(entry.note, 300)))
            for entry in mandate.in_scope[:_MOST]
        ),
    )
    if mandate.out_of_scope:
        yield Table(
            id="scope-out",
            caption="Out of scope",
            columns=(Column(title="Networks", weight=3, kind="code"), Column(title="Why", weight=3)),
            rows=tuple(
                (cell(_networks(entry.networks)), cell(clean(entry.reason, 300)))
                for entry in mandate.out_of_scope[:_MOST]
            ),
        )


def _networks(networks: tuple[str, ...]) -> str:
    return listed([alone(clean(n, 60)) for n in networks], _MOST)


def _ports(ports: tuple[tuple[int, int], ...]) -> str:
    spans = [str(first) if first == last else f"{first}-{last}" for first, last in ports]
    return ", ".join(spans[:_MOST]) or "all"


def _examined(told: Told) -> Iterator[Block]:
    about, run = told.view.about, told.run
    include, exclude = (tuple(map(alone, nets)) for nets in (about.include, about.exclude))
    yield Facts(
        rows=(
            fact("Asked for", listed(about.targets, _MOST)),
            *facts(("Back ends", listed([_server(b) for b in run.scope.backends], _MOST))),
            *facts(("Could be reached", listed(include, _MOST))),
            fact("Left out", listed(exclude, _MOST) or "nothing"),
            *facts(("The assessor's own addresses, left out", listed([clean(a, 60) for a in run.own], _MOST))),
        )
    )


def _server(server: BackEnd) -> str:
    """A back end with its address, and the port where that was granted alone."""
    at = f" at {server.address}" if server.name != server.address else ""
    return clean(f"{server.name}{at}{f', port {server.port}' if server.port else ''}", 300)


def alone(network: str) -> str:
    """A network as it is told: one address without its length."""
    return network.removesuffix("/128" if ":" in network else "/32")


def _permissions(run: Run, mandate: Mandate | None) -> Table:
    """Every grant beyond reading: whether it was permitted, and whether it was used."""
    grants, permits = run.scope.grants, mandate.permits if mandate else None
    tries = f", {counted(permits.attempts_per_account, 'try', 'tries')} an account a day" if permits else ""
    rows = (
        ("Try documented default logins", permits and permits.default_creds, grants.default_creds, tries),
        ("Ask what can disturb a device", permits and permits.intrusive, grants.intrusive, ""),
        ("Fetch revocation data", permits and permits.fetch_revocation, grants.fetch_revocation, ""),
        ("Ask back ends on the internet", permits and bool(permits.backends), bool(grants.backends), ""),
    )
    return Table(
        id="scope-permissions",
        caption="What goes beyond reading",
        columns=(
            Column(title="What", weight=3),
            Column(title="Permitted by the scope file", weight=2),
            Column(title="Granted for this run", weight=2),
        ),
        rows=tuple(
            (
                cell(what),
                cell("no scope file" if permits is None else f"yes{more}" if allowed else "no"),
                cell("yes" if used else "no"),
            )
            for what, allowed, used, more in rows
        ),
    )


def _deviations(told: Told) -> Iterator[Block]:
    """What did not go as planned, or has to be known of the run."""
    refused = sum(a.status is AttemptStatus.REFUSED_BY_SCOPE for a in told.run.attempts)
    said = [f"{about}: {text}" for about, text in told.view.notices]
    if refused:
        was = "was" if refused == 1 else "were"
        said.append(f"{counted(refused, 'question')} {was} not asked, because the scope does not hold the place.")
    if not said:
        yield Paragraph(spans=plain("Nothing is on record of a deviation from what was planned."))
        return
    whose = "of these runs" if told.run.parts else "of this run"
    yield Paragraph(spans=plain(f"On record {whose}, deviations included:"))
    yield Bullets(items=tuple(plain(line) for line in said[:_MOST]))
    if len(said) > _MOST:
        yield Paragraph(spans=plain(f"{counted(len(said) - _MOST, 'further note')} in the run file."))
