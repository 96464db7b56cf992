"""Shell lines that send one datagram as bytes and say what came back: for what no tool at hand can ask."""

import base64
import shlex

from iotscan.assess.check import Target
from iotscan.wire import coap
from iotscan.wire.tls.answer import HELLO_RETRY
from iotscan.wire.tls.dtls import SHORT_OFFER, hello_datagrams
from iotscan.wire.tls.hello import NOISE

# A record (13 bytes) of a ServerHello: message header (12), version, random. A HelloRetryRequest has its own random.
_RETRY = f"/^16fef[df].{{20}}02.{{26}}{HELLO_RETRY.hex()}/d"
_HELLO = "s/^16fef[df].{20}02.*/ServerHello before any cookie/p"
_PING = 0x6970


def ask_for_cookie(target: Target) -> str:
    """Say hello by DTLS as anybody could from a forged address; prints a line where that is answered in full at once.

    Prints nothing where a cookie is asked for first, and where nobody answers.
    """
    (hello,) = hello_datagrams(SHORT_OFFER, bytes(range(NOISE)))
    return _send(target, hello, _RETRY, _HELLO)


def ping_coap(target: Target) -> str:
    """A CoAP ping; prints a line where a Reset comes back."""
    return _send(target, coap.ping(_PING), f"s/^{coap.reset(_PING).hex()}.*/CoAP Reset/p")


def _send(target: Target, datagram: bytes, *show: str) -> str:
    said = shlex.join(("echo", base64.b64encode(datagram).decode()))
    heard = shlex.join(("timeout", "6", "nc", "-u", "-w", "3", target.host, str(target.port)))
    scripts = shlex.join(word for script in show for word in ("-e", script))
    return f"{said} | base64 -d | {heard} | od -An -v -tx1 | tr -d ' \\n' | sed -nE {scripts}"
