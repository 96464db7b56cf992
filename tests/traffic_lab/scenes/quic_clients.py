"""A device over QUIC, versions 1 and 2, by aioquic on both sides; the server has its address proved (Retry)."""

import sys
from pathlib import Path

from tests.lan.network import Machine, poll
from tests.traffic_lab.certificates import Authority
from tests.traffic_lab.stage import Stage

TOOLS = {"ss": "iproute2"}
END = Path(__file__).parents[1] / "quic_end.py"


def play(stage: Stage) -> None:
    """A hello and its echo in each version; each calls the server by a name of its own."""
    chain, key = Authority().issue("cloud.example").write(stage.folder, "cloud")
    server, device = stage.far("server", 80), stage.near("device", 21)
    server.start(sys.executable, str(END), "server", str(chain), str(key))
    poll("the server listens", lambda: _listens(server))
    for version in "12":
        said = device.run(sys.executable, str(END), "client", "203.0.113.80", f"v{version}.example", version)
        assert said.stdout == "hello\n", said.stderr


def _listens(server: Machine) -> bool:
    return ":443 " in server.run("ss", "-Hlun").stdout
