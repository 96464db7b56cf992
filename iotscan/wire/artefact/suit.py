"""A SUIT envelope and its authentication wrapper (draft-ietf-suit-manifest section 8.2), in the CBOR it needs."""

from iotscan.wire.artefact.sample import Judged, Sample, signed, unclear, unsigned

_TAG = b"\xd8\x6b"
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = range(6)
_AUTHENTICATION = 2


def suit(sample: Sample) -> Judged | None:
    """An envelope: its authentication wrapper holds a digest, and a COSE signature when it is signed."""
    if not sample.head.startswith(_TAG):
        return None
    try:
        wrapper = _wrapper(sample.head)
        blocks = 0 if wrapper is None else _count(wrapper)
    except ValueError:
        return unclear("suit", "the envelope cannot be read as far as its authentication wrapper")
    if blocks > 1:
        return signed("suit", "the authentication wrapper holds a COSE block beside the digest")
    return unsigned("suit", "the authentication wrapper holds no COSE block")


def _wrapper(data: bytes) -> bytes | None:
    major, pairs, at = _head(data, len(_TAG))
    if major != _MAP:
        raise ValueError("an envelope is a map")
    for _ in range(min(pairs, 64)):
        major, key, at = _head(data, at)
        if major in (_BYTES, _TEXT):
            at += key
        elif major not in (_UNSIGNED, _NEGATIVE):
            raise ValueError("a key that no envelope has")
        kind, length, at = _head(data, at)
        if kind not in (_BYTES, _TEXT) or at + length > len(data):
            raise ValueError("a value that was not read whole")
        if (major, key) == (_UNSIGNED, _AUTHENTICATION):
            return data[at : at + length]
        at += length
    return None


def _count(wrapper: bytes) -> int:
    major, count, at = _head(wrapper, 0)
    if major != _ARRAY:
        raise ValueError("a wrapper is an array")
    for _ in range(min(count, 16)):
        kind, length, at = _head(wrapper, at)
        if kind != _BYTES or not length or at + length > len(wrapper):
            raise ValueError("a block is a byte string")
        at += length
    return count


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument and the place behind the head of one CBOR item (RFC 8949 section 3)."""
    if at >= len(data):
        raise ValueError("the data ends")
    major, short = data[at] >> 5, data[at] & 0x1F
    if short < 24:
        return major, short, at + 1
    if short > 27:
        raise ValueError("an indefinite length")
    size = 1 << (short - 24)
    if at + 1 + size > len(data):
        raise ValueError("the data ends")
    return major, int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size
