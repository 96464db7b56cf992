"""sw-description: what an update of SWUpdate consists of, in libconfig's syntax or JSON.

Source: SWUpdate manual, "SWUpdate: syntax and tags with the default parser"; ``parser/parser.c``. Entries stand in
``images``, ``files`` and ``scripts`` at the root or under a board, a software set, a mode: all of them are read, since
which one is installed the device chooses. ``ref`` leads to one of the others.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.wire.signing.libconfig import NotConfiguration, read_libconfig

_LISTS: Final = ("images", "files", "scripts")
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}")
_NODES: Final = 20_000
_DEPTH: Final = 16
_ENTRIES: Final = 2_000
_LARGEST_SIZE: Final = (1 << 63) - 1


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Something to install. ``file`` names the member; ``sha256`` is empty where there is no sound one.

    ``chosen`` is where in the description it stands: of all those with one ``chosen``, every file has to be there.
    """

    file: str
    sha256: bytes
    size: int
    is_encrypted: bool
    chosen: str


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a description says; ``problem`` is why it could not be read."""

    version: str = ""
    hardware: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    problem: str = ""


def read_description(data: bytes) -> Description:
    """Read a description. Never raises."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return Description(problem="sw-description is no text: it may be encrypted")
    try:
        document = _json(text) if text.lstrip().startswith("{") else read_libconfig(text)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, NotConfiguration) else "it is no JSON"
        return Description(problem=f"sw-description could not be read: {safe_text(why, 80)}")
    software = document.get("software") if isinstance(document, dict) else None
    if not isinstance(software, dict):
        return Description(problem="sw-description has no section software")
    try:
        groups = list(_groups(software))
    except _TooLarge:
        return Description(problem="sw-description nests too deep or is too large")
    hardware = [h for _, g in groups for h in _listed(g.get("hardware-compatibility")) if isinstance(h, str)]
    version = software.get("version")
    entries = tuple(e for path, group in groups for e in _entries(path, group))
    is_long = len(entries) > _ENTRIES
    return Description(
        version=safe_text(version) if isinstance(version, str) else "",
        hardware=tuple(dict.fromkeys(safe_text(h, 80) for h in hardware[:100])),
        entries=() if is_long else entries,
        problem=f"sw-description names more than {_ENTRIES:,} files" if is_long else "",
    )


class _TooLarge(Exception):
    pass


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotConfiguration("a name that stands twice in one object")
    return found


def _groups(software: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every group, with its path."""
    todo: list[tuple[str, Any, int]] = [("software", software, 0)]
    for _ in range(_NODES):
        if not todo:
            return
        path, group, depth = todo.pop()
        if depth > _DEPTH:
            break
        yield path, group
        todo += [(f"{path}.{k}", v, depth + 1) for k, v in group.items() if isinstance(v, dict)]
    raise _TooLarge


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _entries(path: str, group: dict[str, Any]) -> Iterator[Entry]:
    for name in _LISTS:
        for entry in _listed(group.get(name)):
            if not isinstance(entry, dict) or "ref" in entry or not isinstance(entry.get("filename"), str):
                continue
            digest, size, encrypted = entry.get("sha256"), entry.get("size"), entry.get("encrypted", False)
            # All zeros is none to SWUpdate; nor is a placeholder that nobody filled in.
            sound = digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) and digest.strip("0") else ""
            yield Entry(
                file=entry["filename"],
                sha256=bytes.fromhex(sound),
                size=min(max(size, 0), _LARGEST_SIZE) if isinstance(size, int) and not isinstance(size, bool) else 0,
                is_encrypted=encrypted is True or isinstance(encrypted, str),
                chosen=path,
            )
