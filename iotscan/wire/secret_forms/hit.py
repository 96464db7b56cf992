"""A secret in bytes: what every way of finding one gives."""

import msgspec

from iotscan.model.facts import SecretGroup


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Where it begins, how it was recognised, and itself: for its length and hash alone."""

    at: int
    group: SecretGroup
    form: str
    value: bytes
    name: str = ""
