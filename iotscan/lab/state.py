"""What is known of a practice network that runs: who it is, and the file that says so."""

import os
from pathlib import Path

import msgspec

from iotscan.model.errors import BadInput

STATE_FILE = "state.json"


class LabError(BadInput):
    """The practice network cannot be started or stopped; the message says why and what to do."""


class LabState(msgspec.Struct, frozen=True, kw_only=True):
    """One running practice network. ``addresses`` is its scope: it listens nowhere else.

    ``ports`` maps a well-known TCP port to the one in use, ``udp`` a protocol to its UDP port.
    ``directory`` holds ``state.json``, ``lab.log`` and ``ca.pem``, the certificate of the network's own CA.
    ``birth`` tells its process from a later one with the same number.
    """

    pid: int
    birth: str
    instance: str
    directory: str
    prefix: str
    addresses: tuple[str, ...]
    ports: dict[int, int]
    udp: dict[str, int]
    is_maintained: bool = False
    """After ``iotscan lab maintain``: two devices have other keys and one is mended."""


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the starting process says through the pipe, once: that it is up, or why not."""

    state: LabState | None = None
    error: str = ""


def state_directory() -> Path:
    """``$XDG_STATE_HOME/iotscan/lab``, or the same under ``~/.local/state``."""
    home = os.environ.get("XDG_STATE_HOME", "")
    # The specification says that a relative path here counts as unset.
    root = Path(home) if os.path.isabs(home) else Path.home() / ".local" / "state"
    return root / "iotscan" / "lab"


def birth_of(pid: int) -> str:
    """Which boot and which tick of it a process started in; empty when it does not run. Linux only (proc(5))."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def read_state(directory: Path) -> LabState | None:
    """The network that ``directory`` speaks of, if its process still runs and is that very one."""
    try:
        state = msgspec.json.decode((directory / STATE_FILE).read_bytes(), type=LabState)
    except (OSError, msgspec.MsgspecError):
        return None
    return state if birth_of(state.pid) == state.birth else None


def write_state(state: LabState) -> None:
    """Write ``state.json`` in one step."""
    target = Path(state.directory) / STATE_FILE
    draft = target.with_suffix(f".{state.instance}")
    draft.write_bytes(msgspec.json.encode(state))
    draft.replace(target)


def forget_state(state: LabState) -> None:
    """Remove ``state.json`` if it still speaks of this instance."""
    target = Path(state.directory) / STATE_FILE
    try:
        if msgspec.json.decode(target.read_bytes(), type=LabState).instance == state.instance:
            target.unlink()
    except (OSError, msgspec.MsgspecError):
        return
