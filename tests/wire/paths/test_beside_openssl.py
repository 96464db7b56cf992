"""The walk beside ``openssl verify``: never a yes where OpenSSL says no, and each no of ours alone has its reason."""

import ipaddress
import random
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from iotscan.wire.paths import walking
from iotscan.wire.paths.anchors import Anchors
from iotscan.wire.paths.certified import Certified, certified
from iotscan.wire.paths.limits import comparisons
from iotscan.wire.paths.walking import MOST_CERTIFICATES, Way, signed, walk
from tests.pki_lab.der import with_key

from .issuing import (
    ANYTHING,
    AS_OF,
    CA_USAGE,
    CLIENTS,
    NETSCAPE_CLIENT,
    NETSCAPE_SERVER,
    NO_CA_USAGE,
    PAPERS,
    SERVERS,
    STRANGE,
    Made,
    named,
)


def openssl_says(folder: Path, chain: tuple[Made, ...], roots: tuple[Made, ...]) -> str:
    """Empty for a yes. As a TLS client of today's OpenSSL: for servers, at security level 2."""
    leaf, others, anchors = folder / "leaf.pem", folder / "others.pem", folder / "roots.pem"
    leaf.write_bytes(chain[0].pem)
    others.write_bytes(b"".join(c.pem for c in chain[1:]))
    anchors.write_bytes(b"".join(r.pem for r in roots))
    command = ["openssl", "verify", "-no-CApath", "-no-CAstore", "-CAfile", str(anchors), "-purpose", "sslserver"]
    command += ["-auth_level", "2", "-attime", str(int(AS_OF.timestamp()))]
    command += [*(["-untrusted", str(others)] if chain[1:] else []), str(leaf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def ours(chain: tuple[Made, ...], roots: tuple[Made, ...]) -> Way:
    leaf, *others = (certified(c.der) for c in chain)
    return walk(leaf, others, Anchors(r.certificate for r in roots), AS_OF)


def allowing(*names: x509.GeneralName, but: tuple[x509.GeneralName, ...] = ()) -> tuple[x509.NameConstraints, bool]:
    return x509.NameConstraints(list(names) or None, list(but) or None), True


def addresses(*texts: str) -> tuple[x509.SubjectAlternativeName, bool]:
    return x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(t)) for t in texts]), False


ROOT = Made("Root")
SHORT_RSA = rsa.generate_private_key(65537, 1024)
SHARED = ec.generate_private_key(ec.SECP256R1())
MIDDLE = Made("Middle", ROOT, key=SHARED, more=[(CA_USAGE, True)])
LEAF = Made("leaf", MIDDLE, ca=False, hosts=["leaf.example.com"])
EXPIRED = Made("Middle", ROOT, key=SHARED, days=-5)
OTHER_ROOT = Made("Other Root")
CROSSED = Made("Middle", OTHER_ROOT, key=SHARED)
ONE = Made("One", ROOT, length=0)
TWO = Made("Two", ONE)
NARROW = Made("Narrow", ROOT, more=[allowing(x509.DNSName("example.com"))])
NARROW_ROOT = Made("Narrow Root", more=[allowing(x509.DNSName("example.com"))])
NOT_HERE = Made("Not here", ROOT, more=[allowing(but=(x509.DNSName("bad.example.com"),))])
HOME = Made("Home", ROOT, more=[allowing(x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")))])
ACME = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme")])
ACME_LEAF = x509.Name([*ACME, x509.NameAttribute(NameOID.COMMON_NAME, "x")])
ACME_ONLY = Made("Acme only", ROOT, more=[allowing(x509.DirectoryName(ACME))])
MAILS = Made("Mails", ROOT, more=[allowing(x509.RFC822Name("example.com"))])
CLIENTS_ONLY = Made("Clients", ROOT, more=[(CLIENTS, False)])
SERVERS_ONLY = Made("Servers", ROOT, more=[(SERVERS, False)])
RSA_ROOT = Made("RSA Root", key=rsa.generate_private_key(65537, 2048))
WEAK_MIDDLE = Made("Weak", RSA_ROOT, is_sha1=True)
SHORT_MIDDLE = Made("Short", ROOT, key=SHORT_RSA)
P192_MIDDLE = Made("P192", ROOT, key=ec.generate_private_key(ec.SECP192R1()))
EDWARDS = Made("Edwards", key=ed25519.Ed25519PrivateKey.generate())
STRANGE_MIDDLE = Made("Strange", ROOT, more=[(STRANGE, True)])
NO_SIGNER = Made("No signer", ROOT, more=[(NO_CA_USAGE, True)])
UNSAID = Made("Unsaid", ROOT, ca=None)
RING = Made("Ring", key=SHARED)


def issued_by(name: str, serial: int) -> tuple[x509.AuthorityKeyIdentifier, bool]:
    """An authorityKeyIdentifier that says who issued the signer's certificate, and with which serial number."""
    return x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(named(name))], serial), False


def leaf_of(by: Made, *hosts: str, name: str | x509.Name = "leaf", **more: object) -> Made:
    return Made(name, by, ca=False, hosts=hosts, **more)  # type: ignore[arg-type]  # a test's shorthand


CASES: dict[str, tuple[tuple[Made, ...], tuple[Made, ...], bool]] = {
    "straight": ((LEAF, MIDDLE), (ROOT,), True),
    "root sent along": ((LEAF, MIDDLE, ROOT), (ROOT,), True),
    "out of order": ((LEAF, ROOT, MIDDLE), (ROOT,), True),
    "the one in between is missing": ((LEAF,), (ROOT,), False),
    "another root": ((LEAF, MIDDLE), (OTHER_ROOT,), False),
    "another root of the same name": ((LEAF, MIDDLE), (Made("Root"),), False),
    "signed by itself": ((Made("self", ca=False),), (ROOT,), False),
    "expired beside a valid cross-sign": ((LEAF, EXPIRED, CROSSED), (ROOT, OTHER_ROOT), True),
    "only the expired one leads to it": ((LEAF, EXPIRED, CROSSED), (ROOT,), False),
    "expired root": ((leaf_of(old := Made("Old", days=-3)),), (old,), False),
    "not yet valid": ((leaf_of(new := Made("New", ROOT, begin=3)), new), (ROOT,), False),
    "path length used up": ((leaf_of(TWO), TWO, ONE), (ROOT,), False),
    "path length just enough": ((leaf_of(ONE), ONE), (ROOT,), True),
    "path length of the root": ((leaf_of(m := Made("m", r := Made("r", length=0))), m), (r,), False),
    "a leaf signs nobody": ((leaf_of(LEAF), LEAF, MIDDLE), (ROOT,), False),
    "no basicConstraints": ((leaf_of(UNSAID), UNSAID), (ROOT,), False),
    "key usage without keyCertSign": ((leaf_of(NO_SIGNER), NO_SIGNER), (ROOT,), False),
    "dns within": ((leaf_of(NARROW, "a.example.com", "example.com"), NARROW), (ROOT,), True),
    "dns outside": ((leaf_of(NARROW, "a.example.com", "example.org"), NARROW), (ROOT,), False),
    "dns that only ends alike": ((leaf_of(NARROW, "badexample.com"), NARROW), (ROOT,), False),
    "dns outside in the common name": ((leaf_of(NARROW, name="www.example.org"), NARROW), (ROOT,), False),
    "dns of the root's constraints": ((leaf_of(NARROW_ROOT, "x.example.org"),), (NARROW_ROOT,), False),
    "dns excluded": ((leaf_of(NOT_HERE, "x.bad.example.com"), NOT_HERE), (ROOT,), False),
    "dns not excluded": ((leaf_of(NOT_HERE, "good.example.com"), NOT_HERE), (ROOT,), True),
    "address within": ((leaf_of(HOME, more=[addresses("10.1.2.3")]), HOME), (ROOT,), True),
    "address outside": ((leaf_of(HOME, more=[addresses("10.1.2.3", "192.0.2.1")]), HOME), (ROOT,), False),
    "address of the other kind": ((leaf_of(HOME, more=[addresses("fd00::1")]), HOME), (ROOT,), False),
    "directory within": ((leaf_of(ACME_ONLY, name=ACME_LEAF), ACME_ONLY), (ROOT,), True),
    "directory outside": ((leaf_of(ACME_ONLY), ACME_ONLY), (ROOT,), False),
    "mail outside": (
        (leaf_of(MAILS, more=[(x509.SubjectAlternativeName([x509.RFC822Name("a@example.org")]), False)]), MAILS),
        (ROOT,),
        False,
    ),
    "mail within": (
        (leaf_of(MAILS, more=[(x509.SubjectAlternativeName([x509.RFC822Name("a@example.com")]), False)]), MAILS),
        (ROOT,),
        True,
    ),
    "authority for clients": ((leaf_of(CLIENTS_ONLY), CLIENTS_ONLY), (ROOT,), False),
    "authority for servers": ((leaf_of(SERVERS_ONLY), SERVERS_ONLY), (ROOT,), True),
    "leaf for clients": ((leaf_of(MIDDLE, more=[(CLIENTS, False)]), MIDDLE), (ROOT,), False),
    "leaf that only signs certificates": ((leaf_of(MIDDLE, more=[(CA_USAGE, True)]), MIDDLE), (ROOT,), False),
    "leaf for documents": ((leaf_of(MIDDLE, more=[(PAPERS, True)]), MIDDLE), (ROOT,), False),
    "leaf that signs": ((leaf_of(MIDDLE, more=[(NO_CA_USAGE, True)]), MIDDLE), (ROOT,), True),
    "client of Netscape's": ((leaf_of(MIDDLE, more=[(NETSCAPE_CLIENT, False)]), MIDDLE), (ROOT,), False),
    "server of Netscape's": ((leaf_of(MIDDLE, more=[(NETSCAPE_SERVER, False)]), MIDDLE), (ROOT,), True),
    "in the store itself": ((s := Made("self 1", ca=False),), (s,), True),
    "in the store, for clients": ((s := Made("self 2", ca=False, more=[(CLIENTS, False)]),), (s,), False),
    "in the store, only signs": ((s := Made("self 3", more=[(CA_USAGE, True)]),), (s,), False),
    "in the store, RSA 1024": ((s := Made("self 4", ca=False, key=SHORT_RSA),), (s,), False),
    "in the store, unknown critical": ((s := Made("self 5", ca=False, more=[(STRANGE, True)]),), (s,), False),
    "in the store, SHA-1": ((s := Made("self 6", ca=False, key=RSA_ROOT.key, is_sha1=True),), (s,), True),
    "named as its root": ((leaf_of(ROOT, name="Root", identifiers=False),), (ROOT,), False),
    "named as its root, with key identifiers": ((leaf_of(ROOT, name="Root"),), (ROOT,), True),
    "named as its root, with another kind of key": (
        (leaf_of(ROOT, name="Root", identifiers=False, key=RSA_ROOT.key),),
        (ROOT,),
        True,
    ),
    "one of the same name and key in the store": (
        (Made("twin", key=SHARED, ca=False),),
        (Made("twin", key=SHARED),),
        False,
    ),
    "signer named by serial": (
        (leaf_of(MIDDLE, identifiers=False, more=[issued_by("Root", MIDDLE.certificate.serial_number)]), MIDDLE),
        (ROOT,),
        True,
    ),
    "signer named by serial of another issuer": (
        (leaf_of(MIDDLE, identifiers=False, more=[issued_by("Nobody", MIDDLE.certificate.serial_number)]), MIDDLE),
        (ROOT,),
        False,
    ),
    "dns with a dot at its end": ((leaf_of(NARROW, "a.example.com."), NARROW), (ROOT,), False),
    "unknown critical in the middle": ((leaf_of(STRANGE_MIDDLE), STRANGE_MIDDLE), (ROOT,), False),
    "unknown critical in the leaf": ((leaf_of(MIDDLE, more=[(STRANGE, True)]), MIDDLE), (ROOT,), False),
    "unknown in the leaf": ((leaf_of(MIDDLE, more=[(STRANGE, False)]), MIDDLE), (ROOT,), True),
    "SHA-1 in the middle": ((leaf_of(WEAK_MIDDLE), WEAK_MIDDLE), (RSA_ROOT,), False),
    "SHA-1 of the leaf": ((leaf_of(RSA_ROOT, is_sha1=True),), (RSA_ROOT,), False),
    "SHA-1 of the root": ((leaf_of(r := Made("r1", key=RSA_ROOT.key, is_sha1=True)),), (r,), True),
    "RSA 1024 in the middle": ((leaf_of(SHORT_MIDDLE), SHORT_MIDDLE), (ROOT,), False),
    "RSA 1024 of the leaf": ((leaf_of(MIDDLE, key=SHORT_RSA), MIDDLE), (ROOT,), False),
    "RSA 1024 of the root": ((leaf_of(r := Made("r2", key=SHORT_RSA)),), (r,), False),
    "P-192 in the middle": ((leaf_of(P192_MIDDLE), P192_MIDDLE), (ROOT,), False),
    "Ed25519": ((leaf_of(EDWARDS),), (EDWARDS,), True),
    "a loop": ((leaf_of(RING), RING, Made("Ring", RING, key=SHARED)), (ROOT,), False),
}
STRICTER = {
    "authority for anything": (
        (leaf_of(a := Made("Any", ROOT, more=[(ANYTHING, False)])), a),
        (ROOT,),
        "OpenSSL takes anyExtendedKeyUsage of an authority for no server's, and so do we",
    ),
}
"""Chains about which RFC 5280 leaves open what OpenSSL decided."""
ONE_WAY = {
    "cross-signed, the blind alley first": ((LEAF, MIDDLE, CROSSED), (OTHER_ROOT,)),
    "two roots of one name": ((LEAF, MIDDLE), (Made("Root", identifiers=False), ROOT)),
}
"""OpenSSL takes the first signer of a fitting name and never turns back; browsers do (RFC 4158), and so do we."""
ALONE = {
    "an authority that the store itself holds": ((LEAF,), (MIDDLE,)),
    "a device's certificate that the store itself holds": ((LEAF,), (LEAF,)),
}
"""A yes of ours alone: whoever puts a certificate into his store means it (OpenSSL: ``-partial_chain``)."""


@pytest.mark.parametrize("case", CASES)
def test_both_say_what_is_true(case: str, tmp_path: Path) -> None:
    chain, roots, expected = CASES[case]
    way = ours(chain, roots)
    assert (bool(way.certificates), not openssl_says(tmp_path, chain, roots)) == (expected, expected), way.why


@pytest.mark.parametrize("case", STRICTER)
def test_what_is_left_open_is_decided_as_openssl_does(case: str, tmp_path: Path) -> None:
    chain, roots, _ = STRICTER[case]
    assert (bool(ours(chain, roots).certificates), not openssl_says(tmp_path, chain, roots)) == (False, False)


@pytest.mark.parametrize("case", ALONE)
def test_what_a_store_holds_is_meant(case: str, tmp_path: Path) -> None:
    chain, roots = ALONE[case]
    assert ours(chain, roots).certificates
    assert openssl_says(tmp_path, chain, roots)


def test_a_forged_signature_with_a_broken_hash_signs_nothing() -> None:
    """The walk goes on by names there, to say what is wrong; whoever asks who signed is told the truth."""
    leaf, root = certified(leaf_of(RSA_ROOT, is_sha1=True).der), certified(RSA_ROOT.der)
    forged = certified(leaf.der[:-1] + bytes([leaf.der[-1] ^ 1]))
    assert not signed(root, forged)
    way = walk(forged, [], Anchors([RSA_ROOT.certificate]), AS_OF)
    assert (way.certificates, way.why) == ((), "it is signed with SHA-1")


@pytest.mark.parametrize(
    ("curve", "more", "said"),
    [
        ("prime256v1", ("-param_enc", "explicit"), "a curve that is not named"),
        ("brainpoolP160r1", (), "the curve brainpoolP160r1"),
        ("secp112r1", (), "the curve secp112r1"),
    ],
)
def test_a_key_that_the_library_does_not_read(curve: str, more: tuple[str, ...], said: str, tmp_path: Path) -> None:
    key = ["openssl", "ecparam", "-name", curve, "-genkey", "-noout", *more]
    made = subprocess.run(key, capture_output=True, check=True).stdout
    spki = ["openssl", "pkey", "-pubout", "-outform", "DER"]
    public = subprocess.run(spki, input=made, capture_output=True, check=True).stdout
    leaf = leaf_of(ROOT)
    assert isinstance(ROOT.key, ec.EllipticCurvePrivateKey)
    leaf.der = with_key(leaf.der, public, ROOT.key)
    leaf.pem = ssl.DER_cert_to_PEM_cert(leaf.der).encode()
    assert openssl_says(tmp_path, (leaf,), (ROOT,))
    way = ours((leaf,), (ROOT,))
    assert (way.certificates, way.why) == ((), f"its key is too weak ({said})")


def test_a_signature_that_is_no_whole_number_of_bytes_is_none(tmp_path: Path) -> None:
    """The last bit is said to be none of it: the library verifies what is left, where that bit is zero."""
    leaf = next(made for _ in range(99) if not (made := leaf_of(ROOT)).der[-1] & 1)
    count = len(leaf.der) - len(leaf.certificate.signature) - 1
    leaf.der = leaf.der[:count] + b"\x01" + leaf.der[count + 1 :]
    leaf.pem = ssl.DER_cert_to_PEM_cert(leaf.der).encode()
    assert openssl_says(tmp_path, (leaf,), (ROOT,))
    way = ours((leaf,), (ROOT,))
    assert (way.certificates, way.why) == ((), "its signature is no whole number of bytes")


@pytest.mark.parametrize("case", ONE_WAY)
def test_the_way_that_was_found_is_one_for_openssl(case: str, tmp_path: Path) -> None:
    chain, roots = ONE_WAY[case]
    way = ours(chain, roots)
    assert openssl_says(tmp_path, chain, roots)
    assert not openssl_says(tmp_path, *_alone(way, (*chain, *roots)))


def _alone(way: Way, made: tuple[Made, ...]) -> tuple[tuple[Made, ...], tuple[Made, ...]]:
    """The chain and the root of a way, and nothing beside them."""
    by_der = {m.der: m for m in made}
    *chain, root = (by_der[c.der] for c in way.certificates)
    return tuple(chain), (root,)


def test_a_name_in_another_spelling_is_no_signer(tmp_path: Path) -> None:
    """OpenSSL folds case and spaces of names (RFC 5280 section 7.1); we do not: that costs a yes and gives none."""
    upper = Made("ROOT", key=ROOT.key)
    chain = (leaf_of(upper),)
    assert not ours(chain, (ROOT,)).certificates
    assert not openssl_says(tmp_path, chain, (ROOT,))


def test_random_chains(tmp_path: Path) -> None:
    """Whatever is drawn: a way of ours is one for OpenSSL, and where we find none it finds none."""
    draw = random.Random(9)
    agreed = {True: 0, False: 0}
    for _ in range(60):
        chain, roots = _drawn(draw)
        way = ours(chain, roots)
        if way.certificates:
            assert not openssl_says(tmp_path, *_alone(way, (*chain, *roots))), "a way that OpenSSL refuses"
        else:
            assert openssl_says(tmp_path, chain, roots), way.why
        agreed[bool(way.certificates)] += 1
    assert min(agreed.values()) > 8, agreed


def _drawn(draw: random.Random) -> tuple[tuple[Made, ...], tuple[Made, ...]]:
    """A tree of a few authorities with a flaw here and there, and a leaf."""
    said = [(CLIENTS, False), (STRANGE, True), (NO_CA_USAGE, True), allowing(x509.DNSName("example.com"))]
    said.append(allowing(but=(x509.DNSName("a.example.com"),)))
    flaws: list[dict[str, object]] = [{"length": 0}, {"days": -1}, {"ca": False}]
    flaws += [{"more": [one]} for one in said]

    def flawed(name: str, by: Made | None, key: object = None) -> Made:
        flaw = draw.choice(flaws) if draw.random() < 0.25 else {}
        return Made(name, by, key=key, **flaw)  # type: ignore[arg-type]  # a test's shorthand

    roots = [flawed(f"root {n}", None) for n in range(2)]
    levels, sent = list(roots), []
    for n in range(draw.randint(0, 3)):
        made = flawed(f"ca {n}", draw.choice(levels))
        sent.append(made)
        if draw.random() < 0.5:
            sent.append(flawed(f"ca {n}", draw.choice(levels), made.key))
        levels.append(made)
    leaf = leaf_of(draw.choice(levels[-2:]), draw.choice(["a.example.com", "b.example.com", "a.example.org"]))
    draw.shuffle(sent)
    return (leaf, *sent), tuple(roots[: draw.randint(1, 2)])


def test_a_thousand_strangers_and_a_ring_of_signers_cost_little() -> None:
    """Everything signs everything, and one of them is signed by the root: bounded, and the way is found."""
    key = ec.generate_private_key(ec.SECP256R1())
    one = Made("ring", key=key)
    ring = [Made("ring", one, key=key) for _ in range(40)]
    anchor = Made("ring", ROOT, key=key)
    leaf = leaf_of(one)
    assert ours((leaf, anchor, *ring), (ROOT,)).certificates
    assert not ours((leaf, *ring), (ROOT,)).is_anchored
    beyond = ours((leaf, *ring[:MOST_CERTIFICATES], anchor), (ROOT,))
    assert not beyond.certificates


def test_more_ways_than_are_tried_is_said() -> None:
    """A ring whose only way up is refused: nobody walks all of them."""
    key = ec.generate_private_key(ec.SECP256R1())
    one = Made("ring", key=key)
    ring = [Made("ring", one, key=key) for _ in range(12)]
    way = ours((leaf_of(one), Made("ring", ROOT, key=key, days=-1), *ring), (ROOT,))
    assert (way.certificates, way.gave_up) == ((), True)


def test_names_under_constraints_are_compared_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Authorities of two names that all sign one another, each with many names and many constraints."""
    compared: list[int] = []

    def noted(limits: x509.NameConstraints, below: Certified, *, is_leaf: bool) -> str:
        compared.append(comparisons(limits, below))
        return ""

    monkeypatch.setattr(walking, "outside", noted)
    key, hosts = ec.generate_private_key(ec.SECP256R1()), [f"{n}.example.com" for n in range(60)]
    forbids = (x509.NameConstraints(None, [x509.DNSName(f"{n}.example.org") for n in range(60)]), True)
    two = [Made(name, key=key) for name in ("one", "two")]
    ring = [Made(two[n % 2].name, two[1 - n % 2], key=key, hosts=hosts, more=[forbids]) for n in range(24)]
    last = Made("one", ROOT, key=key, days=-1)
    way = ours((Made("leaf", two[0], ca=None, hosts=hosts), last, *ring), (ROOT,))
    assert (way.certificates, way.gave_up) == ((), True)
    assert sum(compared) <= walking.MOST_COMPARED


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("path length used up", "One may not have signed this: its path length is 0"),
        ("SHA-1 in the middle", "Weak may not have signed this: it is signed with SHA-1"),
        ("SHA-1 of the leaf", "it is signed with SHA-1"),
        ("P-192 in the middle", "P192 may not have signed this: its key is too weak (secp192r1)"),
        ("dns outside", "Narrow may not have signed this: its name constraints do not allow example.org"),
        ("the one in between is missing", ""),
    ],
)
def test_what_stands_in_the_way_is_said(case: str, said: str) -> None:
    chain, roots, _ = CASES[case]
    way = ours(chain, roots)
    assert (way.why, way.is_anchored) == (said, bool(said))


def test_wildcards_and_far_too_many_names_are_refused() -> None:
    wild = leaf_of(NOT_HERE, "*.example.com")
    assert "*.example.com" in ours((wild, NOT_HERE), (ROOT,)).why
    many = Made("many", ROOT, more=[allowing(*(x509.DNSName(f"{n}.example.com") for n in range(80)))])
    leaf = leaf_of(many, *(f"{n}.example.com" for n in range(80)))
    assert "so many" in ours((leaf, many), (ROOT,)).why


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="no certificate"):
        certified(b"\x30\x03\x02\x01\x01")
