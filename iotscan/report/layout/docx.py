"""The document as a Word document: real styles, fields and lists, written piece by piece (docs/decisions/0050)."""

import re
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from iotscan.model.brand import Brand
from iotscan.report.document import Document
from iotscan.report.layout.word import package
from iotscan.report.layout.word.body import Body
from iotscan.report.layout.word.numbering import numbering
from iotscan.report.layout.word.package import MARGIN, SIZES, R
from iotscan.report.layout.word.styles import HEAD, W, styles

PRIMARY, ACCENT = "1F3A5F", "1D5B8F"
"""Colours where the brand has none."""
_REGIONS = {"en": "en-GB", "de": "de-DE"}
_FIRST_DAY = "1980-01-01"
"""The earliest that a zip file knows."""
_CHUNK = 1 << 16
_LOGO_WIDTH, _LOGO_HEIGHT = 2_340_000, 900_000
"""The most that a logo takes, in English metric units: 6.5 by 2.5 cm."""


def render(document: Document) -> bytes:
    """The whole file. The same document gives the same bytes."""
    day = document.made if re.fullmatch(r"(19[89]|20[0-9]|210)\d-\d\d-\d\d", document.made) else _FIRST_DAY
    moment = f"{day}T00:00:00Z"
    brand = document.brand
    author = brand.authors[0] if brand.authors else brand.company or "iotscan"
    width = SIZES.get(brand.paper, SIZES["a4"])[0] - 2 * MARGIN
    body = Body(document, width)
    size = _png_size(brand)
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=6) as file:

        def write(name: str, pieces: Iterable[str]) -> None:
            info = ZipInfo(name, (int(day[:4]), int(day[5:7]), int(day[8:10]), 0, 0, 0))
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with file.open(info, "w", force_zip64=False) as part:
                for chunk in _chunks(pieces):
                    part.write(chunk)

        write("[Content_Types].xml", [package.content_types(has_logo=bool(size))])
        write("_rels/.rels", [package.package_relations()])
        write("word/document.xml", _text(document, body, size))
        # What the text counted is known only now.
        write("word/_rels/document.xml.rels", [package.text_relations(body.marks.links, has_logo=bool(size))])
        colours = (_digits(brand.primary) or PRIMARY, _digits(brand.accent) or ACCENT)
        write(
            "word/styles.xml",
            [styles(*colours, _REGIONS.get(document.language, document.language), width, is_brief=document.is_brief)],
        )
        write("word/numbering.xml", [numbering(body.marks.lists)])
        write("word/settings.xml", [package.settings()])
        write("word/comments.xml", _root("comments", body.comments(author, moment)))
        write("word/header1.xml", _root("hdr", [body.header(is_first=False)]))
        write("word/header2.xml", _root("hdr", [body.header(is_first=True)]))
        write("word/footer1.xml", _root("ftr", [body.footer()]))
        write("docProps/core.xml", [package.core_properties(document, author, moment)])
        write("docProps/app.xml", [package.app_properties(document)])
        if size:
            info = ZipInfo("word/media/logo.png", (int(day[:4]), int(day[5:7]), int(day[8:10]), 0, 0, 0))
            file.writestr(info, brand.logo)
    return out.getvalue()


def _text(document: Document, body: Body, size: tuple[int, int] | None) -> Iterator[str]:
    paper = document.brand.paper
    logo = package.picture(*size, f"Logo of {document.brand.company or 'the assessor'}") if size else ""
    yield f"{HEAD}<w:document {W} {R}><w:body>"
    yield from body.cover(logo)
    if not document.is_brief:
        yield from body.contents()
        yield f"<w:p><w:pPr>{package.section_properties(paper, is_cover=True)}</w:pPr></w:p>"
    yield from body.sections()
    yield f"{package.section_properties(paper, is_cover=False)}</w:body></w:document>"


def _root(name: str, pieces: Iterable[str]) -> Iterator[str]:
    yield f"{HEAD}<w:{name} {W} {R}>"
    yield from pieces
    yield f"</w:{name}>"


def _chunks(pieces: Iterable[str]) -> Iterator[bytes]:
    """Pieces together: a call for each of many small ones costs more than it writes."""
    held, size = [], 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()


def _digits(colour: str) -> str:
    return colour[1:].upper() if re.fullmatch(r"#[0-9a-fA-F]{6}", colour) else ""


def _png_size(brand: Brand) -> tuple[int, int] | None:
    """How large the logo is shown, None without a PNG: Word needs a raster beside a SVG, and we draw none."""
    head = brand.logo[:33]
    if brand.logo_type != "image/png" or head[:8] != b"\x89PNG\r\n\x1a\n" or head[12:16] != b"IHDR" or len(head) < 33:
        return None
    if zlib.crc32(head[12:29]) != int.from_bytes(head[29:33], "big"):
        return None
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if not width or not height:
        return None
    scale = min(_LOGO_WIDTH / width, _LOGO_HEIGHT / height)
    return max(1, int(width * scale)), max(1, int(height * scale))
