"""Private keys made by the programs that make them on devices, and what only looks like one."""

import base64
import gzip
import hashlib
import json
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from iotscan.data.known_keys import known_keys
from iotscan.model.facts import KeyFile, PrivateKeys
from iotscan.observe.image.inspector import Swept
from iotscan.observe.image.inspectors import keys
from iotscan.observe.image.inspectors.keys import find_keys
from iotscan.observe.image.places import is_documentation
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool

RSA = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    password: bytes | None = None,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
    encoding: serialization.Encoding = serialization.Encoding.PEM,
) -> bytes:
    protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(encoding, form, protection)


def spki(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_key().public_bytes(serialization.Encoding.DER, form)).hexdigest()


def run(*words: str | Path, given: bytes = b"", cwd: Path | None = None) -> bytes:
    return subprocess.run(list(map(str, words)), input=given, capture_output=True, check=True, cwd=cwd).stdout


def found_in(folder: Path) -> tuple[KeyFile, ...]:
    (fact,) = heard_of(keys.INSPECTOR, FolderTree(folder)).facts
    assert isinstance(fact, PrivateKeys)
    return fact.keys


def brief(found: Iterable[KeyFile]) -> set[tuple[str, int, str, bool]]:
    return {(k.path, k.line, k.format, k.encrypted) for k in found}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, KeyFile]:
    """One key of each program, by the name of its file."""
    root = tmp_path_factory.mktemp("made")
    etc = root / "etc"
    etc.mkdir()
    (root / "usr").mkdir()
    openssl = tool("openssl", "openssl")
    (etc / "base.pem").write_bytes(pem(RSA))
    for name, words in {
        "pkcs1.der": ("rsa", "-traditional", "-outform", "DER"),
        "pkcs8.der": ("pkcs8", "-topk8", "-nocrypt", "-outform", "DER"),
        "pkcs8-locked.der": ("pkcs8", "-topk8", "-passout", "pass:x", "-outform", "DER"),
        "pkcs1-locked.pem": ("rsa", "-traditional", "-aes128", "-passout", "pass:x"),
        "public.der": ("rsa", "-pubout", "-outform", "DER"),
    }.items():
        run(openssl, words[0], "-in", etc / "base.pem", "-out", etc / name, *words[1:])
    run(openssl, "req", "-x509", "-new", "-key", etc / "base.pem", "-subj", "/CN=x", "-out", etc / "cert.pem")
    both = ("pkcs12", "-export", "-inkey", etc / "base.pem", "-in", etc / "cert.pem", "-passout", "pass:x")
    run(openssl, *both, "-out", etc / "locked.p12")
    run(openssl, *both, "-keypbe", "NONE", "-certpbe", "NONE", "-nomac", "-out", etc / "open.p12")
    certs = ("pkcs12", "-export", "-nokeys", "-in", etc / "cert.pem", "-passout", "pass:x")
    run(openssl, *certs, "-out", etc / "trust.p12")
    run(openssl, "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-outform", "DER", "-out", etc / "sec1.der")
    run(openssl, "genpkey", "-algorithm", "ed25519", "-outform", "DER", "-out", etc / "ed25519.der")
    run(openssl, "ecparam", "-genkey", "-name", "brainpoolP256r1", "-noout", "-out", etc / "brainpool.pem")
    keygen = tool("ssh-keygen", "openssh-client")
    run(keygen, "-q", "-t", "ed25519", "-N", "", "-f", etc / "ssh_plain")
    run(keygen, "-q", "-t", "ed25519", "-N", "secret", "-a", "1", "-f", etc / "ssh_locked")
    dropbear = tool("dropbearkey", "dropbear-bin")
    for kind in ("rsa", "ecdsa", "ed25519"):
        run(dropbear, "-t", kind, "-f", etc / f"dropbear_{kind}")
    wireguard(etc)
    return {Path(k.path).name: k for k in found_in(root)}


def wireguard(etc: Path) -> None:
    wg = tool("wg", "wireguard-tools")
    private = run(wg, "genkey")
    (etc / "wireguard").mkdir()
    (etc / "wireguard/gw.key").write_bytes(private)
    (etc / "wireguard/gw.pub").write_bytes(run(wg, "pubkey", given=private))
    (etc / "wireguard/gw.psk").write_bytes(run(wg, "genpsk"))
    text = private.decode().strip()
    (etc / "wg0.conf").write_text(f"[Interface]\nPrivateKey = {text}\n[Peer]\nPublicKey = {'A' * 43}=\n")
    (etc / "network").write_text(f"config interface 'vpn'\n\toption proto 'wireguard'\n\toption private_key '{text}'\n")


@pytest.mark.parametrize(
    ("name", "form", "encrypted"),
    [
        ("base.pem", "pkcs8", False),
        ("pkcs1.der", "pkcs1", False),
        ("pkcs8.der", "pkcs8", False),
        ("pkcs8-locked.der", "pkcs8", True),
        ("pkcs1-locked.pem", "pkcs1", True),
        ("locked.p12", "pkcs12", True),
        ("open.p12", "pkcs12", False),
        ("sec1.der", "sec1", False),
        ("ed25519.der", "pkcs8", False),
        ("brainpool.pem", "sec1", False),
        ("ssh_plain", "openssh", False),
        ("ssh_locked", "openssh", True),
        ("dropbear_rsa", "dropbear", False),
        ("dropbear_ecdsa", "dropbear", False),
        ("dropbear_ed25519", "dropbear", False),
        ("gw.key", "wireguard", False),
        ("wg0.conf", "wireguard", False),
        ("network", "wireguard", False),
    ],
)
def test_what_each_program_makes(made: dict[str, KeyFile], name: str, form: str, encrypted: bool) -> None:
    assert (made[name].format, made[name].encrypted) == (form, encrypted)
    # The public half of an OpenSSH key is readable whatever its passphrase.
    assert bool(made[name].public_sha256) == (not encrypted or form == "openssh") or form == "pkcs12"


def test_what_is_no_private_key(made: dict[str, KeyFile]) -> None:
    assert not {"public.der", "cert.pem", "trust.p12", "gw.pub", "gw.psk", "ssh_plain.pub"} & set(made)


def test_one_key_in_several_forms_has_one_public_half(made: dict[str, KeyFile]) -> None:
    assert {made[n].public_sha256 for n in ("base.pem", "pkcs1.der", "pkcs8.der")} == {spki(RSA)}
    assert len({made[n].public_sha256 for n in ("gw.key", "wg0.conf", "network")}) == 1


def test_putty_and_age(tmp_path: Path) -> None:
    puttygen, age = tool("puttygen", "putty-tools"), tool("age-keygen", "age")
    (tmp_path / "etc").mkdir()
    (tmp_path / "key.pem").write_bytes(pem(RSA, None, serialization.PrivateFormat.TraditionalOpenSSL))
    for version in ("2", "3"):
        param = ("--ppk-param", f"version={version}", "--new-passphrase", "/dev/null")
        run(puttygen, tmp_path / "key.pem", "-O", "private", *param, "-o", tmp_path / f"etc/{version}.ppk")
    run(age, "-o", tmp_path / "etc/age.txt")
    (tmp_path / "key.pem").unlink()
    found = {Path(k.path).name: k for k in found_in(tmp_path)}
    assert {n: (k.format, k.line) for n, k in found.items()} == {
        "2.ppk": ("putty", 0),
        "3.ppk": ("putty", 0),
        "age.txt": ("age", 3),
    }
    assert found["2.ppk"].public_sha256 == spki(RSA)
    text = (tmp_path / "etc/age.txt").read_text()
    (tmp_path / "etc/age.txt").write_text(text[:-5] + ("Q" if text[-5] != "Q" else "P") + text[-4:])
    assert "age.txt" not in {Path(k.path).name for k in found_in(tmp_path)}, "its checksum is wrong"


def test_gnupg(tmp_path: Path) -> None:
    gpg, home = tool("gpg", "gpg"), tmp_path / "home"
    home.mkdir(mode=0o700)
    # Else its agent measures for seconds how many rounds take a tenth of one.
    (home / "gpg-agent.conf").write_text("s2k-count 65536\n")
    common = (gpg, "--homedir", home, "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase")
    try:
        run(*common, "", "--quick-generate-key", "open@example", "ed25519", "sign")
        run(*common, "secret", "--quick-generate-key", "locked@example", "ed25519", "sign")
        root = tmp_path / "root/etc"
        (root / "gnupg").mkdir(parents=True)
        shutil.copytree(home / "private-keys-v1.d", root / "gnupg/private-keys-v1.d")
        (root / "secring.gpg").write_bytes(run(*common, "", "--export-secret-keys", "open@example"))
        (root / "key.asc").write_bytes(run(*common, "", "--armor", "--export-secret-keys", "open@example"))
        (root / "locked.gpg").write_bytes(run(*common, "secret", "--export-secret-keys", "locked@example"))
        (root / "public.gpg").write_bytes(run(gpg, "--homedir", home, "--export"))
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    found = found_in(tmp_path / "root")
    assert sorted((k.format, k.encrypted) for k in found if "private-keys" in k.path) == [
        ("gnupg", False),
        ("gnupg", True),
    ]
    assert {(Path(k.path).name, k.format, k.encrypted) for k in found if "private-keys" not in k.path} == {
        ("secring.gpg", "openpgp", False),
        ("key.asc", "openpgp", False),
        ("locked.gpg", "openpgp", True),
    }


@pytest.mark.skipif(shutil.which("keytool") is None, reason="keytool comes with a Java of 200 MB: only where it is")
def test_java_stores(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "key.pem").write_bytes(pem(RSA))
    run("openssl", "req", "-x509", "-new", "-key", tmp_path / "key.pem", "-subj", "/CN=x", "-out", tmp_path / "c.pem")
    store = ("-storepass", "changeit", "-storetype")
    words = (
        "-importcert",
        "-noprompt",
        "-alias",
        "ca",
        "-file",
        tmp_path / "c.pem",
        "-keystore",
        tmp_path / "etc/trust",
    )
    run("keytool", *words, *store, "JKS")
    pair = ("-genkeypair", "-alias", "k", "-keyalg", "EC", "-dname", "CN=x", "-keypass", "changeit")
    run("keytool", *pair, *store, "JKS", "-keystore", tmp_path / "etc/keys.jks")
    (tmp_path / "key.pem").unlink()
    assert brief(found_in(tmp_path)) == {("/etc/keys.jks", 0, "jks", True)}


def test_bouncy_castle_store(tmp_path: Path) -> None:
    """No package of Debian writes one: its fields as BcKeyStoreSpi of Bouncy Castle reads them."""

    def text(value: bytes) -> bytes:
        return struct.pack(">H", len(value)) + value

    def octets(value: bytes) -> bytes:
        return struct.pack(">I", len(value)) + value

    head = struct.pack(">I", 2) + octets(bytes(20)) + struct.pack(">I", 1024)
    cert = b"\1" + text(b"ca") + bytes(8) + struct.pack(">I", 0) + text(b"X.509") + octets(b"\x30" * 90)
    sealed = b"\4" + text(b"k") + bytes(8) + struct.pack(">I", 0) + octets(bytes(200))
    a_root(tmp_path, {"etc/keys.bks": head + cert + sealed + b"\0" + bytes(20)})
    a_root(tmp_path, {"etc/trust.bks": head + cert + b"\0" + bytes(20), "etc/torn.bks": (head + sealed)[:80]})
    assert brief(found_in(tmp_path)) == {("/etc/keys.bks", 0, "bks", True)}


def test_keys_inside_other_text(tmp_path: Path) -> None:
    block = pem(RSA).decode()
    one_line = block.replace("\n", " ").strip()
    a_root(
        tmp_path,
        {
            "opt/cloud.json": json.dumps({"type": "service_account", "private_key": block}, indent=1),
            "opt/env": f'A=1\nKEY="{one_line}"\n',
            "opt/main.c": "const char *k =\n" + "".join(f'  "{line}\\n"\n' for line in block.splitlines()),
            "opt/program": b"\x7fELF" + bytes(9000) + block.encode() + bytes(100),
            "opt/crlf.pem": b"# key\r\n" + block.replace("\n", "\r\n").encode(),
        },
    )
    found = found_in(tmp_path)
    assert {Path(k.path).name: k.line for k in found} == {
        "cloud.json": 3,
        "env": 2,
        "main.c": 2,
        "program": 1,
        "crlf.pem": 2,
    }
    assert {k.public_sha256 for k in found} == {spki(RSA)}


def test_tinc(tmp_path: Path) -> None:
    """Debian's tinc 1.0 has RSA only: the file as ed25519/ecdsagen.c of tinc 1.1 writes it."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    public = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    raw, digits = bytes(range(64)) + public, ""
    for at in range(0, 96, 3):
        group = int.from_bytes(raw[at : at + 3], "little")
        digits += "".join(alphabet[group >> 6 * n & 63] for n in range(4))
    lines = "\n".join(digits[at : at + 64] for at in range(0, 128, 64))
    text = f"-----BEGIN ED25519 PRIVATE KEY-----\n{lines}\n-----END ED25519 PRIVATE KEY-----\n"
    a_root(tmp_path, {"etc/tinc/vpn/ed25519_key.priv": text})
    (key,) = found_in(tmp_path)
    assert (key.format, key.encrypted, bool(key.public_sha256)) == ("tinc", False, True)


def test_what_only_looks_like_a_key(tmp_path: Path) -> None:
    label = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"
    pkcs1 = pem(RSA, None, serialization.PrivateFormat.TraditionalOpenSSL, serialization.Encoding.DER)
    a_root(
        tmp_path,
        {
            "etc/howto": label.format("your key here"),
            "etc/empty": label.format(""),
            "etc/random": label.format(base64.b64encode(hashlib.sha512(b"x").digest()).decode()),
            "etc/dropbear_rsa_host_key": b"\0\0\0\x07ssh-rsa" + bytes(200),
            "etc/der": b"\x30\x82\x01\x00\x02\x01\x00" + bytes(253),
            "etc/not-its-primes.der": pkcs1[:100] + bytes((pkcs1[100] ^ 1,)) + pkcs1[101:],
            "etc/more-behind.der": pkcs1 + b"x",
            "etc/cut.der": pem(RSA, encoding=serialization.Encoding.DER)[:-20],
            "etc/wg.conf": "[Interface]\nPrivateKey = <your private key>\nPrivateKey = " + "A" * 43 + "=\n",
        },
    )
    assert found_in(tmp_path) == ()


def test_an_image_without_keys_says_how_much_it_searched(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {"etc/hostname": "gw"})
    assert heard_of(keys.INSPECTOR, tree).facts == (PrivateKeys(keys=(), files_searched=1),)


def test_labels_in_real_libraries_are_silent(tmp_path: Path) -> None:
    libraries = [p for p in Path("/usr/lib").glob("*/libcrypto.so.*") if p.is_file()]
    assert libraries, "needs libcrypto (Debian package libssl3)"
    library = libraries[0].read_bytes()
    assert b"PRIVATE KEY" in library
    a_root(tmp_path, {"usr/lib/libcrypto.so.3": library})
    assert found_in(tmp_path) == ()


def test_a_library_carries_the_keys_of_its_self_tests(tmp_path: Path) -> None:
    libraries = [p for p in Path("/usr/lib").glob("*/libmbedx509.so.*") if p.is_file() and not p.is_symlink()]
    if not libraries:
        pytest.skip("needs Debian package libmbedtls-dev")
    content = libraries[0].read_bytes()
    if b"PRIVATE KEY-----" not in content:
        pytest.skip("Mbed TLS 3 no longer carries test keys")
    a_root(tmp_path, {"usr/lib/libmbedx509.so.1": content, "opt/gateway/bin/agent": content})
    found = found_in(tmp_path)
    assert {k.known_leaked for k in found} == {"mbedtls-self-tests"}
    assert {(Path(k.path).name, k.in_documentation) for k in found} == {("libmbedx509.so.1", True), ("agent", False)}


def test_published_keys_have_sound_records() -> None:
    known = known_keys()
    assert {"mcuboot-rsa-2048", "vagrant-insecure", "rauc-test-dev-ca"} <= {k.id for k in known.values()}


def test_owner_mode_and_place(tmp_path: Path) -> None:
    a_root(tmp_path, {"usr/share/doc/x/examples/key.pem": pem(CURVE), "etc/tests/key.pem": pem(CURVE)})
    (tmp_path / "etc/tests/key.pem").chmod(0o640)
    found = {k.path: k for k in found_in(tmp_path)}
    assert found["/usr/share/doc/x/examples/key.pem"].in_documentation
    key = found["/etc/tests/key.pem"]
    assert (key.in_documentation, key.mode, key.uid, key.has_permissions) == (
        False,
        0o640,
        tmp_path.stat().st_uid,
        True,
    )


@pytest.mark.parametrize(
    ("path", "is_so"),
    [
        ("/usr/share/doc/x/k.pem", True),
        ("/opt/app/tests/data/k.pem", True),
        ("/usr/lib/python3/site-packages/x/test_data/k", True),
        ("/etc/ssl/examples/k.pem", False),
        ("/opt/app/contest/k.pem", False),
        ("/usr/share/docker/k.pem", False),
    ],
)
def test_documentation(path: str, is_so: bool) -> None:
    assert is_documentation(path) is is_so


@pytest.mark.parametrize("form", ["utf-16", "utf-16-le", "utf-16-be"])
def test_keys_in_utf_16(tmp_path: Path, form: str) -> None:
    (tmp_path / "key.txt").write_bytes(("a note\n" + pem(CURVE).decode()).encode(form))
    assert brief(found_in(tmp_path)) == {("/key.txt", 2, "pkcs8", False)}


@pytest.mark.parametrize("times", [1, 2])
def test_keys_in_base64_as_a_whole(tmp_path: Path, times: int) -> None:
    text = pem(CURVE)
    for _ in range(times):
        text = base64.b64encode(text)
    (tmp_path / "kubeconfig").write_bytes(b"users:\n- user:\n    client-key-data: " + text + b"\n")
    assert brief(found_in(tmp_path)) == {("/kubeconfig", 3, "pkcs8", False)}


def test_keys_in_packed_texts(tmp_path: Path) -> None:
    a_root(
        tmp_path, {"root/key.pem.gz": gzip.compress(b"\n" + pem(CURVE)), "root/half.gz": gzip.compress(pem(CURVE))[:99]}
    )
    a_root(tmp_path, {"usr/share/doc/x/key.gz": gzip.compress(pem(RSA)), "root/x.gz": gzip.compress(bytes(9999))})
    assert brief(found_in(tmp_path)) == {("/root/key.pem.gz", 2, "pkcs8", False)}


EXAMPLE = "usr/share/doc/x/examples/server.key"


@pytest.mark.parametrize(
    ("path", "text", "is_used"),
    [
        ("etc/nginx/nginx.conf", f"ssl_certificate_key /{EXAMPLE};\n", True),
        ("usr/lib/systemd/system/x.service", f"ExecStart=/usr/bin/x --key=/{EXAMPLE}\n", True),
        ("opt/app/conf.json", f'{{"key": "/{EXAMPLE}"}}', True),
        ("etc/nginx/nginx.conf", f"  # ssl_certificate_key /{EXAMPLE};\n", False),
        ("etc/nginx/nginx.conf", f"ssl_certificate_key /{EXAMPLE}.old;\n", False),
        ("usr/share/doc/x/examples/nginx.conf", f"ssl_certificate_key /{EXAMPLE};\n", False),
        ("var/lib/dpkg/info/x.list", f"/{EXAMPLE}\n", False),
    ],
)
def test_an_example_that_a_configuration_names_is_used(tmp_path: Path, path: str, text: str, is_used: bool) -> None:
    a_root(tmp_path, {EXAMPLE: pem(CURVE), path: text})
    assert [key.in_documentation for key in found_in(tmp_path)] == [not is_used]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("etc/ssl/private/server.key", f"/{EXAMPLE}"),
        ("etc/ssl/private/server.key", f"../../../{EXAMPLE}"),
        ("etc/ssl/private", "/usr/share/doc/x/examples"),
    ],
)
def test_an_example_that_a_link_leads_to_is_used(tmp_path: Path, link: str, target: str) -> None:
    a_root(tmp_path, {EXAMPLE: pem(CURVE)})
    (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / link).symlink_to(target)
    assert [key.in_documentation for key in found_in(tmp_path)] == [False]


def test_an_example_that_other_examples_lead_to_is_none(tmp_path: Path) -> None:
    a_root(tmp_path, {EXAMPLE: pem(CURVE)})
    (tmp_path / "usr/share/doc/x/examples/other.key").symlink_to("server.key")
    (tmp_path / "usr/share/doc/y").symlink_to("x")
    assert [key.in_documentation for key in found_in(tmp_path)] == [True]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> FolderTree:
    return a_root(tmp_path_factory.mktemp("empty"))


def swept(tree: FolderTree, content: bytes, path: str = "/x") -> Swept:
    place = Place(path="", format="folder", role="root")
    return Swept(place=place, tree=tree, entry=Entry(path=path, kind="file", size=len(content)), data=content)


BEGINNINGS = (
    b"-----BEGIN PRIVATE KEY-----\n",
    b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\n",
    b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n",
    b"-----BEGIN ED25519 PRIVATE KEY-----\n",
    b"PuTTY-User-Key-File-3: ssh-rsa\n",
    b"openssh-key-v1\0",
    b"\0\0\0\x07ssh-rsa",
    b"\0\0\0\x13ecdsa-sha2-nistp256",
    b"\xfe\xed\xfe\xed\0\0\0\2",
    b"\0\0\0\2\0\0\0\x14",
    b"\x30\x82\x01\x00\x02\x01\x00",
    b"\x30\x80\x02\x01\x03\x30",
    b"\x95\x01",
    b"(21:protected-private-key",
    b"AGE-SECRET-KEY-1",
    b"PrivateKey = ",
)
NAMES = ("/x", "/etc/x.bks", "/root/.gnupg/secring.gpg", "/etc/private-keys-v1.d/x.key", "/etc/wireguard/x")


@given(
    before=st.binary(max_size=40),
    start=st.sampled_from((b"", *BEGINNINGS)),
    inside=st.binary(max_size=300),
    end=st.sampled_from((b"", b"\n-----END PRIVATE KEY-----\n", b"\n-----END ED25519 PRIVATE KEY-----\n")),
    path=st.sampled_from(NAMES),
)
def test_any_bytes(empty: FolderTree, before: bytes, start: bytes, inside: bytes, end: bytes, path: str) -> None:
    for content in (before + start + inside + end, start + inside + end):
        list(find_keys(swept(empty, content, path)))


@given(at=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255), kind=st.sampled_from(("der", "pem")))
def test_damaged_keys(empty: FolderTree, at: int, flip: int, kind: str) -> None:
    encoding = serialization.Encoding.DER if kind == "der" else serialization.Encoding.PEM
    data = bytearray(pem(CURVE, encoding=encoding))
    data[at % len(data)] ^= flip
    list(find_keys(swept(empty, bytes(data))))
    list(find_keys(swept(empty, bytes(data[: at % len(data)]))))
