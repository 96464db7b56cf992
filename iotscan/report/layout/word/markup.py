"""Runs, paragraphs, fields and cells of WordprocessingML. Every text goes through :func:`text`: it is escaped there."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

from iotscan.report.document import Tone
from iotscan.report.layout.shapes import SHAPES
from iotscan.report.layout.visible import visible

BREAK = "<w:br/>"


def text(words: str) -> str:
    """Words as content of an element: what XML forbids is spelt out, what it reads is escaped."""
    return escape(visible(words))


def attribute(words: str) -> str:
    """Words as the value of an attribute in double quotes."""
    return escape(visible(words), {'"': "&quot;"})


def run(words: str, style: str = "") -> str:
    """A run, with a character style where one is named; empty for no words."""
    if not words:
        return ""
    return f'<w:r>{_run_style(style)}<w:t xml:space="preserve">{text(words)}</w:t></w:r>'


def shape(tone: Tone, style: str) -> str:
    """The shape of a tone before its word, kept on one line with it; empty where the tone has none."""
    mark = f'<w:t xml:space="preserve">{SHAPES[tone]}&#160;</w:t>' if tone in SHAPES else ""
    return f"<w:r>{_run_style(style)}{mark}</w:r>" if mark else ""


def lines(words: Iterable[str], style: str = "") -> str:
    """Lines in one run, with a break after each but the last."""
    body = BREAK.join(f'<w:t xml:space="preserve">{text(line)}</w:t>' for line in words)
    return f"<w:r>{_run_style(style)}{body}</w:r>"


def _run_style(style: str) -> str:
    return f'<w:rPr><w:rStyle w:val="{style}"/></w:rPr>' if style else ""


def paragraph(content: str, style: str, more: str = "") -> str:
    """A paragraph of a style. ``more`` are further properties, as a numbering."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{more}</w:pPr>{content}</w:p>'


def field(instruction: str, shown: str, style: str = "") -> str:
    """A field that the program works out, with what it shows until then."""
    kept = _run_style(style)
    return (
        f'<w:r>{kept}<w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r>{kept}<w:instrText xml:space="preserve"> {attribute(instruction)} </w:instrText></w:r>'
        f'<w:r>{kept}<w:fldChar w:fldCharType="separate"/></w:r>'
        f'<w:r>{kept}<w:t xml:space="preserve">{text(shown)}</w:t></w:r>'
        f'<w:r>{kept}<w:fldChar w:fldCharType="end"/></w:r>'
    )


def link_inside(bookmark: str, content: str) -> str:
    """A link to a bookmark."""
    return f'<w:hyperlink w:anchor="{bookmark}" w:history="1">{content}</w:hyperlink>'


def link_outside(relation: str, content: str) -> str:
    """A link to what a relationship of the part names."""
    return f'<w:hyperlink r:id="{relation}" w:history="1">{content}</w:hyperlink>'


def cell(content: str, width: int, span: int = 1, shading: str = "") -> str:
    """A cell of a table, ``width`` in twentieths of a point. ``content`` is one paragraph at least."""
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spanned}{shading}</w:tcPr>{content}</w:tc>'


def row(cells: Iterable[str], *, is_head: bool = False) -> str:
    """A row that is not torn between pages; a head is repeated on each."""
    head = "<w:tblHeader/>" if is_head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{head}</w:trPr>{''.join(cells)}</w:tr>"


def table_start(style: str, widths: Iterable[int], title: str = "", told: str = "", *, has_head: bool = True) -> str:
    """The beginning of a table up to its rows. ``title`` and ``told`` are its text for whoever cannot see it."""
    columns = list(widths)
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in columns)
    name = f'<w:tblCaption w:val="{attribute(title)}"/>' if title else ""
    described = f'<w:tblDescription w:val="{attribute(told)}"/>' if told else ""
    first = int(has_head)
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="{style}"/><w:tblW w:w="{sum(columns)}" w:type="dxa"/>'
        f'<w:tblLayout w:type="fixed"/><w:tblLook w:val="{"00A0" if first else "0080"}" w:firstRow="{first}" '
        'w:lastRow="0" w:firstColumn="1" w:lastColumn="0" w:noHBand="0" w:noVBand="1"/>'
        f"{name}{described}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>"
    )


TABLE_END = "</w:tbl>"
