"""The document as a Word document."""

from iotscan.report.document import Document


def render(document: Document) -> bytes:
    """The whole file."""
    raise NotImplementedError
