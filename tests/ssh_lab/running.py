"""A server of the lab, started as its truth says, and what is run against it."""

import contextlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from tests.observe.network.daemons import HOST, free_port, running
from tests.ports import is_held
from tests.ssh_lab.truth import Truth

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS = 30.0
_OLD = "-o KexAlgorithms=+diffie-hellman-group14-sha1,diffie-hellman-group1-sha1 -o Ciphers=+aes128-cbc,3des-cbc"
_ROOT = Path(__file__).parents[2]


class Server:
    """One that runs: its port, and how the texts of its truth read here."""

    def __init__(self, port: int, folder: Path, names: Mapping[str, str]) -> None:
        self.port = port
        sshd = "/usr/sbin/sshd -D -e -o PidFile=none"
        options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=none"
        self._names = {
            **names,
            "host": HOST,
            "port": str(port),
            "folder": str(folder),
            "python": f"env PYTHONPATH={_ROOT} {sys.executable}",
            "sshd": f"{sshd} -f {folder}/sshd_config -p {port} -o ListenAddress={HOST}",
            "dropbear": f"/usr/sbin/dropbear -F -E -p {HOST}:{port} -P {folder}/pid",
            "ssh": f"ssh -vv -N -F /dev/null {options} -p {port} nobody@{HOST}",
            "old_ssh": f"ssh -vv -N -F /dev/null {options} {_OLD} -p {port} nobody@{HOST}",
            "keyscan": f"ssh-keyscan -T 4 -p {port}",
        }

    def text(self, template: str) -> str:
        """A template as it reads here."""
        return Template(template).substitute(self._names)


def lacking(needs: Mapping[str, str]) -> str:
    """What is not installed and how to get it; empty where nothing is missing."""
    return "; ".join(f"needs {x}: apt install {how}" for x, how in needs.items() if shutil.which(x, path=PATH) is None)


@contextlib.contextmanager
def started(truth: Truth, names: Mapping[str, str]) -> Iterator[Server]:
    """Start the server in a folder of its own, wait until it listens, end it with the block."""
    with tempfile.TemporaryDirectory(prefix="iotscan-ssh-") as made:
        folder, port = Path(made), free_port()
        folder.chmod(0o755)
        # OpenSSH wants it for the user that it becomes.
        Path("/run/sshd").mkdir(exist_ok=True)
        server = Server(port, folder, names)
        for name, content in truth.files.items():
            (folder / name).write_text(server.text(content))
        with running(shlex.split(server.text(truth.run)), lambda: is_held("tcp", port), cwd=folder):
            yield server


def shell(line: str) -> str:
    """What a line prints, as a person would run it."""
    done = subprocess.run(
        ["bash", "-c", line],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        env={"PATH": PATH},
        check=False,
    )
    return done.stdout.decode("utf-8", "replace")
