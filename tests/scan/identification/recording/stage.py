"""Real daemons on loopback, started for one recording each, and what they are asked. Used by hand only (README.md)."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
ROOT = Path(os.environ.get("RECORD_ROOT", "/"))
"""Where Debian packages that are not installed were unpacked (``dpkg -x``)."""
PYTHONS = os.environ.get("RECORD_PYTHON", "python3").split(":")
"""Interpreters that have the servers of PyPI that are recorded, several for several versions."""
PATCH = re.compile(r"(\+dfsg|\+ds\d*|-)[^-]*$|\+dfsg.*|\+ds.*")


@dataclass
class Take:
    """One recorded text and what it is."""

    kind: str
    text: str
    product: str
    version: str
    how: str
    device: str = ""


@dataclass
class Tape:
    """The recordings of one daemon."""

    package: str
    product: str
    version: str
    takes: list[Take] = field(default_factory=list)

    def add(self, kind: str, text: str, how: str, device: str = "") -> None:
        line = " ".join(text.split())
        if line:
            self.takes.append(Take(kind, line, self.product, self.version, how, device))


def program(name: str) -> str:
    """Where a daemon is: at the path given, unpacked, else installed."""
    if name.startswith("/"):
        return name
    for folder in ("usr/sbin", "usr/bin", "sbin", "bin", "usr/lib/postfix/sbin"):
        if (ROOT / folder / name).exists():
            return str(ROOT / folder / name)
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        raise FileNotFoundError(name)
    return found


def upstream(package: str) -> str:
    """The upstream version of a Debian package: installed, else the one that apt would take."""
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
    )
    text = done.stdout.strip()
    if not text:
        policy = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True, check=False).stdout
        text = policy.split("Candidate:")[1].split()[0]
    text = re.sub(r"^\d+:", "", text)
    text = re.sub(r"-[^-]*$", "", text)
    return re.sub(r"\+(dfsg|ds).*$", "", text)


def environment() -> dict[str, str]:
    libraries = ":".join(
        str(ROOT / p) for p in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib", "usr/lib/postfix")
    )
    return {**os.environ, "LD_LIBRARY_PATH": libraries}


@contextmanager
def daemon(command: Sequence[str], port: int, *, udp: bool = False) -> Iterator[None]:
    """The daemon, from when it answers on ``port`` on."""
    process = subprocess.Popen(
        list(command), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(100):
            if udp or _answers(port):
                break
            if process.poll() is not None and not _answers(port):
                time.sleep(0.2)
            time.sleep(0.05)
        else:
            raise RuntimeError(f"{command[0]} does not answer on {port}")
        if udp:
            time.sleep(1)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


@contextmanager
def inetd(command: Sequence[str], port: int) -> Iterator[None]:
    """A program that expects its connection as standard input and output."""
    with socket.create_server((HOST, port)) as server:
        server.settimeout(0.2)
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.is_set():
                try:
                    peer, _ = server.accept()
                except OSError:
                    continue
                with peer:
                    child = subprocess.Popen(
                        list(command), stdin=peer, stdout=peer, stderr=subprocess.DEVNULL, env=environment()
                    )
                    try:
                        child.wait(3)
                    except subprocess.TimeoutExpired:
                        child.kill()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 0.3).close()
    except OSError:
        return False
    return True


def hear(port: int, say: bytes = b"", seconds: float = 1.0) -> bytes:
    """What a port says within ``seconds``, to ``say`` or unasked."""
    got = b""
    with socket.create_connection((HOST, port), 3) as peer:
        peer.settimeout(seconds)
        if say:
            peer.sendall(say)
        try:
            while len(got) < 100_000 and (piece := peer.recv(65536)):
                got += piece
        except OSError:
            pass
    return got


def page(tape: Tape, port: int, how: str, path: str = "/", *, tls: bool = False) -> None:
    """Server, title and challenge of one page."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((HOST, port), 3) as raw, context.wrap_socket(raw) as peer:
            peer.sendall(request)
            got = b""
            while piece := peer.recv(65536):
                got += piece
    else:
        got = hear(port, request)
    head, _, body = got.partition(b"\r\n\r\n")
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "server":
            tape.add("http_header.server", value, how)
        if name.lower() == "www-authenticate":
            tape.add("http_header.wwwauth", value.split(", nonce")[0], how)
    title = re.search(rb"<title>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
    if title:
        tape.add("html_title", title[1].decode("utf-8", "replace"), how)


@contextmanager
def workplace() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="record-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)
