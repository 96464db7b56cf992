"""Devices get tokens of an authorization server in the clear, and show them in the clear: Authlib on both sides.

``sensor`` has a secret of its own, ``panel`` asks a person on another screen (RFC 8628), ``camera`` sends a user's
password and gets a token that lives ten years under a key that anybody guesses, ``meter`` shows its token in the
address. ``prudent`` does as the sensor does, over TLS.
"""

import shlex
import subprocess
import sys
from pathlib import Path

from tests.lan.network import Machine, poll
from tests.traffic_lab.stage import Stage

ROOT = Path(__file__).parents[3]
TOOLS = {"openssl": "openssl"}
TEN_YEARS = 10 * 365 * 86_400
TEN_MINUTES = 600


def play(stage: Stage) -> None:
    """Each device once, after its server has shown that it answers."""
    sound = stage.far("sound", 90)
    careless = stage.far("careless", 91)
    private = stage.far("private", 92)
    key, certificate = certified(stage.folder, "203.0.113.92")
    serve(sound, "http://203.0.113.90", 80, "--flaw", "query")
    serve(careless, "http://203.0.113.91", 80, "--flaw", "password", "--flaw", "guessable", "--flaw", "forever")
    serve(private, "https://203.0.113.92", 443, "--certificate", certificate, "--key", key)
    ask(stage.near("sensor", 41), "credentials", "http://203.0.113.90")
    ask(stage.near("panel", 42), "device", "http://203.0.113.90")
    ask(stage.near("camera", 43), "password", "http://203.0.113.91")
    ask(stage.near("meter", 44), "query", "http://203.0.113.90")
    ask(stage.near("prudent", 45), "credentials", "https://203.0.113.92", trust=certificate)


def certified(folder: Path, address: str) -> tuple[str, str]:
    """Paths of a key and of a certificate for an address, which its client trusts."""
    key, certificate = str(folder / "oauth.key"), str(folder / "oauth.pem")
    words = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=id.example")
    names = ("-addext", f"subjectAltName=IP:{address}", "-days", "2", "-keyout", key, "-out", certificate)
    subprocess.run(["openssl", "req", *words, *names], check=True, capture_output=True)
    return key, certificate


def serve(machine: Machine, issuer: str, port: int, *words: str) -> None:
    """Start the authorization server, which listens before the first device asks."""
    machine.start("sh", "-c", python("tests.oauth.server", issuer, "0.0.0.0", str(port), *words))
    opened = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
    poll(f"{issuer} answers", lambda: machine.run(sys.executable, "-c", opened).returncode == 0, 20)


def ask(machine: Machine, how: str, base: str, *, trust: str = "") -> None:
    """Let a device get its token and use it."""
    machine.run("sh", "-c", python("tests.oauth.client", how, base, trust=trust), check=True)


def python(module: str, *words: str, trust: str = "") -> str:
    """A shell line that runs a module of the tests; Authlib refuses cleartext unless it is told to."""
    told = f"AUTHLIB_INSECURE_TRANSPORT=1 PYTHONWARNINGS=ignore REQUESTS_CA_BUNDLE={shlex.quote(trust)}"
    return f"cd {shlex.quote(str(ROOT))} && {told} exec {shlex.join([sys.executable, '-m', module, *words])}"
