"""A device that asks nobody for his papers, one that does, one that knows keys, and servers whose papers are wrong.

All speak TLS 1.2, which shows the papers. ``203.0.113.89`` changes its self-signed key with each visit, as whoever sits
between the two would have another one; at ``name.example`` two papers are shown that are for two other names. The one
that knows keys asks for neither name nor issuer, and takes what the careless one takes, but the third key. A page in
the clear tells the time, which bears out the clock of whoever captured.
"""

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.lan.network import Machine, poll
from tests.traffic_lab.certificates import Authority, Paper, self_signed
from tests.traffic_lab.stage import Stage

TOOLS = {"curl": "curl", "openssl": "openssl"}
PORT = 443
TURNING = """
import socket, ssl, sys
papers = list(zip(sys.argv[1::2], sys.argv[2::2]))
door = socket.create_server(("", 443))
while True:
    guest, _ = door.accept()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*papers[0])
    try:
        with context.wrap_socket(guest, server_side=True) as talk:
            if talk.recv(4096):
                talk.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: 7\\r\\n\\r\\nTLSv1.2")
                papers.append(papers.pop(0))
    except OSError:
        pass
"""
"""A server that shows other papers after each conversation."""


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
        assert "TLSv1.2" in curl(careless, "-k", *at(name, place)), name
        curl(careful, "--cacert", str(root), *at(name, place))
    tell_time(stage, careless)
    other = lab.issue("somebody.test")
    serve(stage.far("other", 87), stage.folder, "somebody.test", other)
    ready(careless, 87)
    assert "TLSv1.2" in curl(careless, "-k", *at("name.example", 87))
    turns = [self_signed("turn.example") for _ in range(3)]
    written = [str(path) for turn, paper in enumerate(turns) for path in paper.write(stage.folder, f"turn{turn}")]
    stage.far("turn", 89).start("python3", "-c", TURNING, *written)
    ready(careless, 89)
    assert [curl(careless, "-k", *at("turn.example", 89)) for _ in turns] == ["TLSv1.2"] * 3
    keeper = stage.near("keeper", 23)
    for name, place in (("name.example", 83), ("own.example", 85)):
        assert "TLSv1.2" in curl(keeper, "-k", *pins(issued[name]), *at(name, place))
    spare = pins(*turns[:2])
    assert [curl(keeper, "-k", *spare, *at("turn.example", 89)) for _ in turns] == ["TLSv1.2", "TLSv1.2", ""]


def at(name: str, place: int) -> tuple[str, ...]:
    """Words that make curl ask for a name at an address."""
    return ("--resolve", f"{name}:{PORT}:203.0.113.{place}", f"https://{name}/")


def pins(*papers: Paper) -> tuple[str, ...]:
    """Words that make curl keep to these keys (RFC 7469 section 2.4)."""
    found = []
    for paper in papers:
        public = paper.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        found.append(f"sha256//{base64.b64encode(hashlib.sha256(public).digest()).decode()}")
    return ("--pinnedpubkey", ";".join(found))


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
