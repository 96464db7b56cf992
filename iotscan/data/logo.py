"""A logo that can be put into a document: a PNG of a sane size, or an SVG that draws and does nothing else.

An SVG is taken whole or refused, never repaired: what is left of a repaired one, nobody has looked at. It may hold
what draws; no script, no reference that leads out of it, no entities, no CDATA, so that every parser reads the same.
"""

import re
import struct
import zlib
from typing import Final
from xml.parsers import expat

PNG: Final = "image/png"
SVG: Final = "image/svg+xml"
LIMIT: Final = 512 * 1024
"""Bytes of a logo."""
WIDEST: Final = 4000
"""Pixels of a PNG, on either side: a few kilobytes can unpack to gigabytes."""
_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_ABOUT: Final = (
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://creativecommons.org/ns#",
    "http://purl.org/dc/elements/1.1/",
)
"""Whose words may stand in ``metadata``: what Inkscape writes there."""
_DRAWN: Final = frozenset(
    (
        *("svg", "g", "defs", "title", "desc", "metadata", "style", "symbol", "use", "text", "tspan"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("linearGradient", "radialGradient", "stop", "clipPath", "mask", "pattern", "marker"),
    )
)
_ELEMENTS: Final = 5000
_DEPTH: Final = 30
_USES: Final = 20
"""Copies: as chains of copies they multiply, and 20 make 1,500 at the worst."""
_LENGTH = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,9})?)(?:px|pt|mm|cm|in|em|ex)?\s*")
_OUTSIDE = re.compile(r"url\(\s*['\"]?\s*(?!['\"\s#])|\b(?:image|image-set|src|cross-fade|element|paint)\s*\(", re.I)


class BadLogo(ValueError):
    """A file that is no logo of ours. The text says what it is and what to do."""


def checked_logo(raw: bytes) -> str:
    """The media type of a logo that may be used. Raises :class:`BadLogo` and nothing else."""
    if len(raw) > LIMIT:
        raise BadLogo(f"is larger than {LIMIT // 1024} KiB: save it smaller")
    if raw.startswith(_MAGIC):
        _check_png(raw)
        return PNG
    if b"<" in raw[:512]:
        _SvgCheck().check(raw)
        return SVG
    raise BadLogo("is neither a PNG nor an SVG: save it as one of them")


def _check_png(raw: bytes) -> None:
    at, kinds = len(_MAGIC), list[bytes]()
    while at < len(raw) and kinds[-1:] != [b"IEND"]:
        if at + 12 > len(raw):
            raise BadLogo("is cut off: save the PNG again")
        length, kind = struct.unpack_from(">I4s", raw, at)
        end = at + 12 + length
        if end > len(raw) or zlib.crc32(raw[at + 4 : end - 4]) != int.from_bytes(raw[end - 4 : end], "big"):
            raise BadLogo("is cut off or damaged: save the PNG again")
        kinds.append(kind)
        at = end
    if kinds[:1] != [b"IHDR"] or b"IDAT" not in kinds or kinds[-1] != b"IEND" or at != len(raw):
        raise BadLogo("is no whole PNG: save it again")
    width, height = struct.unpack_from(">II", raw, len(_MAGIC) + 8)
    if not (0 < width <= WIDEST and 0 < height <= WIDEST):
        raise BadLogo(f"is {width} x {height} pixels: {WIDEST} a side at the most")


class _SvgCheck:
    """Reads an SVG once and stops at the first thing that draws nothing."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._elements = self._uses = 0
        self._style = ""
        parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler = lambda *_: self._refuse("a DOCTYPE: delete that line")
        parser.EntityDeclHandler = lambda *_: self._refuse("an entity: write the text out")
        parser.ProcessingInstructionHandler = lambda *_: self._refuse("a processing instruction: delete that line")
        parser.StartCdataSectionHandler = lambda: self._refuse("a CDATA section: save it as plain SVG")
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        self._parser = parser

    def check(self, raw: bytes) -> None:
        """Raises :class:`BadLogo`."""
        try:
            self._parser.Parse(raw.decode("utf-8-sig").encode(), True)
        except UnicodeDecodeError as error:
            raise BadLogo("is no SVG in UTF-8: save it as one") from error
        except expat.ExpatError as error:
            raise BadLogo(f"is no SVG: line {error.lineno}: {expat.ErrorString(error.code)}") from error

    def _declared(self, _: str, encoding: str | None, __: int) -> None:
        # Every reader knows UTF-8; of other encodings a browser may make other elements than we looked at.
        if encoding and encoding.lower() != "utf-8":
            self._refuse(f"the encoding {_word(encoding)}: save it in UTF-8")

    def _refuse(self, what: str) -> None:
        raise BadLogo(f"line {self._parser.CurrentLineNumber} has {what}")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        self._elements += 1
        if not self._open:
            self._first(space, tag, attributes)
        if self._elements > _ELEMENTS or len(self._open) >= _DEPTH:
            self._refuse(f"too much in it: {_ELEMENTS} elements and {_DEPTH} levels at the most")
        if not (space == _SVG and tag in _DRAWN) and not ("metadata" in self._open and space in _ABOUT):
            self._refuse(f"an element <{_word(tag)}>: a logo is made of plain shapes and text")
        self._uses += tag == "use"
        if self._uses > _USES:
            self._refuse(f"more than {_USES} <use>: write the shapes out")
        for key, value in attributes.items():
            self._attribute(key, value)
        self._open.append(tag)

    def _first(self, space: str, tag: str, attributes: dict[str, str]) -> None:
        if (space, tag) != (_SVG, "svg"):
            self._refuse(f"<{_word(tag)}> first, and that is no SVG")
        box = attributes.get("viewBox", "").replace(",", " ").split()
        sides = box[2:] if len(box) == 4 else [attributes.get("width", ""), attributes.get("height", "")]
        lengths = [float(found[1]) if (found := _LENGTH.fullmatch(side)) else 0.0 for side in sides]
        if not all(0.1 <= length <= 100_000 for length in lengths):
            self._refuse("no size: give it a viewBox, as viewBox='0 0 120 40'")
        if not 1 / 20 <= lengths[0] / lengths[1] <= 20:
            self._refuse("one side that is more than 20 times the other: cut the empty part off")

    def _attribute(self, key: str, value: str) -> None:
        space, _, name = key.rpartition(" ")
        if name.lower().startswith("on"):
            self._refuse(f"a script ({_word(name)}): delete it")
        if name == "href" and space in ("", _XLINK) and not value.startswith("#"):
            self._refuse("a reference that leads out of it (href): a logo stands alone")
        if space == _XML and name == "base":
            self._refuse("an xml:base: delete it")
        self._css(value, is_style=name == "style")

    def _css(self, text: str, *, is_style: bool) -> None:
        if _OUTSIDE.search(text):
            self._refuse("a reference that leads out of it (url): a logo stands alone")
        if is_style and ("@" in text or "\\" in text):
            self._refuse("style with @ or \\: write plain properties")

    def _text(self, text: str) -> None:
        if self._open[-1:] == ["style"]:
            # In pieces, what is refused could hide between two of them.
            self._style += text

    def _end(self, _: str) -> None:
        if self._open.pop() == "style":
            self._css(self._style, is_style=True)


def _word(name: str) -> str:
    return "".join(c for c in name[:40] if c.isascii() and c.isprintable())
