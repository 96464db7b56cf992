"""The order of the sections, and the document that they make."""

from collections.abc import Callable
from typing import Final

from iotscan.model.material import Material
from iotscan.model.run import Run
from iotscan.report.audit import (
    accepted,
    control,
    cover,
    evidence,
    findings,
    gaps,
    glance,
    glossary,
    inventory,
    keys,
    method,
    positives,
    remarks,
    roadmap,
    scope,
    standards,
    summary,
    versions,
)
from iotscan.report.audit.links import settled
from iotscan.report.audit.told import Told
from iotscan.report.document import Document, Section
from iotscan.report.view import view

SECTIONS: Final[tuple[Callable[[Told], Section | None], ...]] = (
    control.section,
    summary.section,
    scope.section,
    method.section,
    glance.section,
    inventory.section,
    findings.section,
    keys.section,
    gaps.section,
    accepted.section,
    positives.section,
    roadmap.section,
    standards.section,
    remarks.section,
    evidence.section,
    versions.section,
    glossary.section,
)
"""In the order in which they stand; appendices last."""


def document(run: Run, material: Material = Material()) -> Document:
    """The audit report of a run. Pure: the same run and material give the same document."""
    told = Told(run=run, view=view(run), material=material)
    made = (section(told) for section in SECTIONS)
    return cover.document(told, settled(tuple(s for s in made if s is not None)))
