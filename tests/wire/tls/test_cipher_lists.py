"""Cipher lists against ``openssl ciphers``; what the installed library was built without is not in its list."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.wire.tls.cipher_lists import UnknownList, allowed_at, built_in, evaluate
from iotscan.wire.tls.openssl_names import Named, openssl_suites

LISTS = """
DEFAULT
ALL
ALL:COMPLEMENTOFALL
HIGH:!aNULL:!MD5
HIGH:!DH:!aNULL:!SSLv2:!DH:!kDHEPSK
ECDHE+AESGCM:ECDHE+CHACHA20
EECDH+AESGCM:EDH+AESGCM
ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384
ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:AES128-SHA
AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256
kRSA:!eNULL
kRSA+AESGCM
RSA+AES:+ECDHE
ALL:!aNULL:!ADH:!eNULL:!LOW:!EXP:RC4+RSA:+HIGH:+MEDIUM
ALL:!EXPORT:!LOW:!aNULL:!eNULL:!SSLv2
HIGH:MEDIUM:!aNULL:!MD5:!SEED:!IDEA:!RC4
EECDH:+AES256:-3DES:RSA+AES:RSA+3DES:!NULL:!RC4
PSK
kPSK:kECDHEPSK:kDHEPSK:kRSAPSK
PSK:!kPSK:@STRENGTH
HIGH:!kRSA:@STRENGTH
AES128:AES256:-kDHE
ALL:-SHA:+AES256
ALL:!SHA1:!SHA256:!SHA384
AESCCM:AESCCM8
AESCCM:!AESCCM8
CAMELLIA:ARIA
CAMELLIA128+kRSA
ECDSA:!SHA
aECDSA+AESGCM
SRP
SRP:!DSS:aSRP
COMPLEMENTOFDEFAULT
TLSv1.2+HIGH:!aNULL
TLSv1.2
TLSv1:SSLv3
CBC:!PSK
eNULL
NULL-SHA256:AES256-SHA256
DH:ECDH:ADH:AECDH
kEDH:!aNULL
FIPS:!aNULL
nonsense:AES128-SHA:KLUDGE-AES
HIGH, !aNULL, !MD5
ALL:@SECLEVEL=0
DEFAULT:!DH:@SECLEVEL=1
DHE-RSA-AES128-SHA:-ALL:AES256-SHA
"""
ROWS = tuple(row for row in LISTS.split("\n") if row)


def shown(text: str, *options: str) -> list[str]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is missing (package openssl)")
    words = [openssl, "ciphers", *options, text]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    return [name for name in done.stdout.strip().split(":") if name and not name.startswith("TLS_")]


@pytest.fixture(scope="module")
def library() -> tuple[Named, ...]:
    """What the installed library was built with."""
    names = shown("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    missing = [name for name in names if name not in openssl_suites()]
    assert missing == []
    return tuple(openssl_suites()[name] for name in names)


def test_debians_library_is_one_as_it_is_built_by_default(library: tuple[Named, ...]) -> None:
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, timeout=20, check=True).stdout
    if not version.startswith("OpenSSL 3."):
        pytest.skip(f"control for OpenSSL 3, here is {version}")
    assert {s.name for s in library} == {s.name for s in built_in((3, 0))}


@pytest.mark.parametrize("text", ROWS)
def test_openssl_has_the_same_suites_in_the_same_order(library: tuple[Named, ...], text: str) -> None:
    assert [s.name for s in evaluate(text, library, (3, 0)).suites] == shown(text)


@pytest.mark.parametrize("level", range(6))
def test_levels_let_the_same_through(library: tuple[Named, ...], level: int) -> None:
    # -s leaves out what the level forbids; with -psk and -srp those families are asked for as well.
    options = ("-s", "-tls1_2", "-psk", "-srp")
    ours = evaluate(f"ALL:COMPLEMENTOFALL:@SECLEVEL={level}", library, (3, 0))
    assert ours.level == level
    offered = [s.name for s in ours.suites if allowed_at(s, level)]
    assert offered == shown(f"ALL:COMPLEMENTOFALL:@SECLEVEL={level}", *options)


def test_old_libraries_have_what_newer_ones_dropped() -> None:
    old = {s.name for s in evaluate("DEFAULT", built_in((1, 0, 2)), (1, 0, 2)).suites}
    assert {"RC4-SHA", "DES-CBC3-SHA", "ECDH-RSA-AES128-SHA", "IDEA-CBC-SHA", "PSK-AES128-CBC-SHA"} <= old
    assert not any(name.startswith(("EXP", "ADH")) or "CHACHA20" in name for name in old)
    asked = {s.name for s in evaluate("ALL", built_in((1, 0, 2)), (1, 0, 2)).suites}
    assert "EXP-RC4-MD5" in asked
    assert "DES-CBC3-SHA" in {s.name for s in evaluate("HIGH", built_in((1, 0, 1)), (1, 0, 1)).suites}
    assert evaluate("RC4:3DES:EXPORT", built_in((1, 1, 1)), (1, 1, 1)).suites == ()


@pytest.mark.parametrize("text", ["PROFILE=SYSTEM", "SUITEB128", "@SYSTEM", "A" * 5000])
def test_a_policy_that_stands_elsewhere_is_not_guessed(text: str) -> None:
    with pytest.raises(UnknownList):
        evaluate(text, built_in((3,)), (3,))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted([*"!-+:@, ", "ALL", "RC4", "kRSA", "AES128-SHA", "@STRENGTH", "\0", "é"]))))
def test_any_list_ends(words: list[str]) -> None:
    evaluate("".join(words), built_in((3,)), (3,))
