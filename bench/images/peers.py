"""What others do with the same image: unpack it and search for keys and addresses, or ask about its settings.

None does the same job. ``7z`` and ``grep`` find the lines of two patterns; unblob opens every packed file it meets,
too; lynis asks about settings, most of them of the machine that it runs on.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from bench.images.spending import Spent, middle, spend

_PATTERN = "BEGIN [A-Z ]*PRIVATE KEY|https?://[a-z0-9.-]+"
_GREP = f"grep -rlaE '{_PATTERN}'"
_DATABASE = Path("~/.cache/cve-bin-tool/cve.db")


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """``command`` is for a shell, with ``{image}`` and ``{out}``, a folder that is made anew for each turn."""

    name: str
    command: str
    formats: tuple[str, ...]
    program: str
    missing: str
    target: str = ""
    is_slow: bool = False


_IMAGES = ("tar.gz", "squashfs", "ext4")
PEERS = (
    Peer(name="reading all of it", command="find {image} -type f -exec cat {{}} +", formats=("folder",),
         program="find", missing="install findutils"),
    Peer(name="grep", command=f"{_GREP} {{image}}", formats=("folder",), program="grep", missing="install grep"),
    Peer(name="7z x + grep", command=f"7z x -y -bd -o{{out}} {{image}}; {_GREP} {{out}}", formats=("squashfs", "ext4"),
         program="7z", missing="install p7zip-full", target=">= 5x"),
    Peer(name="7z x + grep", command=f"7z x -so {{image}} | 7z x -y -bd -si -ttar -o{{out}}; {_GREP} {{out}}",
         formats=("tar.gz",), program="7z", missing="install p7zip-full", target=">= 5x"),
    Peer(name="unsquashfs + grep", command=f"unsquashfs -q -n -d {{out}}/root {{image}}; {_GREP} {{out}}",
         formats=("squashfs",), program="unsquashfs", missing="install squashfs-tools"),
    Peer(name="binwalk -Me + grep",
         command=f"binwalk -q -Me --run-as=$(id -un) -C {{out}} {{image}}; {_GREP} {{out}}", formats=("squashfs",),
         program="binwalk", missing="install binwalk"),
    Peer(name="unblob + grep",
         command=f"{{unblob}} --log {{out}}/log -e {{out}}/all {{image}}; {_GREP} {{out}}/all", formats=_IMAGES,
         program="unblob", missing="pip install unblob, or set UNBLOB", target=">= 5x", is_slow=True),
    Peer(name="lynis", command="lynis audit system --rootdir {image} --quick --no-colors --logfile {out}/log "
         "--report-file {out}/report", formats=("folder",), program="lynis", missing="install lynis", is_slow=True),
    Peer(name="cve-bin-tool", command="cve-bin-tool --offline {image}", formats=("folder",),
         program="cve-bin-tool", missing="pip install cve-bin-tool, and its database over the network", is_slow=True),
)  # fmt: skip


def peers_of(format: str) -> Iterator[Peer]:
    """Those that take an image of this format."""
    return (peer for peer in PEERS if format in peer.formats)


def why_not(peer: Peer) -> str:
    """Why it cannot be measured here; empty where it can."""
    if peer.name == "cve-bin-tool" and not _DATABASE.expanduser().exists():
        return peer.missing
    return "" if _path_of(peer) else peer.missing


class NothingDone(Exception):
    """A peer ended and had not done its work: what it spent is no price of anything."""


def cost_of(peer: Peer, image: Path, env: Mapping[str, str], home: Path, *, turns: int, files: int) -> Spent:
    """The median of its turns. Raises NothingDone where it unpacked less than half of ``files``."""
    return middle([_turn(peer, image, env, home / "peer", files) for _ in range(turns)])


def _turn(peer: Peer, image: Path, env: Mapping[str, str], out: Path, files: int) -> Spent:
    out.mkdir()
    words = peer.command.format(image=image, out=out, unblob=_path_of(peer))
    others = {name: value for name, value in env.items() if name != "PYTHONPATH"}
    try:
        # What it says of links and owners, or that nothing was found, is no failure of the measure.
        spent = spend(("sh", "-c", words), others, may_end=range(128))
        # unblob without sasquatch ends soon, and well, with nothing of a squashfs unpacked.
        unpacked = sum(len(names) for _, _, names in os.walk(out))
        if "folder" not in peer.formats and unpacked < files // 2:
            raise NothingDone(f"it unpacked {unpacked:,} of {files:,} files: a program of its own is missing")
        return spent
    finally:
        shutil.rmtree(out)


def _path_of(peer: Peer) -> str:
    return shutil.which(os.environ.get("UNBLOB", "unblob") if peer.program == "unblob" else peer.program) or ""
