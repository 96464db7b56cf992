"""Files that the user gave to judge by: those with CRLs or OCSP responses. Apart from what reads them as such, which
takes a library to load.
"""

import errno
import stat
from pathlib import Path
from typing import Literal

import msgspec


class GivenFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the user: ``name`` is what a report calls it."""

    kind: Literal["crl", "ocsp"]
    name: str
    path: str


def read_given(path: str | Path, limit: int) -> bytes:
    """The first ``limit`` bytes of a file that is read again later. Raises OSError, for pipes and devices as well.

    A pipe is waited for without an end, and has nothing left for the process that judges by it.
    """
    mode = Path(path).stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "it is no regular file, and has to be read more than once")
    with Path(path).open("rb") as file:
        return file.read(limit)
