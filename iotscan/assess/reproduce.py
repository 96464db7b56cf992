"""Shell lines that let a person see what a check saw: made of openssl, nc and what every Linux has.

Each ends by itself within ten seconds and prints little but the proof. A ServerHello is proof enough of
a version or a suite, so no line needs a handshake that ends well: servers that ask for a client
certificate or a pre-shared key show themselves too.
"""

import base64
import shlex
from collections.abc import Iterable

from iotscan.assess.check import Target
from iotscan.model.facts import Suite
from iotscan.wire.tls.hello import NOISE, Offer, client_hello

ANY_CIPHER = ("-cipher", "ALL:@SECLEVEL=0")
"""Lets OpenSSL 3 talk to old devices: its default refuses TLS 1.0, SHA-1 and small keys before we see them."""
ANY_CERTIFICATE = ("-cipher", "ALL:eNULL:!aNULL:@SECLEVEL=0")
"""The same without the suites that send no certificate."""
ANY_KEY = ("-psk", "00")
"""Makes OpenSSL offer PSK suites. The key is worth nothing: the server's choice shows before it is used."""

_FLAGS = {"TLSv1.0": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2"}
_GONE = (
    "SSLv3",
    "TLSv1.3",
    "_RC4_",
    "_RC2_",
    "DES",
    "_IDEA_",
    "_EXPORT",
    "_KRB5",
    "_SEED_",
    "TLS_DH_RSA",
    "TLS_DH_DSS",
    "TLS_ECDH_",
)
# ServerHello as hex: record (5 bytes), message header (4), version, random (32), session id, suite, compression.
_READ_HELLO = "s/^16.{16}(....).{64}(00|20.{64})(....)(..).*/ServerHello: version \\1 suite \\3 compression \\4/p"


def ask_tls(target: Target, *options: str, show: str) -> str:
    """``openssl s_client`` with ``options``; of its output the lines that match ``show`` (extended regex)."""
    asked = _quoted("timeout", "9", "openssl", "s_client", "-connect", target.authority, *options)
    return f"{asked} </dev/null 2>&1 | {_quoted('grep', '-E', show)}"


def ask_suites(target: Target, suites: Iterable[Suite], ciphers: str) -> tuple[str, str]:
    """A line that shows a server selecting one of a group of suites, and the text it prints then.

    ``suites`` are those it was seen to select, ``ciphers`` names the group in OpenSSL's words. Where
    OpenSSL 3 has none of them left (SSLv3, RC4, 3DES, export …) the line sends a hello as bytes: :func:`say_hello`.
    """
    seen = sorted(suites)
    known = [s for s in seen if not any(piece in f"{s.version} {s.name}" for piece in _GONE)]
    if seen and not known:
        return say_hello(target, seen[0].version, seen[0].code), f"suite {seen[0].code:04x}"
    flag = _FLAGS.get(known[0].version, "-no_tls1_3") if known else "-no_tls1_3"
    key = ANY_KEY if any("PSK" in s.name for s in known) else ()
    words = (flag, *key, "-cipher", f"{ciphers}:@SECLEVEL=0", "-msg")
    return ask_tls(target, *words, show="ServerHello$"), "], ServerHello"


def say_hello(target: Target, version: str, *suites: int, compression: bool = False) -> str:
    """Send one ClientHello as bytes and print version, suite and compression of the ServerHello, in hex.

    For what no TLS library of today can ask. Prints nothing when the server refuses.
    """
    offered = Offer(versions=(version,), suites=suites, compression=compression)
    hello = client_hello(offered, random=bytes(range(NOISE)))
    said = _quoted("echo", base64.b64encode(hello).decode())
    return (
        f"{said} | base64 -d | {_quoted('timeout', '6', 'nc', '-w', '3', target.host, str(target.port))}"
        f" | od -An -v -tx1 | tr -d ' \\n' | {_quoted('sed', '-nE', _READ_HELLO)}"
    )


def show_certificate(target: Target, position: int, *options: str) -> str:
    """``openssl x509`` with ``options`` on the certificate at ``position`` (0: the server's own) of the chain sent."""
    asked = ["timeout", "9", "openssl", "s_client", "-connect", target.authority, *ANY_CERTIFICATE]
    pick = f" | awk '/BEGIN CERT/{{n++}} n=={position + 1}'" if position else ""
    chain = _quoted(*asked, *(["-showcerts"] if position else []))
    return f"{chain} </dev/null 2>/dev/null{pick} | {_quoted('openssl', 'x509', '-noout', *options)}"


def listen(target: Target, say: str = "") -> str:
    """What a TCP service says unasked, or after one line that is said to it."""
    heard = _quoted("timeout", "6", "nc", "-w", "3", target.host, str(target.port))
    return f"{_quoted('echo', say)} | {heard}" if say else f"{heard} </dev/null"


def _quoted(*words: str) -> str:
    return shlex.join(words)
