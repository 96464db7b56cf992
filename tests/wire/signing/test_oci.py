"""OCI layouts with signatures as cosign's specification has them; cosign itself is in no distribution."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import SignedArtefact
from iotscan.wire.signing.oci import read_oci
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.made import a_certificate, a_key, coded
from tests.wire.signing.trying import mutated, run, state, tool, trusted

KEYS = {"ec": a_key(), "rsa": a_key("rsa"), "ed25519": a_key("ed25519")}
OTHER = a_key()
LAYER = b"a layer" * 50
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"


class Layout:
    def __init__(self) -> None:
        self.files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
        self.entries: list[dict[str, Any]] = []

    def blob(self, data: bytes, kind: str, **more: Any) -> dict[str, Any]:
        value = hashlib.sha256(data).hexdigest()
        self.files[f"blobs/sha256/{value}"] = data
        return {"mediaType": kind, "digest": f"sha256:{value}", "size": len(data)} | more

    def image(self, layer: bytes = LAYER) -> dict[str, Any]:
        config = self.blob(b'{"architecture":"arm64"}', "application/vnd.oci.image.config.v1+json")
        layers = [self.blob(layer, "application/vnd.oci.image.layer.v1.tar")]
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        return self.blob(json.dumps(manifest).encode(), MANIFEST)

    def add(self, descriptor: dict[str, Any], name: str, **more: Any) -> None:
        self.entries.append(descriptor | {"annotations": {"org.opencontainers.image.ref.name": name}} | more)

    def sign(self, digest: str, key: Any, *, names: str = "", annotations: dict[str, str] | None = None) -> None:
        said = {"critical": {"identity": {"docker-reference": "acme/gw"}, "image": {}, "type": ""}, "optional": None}
        said["critical"]["image"] = {"docker-manifest-digest": names or digest}  # type: ignore[index]  # a dict
        said["critical"]["type"] = "cosign container image signature"  # type: ignore[index]  # a dict
        payload = json.dumps(said).encode()
        values = {"dev.cosignproject.cosign/signature": coded(signed(key, payload))} | (annotations or {})
        layer = self.blob(payload, SIMPLE) | {"annotations": values}
        config = self.blob(b"{}", "application/vnd.oci.image.config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        self.add(self.blob(json.dumps(manifest).encode(), MANIFEST), f"{digest.replace(':', '-')}.sig")

    def write(self) -> dict[str, bytes]:
        return self.files | {"index.json": json.dumps({"schemaVersion": 2, "manifests": self.entries}).encode()}


def signed(key: Any, message: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return bytes(key.sign(message, ec.ECDSA(hashes.SHA256())))


def read(files: dict[str, bytes]) -> tuple[SignedArtefact, ...]:
    return read_oci(lambda name: Memory(files[name]) if name in files else None, "images")


def said(files: dict[str, bytes], key: Any = KEYS["ec"]) -> list[str]:
    return [state(one, trusted(key, "oci")) for one in read(files)]


def a_layout(key: Any = KEYS["ec"], **more: Any) -> Layout:
    layout = Layout()
    image = layout.image()
    layout.add(image, "1.0")
    layout.sign(image["digest"], key, **more)
    return layout


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_every_kind_of_key(kind: str) -> None:
    files = a_layout(KEYS[kind]).write()
    (found,) = read(files)
    assert (found.version, found.variant, found.damage, found.problem) == ("1.0", "cosign", "", "")
    assert [p.name.split()[0] for p in found.payloads] == ["manifest", "config", "layer"]
    assert said(files, KEYS[kind]) == ["verified"]
    assert said(files, a_key(kind)) == ["wrong-signer"]


def test_images_are_judged_one_by_one() -> None:
    layout = a_layout()
    second = layout.image(b"second")
    layout.add(second, "2.0")
    third = layout.image(b"third")
    layout.add(third, "3.0")
    layout.sign(third["digest"], OTHER)
    assert said(layout.write()) == ["verified", "unsigned", "wrong-signer"]


def test_a_signature_of_another_image() -> None:
    assert said(a_layout(names="sha256:" + "0" * 64).write()) == ["broken"]


def test_an_index_of_two_architectures() -> None:
    layout = Layout()
    both = [layout.image(), layout.image(b"other architecture")]
    index = layout.blob(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": both}).encode(), INDEX)
    layout.add(index, "1.0")
    layout.sign(index["digest"], KEYS["ec"])
    assert said(layout.write()) == ["verified"]
    layer = hashlib.sha256(b"other architecture").hexdigest()
    assert said(layout.write() | {f"blobs/sha256/{layer}": b"changed"}) == ["broken"]
    assert said({k: v for k, v in layout.write().items() if layer not in k}) == ["present"]


def test_a_certificate_beside_the_signature() -> None:
    pem = (
        "-----BEGIN CERTIFICATE-----\n"
        + a_certificate("signer", KEYS["ec"], days=(-1, 0)).der
        + "\n-----END CERTIFICATE-----\n"
    )
    (found,) = read(a_layout(annotations={"dev.sigstore.cosign/certificate": pem}).write())
    assert found.signatures[0].certificate is not None
    assert found.signatures[0].fits.known is True
    (found,) = read(a_layout(OTHER, annotations={"dev.sigstore.cosign/certificate": pem}).write())
    assert found.signatures[0].fits.known is False
    (found,) = read(a_layout(annotations={"dev.sigstore.cosign/certificate": "-----BEGIN"}).write())
    assert found.damage == "the certificate beside a signature is damaged"


def test_other_signatures_are_named() -> None:
    layout = Layout()
    image = layout.image()
    layout.add(image, "1.0")
    kind = "application/vnd.cncf.notary.signature"
    manifest = {"mediaType": MANIFEST, "artifactType": kind, "subject": image, "layers": [], "config": image}
    layout.add(layout.blob(json.dumps(manifest).encode(), MANIFEST), "", artifactType=kind)
    (found,) = read(layout.write())
    assert found.problem == "a Notation signature, which is not tried"
    assert state(found, trusted(KEYS["ec"])) == "unknown"


def test_an_image_that_calls_itself_something_else() -> None:
    layout = Layout()
    layout.add(layout.image(), "1.0", artifactType="application/vnd.acme.firmware")
    assert said(layout.write()) == ["unsigned"]


def test_a_layout_by_umoci(tmp_path: Path) -> None:
    umoci = tool("umoci", "umoci")
    run(umoci, "init", "--layout", "layout", cwd=tmp_path)
    run(umoci, "new", "--image", "layout:1.0", cwd=tmp_path)
    files = {str(p.relative_to(tmp_path / "layout")): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    (found,) = read(files)
    assert (found.version, found.damage, state(found)) == ("1.0", "", "unsigned")
    layout = Layout()
    layout.files = files
    layout.entries = json.loads(files["index.json"])["manifests"]
    layout.sign(layout.entries[0]["digest"], KEYS["ec"])
    assert said(layout.write()) == ["verified"]


FILES = a_layout().write()


def test_a_flipped_byte_is_seen() -> None:
    """In the index one can only name other blobs, or the image otherwise: it is signed by its digest."""
    for name, data in FILES.items():
        for at in range(0, len(data), max(1, len(data) // 60)):
            changed = bytearray(data)
            changed[at] ^= 2
            if said(FILES | {name: bytes(changed)}) == ["verified"]:
                assert name in ("oci-layout", "index.json") or is_beside(name)


def is_beside(name: str) -> bool:
    """The configuration of the signature's manifest: nothing reads it."""
    return name.endswith(hashlib.sha256(b"{}").hexdigest())


def test_no_layout() -> None:
    assert read({}) == ()
    assert read({"oci-layout": b"{}"}) == ()
    assert said({"oci-layout": FILES["oci-layout"]}) == ["broken"]


@given(
    st.sampled_from(sorted(FILES)),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8),
    st.integers(0, 1 << 20),
)
def test_no_bytes_make_it_raise(name: str, changes: list[tuple[int, int]], cut: int) -> None:
    said(FILES | {name: mutated(FILES[name], changes, cut)})


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5))
def test_any_json(value: Any) -> None:
    layout = a_layout()
    broken = json.dumps({"manifests": value, "layers": value, "config": value}).encode()
    layout.add(layout.blob(broken, MANIFEST), "x")
    said(layout.write())
    said(FILES | {"index.json": broken})
