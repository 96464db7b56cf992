"""The document as a HTML page."""

from iotscan.report.document import Document


def render(document: Document) -> bytes:
    """The whole file."""
    raise NotImplementedError
