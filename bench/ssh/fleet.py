"""Many SSH servers on loopback, an address each: sshd, each process on ten addresses, and dropbear, one for one.

dropbear lets five strangers in at a time whatever address they came to, and all of ours come from one.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_PREFIX = "127.81"
SPACE = f"{_PREFIX}.0.0/17"
PORT = 8022
_START_SECONDS = 20.0
_EACH = 10
"""Addresses of one sshd; it takes 16 at most."""
_KEYS = ("ed25519", "ecdsa", "rsa")


def addresses(number: int) -> tuple[str, ...]:
    """Where the first servers are: sshd and dropbear in turn, so that one half of any even number is either."""
    return tuple(f"{_PREFIX}.{place // 200}.{place % 200 + 1}" for place in range(number))


class Fleet:
    """Servers that run, all on :data:`PORT`."""

    def accepted(self) -> int:
        """Connections that this machine has accepted so far: nothing else should be going on."""
        lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Tcp:")]
        return int(lines[1][lines[0].index("PassiveOpens")])


def why_not() -> str:
    """Why there can be no servers, and what to do; empty when there can."""
    missing = [name for name in ("sshd", "ssh-keygen", "dropbear", "dropbearkey") if not _program(name)]
    if missing:
        return f"install openssh-server and dropbear-bin: no {', '.join(missing)}"
    return "" if os.geteuid() == 0 else "sshd wants to be started by root"


@contextmanager
def fleet(home: Path, number: int) -> Iterator[Fleet]:
    """``number`` servers while the block lasts. Their files are in ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    Path("/run/sshd").mkdir(exist_ok=True)
    places = addresses(number)
    for kind in _KEYS:
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run((_program("ssh-keygen"), "-q", "-N", "", "-t", kind, "-f", str(home / kind)), **quiet)
        subprocess.run((_program("dropbearkey"), "-t", kind, "-f", str(home / f"{kind}.db")), **quiet)
    with ExitStack() as running:
        for first in range(0, number, 2 * _EACH):
            running.enter_context(_running(_sshd(home, places[first : first + 2 * _EACH : 2])))
        for place in places[1::2]:
            running.enter_context(_running(_dropbear(home, place)))
        _await(places)
        yield Fleet()


def _program(name: str) -> str:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


def _sshd(home: Path, places: tuple[str, ...]) -> tuple[str, ...]:
    """As Debian sets it up, but that it never has too many guests."""
    options = [f"ListenAddress={place}:{PORT}" for place in places]
    options += [f"HostKey={home / kind}" for kind in _KEYS]
    options += ["PidFile=none", "MaxStartups=1000:30:2000", "LogLevel=QUIET", "UsePAM=no"]
    return (_program("sshd"), "-D", "-f", "/dev/null", *(f"-o{option}" for option in options))


def _dropbear(home: Path, place: str) -> tuple[str, ...]:
    keys = [word for kind in _KEYS for word in ("-r", str(home / f"{kind}.db"))]
    return (_program("dropbear"), "-F", "-p", f"{place}:{PORT}", "-P", str(home / f"{place}.pid"), *keys)


@contextmanager
def _running(command: tuple[str, ...]) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _await(places: tuple[str, ...]) -> None:
    """Return when all listen; the kernel's table says so without a guest."""
    end, wanted = time.monotonic() + _START_SECONDS, {_as_listed(place) for place in places}
    while wanted - {line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line}:
        if time.monotonic() > end:
            raise SystemExit("sshd or dropbear does not start")
        time.sleep(0.05)  # between two looks: neither tells anybody when it is ready


def _as_listed(place: str) -> str:
    """An address and the port as /proc/net/tcp shows them."""
    octets = bytes(int(word) for word in place.split("."))
    return f"{int.from_bytes(octets, 'little'):08X}:{PORT:04X}"
