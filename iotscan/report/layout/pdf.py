"""The document as a PDF, by typst."""

from iotscan.report.document import Document


def render(document: Document) -> bytes:
    """The whole file."""
    raise NotImplementedError
