"""A device that asks nobody for his papers, one that does, and servers whose papers are wrong in one way each.

All speak TLS 1.2, which shows the papers. ``203.0.113.89`` changes its self-signed key between two visits, as whoever
sits between the two would have another one. A page in the clear tells the time, which bears out the clock of whoever
captured.
"""

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from tests.lan.network import Machine, poll
from tests.traffic_lab.certificates import Authority, Paper, self_signed
from tests.traffic_lab.stage import Stage

TOOLS = {"curl": "curl", "openssl": "openssl"}
PORT = 443


def papers(lab: Authority) -> dict[str, Paper]:
    """By the name that the client asks for."""
    return {
        "good.example": lab.issue("good.example"),
        "expired.example": lab.issue("expired.example", begins=-400, days=365),
        "early.example": lab.issue("early.example", begins=30),
        "name.example": lab.issue("other.example"),
        "forged.example": lab.issue("forged.example").forged(),
        "own.example": self_signed("own.example"),
        "revoked.example": lab.issue("revoked.example"),
    }


def play(stage: Stage) -> None:
    """The careless device reads a page of each; the careful one is refused by all but the good one."""
    lab = Authority()
    careless, careful = stage.near("careless", 21), stage.near("careful", 22)
    root = stage.folder / "lab.pem"
    root.write_bytes(lab.certificate.public_bytes(Encoding.PEM))
    issued = papers(lab)
    (stage.folder / "lab.crl").write_bytes(lab.revoke(issued["revoked.example"], days_ago=30))
    for place, (name, paper) in enumerate(issued.items(), 80):
        server = stage.far(name.partition(".")[0], place)
        serve(server, stage.folder, name, paper)
        ready(careless, place)
        where = ("--resolve", f"{name}:{PORT}:203.0.113.{place}", f"https://{name}/")
        assert "TLSv1.2" in curl(careless, "-k", *where), name
        curl(careful, "--cacert", str(root), *where)
    tell_time(stage, careless)
    for turn, place in enumerate((89, 90)):
        server = stage.far(f"turn{turn}", place)
        serve(server, stage.folder, f"turn{turn}", self_signed("turn.example"))
        ready(careless, place)
        where = ("--resolve", f"turn.example:{PORT}:203.0.113.{place}", "https://turn.example/")
        assert "TLSv1.2" in curl(careless, "-k", *where)


def tell_time(stage: Stage, client: Machine) -> None:
    """An answer with its date."""
    server = stage.far("clock", 88)
    page = "import http.server as h; h.ThreadingHTTPServer(('', 80), h.SimpleHTTPRequestHandler).serve_forever()"
    server.start("python3", "-c", page)
    poll("the date is told", lambda: "Date:" in curl(client, "-i", "http://203.0.113.88/"))


def serve(server: Machine, folder: Path, name: str, paper: Paper) -> None:
    """OpenSSL's own server: a page about the connection."""
    chain, key = paper.write(folder, name)
    words = ("-cert", str(chain), "-cert_chain", str(chain), "-key", str(key), "-tls1_2", "-www")
    server.start("openssl", "s_server", "-accept", str(PORT), *words)


def ready(client: Machine, place: int) -> None:
    """Wait for it, without a word of TLS."""
    ask = f"import socket; socket.create_connection(('203.0.113.{place}', {PORT}), 1).close()"
    poll("the server listens", lambda: client.run("python3", "-c", ask).returncode == 0)


def curl(client: Machine, *words: str) -> str:
    """What curl gets."""
    return client.run("curl", "-s", "-m", "5", *words).stdout
