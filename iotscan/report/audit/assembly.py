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
    since,
    standards,
    summary,
    traffic,
    versions,
)
from iotscan.report.audit.links import settled
from iotscan.report.audit.told import Told
from iotscan.report.document import Document, Section
from iotscan.report.inventory import is_inventory
from iotscan.report.view import view

SECTIONS: Final[tuple[Callable[[Told], Section | None], ...]] = (
    control.section,
    summary.section,
    scope.section,
    method.section,
    glance.section,
    since.section,
    inventory.section,
    traffic.section,
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
OF_LISTS: Final = frozenset(
    {
        control.section,
        scope.section,
        method.section,
        inventory.section,
        gaps.section,
        remarks.section,
        versions.section,
    }
)
"""The sections of a mere list of devices. Nothing was judged: a section about findings would say that all is well."""


def document(run: Run, material: Material = Material()) -> Document:
    """The audit report of a run. Pure: the same run and material give the same document."""
    told = Told(run=run, view=view(run), material=material)
    is_list = is_inventory(run)
    made = (section(told) for section in SECTIONS if section in OF_LISTS or not is_list)
    return cover.document(told, settled(tuple(s for s in made if s is not None)))
