"""A key whose private half others have, too, as a run remembers who said so."""

import msgspec


class KnownKey(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a list (``--known-keys``). ``digests`` are SHA-256 (hex) of SubjectPublicKeyInfo."""

    id: str
    product: str
    digests: tuple[str, ...]
    told_by: str
    """Name of the file that says so."""
