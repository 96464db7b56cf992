"""Devices over DTLS: CoAP with a pre-shared key (libcoap on OpenSSL and GnuTLS) and with certificates, and OpenSSL."""

from tests.lan.network import Machine, poll
from tests.traffic_lab.certificates import Authority
from tests.traffic_lab.stage import Stage

TOOLS = {
    "coap-client-openssl": "libcoap3-bin",
    "coap-client-gnutls": "libcoap3-bin",
    "coap-server-openssl": "libcoap3-bin",
    "openssl": "openssl",
    "ss": "iproute2",
}
IDENTITY, HINT, KEY = "urn:imei:490154203237518", "lwm2m-hint", "secretPSK"


def play(stage: Stage) -> None:
    """Two clients with a key, one that takes any certificate (an expired one), one of DTLS 1.0."""
    server = stage.far("keyed", 80)
    server.start("coap-server-openssl", "-A", "203.0.113.80", "-k", KEY, "-h", HINT)
    _ready(server)
    for number, library in ((21, "openssl"), (22, "gnutls")):
        device = stage.near(library, number)
        words = (f"coap-client-{library}", "-B", "5", "-k", KEY, "-u", IDENTITY, "coaps://203.0.113.80/")
        poll("an answer", lambda ask=words, who=device: bool(who.run(*ask).stdout))
    chain, key = Authority().issue("shadow.example", begins=-400, days=365).write(stage.folder, "shadow")
    place = stage.far("certified", 81)
    certified = ("-cert", str(chain), "-cert_chain", str(chain), "-key", str(key))
    words = ("-accept", "5684", "-dtls", "-cipher", "DEFAULT:@SECLEVEL=0", *certified)
    place.start("sh", "-c", f"sleep 1000 | openssl s_server {' '.join(words)}")
    _ready(place)
    careless = stage.near("careless", 23)
    for version, cipher in (("dtls1_2", "DEFAULT"), ("dtls1", "DEFAULT:@SECLEVEL=0")):
        words = ("-connect", "203.0.113.81:5684", f"-{version}", "-servername", f"{version.replace('_', '-')}.example")
        ask = f"(echo hello; sleep 0.5) | openssl s_client {' '.join(words)} -cipher {cipher}"
        poll("a handshake", lambda ask=ask: "Cipher is ECDHE" in careless.run("sh", "-c", ask).stdout)


def _ready(server: Machine) -> None:
    """Wait for it without a word: a hello too early would be a conversation, too."""
    poll("the server listens", lambda: ":5684 " in server.run("ss", "-Hlun").stdout)
