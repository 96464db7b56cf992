"""The parts of the file around the text (ECMA-376 Part 2, Open Packaging Conventions)."""

from collections.abc import Mapping

from iotscan.report.document import Document
from iotscan.report.layout.word.markup import attribute, text
from iotscan.report.layout.word.styles import HEAD, W

R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
PARTS = {
    "styles": "styles", "numbering": "numbering", "settings": "settings", "comments": "comments",
    "header1": "header", "header2": "header", "footer1": "footer",
}  # fmt: skip
"""Name of a part beside the text -> its kind."""


def content_types(*, has_logo: bool) -> str:
    """``[Content_Types].xml``."""
    parts = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_WORD}.{kind}+xml"/>' for name, kind in PARTS.items()
    )
    png = '<Default Extension="png" ContentType="image/png"/>' if has_logo else ""
    return (
        f'{HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{png}'
        f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>{parts}'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        '<Override PartName="/docProps/app.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/></Types>'
    )


def package_relations() -> str:
    """``_rels/.rels``."""
    return _relations(
        _relation("rId1", f"{_OFFICE}/officeDocument", "word/document.xml"),
        _relation("rId2", f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
        _relation("rId3", f"{_OFFICE}/extended-properties", "docProps/app.xml"),
    )


def text_relations(links: Mapping[str, str], *, has_logo: bool) -> str:
    """``word/_rels/document.xml.rels``. ``links`` are addresses on the web and their ids."""
    made = [_relation(f"rId_{name}", f"{_OFFICE}/{kind}", f"{name}.xml") for name, kind in PARTS.items()]
    made += [_relation("rId_logo", f"{_OFFICE}/image", "media/logo.png")] if has_logo else []
    made += [_relation(name, f"{_OFFICE}/hyperlink", address, is_outside=True) for address, name in links.items()]
    return _relations(*made)


def _relation(id: str, kind: str, target: str, *, is_outside: bool = False) -> str:
    mode = ' TargetMode="External"' if is_outside else ""
    return f'<Relationship Id="{id}" Type="{kind}" Target="{attribute(target)}"{mode}/>'


def _relations(*relations: str) -> str:
    return f'{HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{"".join(relations)}</Relationships>'


def core_properties(document: Document, author: str, moment: str) -> str:
    """``docProps/core.xml``: title, author, language, day."""
    when = "".join(f'<dcterms:{of} xsi:type="dcterms:W3CDTF">{moment}</dcterms:{of}>' for of in ("created", "modified"))
    return (
        f'{HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{text(document.title)}</dc:title><dc:subject>{text(document.subtitle)}</dc:subject>"
        f"<dc:creator>{text(author)}</dc:creator><cp:category>{text(document.classification)}</cp:category>"
        f"<cp:contentStatus>{text(document.status)}</cp:contentStatus><cp:lastModifiedBy>{text(author)}</cp:lastModifiedBy>"
        f"<cp:revision>1</cp:revision>{when}<dc:language>{text(document.language)}</dc:language></cp:coreProperties>"
    )


def app_properties(document: Document) -> str:
    """``docProps/app.xml``."""
    return (
        f'{HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
        f"<Application>iotscan</Application><Company>{text(document.brand.company)}</Company></Properties>"
    )


def settings() -> str:
    """``word/settings.xml``: contents and page numbers are worked out when it is opened."""
    newest = '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>'
    return (
        f'{HEAD}<w:settings {W}><w:defaultTabStop w:val="567"/><w:updateFields w:val="true"/>'
        f"<w:compat>{newest}</w:compat></w:settings>"
    )


def section_properties(paper: str, *, is_cover: bool) -> str:
    """Paper, margins, header and footer. The part with the cover has another first page."""
    width, height = SIZES.get(paper, SIZES["a4"])
    first = (
        '<w:headerReference w:type="first" r:id="rId_header2"/><w:footerReference w:type="first" r:id="rId_footer1"/>'
    )
    return (
        f'<w:sectPr><w:headerReference w:type="default" r:id="rId_header1"/>{first if is_cover else ""}'
        '<w:footerReference w:type="default" r:id="rId_footer1"/><w:type w:val="nextPage"/>'
        f'<w:pgSz w:w="{width}" w:h="{height}"/><w:pgMar w:top="1304" w:right="{MARGIN}" '
        f'w:bottom="1134" w:left="{MARGIN}" '
        f'w:header="567" w:footer="567" w:gutter="0"/>{"<w:titlePg/>" if is_cover else ""}</w:sectPr>'
    )


MARGIN = 1134
"""Two centimetres, in twentieths of a point."""
SIZES = {"a4": (11906, 16838), "letter": (12240, 15840)}
"""Width and height of paper in twentieths of a point."""


def picture(width: int, height: int, told: str) -> str:
    """A run with the logo, ``width`` and ``height`` in English metric units; ``told`` is its text."""
    drawing = "http://schemas.openxmlformats.org/drawingml/2006"
    size = f'cx="{width}" cy="{height}"'
    words = attribute(told)
    return (
        f'<w:r><w:drawing><wp:inline xmlns:wp="{drawing}/wordprocessingDrawing" '
        'distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent {size}/><wp:docPr id="1" name="Logo" descr="{words}"/>'
        f'<a:graphic xmlns:a="{drawing}/main"><a:graphicData uri="{drawing}/picture">'
        f'<pic:pic xmlns:pic="{drawing}/picture">'
        f'<pic:nvPicPr><pic:cNvPr id="1" name="logo.png" descr="{words}"/><pic:cNvPicPr/></pic:nvPicPr>'
        '<pic:blipFill><a:blip r:embed="rId_logo"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        "</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )
