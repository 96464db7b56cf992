"""The document as a GitHub-flavoured Markdown."""

from iotscan.report.document import Document


def render(document: Document) -> bytes:
    """The whole file."""
    raise NotImplementedError
