"""Two hundred damaged certificates, the same at every run: each rule broken by itself, then bytes changed at random.

Nothing is signed again: who reads a certificate reads it before its signature is tried.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.pki_lab.der import element, parts

COUNT = 200
START = datetime(2026, 6, 1, tzinfo=UTC)
BASIC, USAGE, NAMES, PURPOSES, POINTS, ACCESS = "551d13", "551d0f", "551d11", "551d25", "551d1f", "2b06010505070101"
_SERIAL, _ALGORITHM, _ISSUER, _VALIDITY, _SUBJECT, _KEY, _EXTENSIONS = 1, 2, 3, 4, 5, 6, 7
SHA1, SHA256 = (bytes.fromhex(f"06092a864886f70d0101{last}") for last in ("05", "0b"))
_EC_KEY = "06072a8648ce3d0201"
_HALF = 3 << 1022
"""Behind it, and behind it with 2 to the 1000, the next primes were looked for once."""
_PRIME = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1


@cache
def base(kind: str = "ec") -> bytes:
    """A good certificate of a server, with all that one may say."""
    key = _key(kind)
    name = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ACME"), x509.NameAttribute(NameOID.COMMON_NAME, "cam")]
    )
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ACME CA")])
    url = x509.UniformResourceIdentifier("http://ca.example/crl")
    point = x509.DistributionPoint(full_name=[url], relative_name=None, reasons=None, crl_issuer=None)
    access = x509.AccessDescription(x509.oid.AuthorityInformationAccessOID.OCSP, url)
    alternatives = [x509.DNSName("cam.example"), x509.IPAddress(ip_address("192.0.2.1"))]
    denied = (
        "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
        "encipher_only", "decipher_only",
    )  # fmt: skip
    usage = {"digital_signature": True} | dict.fromkeys(denied, False)
    builder = (
        x509.CertificateBuilder(authority, name, key.public_key(), 0x1234, START, START + timedelta(days=300))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    )
    hashed = None if kind == "ed25519" else hashes.SHA256()
    deterministic = True if kind == "ec" else None
    return builder.sign(key, hashed, ecdsa_deterministic=deterministic).public_bytes(Encoding.DER)


def _key(kind: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
    if kind == "ec":
        return ec.derive_private_key(9, ec.SECP256R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    p, q, e = _HALF + 1037, _HALF + (1 << 1000) + 1011, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPublicNumbers(e, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), numbers).private_key(
        unsafe_skip_rsa_key_validation=True
    )


def corpus() -> Iterator[tuple[str, bytes]]:
    """All of them: what is broken, and the bytes."""
    made = dict(broken_rules())
    yield from made.items()
    dice = random.Random(9)
    for number in range(COUNT - len(made)):
        yield f"chance {number}", _at_random(base(dice.choice(("ec", "ec", "rsa", "ed25519"))), dice)


def _at_random(der: bytes, dice: random.Random) -> bytes:
    data = bytearray(der)
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = dice.randrange(len(data))
        match dice.randrange(4):
            case 0:
                del data[at]
            case 1:
                data.insert(at, dice.randrange(256))
            case _:
                data[at] = dice.randrange(256)
    return bytes(data)


def broken_rules() -> Iterator[tuple[str, bytes]]:
    """Each rule that devices break, by itself."""
    for names in (
        _serials,
        _lengths,
        _dates,
        _distinguished_names,
        _versions,
        _extensions,
        _keys,
        _signatures,
        _wholes,
    ):
        yield from names()


def put(field: int, content: bytes, der: bytes | None = None) -> bytes:
    """A certificate with another part in its body."""
    body, *rest = parts(der or base())
    fields = parts(body)
    fields[field] = content
    return element(0x30, element(0x30, b"".join(fields)) + b"".join(rest))


def _serials() -> Iterator[tuple[str, bytes]]:
    values = {
        "negative": "ff01",
        "zero": "00",
        "of 21 bytes": "7f" + "11" * 20,
        "of 200 bytes": "11" * 200,
        "empty": "",
        "padded": "000001",
        "padded negative": "ffff01",
    }
    for name, value in values.items():
        yield f"serial {name}", put(_SERIAL, element(0x02, bytes.fromhex(value)))
    yield "serial is text", put(_SERIAL, element(0x0C, b"1"))


def _lengths() -> Iterator[tuple[str, bytes]]:
    def long(whole: bytes, size: int) -> bytes:
        content = b"".join(parts(whole))
        return whole[:1] + bytes([0x80 | size]) + len(content).to_bytes(size, "big") + content

    def open_ended(whole: bytes) -> bytes:
        return whole[:1] + b"\x80" + b"".join(parts(whole)) + b"\0\0"

    fields = parts(parts(base())[0])
    yield "long length", long(base(), 4)
    yield "length of 9 bytes", long(base(), 9)
    yield "open length", open_ended(base())
    for name, field in (("validity", _VALIDITY), ("subject", _SUBJECT), ("key", _KEY), ("extensions", _EXTENSIONS)):
        yield f"long length of the {name}", put(field, long(fields[field], 3))
        yield f"open length of the {name}", put(field, open_ended(fields[field]))
    yield "length beyond the end", put(_SUBJECT, b"\x30\x7f" + fields[_SUBJECT][2:])
    yield "length of none", put(_SUBJECT, b"\x30\0" + fields[_SUBJECT][2:])


def _dates() -> Iterator[tuple[str, bytes]]:
    usual = element(0x17, b"270101000000Z")
    values = {
        "month 13": (0x17, b"261301000000Z"),
        "30 February": (0x17, b"260230000000Z"),
        "hour 24": (0x17, b"260101240000Z"),
        "no seconds": (0x17, b"2601010000Z"),
        "offset": (0x17, b"260101000000+0100"),
        "small z": (0x17, b"260101000000z"),
        "four digits too early": (0x18, b"20260101000000Z"),
        "fraction": (0x18, b"20600101000000.5Z"),
        "1950": (0x17, b"500101000000Z"),
        "empty": (0x17, b""),
        "text": (0x0C, b"260101000000Z"),
        "words": (0x17, b"last tuesday!"),
        "year 0": (0x18, b"00000101000000Z"),
        "no zone": (0x17, b"260101000000"),
        "NUL": (0x17, b"26010100000\0Z"),
        "spaces": (0x17, b"26 1 1000000Z"),
    }
    for name, (tag, text) in values.items():
        yield f"date {name}", put(_VALIDITY, element(0x30, element(tag, text) + usual))
    yield "no last date", put(_VALIDITY, element(0x30, usual))
    yield "three dates", put(_VALIDITY, element(0x30, usual * 3))
    yield "dates swapped", put(_VALIDITY, element(0x30, usual + element(0x17, b"200101000000Z")))
    yield "long over", put(_VALIDITY, element(0x30, element(0x17, b"200101000000Z") + element(0x17, b"210101000000Z")))
    yield "no end", put(_VALIDITY, element(0x30, usual + element(0x18, b"99991231235959Z")))


def _distinguished_names() -> Iterator[tuple[str, bytes]]:
    def name(tag: int, text: bytes) -> bytes:
        return element(0x31, element(0x30, bytes.fromhex("0603550403") + element(tag, text)))

    values = {
        "bad UTF-8": name(0x0C, b"caf\xe9"),
        "bad BMP": name(0x1E, b"abc"),
        "T.61": name(0x14, b"Ger\xe4t"),
        "at in Printable": name(0x13, b"a@b_c"),
        "NUL": name(0x0C, b"a\0.evil.example"),
        "escapes": name(0x0C, b"\x1b[31m\xe2\x80\xae"),
        "an empty part": element(0x31, b""),
        "no attribute": element(0x31, element(0x30, b"")),
        "a number": name(0x02, b"\1"),
        "5,000 parts": name(0x0C, b"x") * 5000,
        "a text of 50,000": name(0x0C, b"y" * 50_000),
    }
    for what, content in values.items():
        yield f"subject with {what}", put(_SUBJECT, element(0x30, content))
    yield "issuer empty", put(_ISSUER, element(0x30, b""))
    yield "subject empty", put(_SUBJECT, element(0x30, b""))
    yield "issuer a set", put(_ISSUER, element(0x31, name(0x0C, b"x")))


def _versions() -> Iterator[tuple[str, bytes]]:
    for version, text in (
        ("1", "020100"),
        ("2", "020101"),
        ("4", "020103"),
        ("of two bytes", "02020002"),
        ("none", "0500"),
    ):
        yield f"version {version} with extensions", put(0, element(0xA0, bytes.fromhex(text)))
    yield "no version", put(0, b"")


def _extension(oid: str, value: bytes, critical: bytes = b"") -> bytes:
    return element(0x30, element(0x06, bytes.fromhex(oid)) + critical + element(0x04, value))


def _said() -> list[bytes]:
    """The extensions of the good one."""
    (everything,) = parts(parts(parts(base())[0])[_EXTENSIONS])
    return parts(everything)


def _with_extensions(*extensions: bytes) -> bytes:
    return put(_EXTENSIONS, element(0xA3, element(0x30, b"".join(extensions))))


def _in_place_of(oid: str, extension: bytes) -> bytes:
    return _with_extensions(*(extension if element(0x06, bytes.fromhex(oid)) in e[:16] else e for e in _said()))


def _extensions() -> Iterator[tuple[str, bytes]]:
    sequence, names = b"\x30\0", element(0x30, element(0x82, b"other.example"))
    authority = element(0x30, b"\1\1\xff")
    replaced = {
        "basicConstraints of an authority": (BASIC, authority),
        "basicConstraints cA 1": (BASIC, element(0x30, b"\1\1\1")),
        "basicConstraints broken": (BASIC, b"\x30\x05\1\1\xff"),
        "basicConstraints not there": (BASIC, b""),
        "path of negative length": (BASIC, element(0x30, b"\1\1\xff\2\1\xff")),
        "bytes behind basicConstraints": (BASIC, sequence + b"x"),
        "keyUsage empty": (USAGE, b"\3\1\0"),
        "keyUsage 9 unused bits": (USAGE, b"\3\2\x09\x80"),
        "keyUsage no bits": (USAGE, b"\4\1\0"),
        "keyUsage signs certificates": (USAGE, b"\3\2\2\4"),
        "extKeyUsage empty": (PURPOSES, sequence),
        "extKeyUsage for clients": (PURPOSES, element(0x30, bytes.fromhex("06082b06010505070302"))),
        "extKeyUsage broken": (PURPOSES, element(0x30, b"\6\2\x80\x80")),
        "SAN empty": (NAMES, sequence),
        "SAN address of 3 bytes": (NAMES, element(0x30, element(0x87, b"abc"))),
        "SAN not ASCII": (NAMES, element(0x30, element(0x82, b"\xe4.example"))),
        "SAN of 10,000": (NAMES, element(0x30, element(0x82, b"a.example") * 10_000)),
        "SAN broken": (NAMES, b"\x30\x81"),
        "CRL points broken": (POINTS, b"\x30\x03\x30\x05\0"),
        "access broken": (ACCESS, element(0x30, element(0x30, b"\6\0"))),
    }
    for name, (oid, value) in replaced.items():
        yield name, _in_place_of(oid, _extension(oid, value, b"\1\1\xff" if oid in (BASIC, USAGE) else b""))
    yield "basicConstraints twice", _with_extensions(*_said(), _extension(BASIC, authority))
    yield "SAN twice", _with_extensions(_extension(NAMES, names), *_said())
    yield "unknown critical", _with_extensions(*_said(), _extension("2a0304", b"\5\0", b"\1\1\xff"))
    yield "unknown twice", _with_extensions(*_said(), *[_extension("2a0304", b"\5\0")] * 2)
    yield "critical is 1", _with_extensions(*_said(), _extension("2a0304", b"\5\0", b"\1\1\1"))
    yield "critical is false", _with_extensions(*_said(), _extension("2a0304", b"\5\0", b"\1\1\0"))
    yield (
        "5,000 extensions",
        _with_extensions(*_said(), *(_extension(f"2a03{n >> 7 | 128:02x}{n & 127:02x}", b"\5\0") for n in range(5000))),
    )
    yield "empty extensions", _with_extensions()
    yield "extensions under another tag", put(_EXTENSIONS, element(0xA4, element(0x30, b"".join(_said()))))
    yield "bytes behind the extensions", put(_EXTENSIONS, element(0xA3, element(0x30, b"".join(_said())) + b"\5\0"))
    yield (
        "constraint with a mask of holes",
        _with_extensions(
            *_said(),
            _extension(
                "551d1e", element(0x30, element(0xA0, element(0x30, element(0x87, bytes.fromhex("0a000000ff00ff00")))))
            ),
        ),
    )
    yield "timestamps broken", _with_extensions(*_said(), _extension("2b06010401d679020402", b"\4\4\0\x09ab"))


def _keys() -> Iterator[tuple[str, bytes]]:
    def spki(algorithm: str, key: bytes, unused: bytes = b"\0") -> bytes:
        return element(0x30, element(0x30, bytes.fromhex(algorithm)) + element(0x03, unused + key))

    def numbers(modulus: bytes, exponent: bytes = b"\1\0\1") -> bytes:
        return element(0x30, element(0x02, modulus) + element(0x02, exponent))

    rsa_key, p256, odd = "06092a864886f70d0101010500", _EC_KEY + "06082a8648ce3d030107", b"\x11" * 95 + b"\x13"
    values = {
        "of P-192": spki(_EC_KEY + "06082a8648ce3d030101", _point(ec.SECP192R1())),
        "of secp160r1": spki(_EC_KEY + "06052b81040008", b"\4" + b"\x22" * 40),
        "of a curve nobody knows": spki(_EC_KEY + "06032a0304", b"\4" + b"\x22" * 64),
        "of a spelled out curve": spki(_EC_KEY + _explicit().hex(), b"\4" + b"\x22" * 64),
        "of no curve": spki(_EC_KEY + "0500", b"\4" + b"\x22" * 64),
        "a point beside its curve": spki(p256, b"\4" + b"\x22" * 64),
        "a point of another length": spki(p256, b"\4" + b"\x22" * 48),
        "a point at infinity": spki(p256, b"\0"),
        "a point in short": spki(p256, b"\2" + b"\x22" * 32),
        "nothing": spki(p256, b""),
        "with unused bits": spki(p256, b"\4" + b"\x22" * 64, b"\3"),
        "with 9 unused bits": spki(p256, b"\4" + b"\x22" * 64, b"\x09"),
        "RSA 767": spki(rsa_key, numbers(odd)),
        "RSA without exponent": spki(rsa_key, numbers(odd, b"")),
        "RSA with exponent 1": spki(rsa_key, numbers(b"\0" + b"\xff" * 256, b"\1")),
        "RSA even": spki(rsa_key, numbers(b"\0" + b"\xfe" * 256)),
        "RSA negative": spki(rsa_key, numbers(b"\xff" * 256)),
        "RSA of 200,000 bits": spki(rsa_key, numbers(b"\0" + b"\xff" * 25_000)),
        "RSA no numbers": spki(rsa_key, b"\x30\0"),
        "of PSS": spki("06092a864886f70d01010a", numbers(odd)),
        "of DSA without parameters": spki("06072a8648ce380401", b"\2\1\5"),
        "of a kind nobody knows": spki("06032a0304", b"abcd"),
        "Ed25519 of 31 bytes": spki("06032b6570", b"\x22" * 31),
        "X25519": spki("06032b656e", b"\x22" * 32),
        "a set": element(0x31, b"\5\0"),
    }
    for name, content in values.items():
        yield f"key {name}", put(_KEY, content)


def _point(curve: ec.EllipticCurve) -> bytes:
    key = ec.derive_private_key(9, curve).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _explicit() -> bytes:
    """P-256 as ECParameters (RFC 3279 section 2.3.5)."""
    field = element(0x30, bytes.fromhex("06072a8648ce3d0101") + element(0x02, b"\0" + _PRIME.to_bytes(32, "big")))
    curve = element(0x30, element(0x04, b"\1" * 32) * 2)
    order = bytes.fromhex("00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
    return element(
        0x30, b"\2\1\1" + field + curve + element(0x04, b"\4" + b"\1" * 64) + element(0x02, order) + b"\2\1\1"
    )


def _signatures() -> Iterator[tuple[str, bytes]]:
    body, algorithm, signature = parts(base("rsa"))
    wrap = b"".join

    def signed(inner: bytes, outer: bytes) -> bytes:
        fields = parts(body)
        fields[_ALGORITHM] = inner
        return element(0x30, element(0x30, wrap(fields)) + outer + signature)

    def named(oid: str, parameters: str = "0500") -> bytes:
        return element(0x30, bytes.fromhex(oid + parameters))

    for name, last in (("MD2", "02"), ("MD5", "04"), ("SHA-1", "05")):
        weak = algorithm.replace(SHA256, SHA256[:-1] + bytes.fromhex(last))
        yield f"signed with {name}", signed(weak, weak)
        yield f"signed with {name} outside", signed(algorithm, weak)
        yield f"signed with {name} inside", signed(weak, algorithm)
    pss = "06092a864886f70d01010a"
    yield "signed with PSS and its defaults", signed(*[named(pss, "3000")] * 2)
    yield "signed with PSS of nothing", signed(*[named(pss, "")] * 2)
    yield "signed with what nobody knows", signed(*[named("06032a0304")] * 2)
    yield "signed with no algorithm", signed(b"\x30\0", b"\x30\0")
    yield "signed with no identifier", signed(*[named("0600")] * 2)
    yield "no signature", element(0x30, body + algorithm)
    yield "an empty signature", element(0x30, body + algorithm + element(0x03, b"\0"))
    yield "bytes behind the signature", element(0x30, body + algorithm + signature + b"\5\0")


def _wholes() -> Iterator[tuple[str, bytes]]:
    good = base()
    wholes: dict[str, Callable[[], bytes]] = {
        "nothing": lambda: b"",
        "a head": lambda: good[:2],
        "cut by a byte": lambda: good[:-1],
        "cut in the middle": lambda: good[: len(good) // 2],
        "a byte behind": lambda: good + b"\n",
        "itself behind": lambda: good * 2,
        "a set": lambda: b"\x31" + good[1:],
        "text": lambda: b"-----BEGIN CERTIFICATE-----",
        "zeros": lambda: bytes(4096),
        "a thousand sequences": lambda: b"\x30\x80" * 1000,
        "a thousand open lengths": lambda: b"\x30\x80" * 1000 + bytes(2000),
        "a long tag": lambda: b"\x3f\x81\x01\x01\x00",
    }
    for name, make in wholes.items():
        yield name, make()
