"""Shell lines that send one datagram as bytes and say what came back: for what no tool at hand can ask."""

import base64
import shlex

from iotscan.assess.check import Target
from iotscan.wire import coap, coap_tcp, dns
from iotscan.wire.tls.answer import HELLO_RETRY
from iotscan.wire.tls.dtls import SHORT_OFFER, hello_datagrams
from iotscan.wire.tls.hello import NOISE

# A record (13 bytes) of a ServerHello: message header (12), version, random. A HelloRetryRequest has its own random.
_RETRY = f"/^16fef[df].{{20}}02.{{26}}{HELLO_RETRY.hex()}/d"
_HELLO = "s/^16fef[df].{20}02.*/ServerHello before any cookie/p"
_PING = 0x6970
_MDNS_PORT = "5353"
_OURS = "746b"
# A response to the GET of our token: at once, or behind an empty acknowledgement.
_CONTENT = f"s/^(60006970)?[4-6]245.{{4}}{_OURS}.*/CoAP 2.05 Content/p"
_ANSWER = f"s/^(60006970)?[4-6]2[4-9ab].{{5}}{_OURS}.*/CoAP answer/p"


def ask_for_cookie(target: Target) -> str:
    """Say hello by DTLS as anybody could from a forged address; prints a line where that is answered in full at once.

    Prints nothing where a cookie is asked for first, and where nobody answers.
    """
    (hello,) = hello_datagrams(SHORT_OFFER, bytes(range(NOISE)))
    return _send(target, hello, _RETRY, _HELLO)


def ping_coap(target: Target) -> str:
    """A CoAP ping; prints a line where a Reset comes back."""
    return _send(target, coap.ping(_PING), f"s/^{coap.reset(_PING).hex()}.*/CoAP Reset/p")


def get_coap(target: Target, path: str) -> str:
    """A CoAP GET of a resource; prints ``CoAP 2.05 Content`` where that comes back, ``CoAP answer`` for another."""
    return _send(target, coap.get(_segments(path), _PING, bytes.fromhex(_OURS)), _CONTENT, _ANSWER)


def get_coap_tls(target: Target, path: str) -> str:
    """The same inside TLS, without a certificate of ours."""
    question = coap_tcp.CSM + coap_tcp.get(_segments(path), bytes.fromhex(_OURS))
    said = shlex.join(("echo", base64.b64encode(question).decode()))
    heard = shlex.join(("timeout", "3", "openssl", "s_client", "-quiet", "-connect", target.authority))
    found = shlex.join(("sed", "-nE", f"s/.*45{_OURS}.*/CoAP 2.05 Content/p"))
    return f"({said} | base64 -d; sleep 2) | {heard} 2>/dev/null | od -An -v -tx1 | tr -d ' \\n' | {found}"


def ask_mdns(target: Target, kind: str, field: str) -> str:
    """Ask the device alone for a type of service, on its port of mDNS; prints what matches of its TXT record."""
    question = dns.multicast_question(f"{kind}.local")
    said = shlex.join(("echo", base64.b64encode(question).decode()))
    heard = shlex.join(("timeout", "6", "nc", "-u", "-w", "2", target.host, _MDNS_PORT))
    return f"{said} | base64 -d | {heard} | {shlex.join(('grep', '-aoiE', field))}"


def _segments(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def _send(target: Target, datagram: bytes, *show: str) -> str:
    said = shlex.join(("echo", base64.b64encode(datagram).decode()))
    heard = shlex.join(("timeout", "6", "nc", "-u", "-w", "3", target.host, str(target.port)))
    scripts = shlex.join(word for script in show for word in ("-e", script))
    return f"{said} | base64 -d | {heard} | od -An -v -tx1 | tr -d ' \\n' | sed -nE {scripts}"
