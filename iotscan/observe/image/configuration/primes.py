"""Diffie-Hellman parameters in a file: the size of the prime (PKCS #3, RFC 7919)."""

from iotscan.observe.image.tree import Tree

_LIMIT = 64 * 1024
_BEGINS, _ENDS = b"-----BEGIN DH PARAMETERS-----", b"-----END DH PARAMETERS-----"


def prime_bits(tree: Tree, path: str) -> int:
    """Bits of the prime of the first parameters in a file; 0 where there are none. Raises Unreadable."""
    found = tree.find(path)
    if found is None or found.kind != "file":
        return 0
    data = tree.read(path, _LIMIT)
    start = data.find(_BEGINS)
    end = data.find(_ENDS, start)
    if start < 0 or end < 0:
        return 0
    from cryptography.hazmat.primitives.serialization import load_pem_parameters

    try:
        parameters = load_pem_parameters(data[start : end + len(_ENDS)])
        return parameters.parameter_numbers().p.bit_length()
    except (ValueError, TypeError):
        return 0
