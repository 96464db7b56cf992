"""OpenSSH and dropbear on loopback."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.observe.network.daemons import accepts, free_port, running, tool


@contextmanager
def openssh(keys: Path, folder: Path, *options: str, names: tuple[str, ...] = ("ed25519",)) -> Iterator[int]:
    sshd, port = tool("sshd", "openssh-server"), free_port()
    Path("/run/sshd").mkdir(exist_ok=True)
    words = [word for name in names for word in ("-h", str(keys / name))]
    words += [f"-o{option}" for option in ("ListenAddress=127.0.0.1", "PidFile=none", *options)]
    with running([sshd, "-D", "-e", "-p", str(port), "-f", "/dev/null", *words], lambda: accepts(port), cwd=folder):
        yield port


@contextmanager
def dropbear(folder: Path, *kinds: str, options: tuple[str, ...] = ()) -> Iterator[int]:
    program, keygen, port = tool("dropbear", "dropbear-bin"), tool("dropbearkey", "dropbear-bin"), free_port()
    for kind in kinds:
        shown = subprocess.run([keygen, "-t", kind, "-f", folder / kind], capture_output=True, check=True)
        line = next(x for x in shown.stdout.decode().splitlines() if x.startswith(("ssh-", "ecdsa-")))
        (folder / f"{kind}.pub").write_text(line)
    words = [word for kind in kinds for word in ("-r", str(folder / kind))]
    command = [program, "-F", "-E", "-p", f"127.0.0.1:{port}", "-P", str(folder / "pid"), *words, *options]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port
