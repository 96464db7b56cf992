"""Shell lines that let a person see what a check saw: made of openssl, nc and what every Linux has.

Each ends by itself within ten seconds (a repeated one within thirty) and prints little but the proof. A
ServerHello is proof enough of a version or a suite, so no line needs a handshake that ends well: servers that
ask for a client certificate or a pre-shared key show themselves too. What OpenSSL 3 cannot ask goes out as bytes.
"""

import shlex
from collections.abc import Iterable

from iotscan.assess.check import Target
from iotscan.assess.hello_lines import say_hello, say_sslv2
from iotscan.model.facts import CertificateChain, Suite

ANY_CIPHER = ("-cipher", "ALL:@SECLEVEL=0")
"""Lets OpenSSL 3 talk to old devices: its default refuses TLS 1.0, SHA-1 and small keys before we see them."""
ANY_CERTIFICATE = ("-cipher", "ALL:eNULL:!aNULL:@SECLEVEL=0")
"""The same without the suites that send no certificate."""
_OFFERED_CURVE, _SIGNS_IN_1_3 = 256, 528
"""Bits: of the shortest curve that OpenSSL 3 offers unasked, and of RSA that fits PSS with SHA-256 (RFC 8017 9.1.1)."""
ANY_AGE = ("-legacy_server_connect", *ANY_CIPHER)
"""The same where more than the ServerHello is to be read: OpenSSL 3 hangs up then on who does not know RFC 5746."""
ANY_KEY = ("-psk", "00")
"""Makes OpenSSL offer PSK suites. The key is worth nothing: the server's choice shows before it is used."""

_FLAGS = {
    "TLSv1.0": "-tls1",
    "TLSv1.1": "-tls1_1",
    "TLSv1.2": "-tls1_2",
    "TLSv1.3": "-tls1_3",
    "DTLSv1.0": "-dtls1",
    "DTLSv1.2": "-dtls1_2",
}
_OVER_UDP = {
    "-no_tls1_3": "-dtls",
    "-tls1_2": "-dtls1_2",
    "-tls1_1": "-dtls1",
    "-tls1": "-dtls1",
    "TLSv1.2": "DTLSv1.2",
}
_DATAGRAM_FLAGS = ("-dtls", "-dtls1", "-dtls1_2")
_STARTTLS = {name: name for name in ("smtp", "ftp", "imap", "pop3", "ldap", "xmpp", "mysql", "sieve", "nntp")}
_STARTTLS |= {"postgres": "postgres", "postgresql": "postgres"}
_GONE = (
    "SSLv2",
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


def version_flag(version: str) -> str:
    """What makes OpenSSL offer this version alone; empty for those it has no more or not yet."""
    return _FLAGS.get(version, "")


def ask_tls(target: Target, *options: str, show: str, opening: str = "") -> str:
    """``openssl s_client`` with ``options``; of its output the lines that match ``show`` (extended regex).

    ``options`` are those of TLS: for a UDP service they become those of DTLS. ``opening`` is the protocol
    whose STARTTLS comes first (``TlsEndpoint.opening``).
    """
    return f"{_s_client(target, options, opening)} | {_quoted('grep', '-E', show)}"


def ask_hello(target: Target, *options: str, opening: str = "") -> tuple[str, str]:
    """A line that shows that a ServerHello comes back, and the text it prints then."""
    if _is_udp(target):
        # OpenSSL's -msg does not know its own DTLS 1.2.
        said = "read server hello"
        return ask_tls(target, *options, "-state", show=f"{said}$", opening=opening), said
    return ask_tls(target, *options, "-msg", show="ServerHello$", opening=opening), "], ServerHello"


def ask_suites(target: Target, suites: Iterable[Suite], ciphers: str, *, opening: str = "") -> tuple[str, str]:
    """A line that shows a server selecting one of a group of suites, and the text it prints then.

    ``suites`` are those it was seen to select, ``ciphers`` names the group in OpenSSL's words. Where
    OpenSSL 3 has none of them left (SSLv3, RC4, 3DES, export …) the line sends a hello as bytes: :func:`say_hello`.
    """
    seen = sorted(suites)
    known = [s for s in seen if not any(piece in f"{s.version} {s.name}" for piece in _GONE)]
    if seen and not known and seen[0].version == "SSLv2":
        line = say_sslv2(target, opening=opening)
        return line, "SSLv2 ServerHello" if line else ""
    if seen and not known:
        line = say_hello(target, seen[0].version, seen[0].code, opening=opening)
        return line, f"suite {seen[0].code:04x}" if line else ""
    flag = _FLAGS.get(known[0].version, "-no_tls1_3") if known else "-no_tls1_3"
    key = ANY_KEY if any("PSK" in s.name for s in known) else ()
    return ask_hello(target, flag, *key, "-cipher", f"{ciphers}:@SECLEVEL=0", opening=opening)


def ask_lacking(target: Target, what: str, *options: str, opening: str = "") -> tuple[str, str]:
    """A line that shows a ServerHello without the extension ``what`` (OpenSSL's word), and the text it prints then."""
    flag, hello = ("-state", "read server hello$") if _is_udp(target) else ("-msg", "ServerHello$")
    said = f"ServerHello without {what}"
    pick = f'/{hello}/{{h=1}} /server extension "{what}"/{{e=1}} END{{if(h&&!e)print "{said}"}}'
    return f"{_s_client(target, (*options, flag, '-tlsextdebug'), opening)} | {_quoted('awk', pick)}", said


def ask_refused(target: Target, *options: str, opening: str = "") -> tuple[str, str]:
    """A line that shows a server refusing all that ``options`` offer, and the text it prints then.

    Over datagrams OpenSSL says so where nobody answered, too: there the server must have spoken.
    """
    if not _is_udp(target):
        return ask_tls(target, *options, show="Cipher is", opening=opening), "Cipher is (NONE)"
    pick = r"/has read [1-9]/{h=1} /Cipher is \(NONE\)/{n=$0} END{if(h&&n)print n}"
    return f"{_s_client(target, options, opening)} | {_quoted('awk', pick)}", "Cipher is (NONE)"


def ask_often(target: Target, *options: str, show: str, opening: str = "", times: int = 6) -> str:
    """The same question several times; each different answer once, with how often it came."""
    asked = ask_tls(target, *options, show=show, opening=opening)
    return f"for n in {' '.join(str(n + 1) for n in range(times))}; do {asked}; done | sort | uniq -c"


def compare_shares(target: Target, *options: str, message: str, line: int, opening: str = "") -> tuple[str, str]:
    """Three handshakes; 16 bytes of the public value in each ``message`` (``ServerKeyExchange``), and what shows reuse.

    ``line`` counts the lines of 16 bytes in which OpenSSL prints a message, from 1: it must lie inside the value.
    """
    pick = f"awk '/{message}$/{{n=NR+{line}}} n&&NR==n'"
    asked = f"{_s_client(target, (*options, '-msg'), opening)} | {pick}"
    return f"for n in 1 2 3; do {asked}; done | sort | uniq -d | sed 's/^/came again:/'", "came again:"


def any_certificate(chain: CertificateChain | None) -> tuple[str, ...]:
    """Options of ``openssl s_client`` with which it meets the server of a chain, however short its key is.

    A short curve is none that OpenSSL offers unasked, and RSA of 512 bits is too short for a signature of TLS 1.3.
    """
    leaf = dict(chain.placed).get(0) if chain is not None else None
    bits, kind = (leaf.key_bits, leaf.key_type) if leaf is not None else (0, "")
    if kind == "ec" and 0 < bits < _OFFERED_CURVE:
        return (*ANY_CERTIFICATE, "-no_tls1_3", "-curves", "P-256:P-224:P-192")
    if kind == "rsa" and 0 < bits < _SIGNS_IN_1_3:
        return (*ANY_CERTIFICATE, "-no_tls1_3")
    return ANY_CERTIFICATE


def show_certificate(
    target: Target,
    position: int,
    *options: str,
    opening: str = "",
    chain: CertificateChain | None = None,
) -> str:
    """``openssl x509`` with ``options`` on the certificate at ``position`` (0: the server's own) of the chain sent.

    ``chain`` is what it sent, where its key may be too short for a client that is not told of it.
    """
    pick = f" | awk '/BEGIN CERT/{{n++}} n=={position + 1}'" if position else ""
    asked = (*any_certificate(chain), *(["-showcerts"] if position else []))
    sent = _s_client(target, asked, opening, errors="/dev/null")
    return f"{sent}{pick} | {_quoted('openssl', 'x509', '-noout', *options)}"


def hash_tls_key(target: Target, *, opening: str = "") -> str:
    """The SHA-256 of the public key (SubjectPublicKeyInfo) that a TLS server sends."""
    return f"{show_certificate(target, 0, '-pubkey', opening=opening)} | openssl pkey -pubin -outform der | sha256sum"


def save_certificate(target: Target, position: int, *, opening: str = "") -> str:
    """The certificate at ``position`` (0: the server's own) of the chain sent, written as PEM to the file ``"$f"``.

    A name of ours might be that of a file that is there already.
    """
    chain = _s_client(target, (*ANY_CERTIFICATE, "-showcerts"), opening, errors="/dev/null")
    pick = f" | awk '/BEGIN CERT/{{n++}} n=={position + 1}'"
    return f'{chain}{pick} | openssl x509 -out "$f"'


def listen(target: Target, say: str = "") -> str:
    """What a TCP service says unasked, or after one line that is said to it."""
    heard = _quoted("timeout", "6", "nc", "-w", "3", target.host, str(target.port))
    return f"{_quoted('echo', say)} | {heard}" if say else f"{heard} </dev/null"


def _s_client(target: Target, options: Iterable[str], opening: str, *, errors: str = "&1") -> str:
    words = tuple(options)
    if _is_udp(target):
        words = tuple(_OVER_UDP.get(word, word) for word in words)
        words = words if set(words) & set(_DATAGRAM_FLAGS) else ("-dtls", *words)
    first = ("-starttls", _STARTTLS[opening]) if opening in _STARTTLS else ()
    # A server of many names sends the certificate of another to who asks for none.
    name = ("-servername", target.server_name) if target.server_name else ()
    asked = _quoted("timeout", "9", "openssl", "s_client", "-connect", target.authority, *first, *name, *words)
    return f"{asked} </dev/null 2>{errors}"


def _is_udp(target: Target) -> bool:
    return target.subject.transport == "udp"


def _quoted(*words: str) -> str:
    return shlex.join(words)
