"""The cover: what the document is, whose, of what, and how final."""

from iotscan.report.audit.told import Told
from iotscan.report.document import Document, Fact, Section, plain


def document(told: Told, sections: tuple[Section, ...]) -> Document:
    """The document of these sections with its cover."""
    run, material = told.run, told.material
    about = told.view.about
    facts = (
        Fact(name="Run", spans=plain(about.run)),
        Fact(name="Profile", spans=plain(about.profile)),
    )
    is_whole = run.status == "complete" and told.view.is_complete
    return Document(
        title=material.title or "IoT security audit",
        subtitle="",
        status="INCOMPLETE RUN" if not is_whole else "FINAL" if material.is_final else "DRAFT",
        classification=material.brand.classification,
        made=material.made,
        facts=facts,
        footer=material.brand.footer,
        warning=told.view.banner,
        sections=sections,
        brand=material.brand,
    )
