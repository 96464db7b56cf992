"""The table against OpenSSL, and what names are read as."""

import subprocess

import pytest

from iotscan.wire.tls.suites import OFFER_LIMIT, SUITES, offer, suite_name

BY_NAME = {suite.name: suite for suite in SUITES.values()}


def test_every_suite_openssl_knows_is_in_the_table_under_its_name() -> None:
    said = subprocess.run(
        ["openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split() for line in said.stdout.splitlines()]
    assert len(rows) > 100
    for code, _, name, *rest in rows:
        suite = SUITES[int(code.replace("0x", "").replace(",", ""), 16)]
        assert suite.name == name
        text = " ".join(rest)
        assert suite.is_authenticated == ("Au=None" not in text or "SRP" in name), name
        assert (suite.kind == "null") == ("Enc=None" in text), name
        assert suite.fits("TLSv1.3") == ("TLSv1.3" in rest), name
        # OpenSSL knows from which version on; ours differ only where it counts SSLv3 and TLS 1.0 apart.
        if "TLSv1.2" in rest:
            assert not suite.fits("TLSv1.1"), name
        if "TLSv1" in rest or "SSLv3" in rest:
            assert suite.fits("TLSv1.0"), name


@pytest.mark.parametrize(
    ("name", "kind", "bits", "traits"),
    [
        ("TLS_RSA_WITH_AES_128_CBC_SHA", "cbc", 128, {"lacks_forward_secrecy", "needs_certificate"}),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "gcm", 256, {"has_forward_secrecy", "is_aead", "needs_certificate"}),
        ("TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA", "cbc", 128, {"lacks_forward_secrecy", "needs_certificate"}),
        ("TLS_PSK_WITH_AES_128_CCM_8", "ccm8", 128, {"lacks_forward_secrecy", "is_psk", "is_plain_psk", "is_aead"}),
        (
            "TLS_RSA_PSK_WITH_AES_128_CBC_SHA",
            "cbc",
            128,
            {"lacks_forward_secrecy", "is_psk", "is_plain_psk", "needs_certificate"},
        ),
        (
            "TLS_PSK_DHE_WITH_AES_256_CCM_8",
            "ccm8",
            256,
            {"has_forward_secrecy", "is_psk", "is_ephemeral_psk", "is_aead"},
        ),
        ("TLS_ECDHE_PSK_WITH_NULL_SHA256", "null", 0, {"is_psk", "is_broken"}),
        ("TLS_DH_anon_WITH_AES_128_GCM_SHA256", "gcm", 128, {"is_broken", "is_aead"}),
        ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", "rc4", 128, {"is_broken", "needs_certificate"}),
        ("TLS_RSA_WITH_DES_CBC_SHA", "des", 56, {"is_broken", "lacks_forward_secrecy", "needs_certificate"}),
        (
            "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
            "rc4",
            40,
            {"is_broken", "is_export", "lacks_forward_secrecy", "needs_certificate"},
        ),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "3des", 112, {"is_weak", "lacks_forward_secrecy", "needs_certificate"}),
        ("TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", "3des", 112, {"is_weak", "has_forward_secrecy", "needs_certificate"}),
        ("TLS_CHACHA20_POLY1305_SHA256", "chacha", 256, {"has_forward_secrecy", "is_aead", "needs_certificate"}),
        ("TLS_SHA256_SHA256", "null", 0, {"is_broken", "needs_certificate"}),
        ("TLS_SRP_SHA_WITH_AES_128_CBC_SHA", "cbc", 128, {"has_forward_secrecy"}),
    ],
)
def test_the_name_says_it(name: str, kind: str, bits: int, traits: set[str]) -> None:
    suite = BY_NAME[name]
    every = (
        "has_forward_secrecy lacks_forward_secrecy is_psk is_plain_psk is_ephemeral_psk is_broken is_weak is_aead "
        "is_export needs_certificate"
    )
    assert (suite.kind, suite.bits) == (kind, bits)
    assert {trait for trait in every.split() if getattr(suite, trait)} == traits


def test_no_suite_is_in_two_of_the_groups_that_exclude_one_another() -> None:
    for suite in SUITES.values():
        assert not (suite.has_forward_secrecy and suite.lacks_forward_secrecy)
        assert not (suite.has_forward_secrecy and suite.is_broken)
        assert not (suite.is_broken and suite.is_weak)
        assert suite.bits >= 128 or suite.is_broken or suite.is_weak


def test_a_hello_never_offers_more_than_small_servers_can_read() -> None:
    for version in ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"):
        assert 0 < len(offer(version)) <= OFFER_LIMIT
        assert all(SUITES[code].fits(version) for code in offer(version))
    assert 0x0000 not in offer("TLSv1.2")


def test_what_the_limit_cuts_off_is_only_what_devices_hardly_use() -> None:
    offered = set(offer("TLSv1.2"))
    for name in (
        "TLS_PSK_WITH_AES_128_CCM_8",
        "TLS_RSA_WITH_RC4_128_SHA",
        "TLS_RSA_WITH_NULL_SHA",
        "TLS_DH_anon_WITH_RC4_128_MD5",
    ):
        assert BY_NAME[name].code in offered
    wanted = offer("TLSv1.2", lambda suite: suite.lacks_forward_secrecy)
    missing = [
        s for s in SUITES.values() if s.code and s.lacks_forward_secrecy and s.fits("TLSv1.2") and s.code not in wanted
    ]
    assert all("ARIA" in suite.name or "CAMELLIA" in suite.name for suite in missing)


def test_an_unregistered_code_still_has_a_name() -> None:
    assert suite_name(0x1301) == "TLS_AES_128_GCM_SHA256"
    assert suite_name(0x0A0A) == "0x0A0A"
