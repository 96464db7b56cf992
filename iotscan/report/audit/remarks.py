"""Section: Legal notes. The assessor's own words, and what such a report is not."""

from iotscan.report.audit.told import Told
from iotscan.report.document import Paragraph, Section, plain
from iotscan.report.inventory import is_inventory
from iotscan.report.words import clean

_OURS = (
    "This report shows what was seen at one time, from one place and by the means that it names. It is evidence toward "
    "the clauses of standards that it refers to, and no certificate, attestation or statement of conformity with any "
    "of them.",
    "Findings rest on what devices and files said. Confirm a finding by hand before a decision that is costly or "
    "cannot be undone.",
)


def section(told: Told) -> Section | None:
    """The section; of a mere list of devices only where the assessor has something to say."""
    legal = tuple(clean(text, 4000) for text in told.material.brand.legal if text.strip())
    if is_inventory(told.run) and not legal:
        return None
    ours = () if is_inventory(told.run) else _OURS
    return Section(
        id="remarks",
        title="Legal notes",
        blocks=tuple(Paragraph(spans=plain(text)) for text in (*legal, *ours)),
    )
