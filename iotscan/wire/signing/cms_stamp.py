"""Time stamps beside a signature: a third party's word that it was there at a time.

Source: RFC 3161 section 2.4.2 and appendix A. A stamp counts as one where it is of this signature and holds with the
certificate in it, which has to be for time stamping; whether its maker is trusted is not judged here. Neither RAUC
nor SWUpdate looks at them.
"""

import base64
import hashlib
from datetime import datetime
from typing import Final

import msgspec

from iotscan.model.facts.signing import ArtefactSignature
from iotscan.wire.ber import OID, SEQUENCE, Malformed, take, take_integer, whole
from iotscan.wire.certificates import UnreadableCertificate
from iotscan.wire.signed_data import DIGESTS, Signer, attributes_of, read_signed_data
from iotscan.wire.signing.cms_signer import described, octets, read_signer, read_time
from iotscan.wire.signing.verifying import HASHES

_STAMP: Final = bytes.fromhex("2a864886f70d010910020e")
_INFO: Final = bytes.fromhex("2a864886f70d0109100104")


class _Stamp(msgspec.Struct, frozen=True, kw_only=True):
    time: datetime
    by: str


def with_stamp(signature: ArtefactSignature, signer: Signer) -> tuple[ArtefactSignature, str]:
    """The signature with the time that a stamp beside it vouches for, and what is wrong with one that does not."""
    try:
        tokens = [v for kind, values in attributes_of(signer.unsigned) if kind == _STAMP for v in values]
    except Malformed:
        return signature, "its unsigned attributes cannot be read"
    if not tokens:
        return signature, ""
    try:
        stamp = _read(tokens[0], base64.b64decode(signature.value))
    except (Malformed, UnreadableCertificate):
        return signature, "its time stamp cannot be read"
    if stamp is None:
        return signature, "its time stamp does not hold"
    return msgspec.structs.replace(signature, stamped_time=stamp.time, stamped_by=stamp.by), ""


def _read(token: bytes, value: bytes) -> _Stamp | None:
    """The stamp over ``value`` in a token; None where it is not of it or does not hold. Raises Malformed."""
    message = read_signed_data(token)
    if message.content_type != _INFO or len(message.signers) != 1:
        return None
    digests = {name: hashlib.new(name, message.content, usedforsecurity=False).digest() for name in HASHES}
    found = read_signer(
        message, message.signers[0], described(message.certificates), digests.get, message.content or None
    )
    by = found.signature.certificate
    if found.flaw or found.signature.fits.known is not True or by is None or by.purposes != ("timeStamping",):
        return None
    time = _time(message.content, value)
    return _Stamp(time=time, by=by.subject) if time is not None else None


def _time(content: bytes, value: bytes) -> datetime | None:
    info, _ = take(content, SEQUENCE)
    _, info = take_integer(info)
    _, info = take(info, OID)
    imprint, info = take(info, SEQUENCE)
    _, info = take(info, 0x02)
    algorithm, imprint = take(imprint, SEQUENCE)
    name = DIGESTS.get(take(algorithm, OID)[0], "other")
    if name not in HASHES or octets(imprint) != hashlib.new(name, value, usedforsecurity=False).digest():
        return None
    return read_time(info[: whole(info)])
