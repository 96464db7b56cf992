"""Whatever a device sends: read or refused, walked or not, and never vouched for by accident."""

from datetime import timedelta

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.wire.paths.anchors import Anchors
from iotscan.wire.paths.certified import Certified, certified
from iotscan.wire.paths.limits import outside
from iotscan.wire.paths.walking import walk

from .issuing import AS_OF, CA_USAGE, SERVERS, Made

ROOT = Made("Root", more=[(CA_USAGE, True)])
MIDDLE = Made("Middle", ROOT, length=0, more=[(CA_USAGE, True), (SERVERS, False)])
LEAF = Made("leaf", MIDDLE, ca=False, hosts=["leaf.example.com"])
ANCHORS = Anchors([ROOT.certificate])
DOMAINS = st.from_regex(r"\.?[a-z]{1,3}(\.[a-z]{1,3}){0,3}\.?", fullmatch=True)
HOSTS = st.from_regex(r"(\*\.|\.)?[a-z]{1,3}(\.[a-z]{1,3}){0,3}\.?", fullmatch=True)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no certificate"):
        certified(data)


@settings(max_examples=200)
@given(st.data())
def test_a_bent_certificate_is_never_vouched_for(data: st.DataObject) -> None:
    """One byte of the leaf or of the one above changed: no way, unless what was changed is the same to everybody."""
    chain = [bytearray(LEAF.der), bytearray(MIDDLE.der)]
    which = data.draw(st.integers(0, 1))
    place = data.draw(st.integers(0, len(chain[which]) - 1))
    chain[which][place] ^= data.draw(st.integers(1, 255))
    try:
        leaf, middle = (certified(bytes(der)) for der in chain)
    except ValueError:
        return
    assert not walk(leaf, [middle], ANCHORS, AS_OF).certificates


@given(st.integers(-900, 900))
def test_the_moment_has_to_be_within_every_certificate_above(days: int) -> None:
    leaf, middle = certified(LEAF.der), certified(MIDDLE.der)
    when = AS_OF + timedelta(days=days)
    assert bool(walk(leaf, [middle], ANCHORS, when).certificates) == (-400 <= days <= 300)


def named(name: str) -> Certified:
    """A certificate for one host and no subject."""
    read = certified(LEAF.der)
    return Certified(
        der=b"",
        certificate=read.certificate,
        subject=x509.Name([]),
        issuer=read.issuer,
        names=(x509.DNSName(name),),
    )


@given(HOSTS, DOMAINS)
def test_what_is_permitted_and_what_is_excluded_are_opposites(name: str, base: str) -> None:
    """Only a wildcard, and a name with a dot at its end, may be neither inside nor safely outside."""
    one, other = [x509.DNSName(base)], None
    permitted = outside(x509.NameConstraints(one, other), named(name), is_leaf=True)
    excluded = outside(x509.NameConstraints(other, one), named(name), is_leaf=True)
    assert permitted or excluded
    if not name.startswith("*.") and not name.endswith("."):
        assert not (permitted and excluded)


@given(HOSTS)
def test_a_name_lies_within_its_own_domain(name: str) -> None:
    domain = name.lstrip("*.").rstrip(".")
    inside = x509.NameConstraints([x509.DNSName(domain)], None)
    assert not outside(inside, named(f"x.{domain}"), is_leaf=True)
    assert outside(inside, named(f"x{domain}"), is_leaf=True)
