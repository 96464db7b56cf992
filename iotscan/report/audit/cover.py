"""The cover: what the document is, whose, of what, and how final."""

from typing import Final

from iotscan.model.run import Run
from iotscan.model.scope import PRACTICE_NETWORK
from iotscan.report import inventory
from iotscan.report.audit.cells import facts
from iotscan.report.audit.times import day, moment
from iotscan.report.audit.told import Told
from iotscan.report.document import Document, Fact, Section, Status
from iotscan.report.words import clean, listed

_TARGETS: Final = 3
"""Targets that the title names before it counts the rest."""


def document(told: Told, sections: tuple[Section, ...]) -> Document:
    """The document of these sections with its cover."""
    material = told.material
    return Document(
        title=clean(material.title, 160) or title(told.run),
        subtitle=_subtitle(told),
        status=status(told),
        classification=clean(material.brand.classification, 120),
        made=clean(material.made, 40),
        facts=_facts(told),
        footer=clean(material.brand.footer, 300),
        warning=told.view.banner,
        sections=sections,
        brand=material.brand,
    )


def title(run: Run) -> str:
    """``IoT security audit of ACME``: of the client, else of what was looked at."""
    what = "IoT device inventory" if inventory.is_inventory(run) else "IoT security audit"
    what = "Firmware security audit" if run.command == "image" else what
    return clean(f"{what} of {_object(run)}", 200)


def _object(run: Run) -> str:
    if run.scope.mandate is not None and run.scope.mandate.client:
        return run.scope.mandate.client
    if run.targets == (PRACTICE_NETWORK,):
        return PRACTICE_NETWORK
    names = [i.name or i.source for i in run.images] if run.command == "image" else []
    return listed([clean(n, 60) for n in names or run.targets], _TARGETS) or "nothing"


def _subtitle(told: Told) -> str:
    mandate = told.run.scope.mandate
    targets = listed(told.view.about.targets, _TARGETS)
    if mandate is None:
        return ""
    return clean(f"{mandate.engagement}: {targets}" if targets else mandate.engagement, 200)


def status(told: Told) -> Status:
    """The ribbon: a run that is not whole is said to be so, whatever the person who signs wants."""
    run = told.run
    is_whole = run.status == "complete" and (told.view.is_complete or inventory.is_inventory(run))
    if not is_whole:
        return "INCOMPLETE RUN"
    return "FINAL" if told.material.is_final else "DRAFT"


def version(told: Told) -> str:
    """The version of the document: that of its last edition."""
    editions = told.material.editions
    return clean(editions[-1].version, 40) if editions else "0.1"


def assessor(told: Told) -> str:
    """Who made it: persons of the brand, their company; else whom the scope file names."""
    brand, mandate = told.material.brand, told.run.scope.mandate
    people = listed([clean(a, 80) for a in brand.authors])
    ours = ", ".join(w for w in (people, clean(brand.company, 120)) if w)
    return ours or (clean(mandate.assessor, 120) if mandate else "")


def _facts(told: Told) -> tuple[Fact, ...]:
    run, mandate = told.run, told.run.scope.mandate
    examined = moment(run.started)
    if run.finished:
        is_one_day = day(run.started) == day(run.finished)
        end = moment(run.finished).rpartition(", ")[2] if is_one_day else moment(run.finished)
        examined = f"{examined.removesuffix(' UTC') if is_one_day else examined} to {end}"
    return facts(
        ("Engagement", clean(mandate.engagement, 120) if mandate else ""),
        ("Client", clean(mandate.client, 120) if mandate else ""),
        ("Assessor", assessor(told)),
        ("Contact", clean(told.material.brand.contact, 160)),
        ("Examined", examined),
        ("Written", day(told.material.made)),
        ("Version", version(told)),
        ("Classification", clean(told.material.brand.classification, 120)),
        ("Run", told.view.about.run),
    )
