"""A server of the lab, started as its truth says, and the clients that prove it."""

import contextlib
import getpass
import importlib.util
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from ctypes.util import find_library
from pathlib import Path
from string import Template

from tests.ports import is_held
from tests.tls_lab.programs.listening import HOST
from tests.tls_lab.truth import Proof, Truth

ROOT = Path(__file__).parents[2]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEADLINE = 15.0
PROOF_SECONDS = 20.0


def lacking(needs: Mapping[str, str]) -> str:
    """What is not installed and how to get it; empty where nothing is missing."""
    return "; ".join(f"needs {thing}: {how}" for thing, how in needs.items() if not _is_here(thing))


def _is_here(thing: str) -> bool:
    kind, _, name = thing.rpartition(":")
    if kind == "lib":
        return find_library(name) is not None
    if kind == "module":
        return importlib.util.find_spec(name) is not None
    if kind == "user":
        return name == getpass.getuser()
    return shutil.which(name, path=PATH) is not None


class Server:
    """One that runs: its port, and how the texts of its truth read here."""

    def __init__(self, truth: Truth, folder: Path, names: Mapping[str, str]) -> None:
        self.port = _free_port(truth.transport)
        place = f"{HOST}:{self.port}"
        client = f"openssl s_client -connect {place} -noservername"
        self._names = {
            **names,
            "port": str(self.port),
            "port_before": str(self.port - 1),
            "folder": str(folder),
            "python": sys.executable,
            "listen": f"-accept {place} -quiet",
            "s_client": f"{client} -cipher ALL:COMPLEMENTOFALL:@SECLEVEL=0",
            "s_client_any": client,
        }
        self._truth = truth

    def words(self, template: str) -> list[str]:
        return shlex.split(self.text(template))

    def text(self, template: str) -> str:
        return Template(template).substitute(self._names)

    def prove(self, proof: Proof) -> str:
        """Run a foreign client to its end and return all it said."""
        words = self.words(proof.run)
        with contextlib.suppress(subprocess.TimeoutExpired):
            said = subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PROOF_SECONDS
            )
            return said.stdout.decode(errors="replace")
        raise AssertionError(f"{words[0]} did not end")


@contextlib.contextmanager
def running(truth: Truth, names: Mapping[str, str]) -> Iterator[Server]:
    """Start the server in a folder of its own, wait until it listens, end it with the block."""
    with tempfile.TemporaryDirectory(prefix="iotscan-tls-") as made:
        folder = Path(made)
        # Daemons give up their rights and must still find their own files.
        folder.chmod(0o755)
        with _started(truth, Server(truth, folder, names), folder) as server:
            yield server


@contextlib.contextmanager
def _started(truth: Truth, server: Server, folder: Path) -> Iterator[Server]:
    for name, content in truth.files.items():
        (folder / name).write_text(server.text(content))
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            server.words(truth.run),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=ROOT,
            env={"PATH": PATH},
            start_new_session=True,
        )
    try:
        _wait(truth, server.port, process, log)
        yield server
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Some daemons leave their children to themselves: ask first, then end the whole group."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait(truth: Truth, port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + DEADLINE
    while not is_held(truth.transport, port):
        if process.poll() is not None or time.monotonic() > ends:
            raise AssertionError(f"{truth.title} did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


def _free_port(transport: str) -> int:
    kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
