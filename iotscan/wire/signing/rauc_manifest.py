"""The manifest of a RAUC bundle: what it is for and what it is made of.

Source: RAUC reference, section "Manifest"; ``src/manifest.c`` for what is refused. The file is a key file of GLib
("Desktop Entry Specification", section 3): sections of one name are one. RAUC takes each key once and refuses what is
left over.
"""

import re
from typing import Final

import msgspec

from iotscan.model.text import safe_text

_LINES: Final = 4000
_IMAGES: Final = 100
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}")
_TWICE: Final = "="
"""No key is called so: under it stands one that was said twice."""
BLOCK: Final = 4096
"""Bytes: of data and of the hash tree, always."""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An image for one class of slots. ``sha256`` is hex, empty where the manifest has none."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest says. ``flaw`` is why RAUC refuses it."""

    format: str
    compatible: str = ""
    version: str = ""
    root_hash: bytes = b""
    salt: bytes = b""
    tree_size: int = 0
    images: tuple[Image, ...] = ()
    notes: tuple[str, ...] = ()
    flaw: str = ""


def read_manifest(data: bytes) -> Manifest:
    """Read a manifest. Never raises."""
    sections = _sections(data)
    if sections is None:
        return Manifest(format="", flaw="its manifest is no key file")
    bundle, update = sections.get("bundle", {}), sections.get("update", {})
    root, salt, size = bundle.get("verity-hash", ""), bundle.get("verity-salt", ""), bundle.get("verity-size", "")
    flaw = _flaw(bundle.get("format", "plain"), update, root, salt, size) or _said_twice(sections)
    return Manifest(
        format=safe_text(bundle.get("format", "plain"), 20),
        compatible=safe_text(update.get("compatible", "")),
        version=safe_text(update.get("version", "")),
        root_hash=bytes.fromhex(root) if not flaw else b"",
        salt=bytes.fromhex(salt) if not flaw else b"",
        tree_size=int(size) if not flaw else 0,
        images=tuple(_image(name, s) for name, s in sections.items() if name.startswith("image."))[:_IMAGES],
        notes=_notes(sections),
        flaw=flaw,
    )


def _flaw(format: str, update: dict[str, str], root: str, salt: str, size: str) -> str:
    if format not in ("verity", "crypt"):
        return f"its manifest stands in the signature and is of format {safe_text(format, 20)}"
    if not update.get("compatible"):
        return "its manifest does not say which devices it is for"
    if not _DIGEST.fullmatch(root) or not _DIGEST.fullmatch(salt):
        return "its manifest has no root hash or salt of the hash tree"
    is_size = size.isascii() and size.isdigit() and len(size) < 16
    if not is_size or not int(size) or int(size) % BLOCK:
        return "its manifest has no size of the hash tree"
    return ""


def _image(section: str, entries: dict[str, str]) -> Image:
    size, digest = entries.get("size", ""), entries.get("sha256", "")
    return Image(
        name=safe_text(f"{section.removeprefix('image.')}: {entries.get('filename', 'no file')}"),
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0,
        sha256=digest.lower() if _DIGEST.fullmatch(digest) else "",
    )


def _notes(sections: dict[str, dict[str, str]]) -> tuple[str, ...]:
    programs = [sections.get("hooks", {}).get("filename", ""), sections.get("handler", {}).get("filename", "")]
    return tuple(f"it brings a program that runs at installation: {safe_text(p, 80)}" for p in programs if p)


def _sections(data: bytes) -> dict[str, dict[str, str]] | None:
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        return None
    if len(lines) > _LINES:
        return None
    sections: dict[str, dict[str, str]] = {}
    section: dict[str, str] | None = None
    for line in (raw.strip() for raw in lines):
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = sections.setdefault(line[1:-1], {})
            continue
        key, equals, value = line.partition("=")
        if section is None or not equals:
            return None
        if key.strip() in section:
            section[_TWICE] = key.strip()
        section[key.strip()] = value.strip()
    return sections


def _said_twice(sections: dict[str, dict[str, str]]) -> str:
    """A key that stands twice in a section that RAUC reads; what others keep in ``meta.*`` it does not look at."""
    for name, section in sections.items():
        if _TWICE in section and not name.startswith("meta."):
            return f"its manifest says {safe_text(section[_TWICE], 40)} of {safe_text(name, 40)} twice"
    return ""
