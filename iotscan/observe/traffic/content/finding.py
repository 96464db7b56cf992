"""What was found in a message: the thing, and what of it is secret."""

from datetime import UTC, datetime

import msgspec

from iotscan.model.facts import Exposure, TokenUse
from iotscan.model.facts.exposure import ExposedKind
from iotscan.wire.jwt import describe_token
from iotscan.wire.secret_forms.opaque import masked


class Finding(msgspec.Struct, frozen=True):
    """One thing that should not be read by whoever is on the way."""

    item: Exposure | TokenUse
    secrets: tuple[str, ...] = ()


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Where something stands: its protocol, the part of a message, whose (``/login``, a topic), and when."""

    at: int
    protocol: str
    place: str
    of: str = ""
    """Safe text."""
    accepted: bool | None = None
    is_answer: bool = False


def exposure(where: Where, kind: ExposedKind, what: str, *secrets: str, account: str = "") -> Finding:
    """An exposure there. In ``what`` stand names that others gave: of users, paths and topics."""
    item = Exposure(
        kind=kind,
        protocol=where.protocol,
        what=masked(what),
        account=masked(account),
        place=where.place,
        accepted=where.accepted,
    )
    return Finding(item, secrets)


def token(where: Where, value: str, scheme: str, expires_in: int | None = None) -> Finding:
    """A token there."""
    seen = datetime.fromtimestamp(where.at / 1e9, UTC)
    described = describe_token(value, seen=seen, expires_in=expires_in)
    place = "answer" if where.is_answer else where.place
    return Finding(TokenUse(token=described, scheme=scheme, place=place, is_issued=where.is_answer), (value,))
