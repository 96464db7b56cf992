"""A folder that somebody may have been sent: what is read of it lies in it, whatever its names and links say."""

import os
import stat
from pathlib import Path
from typing import Final

_TEMPLATES: Final = 200
"""Files of templates at the most."""


class BadPlace(ValueError):
    """A file that is not there or not in the folder. The text says what to do."""


def read_inside(folder: Path, name: str, limit: int) -> bytes:
    """The bytes of a file of the folder, up to ``limit`` and one more. Raises :class:`BadPlace`."""
    place = _inside(folder, name)
    try:
        # A pipe would keep us waiting for whoever writes into it.
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise BadPlace("is no file")
            return file.read(limit + 1)
    except OSError as error:
        raise BadPlace(f"cannot be read ({error.strerror or type(error).__name__})") from error


def templates_inside(folder: Path) -> str:
    """The path of ``templates/`` in the folder, empty where there is none. Raises :class:`BadPlace`."""
    if not (folder / "templates").is_dir():
        return ""
    place = _inside(folder, "templates")
    for count, found in enumerate(place.rglob("*"), start=1):
        if count > _TEMPLATES:
            raise BadPlace(f"holds more than {_TEMPLATES} files")
        _inside(folder, str(found.relative_to(folder.resolve())))
    return str(place)


def _inside(folder: Path, name: str) -> Path:
    if not name or "\0" in name or Path(name).is_absolute():
        raise BadPlace("is no name of a file in this folder")
    try:
        home = folder.resolve(strict=True)
        place = (home / name).resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise BadPlace("is not there") from error
    if not place.is_relative_to(home):
        raise BadPlace("leads out of the folder of the brand: put a copy into it")
    return place
