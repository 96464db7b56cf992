"""FIT images as mkimage signs them; Debian ships no verifier of them."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import PublicKey, SignedArtefact, TrustedKey
from iotscan.wire import fdt
from iotscan.wire.fit_signature import signed_bytes
from iotscan.wire.signing.fit import control_keys, read_fit
from iotscan.wire.signing.public_keys import describe_key
from iotscan.wire.signing.windows import Memory
from tests.observe.image.boot.making import device_tree, fit, keys, run, signature, tool
from tests.wire.signing.made import a_key
from tests.wire.signing.trying import mutated, state, survivors, trusted, verified_cuts

TWO = """/dts-v1/; / { description = "two"; #address-cells = <1>; images {
  a { data = /incbin/("kernel"); type = "kernel"; arch = "arm64"; os = "linux"; compression = "none";
      load = <0>; entry = <0>; hash-1 { algo = "sha256"; }; };
  b { data = /incbin/("ramdisk"); type = "kernel"; arch = "arm64"; os = "linux"; compression = "none";
      load = <0>; entry = <0>; hash-1 { algo = "sha256"; }; }; };
  configurations { default = "one"; one { kernel = "a"; %s }; two { kernel = "b"; %s }; }; };"""
CONF = 'signature-1 { algo = "sha256,rsa2048"; key-name-hint = "dev"; sign-images = "kernel"; };'


def read(data: bytes, *known: PublicKey) -> SignedArtefact | None:
    return read_fit(Memory(data), "x.itb", known)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fit")


@pytest.fixture(scope="module")
def signed(folder: Path) -> tuple[bytes, TrustedKey]:
    """A signed FIT and the key in the control device tree."""
    image, control = fit(folder, "signed", signed=signature("sha256,rsa2048"))
    (key,) = control_keys(fdt.read_bytes(control.read_bytes()).root, "u-boot.dtb")
    return image.read_bytes(), key


def two(folder: Path, name: str, first: str, second: str) -> bytes:
    (folder / f"{name}.its").write_text(TWO % (first, second))
    control = device_tree(folder, f"{name}-control", 'model = "u-boot";')
    mkimage = tool("mkimage", "u-boot-tools")
    run(mkimage, "-f", f"{name}.its", "-k", keys(folder), "-K", control, "-r", f"{name}.itb", cwd=folder)
    return (folder / f"{name}.itb").read_bytes()


def test_the_key_of_the_control_tree(folder: Path, signed: tuple[bytes, TrustedKey]) -> None:
    data, key = signed
    private = load_pem_private_key((keys(folder) / "dev.key").read_bytes(), None)
    assert key.key == describe_key(private.public_key())
    assert (key.use, key.name, key.problem) == ("fit", "dev", "")
    found = read(data)
    assert found is not None
    assert (found.damage, found.problem) == ("", "")
    assert all(p.is_covered and p.matches.known for p in found.payloads)
    assert [p.name for p in found.payloads] == ["kernel-1", "fdt-1", "ramdisk-1"]
    assert found.signatures[0].key_hint == "dev"
    assert state(found, key) == "verified"
    assert state(found, trusted(a_key("rsa"), "fit")) == "wrong-signer"


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("unsigned", {}, "unsigned"),
        ("partly", {"signed": signature("sha256,rsa2048", ("kernel", "fdt"))}, "broken"),
        ("crc", {"signed": signature("sha256,rsa2048"), "digest": "crc32"}, "broken"),
        ("old", {"signed": signature("sha1,rsa2048"), "digest": "sha1"}, "verified"),
        ("wide", {"signed": signature("sha512,rsa2048"), "digest": "sha512"}, "verified"),
        ("single", {"image_signature": signature("sha256,rsa2048").partition("sign-images")[0] + "};"}, "broken"),
    ],
)
def test_verdicts(folder: Path, signed: tuple[bytes, TrustedKey], name: str, more: dict[str, str], said: str) -> None:
    image, _ = fit(folder, name, **more)  # type: ignore[arg-type]  # all of them text
    assert state(read(image.read_bytes()), signed[1]) == said


def test_data_behind_the_tree(folder: Path, signed: tuple[bytes, TrustedKey]) -> None:
    source = folder / "signed.its"
    run(tool("mkimage", "u-boot-tools"), "-E", "-f", source, "-k", keys(folder), "behind.itb", cwd=folder)
    data = (folder / "behind.itb").read_bytes()
    assert state(read(data), signed[1]) == "verified"
    assert state(read(data[:-100]), signed[1]) == "broken"
    survived = [at for at, _ in survivors(data[-1500:], lambda end: read(data[:-1500] + end), signed[1], 60)]
    assert survived == []


def test_a_signature_that_leaves_the_configuration_out(folder: Path, signed: tuple[bytes, TrustedKey]) -> None:
    """The list of what is hashed stands beside the signature, and is not signed itself."""
    data, key = signed
    node = fdt.read_bytes(data).root.find("configurations/conf-1/signature-1")
    assert node is not None
    private = load_pem_private_key((folder / "keys" / "dev.key").read_bytes(), None)
    for left_out, said in (
        (b"", "verified"),
        (b"/configurations/conf-1", "broken"),
        (b"/images/fdt-1/hash-1", "broken"),
    ):
        nodes = (node.value("hashed-nodes") or b"").replace(left_out, b"x" * len(left_out))
        strings = int.from_bytes((node.value("hashed-strings") or b"")[4:8], "big")
        names = nodes.decode().rstrip("\0").split("\0")
        message = signed_bytes(lambda at, length: data[at : at + length], names, strings)
        value = private.sign(message, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr,call-arg]  # RSA
        changed = data
        for name, new in (("hashed-nodes", nodes), ("value", value)):
            at = node.properties[name].offset
            changed = changed[:at] + new + changed[at + len(new) :]
        assert state(read(changed), key) == said, left_out


def test_several_configurations(folder: Path, signed: tuple[bytes, TrustedKey]) -> None:
    key = signed[1]
    assert key.key is not None
    both = two(folder, "both", CONF, CONF)
    assert state(read(both), key) == "present"
    assert state(read(both, key.key), key) == "verified"
    # The signature of the second one is somebody else's: its images are not the device's.
    found = fdt.read_bytes(both).root.find("configurations/two/signature-1")
    assert found is not None
    value = found.properties["value"]
    foreign = both[: value.offset] + bytes(value.length) + both[value.offset + value.length :]
    assert state(read(foreign, key.key), key) == "wrong-signer"
    assert state(read(foreign, describe_key(a_key("rsa").public_key())), key) == "present"
    half = read(two(folder, "half", CONF, ""), key.key)
    assert half is not None
    assert half.notes == ("configuration two is not signed",)
    assert state(half, key) == "broken"


def test_a_flipped_byte_is_seen(signed: tuple[bytes, TrustedKey]) -> None:
    """What survives is what U-Boot does not hash either: numbers of the header, how the signature calls its parts."""
    data, key = signed
    tree = fdt.read_bytes(data)
    hashed = {p.offset: p for _, n in tree.root.walk() for p in n.properties.values()}
    for at, _ in survivors(data, read, key, count=400):
        prop = next((p for o, p in hashed.items() if o <= at < o + p.length), None)
        assert prop is None or prop.name in UNSIGNED, f"byte {at} of {prop.name if prop else ''}"


UNSIGNED = ("key-name-hint", "sign-images", "timestamp", "signer-name", "signer-version", "hashed-strings", "default")


def test_a_cut_is_seen(signed: tuple[bytes, TrustedKey]) -> None:
    data, key = signed
    assert verified_cuts(data, read, key, range(0, len(data), 53)) == []


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8), st.integers(0, 1 << 20))
def test_no_bytes_make_it_raise(signed: tuple[bytes, TrustedKey], changes: list[tuple[int, int]], cut: int) -> None:
    data, key = signed
    state(read(mutated(data, changes, cut)), key)
