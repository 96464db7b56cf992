"""Which nmap is installed here, and how to get one."""

import os
import re
import shutil
import subprocess
from typing import Final

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text

_SECONDS: Final = 10.0
_VERSION: Final = re.compile(r"Nmap version (\d{1,3}\.\d{1,3}[\w.+-]{0,20})")
_OLDEST: Final = (7, 0)
"""The first whose version detection goes through a proxy that we can speak to; 7.93 is the one that was tried."""
_GET: Final = (
    "install it (apt install nmap, dnf install nmap, brew install nmap, or https://nmap.org), or leave out --nmap"
)


class Nmap(msgspec.Struct, frozen=True, kw_only=True):
    """An nmap on this machine: the path of its program, and its version."""

    path: str
    version: str

    @property
    def name(self) -> str:
        """``nmap 7.93``."""
        return f"nmap {self.version}"


def environment() -> dict[str, str]:
    """What nmap is started with: none of our variables, and the wish that it use no privilege it may have."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "NMAP_UNPRIVILEGED": "1"}


def find_nmap() -> Nmap:
    """The nmap of this machine. Sends nothing. Raises BadInput where there is none that can be used.

    Who is root takes programs from the system's folders alone, whatever PATH says.
    """
    searched = os.defpath if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    path = shutil.which("nmap", path=searched)
    if path is None:
        raise BadInput(f"--nmap needs nmap, which is not installed here: {_GET}")
    path = os.path.abspath(path)
    version = _version(path)
    if tuple(int(n) for n in version.split(".")[:2] if n.isdecimal()) < _OLDEST:
        raise BadInput(f"--nmap: {safe_text(path, 200)} is too old ({version or 'it names no version'}): {_GET}")
    return Nmap(path=path, version=version)


def _version(path: str) -> str:
    try:
        said = subprocess.run(
            (path, "--version"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            timeout=_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadInput(f"--nmap: {safe_text(path, 200)} does not start: {_GET}") from error
    found = _VERSION.search(said[:2000].decode("ascii", "replace"))
    return found[1] if found else ""
