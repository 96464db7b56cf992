"""What servers that hand out certificates answer to a GET: told by their content, never by a status alone.

Source: RFC 7030 section 4.1.3 and RFC 8951 (EST, ``cacerts``), RFC 8894 sections 3.5.2 and 4.2 (SCEP), RFC 8555
section 7.1.1 (ACME).
"""

import binascii
import hashlib
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptography import x509

from iotscan.wire.ber import Malformed
from iotscan.wire.signed_data import read_signed_data

_CERTIFICATES: Final = 16
_CAPABILITIES: Final = 32
_KNOWN: Final = {
    name.lower(): name
    for name in (
        *("AES", "DES3", "DES", "SHA-1", "SHA-256", "SHA-512", "SHA-224", "SHA-384", "MD5"),
        *("GetNextCACert", "POSTPKIOperation", "Renewal", "SCEPStandard", "Update"),
    )
}
_RESOURCES: Final = ("newNonce", "newAccount", "newOrder")


def read_ca_certificates(body: bytes) -> tuple[str, ...] | None:
    """SHA-256 (lower-case hex) of the certificates in a certs-only CMS message, or of one certificate; DER or base64.

    None for what is neither. Never raises.
    """
    for der in (body, _from_base64(body)):
        if found := _certificates(der) or _one(der):
            return found
    return None


def _certificates(der: bytes) -> tuple[str, ...]:
    try:
        signed = read_signed_data(der)
    except (Malformed, IndexError):
        return ()
    if signed.signers or signed.left or not signed.certificates:
        return ()
    each = [_one(one) for one in signed.certificates[:_CERTIFICATES]]
    return tuple(f for found in each for f in found) if all(each) else ()


def _one(der: bytes) -> tuple[str, ...]:
    # Old certificates have odd serial numbers, and the library warns of each.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            x509.load_der_x509_certificate(der)
        except ValueError:
            return ()
    return (hashlib.sha256(der).hexdigest(),)


def _from_base64(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
    except binascii.Error:
        return b""


def read_capabilities(body: bytes) -> tuple[str, ...]:
    """The capabilities of a SCEP server that RFC 8894 names, in their usual spelling, as it listed them.

    Empty for what is no such list: where half of the lines or more are nothing that we know. Never raises.
    """
    lines = [line.strip() for line in body.decode("ascii", "replace").splitlines() if line.strip()]
    known = [_KNOWN[line.lower()] for line in lines[:_CAPABILITIES] if line.lower() in _KNOWN]
    return tuple(dict.fromkeys(known)) if 2 * len(known) > len(lines[:_CAPABILITIES]) else ()


def is_acme_directory(document: Mapping[str, Any]) -> bool:
    """True for a directory that names where an account and an order are made."""
    return all(isinstance(document.get(name), str) and "://" in document[name] for name in _RESOURCES)


def cleartext_resources(document: Mapping[str, Any]) -> Iterable[str]:
    """The names of an ACME directory whose addresses are no https."""
    return (name for name in _RESOURCES if str(document.get(name, "")).lower().startswith("http://"))
