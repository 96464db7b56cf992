"""Forty secrets as devices and images say them, and the ways in which one could be written down."""

import base64
import hashlib
import html
from collections.abc import Callable, Iterator
from quopri import encodestring
from urllib.parse import quote, quote_plus

import msgspec


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """A secret, and the text in which it is said: the form that gives it away."""

    kind: str
    secret: str
    said: str


def _word(seed: str, length: int = 24) -> str:
    """Letters and digits that nothing else holds, the same in every run."""
    return base64.b32encode(hashlib.sha256(seed.encode()).digest()).decode().lower()[:length]


def _basic(secret: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"admin:{secret}".encode()).decode()


def _jwt(secret: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    return f"{head}.{secret}.{secret[::-1]}"


_TAILS = ("", "+/=", "!$x", "-_.9")
"""What passwords end in beyond letters and digits."""

KINDS: dict[str, Callable[[str], str]] = {
    "password": "login admin password={} ok".format,
    "passphrase": 'ssid=Home psk="{}"'.format,
    "prose": "the default password is {} here".format,
    "query": "https://cloud.example/api?token={}&page=2".format,
    "userinfo": "mqtt://feed:{}@broker.example:1883/x".format,
    "basic": _basic,
    "cookie": "Set-Cookie: SESSION={}; Path=/; HttpOnly".format,
    "json": '{{"api_key": "{}", "n": 1}}'.format,
    "bearer": "Authorization: Bearer {}".format,
    "jwt": _jwt,
    "github": "use ghp_{} to fetch".format,
    "cloud": "id AKIA{} in eu".format,
    "pem": "-----BEGIN RSA PRIVATE KEY-----{}-----END RSA PRIVATE KEY-----".format,
}
_PLAIN = ("jwt", "github", "pem")
"""Kinds whose alphabet is fixed."""


def _made() -> Iterator[Canary]:
    kinds = list(KINDS)
    for number in range(40):
        kind = kinds[number % len(kinds)]
        word = _word(f"{kind} {number}")
        if kind == "cloud":
            word = word.upper().translate(str.maketrans("", "", "=+"))[:16]
        elif kind not in _PLAIN:
            word += _TAILS[number // len(kinds) % len(_TAILS)]
        yield Canary(kind=kind, secret=word, said=KINDS[kind](word))


CANARIES: tuple[Canary, ...] = tuple(_made())


def base64_cores(secret: bytes) -> Iterator[bytes]:
    """What base64 makes of ``secret`` in the middle of something, whatever stands before it."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret)
        # The first and the last group also hold what stands around.
        yield whole[4 if before else 0 : len(whole) // 4 * 4 - 4]


def disguises(secret: str) -> dict[str, bytes]:
    """The ways a secret may be written."""
    raw = secret.encode()
    plain = {
        "raw": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "hex with colons": raw.hex(":").encode(),
        "url": quote(secret, safe="").encode(),
        "form": quote_plus(secret).encode(),
        "html": html.escape(secret).encode(),
        "entities": "".join(f"&#{ord(c)};" for c in secret).encode(),
        "quoted-printable": encodestring(raw),
        "utf-16": secret.encode("utf-16-le"),
        "latin-1": secret.encode("latin-1"),
        "json": secret.encode("ascii", "backslashreplace"),
        "json escapes": "".join(f"\\u{ord(c):04x}" for c in secret).encode(),
        "python": repr(raw)[2:-1].encode(),
        "backwards": secret[::-1].encode(),
    }
    cores = [*base64_cores(raw), *base64_cores(secret.encode("latin-1"))]
    return plain | {f"base64 {n}": core for n, core in enumerate(cores)}


def is_it_in(text: bytes, secret: str) -> list[str]:
    return [name for name, written in disguises(secret).items() if written in text]


def leaks(written: dict[str, bytes], secret: str) -> dict[str, list[str]]:
    return {path: found for path, text in written.items() if (found := is_it_in(text, secret))}
