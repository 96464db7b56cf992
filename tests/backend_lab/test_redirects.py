"""A back end that sends us elsewhere: nobody follows, and nobody else is told a credential."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from tests.backend_lab.cloud import HOSTS, USERS, Cloud
from tests.lan.certificates import make_ec_key
from tests.lan.network import poll

pytestmark = [pytest.mark.lan, pytest.mark.slow]
HOST, ELSEWHERE = "updates.acme.example", "coap.acme.example"
WEB, BROKER = 8444, 8890
_NGINX = """\
daemon off;
user root;
pid {folder}/sending-away.pid;
error_log stderr;
events {{}}
http {{
  access_log {folder}/sending-away.log;
  server {{
    listen {address}:{port} ssl;
    ssl_certificate {folder}/{host}/cert.pem;
    ssl_certificate_key {folder}/{host}/key.pem;
    location / {{ return 302 https://{elsewhere}/login; }}
    location /.well-known/ {{ return 307 http://{elsewhere}$request_uri; }}
    location /api {{ return 301 https://{other}:8444$request_uri; }}
  }}
}}
"""
# No broker that is packaged sends clients away (MQTT 5.0 section 4.13): this one does nothing else, and only in MQTT 5.
_BROKER = """\
import socket, ssl, sys, threading
folder, address, port, elsewhere = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
moved = b"\\x1c" + len(elsewhere).to_bytes(2, "big") + elsewhere.encode()
def serve(connection):
    try:
        with context.wrap_socket(connection, server_side=True) as inner:
            said = inner.recv(65536)
            with open(f"{folder}/heard", "ab") as heard:
                heard.write(said)
            at = said.find(b"MQTT")
            if said[at + 4 : at + 5] == b"\\5":
                body = b"\\0\\x9d" + bytes((len(moved),)) + moved
                inner.sendall(bytes((0x20, len(body))) + body)
            else:
                inner.sendall(b"\\x20\\2\\0\\1")
    except OSError:
        pass
with socket.create_server((address, int(port))) as server:
    while True:
        threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""
_LISTENER = """\
import selectors, socket, sys
file, address, *ports = sys.argv[1:]
selector = selectors.DefaultSelector()
for port in ports:
    selector.register(socket.create_server((address, int(port))), selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        connection, peer = key.fileobj.accept()
        with open(file, "a") as log:
            print(peer, file=log, flush=True)
        connection.close()
"""


@pytest.fixture(scope="module")
def sending_away(cloud: Cloud) -> Path:
    """A web server and a broker that name another address for everything, and who listens there; what he heard."""
    folder, address = cloud.folder, HOSTS[HOST]
    (folder / HOST).mkdir(exist_ok=True)
    cloud.authority.issue_for(folder / HOST, make_ec_key(), HOST)
    configuration = folder / "sending-away.conf"
    configuration.write_text(
        _NGINX.format(folder=folder, address=address, port=WEB, host=HOST, elsewhere=ELSEWHERE, other=HOSTS[ELSEWHERE])
    )
    log = folder / "elsewhere.log"
    log.write_text("")
    cloud.machine.start("nginx", "-c", str(configuration))
    cloud.machine.start(sys.executable, "-c", _BROKER, str(folder / HOST), address, str(BROKER), f"{ELSEWHERE}:8883")
    ports = ("80", "443", "8444", "8883", "1883", "8890")
    cloud.machine.start(sys.executable, "-c", _LISTENER, str(log), HOSTS[ELSEWHERE], *ports)
    listening = (f"{address}:{WEB}", f"{address}:{BROKER}", *(f"{HOSTS[ELSEWHERE]}:{port}" for port in ports))
    poll("who sends away", lambda: all(end in cloud.machine.run("ss", "-Hlnt").stdout for end in listening))
    return log


def test_who_listens_elsewhere_would_notice(cloud: Cloud, sending_away: Path) -> None:
    before = sending_away.read_text()
    cloud.scanner.run("curl", "-skL", "--max-time", "5", "--resolve", f"{ELSEWHERE}:443:{HOSTS[ELSEWHERE]}",
                      f"https://{HOSTS[HOST]}:{WEB}/")  # fmt: skip
    poll("a visit", lambda: sending_away.read_text() != before)
    sending_away.write_text("")


def test_nobody_follows_and_nobody_else_is_told_the_credential(cloud: Cloud, sending_away: Path) -> None:
    sending_away.write_text("")
    servers = [f"{HOST}:{WEB}", f"{HOST}:{BROKER}"]
    credential = {"backend": servers[1], "user": "device-1", "password": USERS["device-1"], "may_hear": ["own"]}
    file = cloud.folder / "sent-away.yaml"
    file.write_text(yaml.safe_dump({"schema": "iotscan/backend-credentials@1", "credentials": [credential]}))
    ended = cloud.scan(
        *("scan", "--backend", servers[0], "--backend", servers[1], "--scope", cloud.scope(HOST, ELSEWHERE)),
        *("--yes", "--intrusive", "--no-progress", "--no-history", "--trust-store", cloud.folder / "ca.pem"),
        *("--backend-credential", file, "-f", "json"),
    )  # fmt: skip
    assert ended.returncode in (0, 1, 3), ended.stderr
    run = json.loads(ended.stdout)
    assert sending_away.read_text() == ""
    # Both were asked: the broker was told it, for it has the certificate of its name.
    assert (cloud.folder / "sending-away.log").read_text()
    heard = (cloud.folder / HOST / "heard").read_bytes()
    assert USERS["device-1"].encode() in heard
    told = {line["to"] for line in _sent(cloud, run["id"])}
    assert HOSTS[HOST] in told
    assert HOSTS[ELSEWHERE] not in told
    for path in (cloud.folder / "iotscan-out" / run["id"]).rglob("*"):
        if path.is_file():
            assert USERS["device-1"].encode() not in path.read_bytes(), path
    assert USERS["device-1"] not in ended.stdout + ended.stderr


def _sent(cloud: Cloud, run: str) -> list[dict[str, object]]:
    (log,) = cloud.folder.glob(f"iotscan-out/{run}/audit.jsonl")
    lines = map(json.loads, log.read_text().splitlines())
    return [line["send"] for line in lines if "send" in line]
