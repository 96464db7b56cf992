"""What is in the lab: every authority and every server certificate, as it differs from the usual one.

Dates are days from the moment of the lab. A usual server certificate lives 190 days of which 10 are over, holds a
P-256 key signed with ECDSA and SHA-256 by ``issuing``, is for ``device.example`` and 127.0.0.1, says that it is no CA
and for servers, and names a CRL, an OCSP responder and where the certificate of its issuer is.
"""

from ipaddress import ip_network
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID as Eku

from tests.pki_lab.der import element

NO_END = "no end"
"""99991231235959Z, RFC 5280 section 4.1.2.5."""
NAMES = ("dns:device.example", "ip:127.0.0.1")
SERVER, CLIENT, OCSP_SIGNING = (Eku.SERVER_AUTH,), (Eku.CLIENT_AUTH,), (Eku.OCSP_SIGNING,)
UNKNOWN = x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")
_HARDWARE_MODULE_NAME = x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4")
_OCTETS, _OID, _SEQUENCE = 0x04, 0x06, 0x30


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate: who signs it, and what it says."""

    by: str
    """An authority, or its own name where it signs itself."""
    kind: Literal["server", "authority", "helper"] = "server"
    """A ``helper`` signs CRLs or OCSP responses and is no authority."""
    subject: str = ""
    """commonName; ``Lab NAME`` for authorities, ``device.example`` for servers, where it is empty."""
    serial_number: str = ""
    key: str = "p-256"
    key_of: str = ""
    """Whose key it is, where it is not its own."""
    hash: Literal["md5", "sha1", "sha256", "sha256-pss"] = "sha256"
    begins: float = -10
    ends: float | str = 180
    names: tuple[str, ...] = NAMES
    is_ca: bool | None = None
    """What basicConstraints says; None: as its kind has it."""
    path_length: int | None = None
    signs: bool = True
    """Whether the key usage of an authority has keyCertSign and cRLSign."""
    purposes: tuple[x509.ObjectIdentifier, ...] | None = SERVER
    """extendedKeyUsage; authorities of the usual kind have none."""
    crl: str | None = ""
    """The CRL that it names; empty: that of its issuer; None: no CRL."""
    crl_issuer: str = ""
    """The authority of an indirect CRL."""
    delta: str = ""
    ocsp: bool = True
    extras: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    """More extensions, each with whether it is critical."""
    scts: int = 0
    version: Literal[1, 3] = 3
    sends: tuple[str, ...] = ("issuing",)
    """What a server sends after its own certificate."""
    root: str = "root"
    """Who vouches for it in the end."""


_USUAL_AUTHORITY = Recipe(
    by="", kind="authority", begins=-400, ends=3000, purposes=None, names=(), sends=(), crl="", ocsp=False
)
_USUAL = Recipe(by="issuing")


def _authority(by: str, **otherwise: object) -> Recipe:
    return msgspec.structs.replace(_USUAL_AUTHORITY, by=by, **otherwise)


def _server(by: str = "issuing", **otherwise: object) -> Recipe:
    return msgspec.structs.replace(_USUAL, by=by, **{"sends": (by,), **otherwise})


def _constraints() -> tuple[tuple[x509.ExtensionType, bool], ...]:
    allowed = [x509.DNSName("device.example"), x509.IPAddress(ip_network("127.0.0.0/8"))]
    forbidden = [x509.DNSName("forbidden.device.example")]
    return ((x509.NameConstraints(allowed, forbidden), True),)


def _hardware() -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """subjectAltName of a birth certificate: HardwareModuleName, RFC 4108 section 5."""
    kind = element(_OID, bytes.fromhex("2b0601040183 8d1f 05".replace(" ", "")))
    value = element(_SEQUENCE, kind + element(_OCTETS, b"ACME-0001"))
    return ((x509.SubjectAlternativeName([x509.OtherName(_HARDWARE_MODULE_NAME, value)]), False),)


AUTHORITIES: dict[str, Recipe] = {
    # Roots. Those in ``Pki.store`` are in TRUSTED.
    "root": _authority("root"),
    "root-rsa": _authority("root-rsa", key="rsa-2048"),
    "root-sha1": _authority("root-sha1", key="rsa-2048", hash="sha1"),
    "root-expired": _authority("root-expired", begins=-4000, ends=-30),
    "stranger": _authority("stranger"),
    "twin": _authority("twin", subject="Lab issuing"),
    # Below them.
    "issuing": _authority("root", path_length=0),
    "issuing-rsa": _authority("root-rsa", key="rsa-2048"),
    "issuing-expired": _authority("root", ends=-5),
    "issuing-sha1": _authority("root-rsa", key="rsa-2048", hash="sha1"),
    "issuing-under-sha1": _authority("root-sha1"),
    "issuing-revoked": _authority("root"),
    "issuing-constrained": _authority("root", extras=_constraints()),
    "issuing-for-clients": _authority("root", purposes=CLIENT),
    "issuing-signs-nothing": _authority("root", signs=False),
    "issuing-no-authority": _authority("root", is_ca=False),
    "issuing-devices": _authority("root", crl=None),
    "no-one-below": _authority("root", path_length=0),
    "below": _authority("no-one-below"),
    "crossed": _authority("root"),
    "crossed-old": _authority("root-expired", subject="Lab crossed", key_of="crossed", begins=-3000, ends=-30),
    "deep-1": _authority("root"),
    **{f"deep-{n}": _authority(f"deep-{n - 1}") for n in range(2, 9)},
}
TRUSTED = ("root", "root-rsa", "root-sha1", "root-expired")

HELPERS: dict[str, Recipe] = {
    name: msgspec.structs.replace(_USUAL, kind="helper", names=(), **more)
    for name, more in {
        "crl-issuer": {"by": "root", "purposes": None},
        "responder": {"by": "issuing", "purposes": OCSP_SIGNING, "crl": None, "extras": ((x509.OCSPNoCheck(), False),)},
        "responder-expired": {"by": "issuing", "purposes": OCSP_SIGNING, "ends": -1},
        "responder-of-nobody": {"by": "stranger", "purposes": OCSP_SIGNING},
        "responder-without-purpose": {"by": "issuing", "purposes": SERVER},
    }.items()
}

SERVERS: dict[str, Recipe] = {
    "good": _server(),
    "good-rsa": _server("issuing-rsa", key="rsa-2048", root="root-rsa"),
    # Dates.
    "expired": _server(begins=-200, ends=-10),
    "not-yet-valid": _server(begins=10, ends=200),
    "expires-soon": _server(begins=-180, ends=10),
    "expired-intermediate": _server("issuing-expired"),
    "short-lived": _server(begins=-1, ends=5, crl=None, ocsp=False),
    "ten-years": _server(ends=3650),
    "no-expiry": _server(ends=NO_END),
    # Use.
    "client-only": _server(purposes=CLIENT),
    "no-purpose": _server(purposes=None),
    "any-purpose": _server(purposes=(Eku.ANY_EXTENDED_KEY_USAGE,)),
    "is-authority": _server("issuing-rsa", is_ca=True, root="root-rsa"),
    "unknown-critical": _server(extras=((x509.UnrecognizedExtension(UNKNOWN, b"\x05\x00"), True),)),
    "version-1": _server(version=1),
    "must-staple": _server(extras=((x509.TLSFeature([x509.TLSFeatureType.status_request]), False),)),
    "birth": _server(  # IEEE 802.1AR IDevID
        subject="ACME gateway",
        serial_number="ACME-0001",
        names=(),
        ends=NO_END,
        extras=_hardware(),
        purposes=None,
        crl=None,
        ocsp=False,
    ),
    "operational": _server(  # an LDevID as the profile of TLS 1.3 for IoT has it: renewed instead of revoked
        "issuing-devices",
        subject="ACME gateway 1",
        serial_number="ACME-0001",
        names=("dns:device.example",),
        ends=75,
        crl=None,
        ocsp=False,
    ),
    "no-way-back": _server(crl=None, ocsp=False),
    # Names.
    "wildcard": _server(names=("dns:*.device.example",)),
    "address": _server(names=("ip:127.0.0.1", "ip:::1")),
    "common-name-only": _server(names=()),
    "address-as-name": _server(names=("dns:127.0.0.1",)),
    "other-name": _server(subject="elsewhere.example", names=("dns:elsewhere.example", "ip:192.0.2.1")),
    # Keys and signatures.
    "rsa-1024": _server(key="rsa-1024"),
    "rsa-512": _server(key="rsa-512"),
    "p-192": _server(key="p-192"),
    "p-224": _server(key="p-224"),
    "p-384": _server(key="p-384"),
    "p-521": _server(key="p-521"),
    "ed25519": _server(key="ed25519"),
    "ed448": _server(key="ed448"),
    "dsa": _server(key="dsa"),
    "sha1": _server("issuing-rsa", hash="sha1", root="root-rsa"),
    "md5": _server("issuing-rsa", hash="md5", root="root-rsa"),
    "rsa-pss": _server("issuing-rsa", hash="sha256-pss", root="root-rsa"),
    "sha1-intermediate": _server("issuing-sha1", root="root-rsa"),
    "sha1-root": _server("issuing-under-sha1", sends=("issuing-under-sha1", "root-sha1"), root="root-sha1"),
    # The chain that is sent.
    "long-chain": _server("deep-8", sends=tuple(f"deep-{n}" for n in range(8, 0, -1))),
    "root-sent": _server(sends=("issuing", "root")),
    "wrong-order": _server("deep-2", sends=("deep-1", "deep-2")),
    "missing-intermediate": _server(sends=()),
    "unrelated": _server(sends=("issuing", "stranger")),
    "cross-signed": _server("crossed", sends=("crossed-old", "crossed")),
    "cross-signed-expired-way": _server("crossed", sends=("crossed-old",)),
    # Whether it leads anywhere.
    "self-signed": _server("self-signed", sends=(), crl=None, ocsp=False, root="self-signed"),
    "self-signed-authority": _server(
        "self-signed-authority", is_ca=True, sends=(), crl=None, ocsp=False, root="self-signed-authority"
    ),
    "stranger-signed": _server("stranger", sends=(), root="stranger"),
    "twin-signed": _server("twin", root="twin", sends=("issuing",)),
    "too-deep": _server("below", sends=("below", "no-one-below")),
    "constraints-kept": _server("issuing-constrained"),
    "constraints-broken-name": _server("issuing-constrained", names=("dns:elsewhere.example", "ip:127.0.0.1")),
    "constraints-broken-address": _server("issuing-constrained", names=("dns:device.example", "ip:192.0.2.1")),
    "constraints-forbidden": _server("issuing-constrained", names=("dns:forbidden.device.example",)),
    "issuer-for-clients": _server("issuing-for-clients"),
    "issuer-signs-nothing": _server("issuing-signs-nothing"),
    "issuer-no-authority": _server("issuing-no-authority"),
    # Revocation: see crls.py and ocsp.py.
    "revoked-by-crl": _server(ocsp=False),
    "revoked-by-ocsp": _server(crl=None),
    "revoked-by-delta": _server(delta="delta", ocsp=False),
    "held": _server(ocsp=False),
    "released": _server(delta="delta", ocsp=False),
    "revoked-by-indirect": _server(crl="indirect", crl_issuer="crl-issuer", ocsp=False),
    "revoked-intermediate": _server("issuing-revoked"),
    # Transparency.
    "scts": _server(scts=2),
}
EVERYTHING = AUTHORITIES | HELPERS | SERVERS
