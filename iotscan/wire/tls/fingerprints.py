"""What a ClientHello tells of the program that sent it, as two short texts that others collect.

JA3 (Althouse, Atkinson, Atkins; Salesforce, 2017; BSD) and JA4, the part for TLS clients (Althouse; FoxIO, 2023; BSD).
Both leave GREASE out. The rest of the JA4 family has another licence and is not made here.
"""

from collections.abc import Iterable
from hashlib import md5, sha256
from typing import Final, Literal

from iotscan.wire.tls import framing
from iotscan.wire.tls.client_hello import ClientHello, is_grease

Carrier = Literal["tls", "dtls", "quic"]
_CARRIERS: Final = {"tls": "t", "dtls": "d", "quic": "q"}
_VERSIONS: Final = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}
_NOTHING: Final = "000000000000"
_MOST: Final = 99


def ja3(hello: ClientHello) -> str:
    """The MD5 of version, suites, extensions, groups and point formats in the order of the hello: 32 hex digits."""
    lists = (hello.suites, hello.extensions, hello.groups)
    parts = (str(hello.legacy_version), *(_decimals(one) for one in lists), "-".join(map(str, hello.point_formats)))
    return md5(",".join(parts).encode(), usedforsecurity=False).hexdigest()


def ja4(hello: ClientHello, carrier: Carrier = "tls") -> str:
    """What it is over, its newest version, name, counts and ALPN; its suites, sorted; its extensions, sorted."""
    suites, extensions = _plain(hello.suites), _plain(hello.extensions)
    newest = _newest(hello)
    name = "d" if framing.SERVER_NAME in extensions else "i"
    counts = f"{min(len(suites), _MOST):02d}{min(len(extensions), _MOST):02d}"
    first = f"{_CARRIERS[carrier]}{_VERSIONS.get(newest, '00')}{name}{counts}{_alpn(hello)}"
    kept = [kind for kind in extensions if kind not in (framing.SERVER_NAME, framing.ALPN)]
    text = _hex(sorted(kept))
    if signatures := _hex(_plain(hello.signatures)):
        text += f"_{signatures}"
    return f"{first}_{_digest(_hex(sorted(suites)))}_{_digest(text) if kept else _NOTHING}"


def _newest(hello: ClientHello) -> int:
    versions = _plain(hello.versions) or [hello.legacy_version]
    # The numbers of DTLS fall.
    return min(versions) if versions[0] > 0x8000 else max(versions)


def _alpn(hello: ClientHello) -> str:
    """First and last character of the first protocol; of its hex form where they are no letters or digits."""
    first = hello.alpn[0] if hello.alpn else b""
    if not first:
        return "00"
    ends = first[:1] + first[-1:]
    if ends.isalnum():
        return ends.decode("ascii")
    digits = first.hex()
    return digits[0] + digits[-1]


def _plain(codes: Iterable[int]) -> list[int]:
    return [code for code in codes if not is_grease(code)]


def _decimals(codes: Iterable[int]) -> str:
    return "-".join(map(str, _plain(codes)))


def _hex(codes: Iterable[int]) -> str:
    return ",".join(f"{code:04x}" for code in codes)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else _NOTHING
