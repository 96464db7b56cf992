"""A brand: whose report it is, and what it wears. A folder with ``brand.yaml``, schema ``iotscan/brand@1``.

A colour that text cannot be read in is not taken: the document falls back to its own, and a note says so. Everything
else that cannot be used is refused, because whoever wrote it expects to see it.
"""

import re
from pathlib import Path
from typing import Final, Literal

import msgspec

from iotscan.data.brand_folder import BadPlace, read_inside, templates_inside
from iotscan.data.logo import LIMIT, BadLogo, checked_logo
from iotscan.data.strict_yaml import SIZE_LIMIT, BadYaml, parse
from iotscan.data.typed_yaml import Typed, shown, typed
from iotscan.model.brand import Brand
from iotscan.model.contrast import READABLE, WHITE, contrast
from iotscan.model.text import safe_text

SCHEMA: Final = "iotscan/brand@1"
NAME: Final = "brand.yaml"
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LINE: Final = 120
"""Characters of a name: it stands on every page."""
_PEOPLE: Final = 20
_LEGAL_BYTES: Final = 64 * 1024
_PARAGRAPH: Final = 5000
_PARAGRAPHS: Final = 100


class Colors(msgspec.Struct, frozen=True, kw_only=True):
    """``#rrggbb``. Both need a contrast of 4.5:1 with white: text of theirs stands on white, and white on them."""

    primary: str = ""
    accent: str = ""


class BrandFile(msgspec.Struct, frozen=True, kw_only=True):
    """``brand.yaml`` as it is written. Files are named as they stand in its folder."""

    company: str = ""
    authors: tuple[str, ...] = ()
    contact: str = ""
    logo: str = ""
    """An SVG or a PNG."""
    colors: Colors = Colors()
    classification: str = ""
    footer: str = ""
    legal: str = ""
    """Text; an empty line begins a paragraph."""
    legal_file: str = ""
    """A file with such text instead."""
    paper: Literal["a4", "letter"] = "a4"


def read_brand(path: Path) -> Brand:
    """The brand of a folder, or of the ``brand.yaml`` in it. Raises BadYaml with file, line and what to do."""
    file = path if path.suffix in (".yaml", ".yml") and not path.is_dir() else path / NAME
    try:
        raw = read_inside(file.parent, file.name, SIZE_LIMIT)
    except BadPlace as error:
        raise BadYaml(file, 0, 0, f"{error}: a brand is a folder with a {NAME}") from error
    return _Reader(typed(file, parse(raw, file), BrandFile, schema=SCHEMA)).brand()


class _Reader:
    """Asks of a brand what its types cannot say."""

    def __init__(self, typed: Typed[BrandFile]) -> None:
        self._typed = typed
        self._file = typed.value
        self._folder = typed.path.parent
        self._notes: list[str] = []

    def brand(self) -> Brand:
        file = self._file
        logo, logo_type = self._logo()
        return Brand(
            company=self._line(file.company, "company"),
            authors=self._authors(),
            contact=self._line(file.contact, "contact"),
            logo=logo,
            logo_type=logo_type,
            primary=self._color(file.colors.primary, "primary"),
            accent=self._color(file.colors.accent, "accent"),
            classification=self._line(file.classification, "classification"),
            footer=self._line(file.footer, "footer"),
            legal=self._legal(),
            paper=file.paper,
            notes=tuple(self._notes),
            templates=self._templates(),
        )

    def _line(self, text: str, *where: str | int) -> str:
        if len(text) > _LINE:
            raise self._typed.bad(f"this is {len(text)} characters: {_LINE} at the most", *where)
        return safe_text(text.strip())

    def _authors(self) -> tuple[str, ...]:
        if len(self._file.authors) > _PEOPLE:
            raise self._typed.bad(f"these are more than {_PEOPLE} people", "authors")
        named = (self._line(name, "authors", at) for at, name in enumerate(self._file.authors))
        return tuple(name for name in named if name)

    def _logo(self) -> tuple[bytes, str]:
        name = self._file.logo
        if not name:
            return b"", ""
        raw = self._bytes(name, LIMIT, "logo")
        try:
            return raw, checked_logo(raw)
        except BadLogo as error:
            raise self._typed.bad(f"'{shown(name)}' {error}", "logo") from error

    def _color(self, color: str, key: str) -> str:
        if not color:
            return ""
        if not _COLOR.fullmatch(color):
            raise self._typed.bad(f"'{shown(color)}' is no colour: write it like \"#1f4e79\"", "colors", key)
        # Cut, not rounded: 4.499 is not shown as 4.5.
        ratio = int(contrast(color, WHITE) * 100) / 100
        if ratio < READABLE:
            line = self._typed.line("colors", key)
            self._notes.append(
                f"{self._typed.path}:{line}: the colour {key} {color} is not taken: its contrast with white is "
                f"{ratio}:1, and text needs {READABLE}:1; take a darker one"
            )
            return ""
        return color.lower()

    def _legal(self) -> tuple[str, ...]:
        text, key = self._file.legal, "legal"
        if name := self._file.legal_file:
            if text:
                raise self._typed.bad("'legal' says it already: keep one of the two", "legal_file")
            key = "legal_file"
            raw = self._bytes(name, _LEGAL_BYTES, key)
            try:
                text = raw[: _LEGAL_BYTES + 1].decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise self._typed.bad(f"'{shown(name)}' is no text in UTF-8: save it as one", key) from error
            if len(raw) > _LEGAL_BYTES:
                raise self._typed.bad(f"'{shown(name)}' is larger than {_LEGAL_BYTES // 1024} KiB: shorten it", key)
        found = [part for part in re.split(r"\n[^\S\n]*\n", text.replace("\r\n", "\n")) if part.strip()]
        if len(found) > _PARAGRAPHS or any(len(part) > _PARAGRAPH for part in found):
            limits = f"{_PARAGRAPHS} paragraphs of {_PARAGRAPH} characters"
            raise self._typed.bad(f"this is too long: {limits} at the most", key)
        return tuple(safe_text(part, _PARAGRAPH) for part in found)

    def _bytes(self, name: str, limit: int, key: str) -> bytes:
        try:
            return read_inside(self._folder, name, limit)
        except BadPlace as error:
            raise self._typed.bad(f"'{shown(name)}' {error}", key) from error

    def _templates(self) -> str:
        try:
            return templates_inside(self._folder)
        except BadPlace as error:
            raise BadYaml(self._folder / "templates", 0, 0, str(error)) from error
