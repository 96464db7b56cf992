"""Names in certificates as clients compare them, and what OpenSSL says of the same."""

import ipaddress
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.host_names import host_name, names_address, names_host

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
TOP = st.from_regex(r"[a-z]{3,8}", fullmatch=True)
NAME = st.builds(lambda labels, top: ".".join((*labels, top)), st.lists(LABEL, min_size=1, max_size=4), TOP)


@given(st.lists(st.text(max_size=30), max_size=5), st.text(max_size=30))
def test_any_text_gives_an_answer(presented: list[str], wanted: str) -> None:
    assert names_host(presented, wanted) in (True, False)
    assert names_address(presented, wanted) in (True, False)
    assert host_name(host_name(wanted)) == host_name(wanted)


@given(NAME, st.booleans())
def test_a_name_is_named_by_itself_in_any_case(name: str, has_dot: bool) -> None:
    asked = name.upper() + ("." if has_dot else "")
    assert names_host([name], asked)
    assert names_host([name.upper()], name)
    assert not names_host([f"{name}."], name)
    assert not names_host([f"a.{name}"], name)
    assert not names_host([name], f"a.{name}")


@given(NAME, LABEL, LABEL)
def test_a_star_is_one_label(rest: str, label: str, other: str) -> None:
    pattern = f"*.x{rest}"
    assert names_host([pattern], f"{label}.x{rest}")
    assert not names_host([pattern], f"x{rest}")
    assert not names_host([pattern], f"{other}.{label}.x{rest}")
    assert not names_host([f"{label[0]}*.x{rest}"], f"{label}.x{rest}")
    assert not names_host([f"*.{label}.*"], f"a.{label}.{other}")


@given(st.ip_addresses())
def test_an_address_is_no_name(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    text = str(address)
    assert names_address([text], text)
    assert not names_host([text], text)
    assert not names_address(["gw.example"], text)
    assert host_name(text) == ""


@pytest.mark.parametrize("registry", ["com", "local", "co.uk", "or.jp", "org.au"])
def test_a_star_is_not_for_all_names_of_a_registry(registry: str) -> None:
    assert not names_host([f"*.{registry}"], f"acme.{registry}")


def test_further_rules() -> None:
    assert names_host(["*.co.com"], "gw.co.com")
    assert names_host(["xn--kche-0ra.example"], "Küche.example")
    assert not names_host(["küche.example"], "küche.example")
    assert names_host(["my_gw.example"], "my_gw.example")
    assert not names_host(["*.acme.example"], "my_gw.acme.example")
    assert names_host(["gw"], "gw")
    assert not names_host(["*"], "gw")
    assert not names_host([""], "")
    assert not names_host(["."], ".")
    assert names_address(["fe80::1"], "fe80::1%eth0")
    assert not names_address(["::ffff:192.0.2.1"], "192.0.2.1")


PRESENTED = (
    *("gw.acme.example", "*.acme.example", "*.example", "g*.acme.example", "*w.acme.example", "gw.*.example"),
    *("GW.Acme.Example", "*.co.uk", "gw.acme.example.", "my_gw.acme.example", "xn--kche-0ra.acme.example", "192.0.2.7"),
)
ASKED = (
    *("gw.acme.example", "acme.example", "a.gw.acme.example", "gw.acme.example.", "my_gw.acme.example", "192.0.2.7"),
    *("xn--kche-0ra.acme.example", "acme.co.uk", "GW.ACME.EXAMPLE"),
)
DIFFER = {
    ("g*.acme.example", "gw.acme.example"): "a star within a label: RFC 9525 section 6.3 has only whole ones",
    ("g*.acme.example", "GW.ACME.EXAMPLE"): "the same",
    ("*w.acme.example", "gw.acme.example"): "the same",
    ("*w.acme.example", "GW.ACME.EXAMPLE"): "the same",
    ("*.co.uk", "acme.co.uk"): "all names of a registry: OpenSSL knows of none",
    ("gw.acme.example.", "gw.acme.example."): "a dNSName that ends in a dot: RFC 5280 has none",
    ("192.0.2.7", "192.0.2.7"): "a dNSName that looks like an address: asked for as a host, OpenSSL compares the text",
    **{(name, "gw.acme.example."): "the dot at the end of what was asked for" for name in PRESENTED[:2]},
    ("GW.Acme.Example", "gw.acme.example."): "the same",
}
"""Pairs of which OpenSSL says something else, and why; ``docs/guide/signers.md`` tells it."""


def certificate(name: str, folder: Path, *, common: str = "x") -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(own, own, key.public_key(), 1, now, now + timedelta(days=9))
    if name:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    path = folder / "one.pem"
    path.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return path


def openssl_says(path: Path, *asked: str) -> bool:
    done = subprocess.run(("openssl", "x509", "-noout", "-in", path, *asked), capture_output=True, text=True)
    assert "match certificate" in done.stdout, done
    return "does match" in done.stdout


@pytest.mark.parametrize("presented", PRESENTED)
def test_openssl_says_the_same_but_where_it_is_told_why(presented: str, tmp_path: Path) -> None:
    path = certificate(presented, tmp_path)
    for asked in ASKED:
        is_other = openssl_says(path, "-checkhost", asked) != names_host([presented], asked)
        assert is_other == ((presented, asked) in DIFFER), (presented, asked)


def test_openssl_takes_a_common_name_and_an_address_only_as_address(tmp_path: Path) -> None:
    assert openssl_says(certificate("", tmp_path, common="gw.acme.example"), "-checkhost", "gw.acme.example")
    assert not openssl_says(certificate("192.0.2.7", tmp_path), "-checkip", "192.0.2.7")


def test_every_difference_is_one_of_the_pairs() -> None:
    assert set(DIFFER) <= set(product(PRESENTED, ASKED))
