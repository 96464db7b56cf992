"""Trust stores and what renews keys, on roots made with real certificates and real file layouts."""

import os
import ssl
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.data.mozilla_roots import mozilla_roots
from iotscan.model.facts import RotationTool, RotationTools, TrustStore
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspectors import rotation, trust_store
from iotscan.observe.image.inspectors.trust_store import _certificates
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A root of nobody's list."""
    place = tmp_path_factory.mktemp("own") / "ca.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -sha256 -keyout /dev/null -subj /CN=Lab -days 30 -out"
    subprocess.run([tool("openssl", "openssl"), *words.split(), str(place)], check=True, capture_output=True)
    return place.read_bytes()


@pytest.fixture(scope="module")
def listed() -> bytes:
    """The roots of this machine that Mozilla lists."""
    paths = sorted(Path("/usr/share/ca-certificates/mozilla").glob("*.crt"))
    if not paths:
        pytest.skip("needs Debian package ca-certificates")
    return b"".join(p.read_bytes() for p in paths[:12])


def store_of(root: Path) -> TrustStore:
    (fact,) = heard_of(trust_store.INSPECTOR, FolderTree(root)).facts
    assert isinstance(fact, TrustStore)
    return fact


def test_a_bundle_and_a_root_of_ones_own(tmp_path: Path, own: bytes, listed: bytes) -> None:
    a_root(tmp_path, {"etc/ssl/certs/ca-certificates.crt": listed + b"# ours\n" + own})
    a_root(tmp_path, {"var/lib/dpkg/info/ca-certificates.list": "/etc\n"})
    store = store_of(tmp_path)
    assert len(store.anchors) == 13
    assert {a.mozilla for a in store.anchors[:-1]} <= {"current", "former", "distrusted"}
    lab = store.anchors[-1]
    assert (lab.subject, lab.mozilla, lab.key_bits) == ("CN=Lab", "unlisted", 2048)
    assert lab.line == listed.count(b"\n") + 2
    assert (store.package, store.bundles) == ("ca-certificates (dpkg)", ("/etc/ssl/certs/ca-certificates.crt",))


@pytest.mark.parametrize("place", ["etc/ssl/certs/ca-certificates.crt", "etc/ssl/cert.pem", "etc/ssl/certs/0a1b2c3d.0"])
@pytest.mark.parametrize("kind", ["fifo", "folder", "link"])
def test_what_stands_in_the_place_of_a_store_is_named(tmp_path: Path, place: str, kind: str) -> None:
    a_root(tmp_path)
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    {"fifo": lambda: os.mkfifo(path), "folder": path.mkdir, "link": lambda: path.symlink_to("/run/x")}[kind]()
    store = store_of(tmp_path)
    assert (store.anchors, len(store.unread)) == ((), 1)
    assert store.unread[0].startswith(f"/{place}: ")


@pytest.mark.parametrize("target", ["/run/certs", "../passwd"])
def test_a_folder_of_certificates_that_is_none_is_named(tmp_path: Path, target: str) -> None:
    a_root(tmp_path, {"etc/passwd": ""})
    (tmp_path / "etc/ssl").mkdir()
    (tmp_path / "etc/ssl/certs").symlink_to(target)
    assert store_of(tmp_path).unread[0].startswith("/etc/ssl/certs: ")


def test_a_bundle_that_is_too_long_is_a_gap(tmp_path: Path, own: bytes) -> None:
    tree = a_root(tmp_path, {"etc/ssl/certs/ca-certificates.crt": own + b"#" * (8 << 20) + own})
    assert heard_of(trust_store.INSPECTOR, tree).facts == ()


def test_a_certificate_that_says_it_is_no_authority(tmp_path: Path, own: bytes) -> None:
    """As Debian's ssl-cert makes them, and links them by their hash into the folder of roots."""
    (tmp_path / "etc/ssl/certs").mkdir(parents=True)
    (tmp_path / "usr").mkdir()
    (tmp_path / "x.cnf").write_text("[req]\ndistinguished_name=n\n[n]\n[v]\nbasicConstraints=CA:FALSE\n")
    words = (
        f"req -x509 -config {tmp_path}/x.cnf -extensions v -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=vm -out"
    )
    place = tmp_path / "etc/ssl/certs/62742064.0"
    subprocess.run([tool("openssl", "openssl"), *words.split(), str(place)], check=True, capture_output=True)
    (tmp_path / "etc/ssl/certs/0a1b2c3d.0").write_bytes(own)
    told = {a.subject: a.signs_others for a in store_of(tmp_path).anchors}
    assert told == {"CN=vm": False, "CN=Lab": True}


def test_a_folder_of_hashed_links_counts_each_once(tmp_path: Path, own: bytes) -> None:
    a_root(tmp_path, {"etc/ssl/certs/lab.crt": own, "etc/ssl/certs/not-linked.pem": own.replace(b"\n", b"\r\n")})
    (tmp_path / "etc/ssl/certs/0a1b2c3d.0").symlink_to("lab.crt")
    (tmp_path / "etc/ssl/certs/0a1b2c3e.0").symlink_to("nowhere.crt")
    store = store_of(tmp_path)
    assert [a.path for a in store.anchors] == ["/etc/ssl/certs/0a1b2c3d.0"]
    assert store.unread == ("/etc/ssl/certs/0a1b2c3e.0: a link that leads nowhere",)


def test_der_and_damage(tmp_path: Path, own: bytes) -> None:
    der = ssl.PEM_cert_to_DER_cert(own.decode())
    torn = own.replace(b"MII", b"MIJ", 1)
    a_root(tmp_path, {"system/etc/security/cacerts/0a1b2c3d.0": der, "etc/ssl/cert.pem": torn})
    store = store_of(tmp_path)
    assert len(store.anchors) == 1
    assert store.unread == ("/etc/ssl/cert.pem:1: no readable certificate",)


def test_the_sources_of_a_bundle_that_is_made_later(tmp_path: Path, own: bytes) -> None:
    a_root(
        tmp_path, {"usr/share/ca-certificates/mozilla/lab.crt": own, "etc/ssl/certs/java/cacerts": b"\xfe\xed\xfe\xed"}
    )
    store = store_of(tmp_path)
    assert (store.bundles, store.unread) == (("/usr/share/ca-certificates/mozilla",), ("/etc/ssl/certs/java/cacerts",))


def test_no_store_is_absent(tmp_path: Path) -> None:
    assert heard_of(trust_store.INSPECTOR, a_root(tmp_path)) == Heard()


def test_mozillas_list() -> None:
    roots = mozilla_roots()
    # ISRG Root X1, DigiCert Global Root G2; TrustCor RootCert CA-1.
    assert roots["96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6"] == "current"
    assert roots["cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f"] == "current"
    assert roots["d40e9c86cd8fe468c1776959f49ea774fa548684b6c406f3909261f4dce2575c"] == "distrusted"
    assert all(len(digest) == 64 for digest in roots)


@given(st.binary(max_size=200))
def test_any_bundle(data: bytes) -> None:
    list(_certificates(b"-----BEGIN CERTIFICATE-----" + data + b"A" * 64 + b"-----END CERTIFICATE-----"))
    list(_certificates(data))


def tools_of(root: Path) -> tuple[RotationTool, ...]:
    (fact,) = heard_of(rotation.INSPECTOR, FolderTree(root)).facts
    assert isinstance(fact, RotationTools)
    return fact.tools


CRON = "SHELL=/bin/sh\n# 1 1 * * * root certbot -q renew\n0 */12 * * * root certbot -q renew --no-random-sleep\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        (
            {"usr/bin/certbot": "#!", "etc/letsencrypt/renewal/gw.conf": "x", "etc/cron.d/certbot": CRON},
            [("certbot", 1, 1)],
        ),
        ({"usr/bin/certbot": "#!", "etc/cron.d/certbot": CRON}, [("certbot", 0, 1)]),
        ({"usr/bin/certbot": "#!", "etc/cron.d/certbot": CRON.split("\n0")[0] + "\n"}, [("certbot", 0, 0)]),
        ({"usr/bin/openssl": "\x7fELF"}, []),
        (
            {
                "usr/bin/openssl": "\x7fELF",
                "etc/systemd/system/renew.service": "ExecStart=/usr/bin/openssl \\\n cmp -cmd kur\n",
            },
            [("OpenSSL CMP", 1, 1)],
        ),
        (
            {
                "usr/bin/estclient": "\x7fELF",
                "etc/est/est.conf": "x",
                "etc/crontabs/root": "3 3 * * 0 estclient reenroll\n",
            },
            [("EST client", 1, 1)],
        ),
    ],
)
def test_what_renews_keys(tmp_path: Path, files: dict[str, str], expected: list[tuple[str, int, int]]) -> None:
    a_root(tmp_path, files)
    assert [(t.name, bool(t.configured), bool(t.scheduled)) for t in tools_of(tmp_path)] == expected


def test_a_root_that_was_listed_for_two_years_is_no_stranger() -> None:
    # SecureSign Root CA12 came and went between two of the releases that the list was first made of.
    digest = "3f034bb5704d44b2d08545a02057de93ebf3905fce721acbc730c06ddaee904e"
    assert mozilla_roots()[digest] == "former"
