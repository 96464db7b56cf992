"""Clients of many kinds and versions talk to one server each: OpenSSL, curl, GnuTLS, mosquitto, wget.

Each connection calls the server by a name of its own, so that what was seen can be told apart.
"""

from tests.lan.network import Machine, poll
from tests.traffic_lab.certificates import Authority
from tests.traffic_lab.scenes.tls_unverified import ready
from tests.traffic_lab.stage import Stage

TOOLS = {
    "curl": "curl",
    "openssl": "openssl",
    "gnutls-cli": "gnutls-bin",
    "mosquitto_pub": "mosquitto-clients",
    "mosquitto": "mosquitto",
    "wget": "wget",
}
WEB, BROKER, KEYED = "203.0.113.80", "203.0.113.81", "203.0.113.82"
OLD = "DEFAULT:@SECLEVEL=0"
IDENTITY, HINT, KEY = "meter-0a1b2c3d", "factory", "00112233445566778899aabbccddeeff"


def play(stage: Stage) -> None:
    """Versions, a resumption, ALPN, a client certificate, pre-shared keys of 1.2 and of 1.3."""
    device = stage.near("device", 21)
    lab = Authority()
    chain, key = lab.issue("cloud.example").write(stage.folder, "web")
    web = stage.far("web", 80)
    web.start(
        *("openssl", "s_server", "-accept", "443", "-cert", str(chain), "-cert_chain", str(chain)),
        *("-key", str(key), "-cipher", f"ALL:eNULL:{OLD}", "-alpn", "http/1.1", "-www"),
    )
    ready(device, 80)
    for version in ("tls1", "tls1_1", "tls1_2", "tls1_3"):
        ask(device, "-servername", f"{version.replace('_', '-')}.example", f"-{version}")
    kept = str(stage.folder / "session")
    ask(device, "-servername", "first.example", "-tls1_2", "-sess_out", kept)
    ask(device, "-servername", "again.example", "-tls1_2", "-sess_in", kept)
    ask(device, "-servername", "null.example", "-tls1_2", "-cipher", "ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")
    ask(device, "-noservername", "-tls1_2")
    for name, more in (("curl12.example", ("--tls-max", "1.2")), ("curl13.example", ())):
        device.run("curl", "-sk", "-m", "5", *more, "--resolve", f"{name}:443:{WEB}", f"https://{name}/")
    hosts = ("--sni-hostname", "gnutls.example", "--insecure", "--priority", "NORMAL:-VERS-TLS1.3")
    device.run("gnutls-cli", *hosts, WEB, given="GET / HTTP/1.0\r\n\r\n", timeout=10)
    broker(stage, device, lab)
    keyed(stage, device)


def ask(device: Machine, *words: str) -> None:
    """A page by OpenSSL's own client."""
    said = device.run(
        *("openssl", "s_client", "-connect", f"{WEB}:443", "-quiet", "-ign_eof", "-cipher", OLD, *words),
        given="GET / HTTP/1.0\r\n\r\n",
        timeout=10,
    )
    assert "HTTP/1.0 200" in said.stdout, said.stderr


def broker(stage: Stage, device: Machine, lab: Authority) -> None:
    """mosquitto, which wants a certificate of its clients."""
    names = {"server": lab.issue("broker.example"), "client": lab.issue("device-0001")}
    files = {name: paper.write(stage.folder, name) for name, paper in names.items()}
    root = stage.folder / "root.pem"
    root.write_bytes(files["server"][0].read_bytes().partition(b"-----END CERTIFICATE-----\n")[2])
    (stage.folder / "mosquitto.conf").write_text(
        f"listener 8883\nallow_anonymous true\nrequire_certificate true\ncafile {root}\n"
        f"certfile {files['server'][0]}\nkeyfile {files['server'][1]}\nuser root\n"
    )
    # Its tls_version is the oldest that it takes, and 1.3 would hide the client's certificate.
    newest = stage.folder / "openssl.cnf"
    newest.write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMaxProtocol = TLSv1.2\n")
    command = ("mosquitto", "-c", f"{stage.folder}/mosquitto.conf")
    stage.far("broker", 81).start("env", f"OPENSSL_CONF={newest}", *command)
    words = ("-h", BROKER, "-p", "8883", "--cafile", str(root), "--insecure", "-t", "meter/1", "-m", "21.5")
    own = ("--cert", str(files["client"][0]), "--key", str(files["client"][1]))
    poll("the broker takes a message", lambda: device.run("mosquitto_pub", *words, *own).returncode == 0)


def keyed(stage: Stage, device: Machine) -> None:
    """Pre-shared keys: a hint and an identity in the clear in 1.2, an identity in 1.3."""
    server = stage.far("keyed", 82)
    psk = ("-psk", KEY, "-psk_identity", IDENTITY)
    server.start(
        *("openssl", "s_server", "-accept", "443", "-nocert", *psk, "-psk_hint", HINT, "-quiet", "-rev"),
        *("-cipher", "PSK:@SECLEVEL=0"),
    )
    ready(device, 82)
    for version, cipher in (("tls1_2", ("-cipher", "PSK-AES128-CBC-SHA:@SECLEVEL=0")), ("tls1_3", ())):
        words = ("-connect", f"{KEYED}:443", f"-{version}", *psk, *cipher)
        name = f"psk-{version.replace('_', '-')}.example"
        ask = f"(echo hello; sleep 0.5) | openssl s_client {' '.join(words)} -servername {name}"
        assert "olleh" in device.run("sh", "-c", ask, timeout=10).stdout, version
