"""Writing down what is on a wire: tcpdump in a machine of the test's own network."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.lan.network import _ENVIRONMENT, Lan, Machine, poll

_TCPDUMP = ("tcpdump", "--immediate-mode", "-n", "-U", "-B", "65536", "-s", "4096")
"""The kernel keeps room for whole frames, each of the length that may be caught: with tcpdump's own, for eight."""
TOOLS = {"tcpdump": "tcpdump", "ethtool": "ethtool"}


@contextlib.contextmanager
def recorded(wire: Machine, path: Path, *words: str, interface: str = "br0") -> Iterator[None]:
    """Everything that passes ``interface`` of ``wire`` while the block lasts, in ``path``; ``words`` for tcpdump.

    The block is left when tcpdump has written all that it caught.
    """
    errors = path.with_suffix(".tcpdump")
    with errors.open("wb") as log:
        tcpdump = subprocess.Popen(
            wire.inside(*_TCPDUMP, "-i", interface, "-w", str(path), *words, own_files=False),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=_ENVIRONMENT,
        )
    try:
        poll("tcpdump listens", lambda: b"listening on" in errors.read_bytes())
        yield
        _settle(tcpdump, path)
    finally:
        tcpdump.send_signal(signal.SIGINT)
        tcpdump.wait(30)
    assert b"\n0 packets dropped by kernel" in errors.read_bytes(), errors.read_text()


def _settle(tcpdump: "subprocess.Popen[bytes]", path: Path) -> None:
    """Wait until nothing more comes: the kernel hands frames over in blocks."""
    sizes = [-1]

    def is_still() -> bool:
        sizes.append(path.stat().st_size)
        return len(sizes) > 25 and len(set(sizes[-25:])) == 1

    poll("the last frame is written", is_still)
    assert tcpdump.poll() is None, "tcpdump ended by itself"


def plain_frames(machine: Machine) -> None:
    """Frames as they are on a real wire: none longer than the link takes, checksums filled in."""
    machine.run("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off", check=True)


def wire_of(lan: Lan) -> Machine:
    """The machine whose ``br0`` is the wire."""
    return lan._bridge
