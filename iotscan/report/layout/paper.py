"""What every printed page of the HTML report carries: its title, classification, warning, footer and number."""

from typing import Final

from iotscan.report.document import Document

_SIZES: Final = {"a4": "A4", "letter": "letter"}
_HEIGHTS: Final = {"A4": 262, "letter": 244}
"""Millimetres of a cover that fills its page."""
_BASE: Final = "font:8pt system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif;color:#545e69"


def paper_sheet(document: Document) -> str:
    """The rules for pages of paper. Texts stand in them as escaped strings."""
    size = _SIZES.get(document.brand.paper.lower(), "A4")
    secrecy = _box("top-right", document.classification, "font-weight:bold")
    warning = _box("top-center", document.warning, "font-weight:bold;color:#8a1538")
    footer = _box("bottom-left", document.footer or document.brand.company)
    number = f'@bottom-right{{content:"Page " counter(page) " of " counter(pages);{_BASE}}}'
    running = _box(
        "top-left", _short(" · ".join((document.title, *([document.status] if document.has_status else []))))
    )
    bare = "".join(f"@{place}{{content:none}}" for place in ("top-left", "top-right", "bottom-right"))
    return (
        f"@page{{size:{size};margin:20mm 16mm 18mm;{running}{secrecy}{warning}{footer}{number}}}\n"
        f"@page cover{{margin:14mm 16mm 16mm;{bare}{footer}{warning}}}\n"
        f"@media print{{.cover{{min-height:{_HEIGHTS[size]}mm}}}}"
    )


def css_string(text: str) -> str:
    """``text`` as a string of CSS: all but plain letters, digits and spaces escaped by number (CSS Syntax 3, 4.3.7).

    So nothing in it ends the string, the rule or the style element.
    """
    plain = (c if c.isascii() and (c.isalnum() or c == " ") else f"\\{ord(c):x} " for c in text if c not in "\0")
    return f'"{"".join(plain)}"'


def _box(place: str, text: str, extra: str = "") -> str:
    if not text:
        return ""
    return f"@{place}{{content:{css_string(_short(text, 110))};{_BASE}{';' if extra else ''}{extra}}}"


def _short(text: str, most: int = 70) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
