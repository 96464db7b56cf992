"""What is encrypted, and known by the name of its server: names over HTTPS and TLS of BIND, looks for updates.

The device trusts the lab, which stands in for the services' own. One server shows a certificate that it refuses: there
it has asked nothing.
"""

from cryptography.hazmat.primitives.serialization import Encoding

from tests.lan.network import Machine, poll
from tests.traffic_lab.certificates import Authority
from tests.traffic_lab.stage import Stage

TOOLS = {"named": "bind9", "dig": "bind9-dnsutils", "curl": "curl", "openssl": "openssl"}
_CONFIGURATION = """
tls lab {{ cert-file "{chain}"; key-file "{key}"; }};
options {{
  directory "{folder}"; pid-file none; session-keyfile "{folder}/session.key"; recursion no; dnssec-validation no;
  listen-on {{ any; }}; listen-on-v6 {{ none; }};
  listen-on port 443 tls lab http default {{ any; }}; listen-on port 853 tls lab {{ any; }};
}};
controls {{ }};
zone "cloud.example" {{ type primary; file "{folder}/zone"; }};
"""
_ZONE = "$TTL 60\n@ SOA ns root 1 60 60 60 60\n@ NS ns\nns A 203.0.113.53\n@ A 203.0.113.80\n"
# A question for cloud.example, A (RFC 8484 section 4.1 asks for number 0).
_QUESTION = bytes.fromhex("000001000001000000000000") + b"\x05cloud\x07example\0\0\1\0\1"
NAMES, UPDATES, FALSE = "203.0.113.53", "203.0.113.80", "203.0.113.81"


def play(stage: Stage) -> None:
    """DNS over TLS and HTTPS; two looks at a server of updates, and one at what only has its name."""
    device, names, lab = stage.near("device", 21), stage.far("names", 53), Authority()
    root = stage.folder / "lab.pem"
    root.write_bytes(lab.certificate.public_bytes(Encoding.PEM))
    (stage.folder / "zone").write_text(_ZONE)
    (stage.folder / "question").write_bytes(_QUESTION)
    chain, key = lab.issue("dns.google").write(stage.folder, "names")
    configuration = stage.folder / "named.conf"
    configuration.write_text(_CONFIGURATION.format(folder=stage.folder, chain=chain, key=key))
    names.start("named", "-g", "-c", str(configuration))
    _listens(names, 853)
    secured = (f"+tls-ca={root}", "+tls-hostname=dns.google", "+short", "+tries=1", "+time=5")
    for how in ("+tls", "+https"):
        assert device.run("dig", f"@{NAMES}", how, *secured, "cloud.example").stdout.strip() == UPDATES
    form = ("-H", "Content-Type: application/dns-message", "--data-binary", f"@{stage.folder}/question")
    assert _curl(stage, device, "dns.google", NAMES, "/dns-query", "-o", "/dev/null", *form) == 0
    _serve(stage, "updates", 80, lab)
    _serve(stage, "false", 81, Authority())
    look = "/api/devices/v1/deployments/device/deployments/next"
    for _ in range(2):
        assert _curl(stage, device, "hosted.mender.io", UPDATES, look) == 0
    assert _curl(stage, device, "downloads.openwrt.org", FALSE, "/") == 60


def _listens(server: Machine, port: int) -> None:
    poll(f"port {port} is open", lambda: f":{port}" in server.run("ss", "-Hltn", f"sport = :{port}").stdout)


def _serve(stage: Stage, name: str, place: int, lab: Authority) -> None:
    chain, key = lab.issue("hosted.mender.io", "downloads.openwrt.org").write(stage.folder, name)
    server = stage.far(name, place)
    server.start("openssl", "s_server", "-accept", "443", "-cert", str(chain), "-key", str(key), "-quiet", "-www")
    _listens(server, 443)


def _curl(stage: Stage, device: Machine, name: str, address: str, path: str, *words: str) -> int:
    root = str(stage.folder / "lab.pem")
    where = ("--resolve", f"{name}:443:{address}", f"https://{name}{path}")
    return device.run("curl", "-s", "-m", "5", "--cacert", root, *words, *where).returncode
