"""The document as a PDF, by typst: tagged for screen readers (PDF/UA-1), with an outline, the same bytes each time."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from typing import Any, Final

import msgspec

from iotscan.model.brand import Brand
from iotscan.model.errors import BadInput
from iotscan.report.document import Document
from iotscan.report.layout.needs import require
from iotscan.report.layout.sheet import day_of, sheet
from iotscan.report.layout.shortening import shortened
from iotscan.shipped import shipped

_LOGOS: Final[Mapping[str, str]] = {"image/svg+xml": "svg", "image/png": "png"}
_LOGO_WIDTH: Final = 70
_LOGO_HEIGHT: Final = 22
"""Millimetres that a logo has on the cover at the most."""
_UNSHOWN = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-f]{1,6})\}|\\(.)")
_ROUNDS: Final = 4
"""Turns in which letters without a glyph are spelt out, before every letter that is not ASCII is."""


def render(document: Document) -> bytes:
    """The whole file. Raises BadInput where typst is missing or the logo cannot be drawn."""
    require("pdf")
    data = msgspec.json.encode({**sheet(shortened(document)), **_logo(document.brand), "spelt": False}).decode()
    template = (shipped("reports") / "templates" / "audit.typ").read_bytes()
    # Files in memory are text to typst: a picture goes in as numbers.
    files = {"main.typ": template, "logo.json": msgspec.json.encode(list(document.brand.logo))}
    moment = int(datetime.combine(day_of(document.made), time(), UTC).timestamp())
    return _typeset(files, data, moment)


def _logo(brand: Brand) -> dict[str, Any]:
    name = _LOGOS.get(brand.logo_type, "") if brand.logo else ""
    words = brand.company or "the assessor"
    return {
        "logo": name,
        "logo-alt": f"Logo of {words}",
        "logo-width": _LOGO_WIDTH,
        "logo-height": _LOGO_HEIGHT,
    }


def _typeset(files: Mapping[str, bytes], data: str, moment: int) -> bytes:
    """Typst's answer. What no font has is spelt out: PDF/UA allows no letter that shows as nothing."""
    import typst

    strange = set(_strange(data))
    missing = _without_glyph(strange) if strange else set()
    for turn in range(_ROUNDS + 1):
        if turn == _ROUNDS:
            missing = strange
        try:
            return _compile({**files, "report.json": _spelt(data, missing)}, moment)
        except typst.TypstError as error:
            found = {c for text in _unshown(error) for c in text if ord(c) > 0x7F} - missing
            if not found and (turn == _ROUNDS or "could not be displayed" not in str(error.message)):
                raise _problem(error) from error
            missing |= found or strange
    raise AssertionError


def _compile(files: Mapping[str, bytes], moment: int) -> bytes:
    import typst

    # Nothing is read from this machine but fonts: all files are handed over, packages are looked for in an empty place.
    with tempfile.TemporaryDirectory(prefix="iotscan-typst-") as empty:
        typeset: Any = typst.compile  # its types know no files in memory
        made: bytes = typeset(
            dict(files),
            root=empty,
            package_path=empty,
            package_cache_path=empty,
            format="pdf",
            pdf_standards=["ua-1"],
            timestamp=moment,
        )
    return made


def _strange(data: str) -> Iterator[str]:
    return (c for c in set(data) if ord(c) > 0x7F)


def _without_glyph(letters: set[str]) -> set[str]:
    """Those that no font here shows, asked of typst itself: it knows in which font it would look."""
    import typst

    shown = {"letters": sorted(letters)}
    source = b'#set document(title: "x")\n#for it in json("report.json").letters { par(text(it)) }'
    try:
        _compile({"main.typ": source, "report.json": msgspec.json.encode(shown)}, 0)
    except typst.TypstError as error:
        return {c for text in _unshown(error) for c in text} & letters
    return set()


def _unshown(error: Any) -> Iterator[str]:
    for said in _UNSHOWN.findall(str(error.diagnostic)):
        yield _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], said)


def _spelt(data: str, missing: set[str]) -> bytes:
    r"""The JSON with those letters as ``\\u4e2d``: six letters of text, no escape of JSON."""
    if not missing:
        return data.encode()
    spelling = {ord(c): f"\\\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\\\U{ord(c):08x}" for c in missing}
    return data.translate(spelling).replace('"spelt":false', '"spelt":true', 1).encode()


def _problem(error: Any) -> Exception:
    if "logo.json" in str(error.diagnostic):
        return BadInput(f"the logo of the brand cannot be drawn ({str(error.message)[:120]}): save it another way")
    return RuntimeError(str(error.diagnostic)[:2000])
