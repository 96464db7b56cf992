"""Whether raw frames can be sent from here, and through what. Sends nothing."""

import shutil
from pathlib import Path

import anyio
import msgspec

from iotscan.model.scope import Scope
from iotscan.observe.network.helper.capturing import Capturing, Wanted
from iotscan.observe.network.helper.client import RawHelper
from iotscan.observe.network.helper.installing import problems
from iotscan.observe.network.helper.listening import listening
from iotscan.observe.network.helper.program import Unavailable, installed, may_open_raw

_FOUND_BY_SUDO = ("/usr/bin", "/usr/local/bin", "/usr/sbin", "/usr/local/sbin")


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """In words, and what to do next; ``works`` when the helper has started and answered."""

    works: bool
    text: str
    next: str = ""


def look() -> Status:
    """Start the helper, hear it and end it."""
    record = installed()
    faults = list(problems(record)) if record else []
    how = "by this process" if may_open_raw() else f"through the helper installed for {record.user}" if record else ""
    try:
        anyio.run(_start)
    except Unavailable as error:
        if not how:
            lost = "sweeps are slow, and devices that answer ARP alone, and that rarely, may be missed"
            return Status(works=False, text=f"not allowed: {lost}", next=_install())
        return Status(works=False, text=f"{how}, but {error}", next=faults[0] if faults else _install())
    try:
        anyio.run(_listen)
    except Unavailable as error:
        return Status(works=True, text=f"allowed {how}, but not to listen: {error}", next=faults[0] if faults else "")
    text, then = f"allowed {how}, and to listen", faults[0] if faults else ""
    if record is None or record.capture_sha256 or may_open_raw():
        text += _capture()
    return Status(works=True, text=text, next=then)


def _capture() -> str:
    """Whether all that passes an interface can be captured: on the loopback, and what passes there is not read."""
    try:
        with Capturing(Wanted(interfaces=("lo",), seconds=0.0)):
            return " and to capture"
    except Unavailable as error:
        return f", but not to capture: {error}"


async def _start() -> None:
    async with RawHelper(Scope(include=()), "status") as helper:
        await helper.start()


async def _listen() -> None:
    async with listening((), 0.0):
        pass


def _install() -> str:
    """The command that installs it: with its path where it lies in a user's own folder, which sudo does not search."""
    path = shutil.which("iotscan")
    is_own = path is not None and str(Path(path).parent) not in _FOUND_BY_SUDO
    return f"sudo {path if is_own else 'iotscan'} helper install"
