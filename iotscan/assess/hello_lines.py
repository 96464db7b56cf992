"""Shell lines that send a hello as bytes, for what no TLS library of today can ask."""

import base64
import shlex

from iotscan.assess.check import Target
from iotscan.model.facts import DTLS_VERSIONS
from iotscan.wire.tls import framing, sslv2
from iotscan.wire.tls.framing import vector
from iotscan.wire.tls.hello import NOISE, Offer, client_hello, hello_body

_RANDOM = bytes(range(NOISE))
# ServerHello as hex: message header, version, random (32), session id, suite, compression.
_HELLO = "02.{6}(....).{64}(00|20.{64})(....)(..)"
_HELLO_IN_DATAGRAM = "02.{22}(....).{64}(00|20.{64})(....)(..)"
_PRINT = r"s/%s.*/ServerHello: version \1 suite \3 compression \4/p"
# Extensions that may stand before truncated_hmac: those that this hello offers, and points formats.
_BEFORE = "(ff01000100|00170000|000b0002..(..)?|000b000403......|00000000)*"
_TRUNCATED = rf"s/^16.{{8}}{_HELLO}....{_BEFORE}00040000.*/ServerHello: suite \3 truncated_hmac/p"
_SSL2 = r"s/^....04(..)(..)0002.*/SSLv2 ServerHello/p"
_ALOUD = {
    "smtp": r"EHLO iotscan\r\nSTARTTLS\r\n",
    "ftp": r"AUTH TLS\r\n",
    "imap": r"a STARTTLS\r\n",
    "pop3": r"STLS\r\n",
}
"""What is said before a hello, as printf writes it; other openings need to hear before they speak."""


def say_hello(
    target: Target, version: str | tuple[str, ...], *suites: int, compression: bool = False, opening: str = ""
) -> str:
    """Send one ClientHello as bytes and print version, suite and compression of the ServerHello, in hex.

    Prints nothing when the server refuses. ``version`` may be several, newest first. Over UDP the one question is
    put that a server answers before its cookie comes back: with a HelloRetryRequest of DTLS 1.3. Empty where no
    line can ask: other DTLS versions want the cookie first, some openings more than a word.
    """
    versions = (version,) if isinstance(version, str) else version
    offered = Offer(versions=versions, suites=suites, compression=compression)
    if versions[0] in DTLS_VERSIONS:
        return _in_datagram(target, offered) if versions == ("DTLSv1.3",) else ""
    return _over_tcp(target, client_hello(offered, random=_RANDOM), opening, "^16.{8}" + _HELLO)


def say_truncated_hmac(target: Target, version: str, suite: int, *, opening: str = "") -> str:
    """Offer truncated_hmac (RFC 6066 section 7) and print a ServerHello that answers it; TLS up to 1.2 over TCP."""
    offered = Offer(versions=(version,), suites=(suite,), extras=(framing.TRUNCATED_HMAC,))
    return _over_tcp(target, client_hello(offered, random=_RANDOM), opening, "", _TRUNCATED)


def say_sslv2(target: Target, *, opening: str = "") -> str:
    """Send a CLIENT-HELLO of SSLv2 with all its ciphers and print that a SERVER-HELLO of SSLv2 came back."""
    hello = sslv2.client_hello(challenge=_RANDOM[: sslv2.CHALLENGE])
    return _over_tcp(target, hello, opening, "", _SSL2)


def _over_tcp(target: Target, hello: bytes, opening: str, pattern: str, printed: str = "") -> str:
    if opening and opening not in _ALOUD:
        return ""
    said = f"{shlex.join(('echo', base64.b64encode(hello).decode()))} | base64 -d"
    show = printed or _PRINT % pattern
    if opening:
        said = f"{{ sleep 1; printf '{_ALOUD[opening]}'; sleep 1; {said}; }}"
        show = show.replace("s/^", "s/.*0a", 1)
    heard = shlex.join(("timeout", "6", "nc", "-w", "3", target.host, str(target.port)))
    return f"{said} | {heard} | od -An -v -tx1 | tr -d ' \n' | {shlex.join(('sed', '-nE', show))}"


def _in_datagram(target: Target, offered: Offer) -> str:
    body = hello_body(offered, _RANDOM)
    length = len(body).to_bytes(3, "big")
    message = bytes([framing.CLIENT_HELLO]) + length + bytes(5) + length + body
    packet = bytes([framing.HANDSHAKE]) + b"\xfe\xfd" + bytes(8) + vector(2, message)
    said = shlex.join(("echo", base64.b64encode(packet).decode()))
    heard = shlex.join(("timeout", "6", "nc", "-u", "-w", "3", target.host, str(target.port)))
    show = shlex.join(("sed", "-nE", _PRINT % ("^16fef[cd].{20}" + _HELLO_IN_DATAGRAM)))
    return f"{said} | base64 -d | {heard} | od -An -v -tx1 | tr -d ' \n' | {show}"
