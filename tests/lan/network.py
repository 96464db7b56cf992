"""A network of its own in namespaces: a bridge, devices with daemons, and a scanner's place.

Every machine is a process holding one network, mount, host-name and process namespace. It lives as long
as a pipe of ours is open: whatever ends us, ``kill -9`` included, ends the machines, their daemons and
their namespaces. Nothing is named, nothing is left in ``/run/netns``, the host's network is not touched.
"""

import contextlib
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

PREFIX = "10.77.0"
NETWORK = f"{PREFIX}.0/24"
OUTSIDE = "10.77.1.9"
"""A machine on the same wire that no scan of :data:`NETWORK` has business with."""
READY_SECONDS = 30.0
_CAP_NET_ADMIN, _CAP_SYS_ADMIN = 12, 21
_TOOLS = {"ip": "iproute2", "nft": "nftables", "unshare": "util-linux", "nsenter": "util-linux"}
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"
_ENVIRONMENT = {**os.environ, "PATH": _PATH}
_UNSHARE = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child"]
# Says its process id as we see it (its own /proc still is ours), then holds the namespaces until we go.
_HOLD = """
read -r pid _ < /proc/self/stat && hostname "$1" &&
mount -t tmpfs tmpfs /run && mkdir -p /run/sshd /run/avahi-daemon &&
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts /dev/pts &&
echo "$pid" && exec cat
"""
_TRIAL = "ip link add br0 type bridge && ip link add eth0 type veth peer name p1 && nft add table inet watch"


def why_not(tools: Mapping[str, str]) -> str:
    """Why no such network can be made here; empty when it can. ``tools``: further commands -> apt package."""
    if sys.platform != "linux":
        return "network namespaces need Linux"
    if os.geteuid() != 0:
        return "network namespaces need root"
    held = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("CapEff:"))
    needed = {"CAP_NET_ADMIN": _CAP_NET_ADMIN, "CAP_SYS_ADMIN": _CAP_SYS_ADMIN}
    lacking = [name for name, bit in needed.items() if not int(held.split()[1], 16) >> bit & 1]
    if lacking:
        return f"network namespaces need {' and '.join(lacking)}"
    packages = sorted({package for tool, package in {**_TOOLS, **tools}.items() if not shutil.which(tool, path=_PATH)})
    if packages:
        return f"missing: apt-get install -y --no-install-recommends {' '.join(packages)}"
    trial = [*_UNSHARE, "sh", "-c", f"{_TRIAL} && {_HOLD.strip()}", "sh", "trial"]
    done = subprocess.run(
        trial, env=_ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return f"namespaces cannot be made: {done.stderr.strip()}" if done.returncode else ""


def poll(what: str, is_so: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
    """Return as soon as ``is_so``; AssertionError naming ``what`` when it is not in time."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, f"{what}: not within {seconds:g} s"
        time.sleep(0.02)


class Machine:
    """One machine on the wire: its namespaces, and what is started in them."""

    def __init__(self, name: str, log: Path) -> None:
        """``log`` takes what its daemons write to standard output and error."""
        self.name = name
        self.log = log
        self._daemons: list[subprocess.Popen[bytes]] = []
        with log.open("ab") as errors:
            self._holder = subprocess.Popen(
                [*_UNSHARE, "sh", "-c", _HOLD, "sh", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        assert self._holder.stdout is not None
        ready, _, _ = select.select([self._holder.stdout], [], [], READY_SECONDS)
        said = self._holder.stdout.readline() if ready else b""
        assert said.strip().isdigit(), f"namespaces of {name} could not be made: {log.read_text()}"
        self.pid = int(said)

    def inside(self, *command: str, own_files: bool = True) -> list[str]:
        """The command line that runs ``command`` here; without ``own_files`` it sees the host's files and processes."""
        spaces = ["--net", "--uts", "--mount", "--pid"] if own_files else ["--net"]
        return ["nsenter", "--target", str(self.pid), *spaces, *command]

    def run(
        self,
        *command: str,
        given: str = "",
        timeout: float = 60.0,
        check: bool = False,
        own_files: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end here."""
        done = subprocess.run(
            self.inside(*command, own_files=own_files),
            input=given,
            capture_output=True,
            text=True,
            errors="replace",  # what a service says may end in the middle of a letter
            timeout=timeout,
            check=False,
            env=_ENVIRONMENT,
        )
        assert done.returncode == 0 or not check, f"{self.name}: {command} ended with {done.returncode}: {done.stderr}"
        return done

    def start(self, *command: str) -> None:
        """Run a daemon here in the foreground; it ends with the machine."""
        with self.log.open("ab") as log:
            daemon = subprocess.Popen(
                self.inside(*command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        self._daemons.append(daemon)

    def complaint(self) -> str:
        """What went wrong here: which daemon ended, and the end of the log; empty while all of them run."""
        ended = [" ".join(d.args[7:]) for d in self._daemons if d.poll() is not None and isinstance(d.args, list)]
        return f"{self.name}: ended: {ended}; {self.log.read_text('utf-8', 'replace')[-2000:]}" if ended else ""

    def residents(self) -> list[int]:
        """Processes on this machine's network, other than the one that holds it and its daemons."""
        own = os.readlink(f"/proc/{self.pid}/ns/net")
        known = {self._holder.pid, self.pid, *(d.pid for d in self._daemons)}
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdecimal() and int(entry.name) not in known and os.readlink(entry / "ns/net") == own:
                    found.append(int(entry.name))
        return found

    def nft(self, rules: str) -> None:
        """Load nftables rules here."""
        self.run("nft", "-f", "-", given=rules, check=True)

    def counted(self, counter: str) -> int:
        """Packets on a named counter of table ``inet watch``."""
        said = self.run("nft", "list", "counter", "inet", "watch", counter, check=True).stdout
        found = re.search(r"packets (\d+)", said)
        assert found, said
        return int(found[1])

    def end(self) -> None:
        """End everything here and wait for it."""
        with contextlib.suppress(OSError):
            self._holder.communicate(timeout=READY_SECONDS)
        for daemon in self._daemons:
            daemon.wait(READY_SECONDS)


class Lan:
    """The wire and the machines on it, while the block lasts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._machines: list[Machine] = []

    def __enter__(self) -> "Lan":
        with contextlib.ExitStack() as stack:
            stack.push(self)
            self._bridge = self._machine("bridge")
            # The wire itself is no machine: it answers nothing.
            self._bridge.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1", check=True)
            self._bridge.run(
                "ip",
                "-batch",
                "-",
                given="link add br0 type bridge mcast_snooping 0 group_fwd_mask 0x4000\nlink set br0 up\n",
                check=True,
            )
            stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.ExitStack() as ends:
            for machine in self._machines:
                ends.callback(machine.end)

    @property
    def folder(self) -> Path:
        """Where configurations and logs are."""
        return self._folder

    def join(self, name: str, *addresses: str, mac: str, routes: Sequence[str] = ()) -> Machine:
        """Put a machine on the wire. ``routes`` are networks that it takes to be on the wire, too."""
        machine = self._machine(name)
        port = f"p{len(self._machines)}"
        self._bridge.run(
            *("ip", "link", "add", port, "master", "br0", "up", "type", "veth"),
            *("peer", "name", "eth0", "address", mac, "netns", str(machine.pid)),
            check=True,
        )
        lines = [f"address add {address}/24 brd + dev eth0" for address in addresses]
        lines += ["link set eth0 up", "link set lo up", *(f"route add {network} dev eth0" for network in routes)]
        machine.run("ip", "-batch", "-", given="\n".join(lines) + "\n", check=True)
        return machine

    def cable(self, to: Machine, interface: str, name: str, *, mac: str) -> Machine:
        """A machine on a wire of its own to ``to``, where the wire is ``interface``; IPv6 link-local alone."""
        machine = self._machine(name)
        to.run(
            *("ip", "link", "add", interface, "up", "type", "veth"),
            *("peer", "name", "eth0", "address", mac, "netns", str(machine.pid)),
            check=True,
        )
        machine.run("ip", "-batch", "-", given="link set eth0 up\nlink set lo up\n", check=True)
        return machine

    def _machine(self, name: str) -> Machine:
        machine = Machine(name, self._folder / f"{name}.log")
        self._machines.append(machine)
        return machine
