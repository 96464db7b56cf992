"""The interview of real servers: each answer of the fact, true and false, from OpenSSL, GnuTLS, nginx and mosquitto."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.x509 import ocsp

from iotscan.model.facts.tls import TlsEndpoint
from iotscan.model.scope import Pace
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.hellos import over_stream
from iotscan.observe.network.probes.tls.interview import Interview

from .servers import HOST, Credentials, door, free_port, openssl, running

CEILING = Pace().tls_connections
OAKLEY_2 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)
"""The 1024-bit prime of RFC 2409 section 6.2."""


def held(port: int, *, server_name: str = "", ceiling: int = CEILING, is_complete: bool = False) -> Interview:
    interview = Interview(
        over_stream(door(port, server_name=server_name)),
        server_name=server_name,
        ceiling=ceiling,
        is_complete=is_complete,
    )
    anyio.run(interview.hold)
    return interview


def fact(port: int, *, server_name: str = "") -> TlsEndpoint:
    found = held(port, server_name=server_name).endpoint()
    assert found is not None
    assert found.contradictions == ()
    return found


def versions(found: TlsEndpoint) -> set[str]:
    assert all(answer.is_answered for answer in found.versions.values())
    return {name for name, answer in found.versions.items() if answer.known}


def gnutls(credentials: Credentials, priority: str, *more: str) -> contextlib.AbstractContextManager[int]:
    port = free_port()
    files = ("--x509certfile", str(credentials.cert), "--x509keyfile", str(credentials.key))
    return running(["gnutls-serv", "-p", str(port), *files, "--priority", priority, *more], port, "gnutls-bin")


@contextlib.contextmanager
def nginx(folder: Path, credentials: Credentials, settings: str) -> Iterator[int]:
    port = free_port()
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; {paths}\n"
        f"ssl_certificate {credentials.cert}; ssl_certificate_key {credentials.key};\n"
        + settings.replace("LISTEN", f"listen {HOST}:{port} ssl")
        + "}"
    )
    with running(["nginx", "-e", f"{folder}/first.log", "-c", str(config)], port, "nginx-light"):
        yield port


_VERDICTS = (
    *("forward_secrecy", "without_forward_secrecy", "prefers_forward_secrecy", "plain_psk", "psk_forward_secrecy"),
    *("broken_ciphers", "weak_ciphers", "aead", "secure_renegotiation", "extended_master_secret", "compression"),
    *("cbc", "short_tag", "longer_tag", "weak_groups", "dh_bits", "hybrid_groups", "reuses_shares"),
    *("weak_signature", "chooses_weak_signature", "truncated_hmac", "heartbeat", "session_tickets", "fallback_scsv"),
    *("unknown_alpn", "client_certificate", "raw_public_key", "stapled"),
)
"""Every answer that a server with certificates and TLS 1.2 can give."""


def test_the_default_ceiling_settles_every_verdict_of_a_modern_server(
    tmp_path: Path, rsa_credentials: Credentials
) -> None:
    settings = "server { LISTEN; ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20; }"
    with nginx(tmp_path, rsa_credentials, settings) as port:
        interview = held(port)
    found = interview.endpoint()
    assert found is not None
    assert versions(found) == {"TLSv1.2", "TLSv1.3"}
    assert [name for name in _VERDICTS if not getattr(found, name).is_answered] == []
    assert (found.prefers_newest.known, found.dh_bits.known, found.shares_seen) == (True, 0, 3)
    assert (found.reuses_shares.known, found.fallback_scsv.known, found.unknown_alpn.known) == (False, True, "refused")
    assert (found.cut, found.intolerances, found.contradictions) == ((), (), ())
    assert found.hellos == interview.hellos <= 12
    assert interview.certificates == (rsa_credentials.der,)


def test_the_default_ceiling_settles_every_verdict_of_an_old_server(
    tmp_path: Path, rsa_credentials: Credentials
) -> None:
    settings = "server { LISTEN; ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers HIGH:!aNULL:!MD5:@SECLEVEL=0; }"
    with nginx(tmp_path, rsa_credentials, settings) as port:
        found = fact(port)
    assert versions(found) == {"TLSv1.0", "TLSv1.1", "TLSv1.2"}
    assert [name for name in _VERDICTS if not getattr(found, name).is_answered] == []
    assert (found.without_forward_secrecy.known, found.cbc.known, found.short_tag.known) == (True, True, True)
    assert (found.encrypt_then_mac.known, found.weak_signature.known) == (True, True)
    assert (found.cut, found.intolerances) == ((), ())
    assert found.hellos <= CEILING


def test_a_name_that_must_be_sent(tmp_path: Path, rsa_credentials: Credentials) -> None:
    settings = "server { LISTEN default_server; ssl_reject_handshake on; } server { LISTEN; server_name device.local; }"
    with nginx(tmp_path, rsa_credentials, settings) as port:
        named, nameless = fact(port, server_name="device.local"), held(port)
    assert named.versions["TLSv1.2"].known is True
    assert nameless.endpoint() is None
    missed = nameless.nothing()
    assert missed.status is AttemptStatus.UNREADABLE
    assert "unrecognized_name" in missed.detail


def test_a_name_that_must_not_be_sent(rsa_credentials: Credentials) -> None:
    with gnutls(rsa_credentials, "NORMAL", "--sni-hostname=other.example", "--sni-hostname-fatal") as port:
        found = fact(port, server_name="device.local")
    assert versions(found) >= {"TLSv1.2", "TLSv1.3"}
    assert found.intolerances == ("accepts no hello with this server name",)


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        # It refuses a hello of TLS 1.1 by protocol_version: nothing follows from that for TLS 1.0.
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.0", {"TLSv1.2", "TLSv1.0"}),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.0", {"TLSv1.0"}),  # without 1.2 it does not do 1.3
        ("NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.0", {"TLSv1.3", "TLSv1.2", "TLSv1.0"}),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.3", {"TLSv1.3"}),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.0", {"TLSv1.0"}),
    ],
)
def test_holes_in_the_versions_of_gnutls(rsa_credentials: Credentials, priority: str, expected: set[str]) -> None:
    with gnutls(rsa_credentials, priority) as port:
        assert versions(fact(port)) == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("-no_tls1_1",), {"TLSv1.0", "TLSv1.2", "TLSv1.3"}),
        (("-no_tls1_2",), {"TLSv1.0", "TLSv1.1", "TLSv1.3"}),
        (("-no_tls1_3", "-no_tls1_1"), {"TLSv1.0", "TLSv1.2"}),
        (("-no_tls1", "-no_tls1_1", "-no_tls1_2"), {"TLSv1.3"}),
    ],
)
def test_holes_in_the_versions_of_openssl(
    rsa_credentials: Credentials, flags: tuple[str, ...], expected: set[str]
) -> None:
    with openssl(*rsa_credentials.arguments, "-cipher", "ALL:@SECLEVEL=0", *flags) as port:
        assert versions(fact(port)) == expected


def test_mosquitto_says_its_hint(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "psk").write_text("sensor:00112233\n")
    config = tmp_path / "mosquitto.conf"
    config.write_text(
        f"listener {port} {HOST}\npsk_hint lab\npsk_file {tmp_path}/psk\nuse_identity_as_username true\n"
        "allow_anonymous false\nuser root\n"
    )
    with running(["mosquitto", "-c", str(config)], port, "mosquitto"):
        found = fact(port)
    assert (found.plain_psk.known, found.psk_forward_secrecy.known, found.broken_ciphers.known) == (True, True, False)
    assert found.psk_hint == "lab"
    assert all("PSK" in suite.name for suite in found.selected)
    assert found.versions["TLSv1.3"].reason is Reason.NOT_OBSERVABLE
    assert found.weak_groups.known is False
    assert found.intolerances == ()


@pytest.mark.parametrize(("flags", "asks"), [((), False), (("-verify", "1", "-verify_quiet"), True)])
def test_a_client_certificate(rsa_credentials: Credentials, flags: tuple[str, ...], asks: bool) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_2", *flags) as port:
        assert fact(port).client_certificate.known is asks


def test_a_staple(tmp_path: Path, rsa_credentials: Credentials) -> None:
    staple = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    (tmp_path / "staple").write_bytes(staple.public_bytes(serialization.Encoding.DER))
    with openssl(*rsa_credentials.arguments, "-tls1_2", "-status_file", str(tmp_path / "staple")) as port:
        assert fact(port).stapled.known is True


def test_a_short_prime(tmp_path: Path, rsa_credentials: Credentials) -> None:
    prime = dh.DHParameterNumbers(OAKLEY_2, 2).parameters()
    pem = prime.parameter_bytes(serialization.Encoding.PEM, serialization.ParameterFormat.PKCS3)
    (tmp_path / "dh.pem").write_bytes(pem)
    ciphers = ("-cipher", "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-serverpref")
    with openssl(*rsa_credentials.arguments, "-tls1_2", *ciphers, "-dhparam", str(tmp_path / "dh.pem")) as port:
        found = fact(port)
    assert found.dh_bits.known == 1024
    assert {(e.group, e.bits) for e in found.exchanges} == {("x25519", 255), ("dh", 1024)}


@pytest.mark.parametrize(("curves", "is_weak"), [("P-256:P-192", True), ("P-192", True), ("X25519:P-256", False)])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_weak_curves(
    rsa_credentials: Credentials, ec_credentials: Credentials, kind: str, curves: str, is_weak: bool
) -> None:
    if (kind, curves) == ("ec", "P-192"):
        pytest.skip("an ECDSA key on P-256 cannot work there")
    credentials = {"rsa": rsa_credentials, "ec": ec_credentials}[kind]
    with openssl(*credentials.arguments, "-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-curves", curves) as port:
        assert fact(port).weak_groups.known is is_weak


def test_an_ecdsa_server_with_an_order_of_its_own_never_comes_to_its_weak_curve(ec_credentials: Credentials) -> None:
    ciphers = ("-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0")
    with openssl(*ec_credentials.arguments, "-tls1_2", *ciphers, "-curves", "P-256:P-192", "-serverpref") as port:
        assert fact(port).weak_groups.known is False


@pytest.mark.parametrize(
    ("schemes", "accepts", "chooses"),
    [("RSA+SHA1", True, True), ("RSA+SHA256:RSA+SHA1", True, False), ("RSA+SHA256", False, False)],
)
def test_weak_signatures(rsa_credentials: Credentials, schemes: str, accepts: bool, chooses: bool) -> None:
    flags = ("-tls1_2", "-cipher", "ECDHE:@SECLEVEL=0", "-sigalgs", schemes)
    with openssl(*rsa_credentials.arguments, *flags) as port:
        found = fact(port)
    assert (found.weak_signature.known, found.chooses_weak_signature.known) == (accepts, chooses)
    assert ("rsa_pkcs1_sha1" in found.signatures) is accepts


@pytest.mark.parametrize(
    ("priority", "name", "expected"),
    [
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2", "encrypt_then_mac", True),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_ETM", "encrypt_then_mac", False),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH", "extended_master_secret", False),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_TICKETS", "session_tickets", False),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2", "session_tickets", True),
        ("NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION", "secure_renegotiation", False),
    ],
)
def test_signals(rsa_credentials: Credentials, priority: str, name: str, expected: bool) -> None:
    with gnutls(rsa_credentials, priority) as port:
        assert getattr(fact(port), name).known is expected


@pytest.mark.parametrize(
    ("ciphers", "short", "longer"),
    [("ECDHE-ECDSA-AES128-CCM8", True, False), ("ECDHE-ECDSA-AES128-CCM", False, True)],
)
def test_tags(ec_credentials: Credentials, ciphers: str, short: bool, longer: bool) -> None:
    with openssl(*ec_credentials.arguments, "-tls1_2", "-cipher", ciphers) as port:
        found = fact(port)
    assert (found.short_tag.known, found.longer_tag.known, found.cbc.known) == (short, longer, False)


def test_a_short_tag_in_tls_13(ec_credentials: Credentials) -> None:
    suites = ("-ciphersuites", "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_8_SHA256")
    with openssl(*ec_credentials.arguments, "-tls1_3", *suites) as port:
        found = fact(port)
    assert (found.short_tag.known, found.longer_tag.known, found.broken_ciphers.known) == (True, True, False)


def test_tls_13_alone_settles_what_can_be_seen(ec_credentials: Credentials) -> None:
    with openssl(*ec_credentials.arguments, "-tls1_3") as port:
        found = fact(port)
    assert (found.hybrid_groups.known, found.reuses_shares.known, found.weak_groups.known) == (False, False, False)
    assert (found.prefers_newest.known, found.dh_bits.known, found.cbc.known) == (True, 0, False)
    for name in ("session_tickets", "client_certificate", "stapled", "encrypt_then_mac", "unknown_alpn"):
        assert getattr(found, name).reason is Reason.NOT_OBSERVABLE


def test_raw_public_keys(tmp_path: Path, ec_credentials: Credentials) -> None:
    key = serialization.load_pem_private_key(ec_credentials.key.read_bytes(), None).public_key()
    (tmp_path / "raw.pem").write_bytes(
        key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    raw = (f"--rawpkfile={tmp_path}/raw.pem", f"--rawpkkeyfile={ec_credentials.key}")
    with gnutls(ec_credentials, "NORMAL:-VERS-ALL:+VERS-TLS1.2:+CTYPE-SRV-RAWPK", *raw) as port:
        assert fact(port).raw_public_key.known is True
    with gnutls(ec_credentials, "NORMAL:-VERS-ALL:+VERS-TLS1.2") as port:
        assert fact(port).raw_public_key.known is False


def test_the_complete_lists(rsa_credentials: Credentials) -> None:
    ciphers = "AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA:ECDHE-RSA-CAMELLIA128-SHA256"
    flags = ("-cipher", f"{ciphers}:@SECLEVEL=0", "-serverpref", "-curves", "P-384:X25519")
    with openssl(*rsa_credentials.arguments, *flags) as port:
        interview = held(port, ceiling=150, is_complete=True)
    found = interview.endpoint()
    assert found is not None
    lists = {entry.version: [suite.name for suite in entry.suites] for entry in found.suite_lists}
    assert all(entry.is_complete for entry in found.suite_lists)
    assert lists["TLSv1.2"] == [
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256",
    ]
    assert lists["TLSv1.0"] == ["TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"]
    assert set(lists["TLSv1.3"]) == {
        *("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"),
    }
    assert {(e.version, e.group) for e in found.exchanges if e.group != "dh"} == {
        (version, group) for version in ("TLSv1.2", "TLSv1.3") for group in ("secp384r1", "x25519")
    }
    assert found.server_preference.known is True


def test_a_complete_list_that_was_cut_says_so(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_2") as port:
        found = held(port, ceiling=20, is_complete=True).endpoint()
    assert found is not None
    assert [entry.is_complete for entry in found.suite_lists] == [False]
    assert "20 hellos" in found.suite_lists[0].detail
    assert found.hellos == 20
    assert found.cut != ()


def test_a_small_prime_behind_a_small_cipher_is_seen() -> None:
    # OpenSSL takes 3072 bits beside AES-256 and, at this security level, 1024 beside AES-128.
    ciphers = "DHE-PSK-AES256-CBC-SHA384:DHE-PSK-AES128-CBC-SHA256:@SECLEVEL=0"
    with openssl("-nocert", "-psk", "0102", "-serverpref", "-tls1_2", "-cipher", ciphers) as port:
        assert fact(port).dh_bits.known == 1024
    with openssl("-nocert", "-psk", "0102", "-serverpref", "-tls1_2", "-cipher", ciphers.partition(":")[0]) as port:
        assert fact(port).dh_bits.known == 3072
