"""Which waiver file a command uses: the one that is named, else that of the working directory, and then it is said."""

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from iotscan.cli.pipe import tell
from iotscan.data.waiver_file import NAME, KnownChecks, WaiverFile, read_waivers
from iotscan.model.errors import BadInput


def find_waivers(named: str, *, no_waivers: bool = False) -> Path | None:
    """The waiver file to use, None for none. Raises BadInput for a name that is no file."""
    if no_waivers:
        if named:
            raise BadInput("--waivers and --no-waivers contradict each other: give one of them")
        return None
    if named:
        return require_file(Path(named))
    here = Path(NAME)
    if not here.exists():
        return None
    tell(f"waivers from ./{NAME}")
    return here


def require_file(path: Path) -> Path:
    """``path``, where there is a file. Raises BadInput."""
    if not path.is_file():
        raise BadInput(f"{path}: there is no such file: make one with iotscan waivers add")
    return path


def read_file(path: Path, folders: Sequence[Path] = ()) -> WaiverFile:
    """Read a waiver file; ``folders`` hold further checks that it may name. Raises BadInput."""
    return read_waivers(path, load_known(folders), today=clock())


def load_known(folders: Sequence[Path] = ()) -> KnownChecks:
    """The checks that a waiver file may name. Raises BadInput."""
    from iotscan.assess.attesting import known_checks
    from iotscan.assess.registry import load_checks

    return known_checks(load_checks(tuple(folders)).checks)


def replace_text(path: Path, text: str) -> None:
    """Put ``text`` in the place of a file, whole or not at all; its mode stays. Raises BadInput."""
    place = path.resolve()
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        fresh.write_bytes(text.encode())
        if place.exists():
            shutil.copymode(place, fresh)
        fresh.replace(place)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise BadInput(f"{path} cannot be written ({error.strerror}): choose another place") from error


def clock() -> date:
    """Today, UTC."""
    return datetime.now(UTC).date()
