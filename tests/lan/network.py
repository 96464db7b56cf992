"""A network of real daemons: one network and mount namespace per device, one for the scanner, a bridge between.

There is no default route and no way out: the bridge lives in a namespace of its own. Everything is
removed when the block ends.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PREFIX = "10.77.0"
SCANNER = f"{PREFIX}.2"
READY_SECONDS = 20.0
_CAP_NET_ADMIN, _CAP_SYS_ADMIN = 12, 21


def why_not() -> str:
    """Why no such network can be made here; empty when it can."""
    if sys.platform != "linux":
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("CapEff"))
    held = int(line.split()[1], 16)
    if not (held >> _CAP_NET_ADMIN & 1 and held >> _CAP_SYS_ADMIN & 1):
        return "network namespaces need CAP_NET_ADMIN and CAP_SYS_ADMIN"
    if shutil.which("ip") is None:
        return "apt-get install iproute2"
    return ""


class Lan:
    """The network while it stands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tag = f"iots{os.getpid() % 100000}"
        self._spaces: list[str] = []
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._devices = 0

    def __enter__(self) -> "Lan":
        self._bridge = self._space("br")
        self._ip("-n", self._bridge, "link", "add", "br0", "type", "bridge")
        self._ip("-n", self._bridge, "link", "set", "br0", "up")
        self._scanner = self.device(2, "scanner")
        return self

    def __exit__(self, *_: object) -> None:
        for daemon in self._daemons:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(daemon.pid, 9)
            daemon.wait()
        for space in self._spaces:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)

    def device(self, host: int, name: str) -> str:
        """Make a device at ``10.77.0.host``; its namespace."""
        self._devices += 1
        space, port = self._space(name), f"p{self._devices}"
        self._ip("link", "add", "eth0", "netns", space, "type", "veth", "peer", "name", port, "netns", self._bridge)
        self._ip("-n", self._bridge, "link", "set", port, "master", "br0", "up")
        self._ip("-n", space, "link", "set", "eth0", "address", f"00:40:8c:00:00:{host:02x}")
        self._ip("-n", space, "address", "add", f"{PREFIX}.{host}/24", "brd", "+", "dev", "eth0")
        self._ip("-n", space, "link", "set", "eth0", "up")
        self._ip("-n", space, "link", "set", "lo", "up")
        return space

    def start(self, space: str, *command: str, mounts: Mapping[str, str] | None = None) -> None:
        """Run a daemon in a device's namespaces, with a /run of its own and ``mounts`` (host path -> place)."""
        script = "mount --make-rprivate / && mount -t tmpfs tmpfs /run && "
        script += "".join(f"mount --bind {source} {place} && " for source, place in (mounts or {}).items())
        script += "mkdir -p /run/sshd /run/avahi-daemon && exec \"$@\""
        log = (self._folder / f"{space}.log").open("ab")
        self._daemons.append(
            subprocess.Popen(
                ["ip", "netns", "exec", space, "unshare", "--mount", "sh", "-c", script, "sh", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        )

    def run(
        self, command: Sequence[str], *, env: Mapping[str, str], timeout: float, cwd: Path
    ) -> subprocess.CompletedProcess[str]:
        """Run a command where the scanner stands."""
        return subprocess.run(
            ["ip", "netns", "exec", self._scanner, *command],
            env=dict(env),
            cwd=cwd,
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
        )

    def wait_for(self, host: int, port: int) -> None:
        """Return when a TCP port of a device accepts, seen from the scanner. Raises AssertionError."""
        script = (
            "import socket,sys,time\n"
            f"end=time.monotonic()+{READY_SECONDS}\n"
            "while True:\n"
            "    try:\n"
            f"        socket.create_connection(('{PREFIX}.{host}',{port}),1).close(); break\n"
            "    except OSError:\n"
            "        if time.monotonic()>end: sys.exit(1)\n"
            "        time.sleep(0.02)\n"
        )
        done = subprocess.run(["ip", "netns", "exec", self._scanner, sys.executable, "-c", script], check=False)
        assert done.returncode == 0, f"{PREFIX}.{host}:{port} did not come up; see {self._folder}"

    def sent_outside(self) -> bool:
        """True when any namespace has a default route: then there would be a way out."""
        return any("default" in self._ip("-n", space, "route", "show") for space in self._spaces)

    def _space(self, name: str) -> str:
        space = f"{self._tag}-{name}"
        self._ip("netns", "add", space)
        self._spaces.append(space)
        return space

    def _ip(self, *arguments: str) -> str:
        return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout

