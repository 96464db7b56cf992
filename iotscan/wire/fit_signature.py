"""Whether the signature of a FIT's configuration holds, and which bytes it is made over.

Source: U-Boot ``boot/image-fit-sig.c``, ``boot/fdt_region.c`` (which parts of the tree are hashed),
``lib/rsa/rsa-verify.c`` and ``lib/ecdsa/ecdsa-verify.c`` (how keys stand in a device tree).
"""

from collections.abc import Collection, Iterator
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from iotscan.wire.fdt import HEADER, BadTree, Node, Read, is_fdt

HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303  # to tell whether an old signature holds, not to make one
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_DATA: Final = ("data", "data-size", "data-position", "data-offset")
_BEGIN, _END, _PROPERTY, _NOP, _LAST = 1, 2, 3, 4, 9
_TOKENS: Final = 50_000
_DEPTH: Final = 64
_NAME: Final = 512
_MESSAGE: Final = 64 << 20
_CURVES: Final[dict[int, ec.EllipticCurve]] = {32: ec.SECP256R1(), 48: ec.SECP384R1()}
_EXPONENT: Final = 65537
_LARGEST_KEY: Final = 8192


def signed_bytes(read: Read, nodes: Collection[str], strings: int) -> bytes:
    """The bytes over which a configuration is signed: those of ``nodes`` without data, and ``strings`` of the names.

    Raises :class:`~iotscan.wire.fdt.BadTree`.
    """
    head = read(0, HEADER)
    if not is_fdt(head):
        raise BadTree("no device tree")
    pieces = [*_regions(read, head, frozenset(nodes)), (_number(head, 12), strings)]
    if sum(length for _, length in pieces) > _MESSAGE:
        raise BadTree("its signature is over more than 64 MiB")
    return b"".join(read(offset, length) for offset, length in pieces)


def holds(algorithm: str, padding_name: str, key: Node, signature: bytes, message: bytes) -> bool | None:
    """Whether a signature holds with a key of a control device tree; None for what is not tried."""
    digest, _, kind = algorithm.partition(",")
    hashing = HASHES.get(digest)
    if hashing is None:
        return None
    try:
        if kind.startswith("rsa"):
            return _rsa(key, padding_name, hashing, signature, message)
        if kind.startswith(("ecdsa", "secp")):
            return _ecdsa(key, hashing, signature, message)
    except InvalidSignature:
        return False
    except ValueError:
        return None
    return None


def _rsa(key: Node, padding_name: str, hashing: hashes.HashAlgorithm, signature: bytes, message: bytes) -> bool | None:
    modulus = key.value("rsa,modulus")
    if not modulus or len(modulus) * 8 > _LARGEST_KEY:
        return None
    exponent = key.number("rsa,exponent") or _EXPONENT
    public = rsa.RSAPublicNumbers(exponent, int.from_bytes(modulus, "big")).public_key()
    how: padding.AsymmetricPadding = padding.PKCS1v15()
    if padding_name == "pss":
        how = padding.PSS(mgf=padding.MGF1(hashing), salt_length=padding.PSS.AUTO)
    public.verify(signature, message, how, hashing)
    return True


def _ecdsa(key: Node, hashing: hashes.HashAlgorithm, signature: bytes, message: bytes) -> bool | None:
    x, y = key.value("ecdsa,x-point"), key.value("ecdsa,y-point")
    if not x or not y or len(x) not in _CURVES or len(signature) != 2 * len(x):
        return None
    public = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), _CURVES[len(x)])
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    public.public_key().verify(encode_dss_signature(r, s), message, ec.ECDSA(hashing))
    return True


def _regions(read: Read, head: bytes, wanted: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Offsets and lengths of the structure that counts.

    A node that is wanted counts with its properties; of the nodes directly in it only the beginning and end do.
    """
    base, strings = _number(head, 8), _number(head, 12)
    start = -1
    want = 0
    stack: list[tuple[int, int]] = []
    path = ""
    at = base
    for _ in range(_TOKENS):
        token, following = _token(read, at)
        stop = following
        is_counted = False
        if token == _PROPERTY:
            stop = at
            name_at = _number(read(at + 8, 4), 0)
            is_counted = want >= 2 and _text(read, strings + name_at) not in _DATA
        elif token == _NOP:
            stop = at
            is_counted = want >= 2
        elif token == _BEGIN:
            stack.append((want, len(path)))
            if len(stack) > _DEPTH:
                raise BadTree("its nodes are nested too deep")
            path = f"{path.rstrip('/')}/{_text(read, at + 4)}"
            if path in wanted:
                # The beginning of a node that is wanted counts with what was counted before.
                stop, want = (at if want == 1 else following), 2
            else:
                stop, want = (at if want <= 1 else following), max(0, want - 1)
            is_counted = want > 0
        elif token == _END:
            if not stack:
                raise BadTree("its structure makes no sense")
            is_counted = want > 0
            want, length = stack.pop()
            path = path[:length]
        elif token == _LAST:
            yield (start if start >= 0 else at), following - (start if start >= 0 else at)
            return
        if is_counted and start < 0:
            start = at
        elif not is_counted and start >= 0:
            yield start, stop - start
            start = -1
        at = following
    raise BadTree("its structure does not end")


def _token(read: Read, at: int) -> tuple[int, int]:
    """The token at an offset, and where the next one stands."""
    token = _number(read(at, 4), 0)
    if token == _BEGIN:
        return token, _aligned(at + 4 + len(_raw_text(read, at + 4)) + 1)
    if token == _PROPERTY:
        return token, _aligned(at + 12 + _number(read(at + 4, 4), 0))
    if token not in (_END, _NOP, _LAST):
        raise BadTree("its structure makes no sense")
    return token, at + 4


def _raw_text(read: Read, at: int) -> bytes:
    raw = read(at, _NAME)
    end = raw.find(b"\0")
    if end < 0:
        raise BadTree("a name does not end")
    return raw[:end]


def _text(read: Read, at: int) -> str:
    return _raw_text(read, at).decode("utf-8", "backslashreplace")


def _number(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "big")


def _aligned(offset: int) -> int:
    return (offset + 3) & ~3
