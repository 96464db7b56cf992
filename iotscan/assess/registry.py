"""The checks there are: ours, those in folders the user names, and those of installed packages.

One loader serves all three. Nothing is ever loaded from the working directory unasked, nor from what
is under test.
"""

import hashlib
import importlib.metadata
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import msgspec

from iotscan.assess.check import BadCheck, Check
from iotscan.model.errors import BadInput
from iotscan.model.vocabulary import Element
from iotscan.shipped import shipped

GROUP = "iotscan.checks.v1"
"""Entry-point group of other people's packs: each entry loads a module with checks, or one check."""
OURS = "iotscan"
"""Name of the pack that ships with iotscan."""


class PackError(BadInput):
    """A check or pack that cannot be used: the message names the file and what to do."""


class CheckPack(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of this run, sorted by id."""

    checks: tuple[Check, ...]

    def by_id(self, id_or_alias: str) -> Check | None:
        """The check with this id or alias, whatever its case; None when there is none."""
        word = id_or_alias.lower()
        return next((c for c in self.checks if word in _names(c)), None)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, sorted."""
        return tuple(c.info.id for c in self.checks)


def load_checks(extra: Sequence[Path] = ()) -> CheckPack:
    """Load our checks, those in ``extra`` folders and those of installed packages. Raises :class:`PackError`.

    A file that several folders hold (in a checkout, ours and one the user names) is loaded once.
    """
    files: dict[Path, tuple[Path, str]] = {}
    for folder, pack in ((shipped("checks"), OURS), *((f, f.resolve().name) for f in extra)):
        for file in check_files(folder):
            files.setdefault(file.resolve(), (file, pack))
    found = [read_file(file, pack) for file, pack in files.values()]
    for entry in _entry_points():
        found += _read_entry(entry)
    return gather(found)


def gather(checks: Iterable[Check]) -> CheckPack:
    """Sort checks into a pack. Raises :class:`PackError` where two claim one id or alias."""
    holders: dict[str, Check] = {}
    ordered = tuple(sorted(checks, key=lambda c: (c.info.id, c.info.pack)))
    for check in ordered:
        for name in sorted(_names(check)):
            other = holders.setdefault(name, check)
            if other is not check:
                raise PackError(
                    f"{_origin(check)}: id or alias '{name}' is taken by {_origin(other)}: "
                    "rename one of them, or leave one pack out"
                )
    return CheckPack(checks=ordered)


def check_files(folder: Path) -> tuple[Path, ...]:
    """The check files of a folder: ``*.py`` directly in it or in a subfolder named for an element.

    Files that begin with ``_`` are left alone. Raises :class:`PackError` where there are none.
    """
    if not folder.is_dir():
        raise PackError(f"{folder}: there is no such folder: give --checks a folder of check files")
    rooms = (folder, *(folder / element.value for element in Element))
    files = tuple(f for room in rooms for f in sorted(room.glob("*.py")) if not f.name.startswith("_"))
    if not files:
        raise PackError(f"{folder}: no check file is in it, nor in a subfolder named for an element: add one")
    return files


def read_file(path: Path, pack: str) -> Check:
    """Load the one check of a file. Raises :class:`PackError`."""
    found = tuple(_checks_of(_execute(path)))
    if not found:
        raise PackError(f"{path}: no check in this file: decorate a function with @check, or begin its name with _")
    if len(found) > 1:
        raise PackError(f"{path}: {len(found)} checks in this file: one check a file, so split it")
    return _owned(found[0], pack)


def _execute(path: Path) -> ModuleType:
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    # A name of its own for each file: two packs may both have a telnet.py.
    name = f"_iotscan_check_{digest}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PackError(f"{path}: this is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Annotations and the module's docstring are looked up here while the decorator runs.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise PackError(f"{path}:{error.lineno or 0}: syntax error: {error.msg}: correct the file") from error
    except BadCheck as error:
        raise PackError(f"{path}: {error}") from error
    except Exception as error:
        raise PackError(f"{path}: loading it raised {type(error).__name__}: {error}: correct the file") from error
    return module


def _checks_of(module: ModuleType) -> Iterator[Check]:
    seen: set[str] = set()
    for value in vars(module).values():
        if isinstance(value, Check) and value.info.id not in seen:
            seen.add(value.info.id)
            yield value


def _entry_points() -> list[EntryPoint]:
    """Entry points of installed packages; those that only lie in the working directory do not count."""
    here = Path.cwd()
    path = [p for p in sys.path if p and Path(p).resolve() != here]
    found = {
        (dist.name or "", entry.name, entry.value): entry
        for dist in importlib.metadata.distributions(path=path)
        for entry in dist.entry_points
        if entry.group == GROUP
    }
    return [found[key] for key in sorted(found)]


def _read_entry(entry: EntryPoint) -> tuple[Check, ...]:
    pack = entry.dist.name if entry.dist else entry.name
    where = f"package {pack}, entry point {entry.name} = {entry.value}"
    try:
        loaded = entry.load()
    except Exception as error:
        raise PackError(
            f"{where}: loading it raised {type(error).__name__}: {error}: update or uninstall the package"
        ) from error
    found = tuple(_checks_of(loaded)) if isinstance(loaded, ModuleType) else (loaded,)
    found = tuple(c for c in found if isinstance(c, Check))
    if not found:
        raise PackError(f"{where}: no check in it: it must load a check or a module with checks")
    return tuple(_owned(check, pack) for check in found)


def _owned(check: Check, pack: str) -> Check:
    return msgspec.structs.replace(check, info=msgspec.structs.replace(check.info, pack=pack))


def _names(check: Check) -> set[str]:
    return {name.lower() for name in (check.info.id, *check.info.aliases)}


def _origin(check: Check) -> str:
    return inspect.getsourcefile(check.question) or f"{check.info.pack}:{check.info.id}"
