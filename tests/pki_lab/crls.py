"""Revocation lists: one of every authority, and those that are not what they should be. Source: RFC 5280 section 5."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.pki_lab import keys
from tests.pki_lab.issuing import Issued, key_id, serial_of
from tests.pki_lab.recipes import AUTHORITIES, SERVERS

MANY = 10_000
_BASE, _NEXT = 7, 8
"""Numbers of the full list that a delta goes with, and of the delta."""


class List(msgspec.Struct, frozen=True, kw_only=True):
    """One revocation list, as it differs from a current one that revokes nobody."""

    by: str
    """Whose key signs it."""
    named: str = ""
    """Whose name and key identifier it bears, where that is another."""
    revokes: dict[str, x509.ReasonFlags | None] = {}
    begins: float = -1
    ends: float = 7
    number: int = _BASE
    more: int = 0
    """Entries of nobody in particular."""
    extras: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    of: str = ""
    """Whose certificates an indirect list is about."""


_KEY = x509.ReasonFlags.key_compromise
REVOKED = ("revoked-by-crl", "revoked-by-ocsp", "revoked-by-delta", "revoked-by-indirect")
"""Server certificates that their issuer took back."""
_REVOKED: dict[str, x509.ReasonFlags | None] = {
    "revoked-by-crl": _KEY,
    "revoked-by-ocsp": x509.ReasonFlags.superseded,
    "held": x509.ReasonFlags.certificate_hold,
    "released": x509.ReasonFlags.certificate_hold,
}


def _scope(*, indirect: bool = False, ca_only: bool = False) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    point = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=ca_only,
        only_some_reasons=None,
        indirect_crl=indirect,
        only_contains_attribute_certs=False,
    )
    return ((point, True),)


CRLS: dict[str, List] = {
    "issuing": List(by="issuing", revokes=_REVOKED),
    "root": List(by="root", revokes={"issuing-revoked": x509.ReasonFlags.ca_compromise}),
    "delta": List(
        by="issuing",
        number=_NEXT,
        revokes={"revoked-by-delta": _KEY, "released": x509.ReasonFlags.remove_from_crl},
        extras=((x509.DeltaCRLIndicator(_BASE), True),),
    ),
    "indirect": List(
        by="crl-issuer", of="issuing", revokes={"revoked-by-indirect": _KEY}, extras=_scope(indirect=True)
    ),
    "many": List(by="issuing", revokes=_REVOKED, more=MANY),
    "stale": List(by="issuing", revokes=_REVOKED, begins=-30, ends=-1),
    "future": List(by="issuing", begins=1, ends=8),
    "stranger": List(by="stranger"),
    "forged": List(by="stranger", named="issuing"),
    "twin": List(by="twin"),
    "authorities-only": List(by="issuing", extras=_scope(ca_only=True)),
    "unknown-critical": List(
        by="issuing",
        revokes=_REVOKED,
        extras=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00"), True),),
    ),
    "not-allowed-to-sign": List(by="issuing-signs-nothing"),
}
"""Beside these every authority has a current list of its own name that revokes nobody."""


def make_crl(name: str, issued: Callable[[str], Issued], now: datetime) -> bytes:
    """The list of that name, DER."""
    recipe = CRLS.get(name) or List(by=_authority(name))
    by = issued(recipe.by)
    named = issued(recipe.named) if recipe.named else by
    entries = [_entry(serial_of(who), now, why) for who, why in recipe.revokes.items()]
    entries += [_entry(serial_of(f"nobody {n}"), now, None) for n in range(recipe.more)]
    if recipe.of:
        entries = [_of_issuer(entry, issued(recipe.of).subject) for entry in entries]
    begins, ends = now + timedelta(recipe.begins), now + timedelta(recipe.ends)
    builder = x509.CertificateRevocationListBuilder(named.subject, begins, ends, [], entries)
    for extension, is_critical in (*_usual(recipe, named), *recipe.extras):
        builder = builder.add_extension(extension, is_critical)
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _authority(name: str) -> str:
    if name not in AUTHORITIES:
        raise KeyError(f"no list and no authority of that name: {name}")
    return name


def _usual(recipe: List, named: Issued) -> Iterable[tuple[x509.ExtensionType, bool]]:
    yield x509.AuthorityKeyIdentifier(key_id(keys.spki(named.key)), None, None), False
    yield x509.CRLNumber(recipe.number), False


def _entry(serial: int, now: datetime, why: x509.ReasonFlags | None) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(serial, now - timedelta(2))
    return (builder.add_extension(x509.CRLReason(why), critical=False) if why else builder).build()


def _of_issuer(entry: x509.RevokedCertificate, issuer: x509.Name) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(entry.serial_number, entry.revocation_date_utc)
    for extension in entry.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.add_extension(x509.CertificateIssuer([x509.DirectoryName(issuer)]), critical=True).build()


def index(by: str, now: datetime, expires: Callable[[str], datetime]) -> str:
    """What an authority knows of its certificates, as ``openssl ocsp -index`` reads it (ca(1))."""
    lines = []
    for name, recipe in SERVERS.items():
        if recipe.by != by:
            continue
        is_revoked = name in REVOKED
        end = f"{expires(name):%y%m%d%H%M%SZ}"
        back = f"{now - timedelta(2):%y%m%d%H%M%SZ},keyCompromise" if is_revoked else ""
        lines.append(
            f"{'R' if is_revoked else 'V'}\t{end}\t{back}\t{serial_of(name):032X}\tunknown\t/O=Lab/CN={name}\n"
        )
    return "".join(lines)
