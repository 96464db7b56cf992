"""Container images: layers that take away what must be seen, names of blobs that lead out, indexes in circles."""

import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.hostile_images import raw
from tests.hostile_images.case import BACKDOOR, PASSWD, Case, Yard
from tests.hostile_images.streams import PLAIN_TAR
from tests.hostile_images.traversal import ROOT, in_tar

_BASE = in_tar(ROOT)
_EVIL = in_tar([*ROOT, (b"etc/passwd", PASSWD)])


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def oci(
    layers: Sequence[bytes], *, extra: dict[str, object] | None = None, digests: Sequence[str] = ()
) -> list[tuple[bytes, bytes]]:
    """The files of an OCI layout; ``digests`` replace those of the layers, ``extra`` fields of its index."""
    if extra is None:
        extra = {}
    config = json.dumps({"os": "linux", "architecture": "arm64", "config": {}}).encode()
    named = digests or [_digest(layer) for layer in layers]
    kind = "application/vnd.oci.image.layer.v1.tar"
    manifest = json.dumps({
        "schemaVersion": 2, "config": {"digest": _digest(config), "mediaType": "application/json"},
        "layers": [{"digest": digest, "mediaType": kind} for digest in named],
    }).encode()  # fmt: skip
    index = json.dumps({"schemaVersion": 2, "manifests": [{"digest": _digest(manifest)}], **extra}).encode()
    blobs = {_digest(data): data for data in (config, manifest, *layers)}
    files = [(f"blobs/{digest.replace(':', '/')}".encode(), data) for digest, data in blobs.items()]
    return [(b"oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), (b"index.json", index), *files]


def _layers(*layers: bytes) -> Callable[[Yard], Path]:
    return lambda yard: yard.write("image.tar", in_tar(oci(layers)))


def _members(*members: bytes) -> bytes:
    return raw.tar(*members)


def _folder(change: Callable[[Path, Yard], None]) -> Callable[[Yard], Path]:
    """A layout that lies in a folder of the host, changed."""

    def build(yard: Yard) -> Path:
        for name, data in oci([_EVIL]):
            place = yard.place / "image" / name.decode()
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        change(yard.place / "image", yard)
        return yard.place / "image"

    return build


def _linked_layer(folder: Path, yard: Yard) -> None:
    for place in (folder / "blobs/sha256").iterdir():
        if place.stat().st_size == len(_EVIL):
            place.unlink()
            place.symlink_to(yard.canary)


def _linked_index(folder: Path, yard: Yard) -> None:
    (folder / "index.json").unlink()
    (folder / "index.json").symlink_to(yard.canary)


def _saved(config: str, layers: Sequence[str], files: Sequence[tuple[bytes, bytes]] = ()) -> Callable[[Yard], Path]:
    """What docker save writes, with any names."""
    text = json.dumps([{"Config": config, "RepoTags": ["x:1"], "Layers": list(layers)}]).encode()
    inside = [(b"manifest.json", text), (b"c.json", b'{"rootfs":{"diff_ids":[]}}'), (b"l.tar", _EVIL), *files]
    return lambda yard: yard.write("image.tar", in_tar(inside))


def _index(manifests: object) -> Callable[[Yard], Path]:
    return lambda yard: yard.write("image.tar", in_tar(oci([_EVIL], extra={"manifests": manifests})))


def _circle() -> list[tuple[bytes, bytes]]:
    """An index that names itself cannot have the right digest: it is named by a wrong one."""
    name = "sha256:" + "0" * 64
    index = json.dumps({"schemaVersion": 2, "manifests": [{"digest": name}] * 50}).encode()
    return [(b"oci-layout", b"{}"), (b"index.json", index), (b"blobs/sha256/" + b"0" * 64, index)]


def _deep_json(yard: Yard) -> Path:
    files = [(b"oci-layout", b"{}"), (b"index.json", b'{"manifests":' + b"[" * 200_000)]
    return yard.write("image.tar", in_tar(files))


def _white(*names: bytes) -> bytes:
    return _members(*(raw.tar_file(name) for name in names))


_LINK_UP = raw.tar_header(b"way", kind=b"2", link=b"/etc")
CASES = (
    Case(
        name="layers: the account is in the lower one, and taken away by the upper",
        build=_layers(_EVIL, _white(b"etc/.wh.passwd")),
        problem="passwd is missing",
    ),
    Case(
        name="layers: all is taken away, and put back in the same layer",
        build=_layers(_BASE, _members(raw.tar_file(b"etc/passwd", PASSWD), raw.tar_file(b"etc/.wh..wh..opq"))),
        finds=BACKDOOR,
    ),
    Case(name="layers: a whiteout of nothing", build=_layers(_EVIL, _white(b"etc/.wh.")), finds=BACKDOOR),
    Case(name="layers: a whiteout of the folder itself", build=_layers(_EVIL, _white(b"etc/.wh..")), finds=BACKDOOR),
    Case(name="layers: a whiteout of the folder above", build=_layers(_EVIL, _white(b"etc/.wh...")), finds=BACKDOOR),
    Case(
        name="layers: a whiteout that leads out", build=_layers(_EVIL, _white(b"../../etc/.wh.passwd")), finds=BACKDOOR
    ),
    Case(
        name="layers: a whiteout through a link",
        build=_layers(_members(_LINK_UP), _EVIL, _white(b"way/.wh.passwd")),
        finds="root|etc",
    ),
    Case(
        name="layers: a file through a link of the layer below",
        build=_layers(_BASE, _members(_LINK_UP), _members(raw.tar_file(b"way/passwd", PASSWD))),
        finds=BACKDOOR,
    ),
    Case(
        name="layers: a hard link to what was taken away",
        build=_layers(
            _EVIL,
            _members(raw.tar_file(b"etc/.wh.passwd"), raw.tar_header(b"etc/passwd2", kind=b"1", link=b"etc/passwd")),
        ),
        problem="hard links that lead nowhere",
    ),
    Case(
        name="layers: a hard link that makes the file of the layer below another's",
        build=_layers(_EVIL, _members(raw.tar_header(b"usr/p", kind=b"1", link=b"etc/passwd"))),
        finds=BACKDOOR,
    ),
    Case(name="layers: the same layer 100 times", build=_layers(*[_EVIL] * 100), finds=BACKDOOR),
    Case(
        name="layers: one of them is a bomb",
        build=_layers(_EVIL, gzip.compress(raw.tar_header(b"z", size=16 << 20) + bytes(16 << 20))),
        problem="layer 2 of 2: .*200 times",
    ),
    Case(
        name="layers: one of them is noise", build=_layers(_BASE, b"noise" * 1000), problem="layer 2 of 2: it is no tar"
    ),
    Case(
        name="layers: one of them is not there",
        build=lambda yard: yard.write(
            "image.tar", in_tar(oci([_EVIL], digests=[_digest(_EVIL), "sha256:" + "1" * 64]))
        ),
        problem="layer 2 of 2",
        finds=BACKDOOR,
    ),
    Case(
        name="layers: a digest that leads out",
        build=lambda yard: yard.write("image.tar", in_tar(oci([_EVIL], digests=["sha256:../../../../etc/passwd"]))),
        problem="layer 1 of 1|digest",
    ),
    Case(
        name="layers: a digest that is another's",
        build=lambda yard: yard.write(
            "image.tar",
            in_tar(
                [
                    *oci([_BASE, _EVIL])[:-1],
                    (b"blobs/" + _digest(_EVIL).replace(":", "/").encode(), PLAIN_TAR + b"x" * 512),
                ]
            ),
        ),
        problem="another digest",
    ),
    Case(name="layers: a blob is a link to the host's canary", build=_folder(_linked_layer), problem="layer 1 of 1"),
    Case(
        name="layers: the index is a link to the host's canary",
        build=_folder(_linked_index),
        problem="no such file|cannot be",
    ),
    Case(name="layers: the index is a megabyte of brackets", build=_deep_json, problem="cannot be understood"),
    Case(
        name="layers: an index that names itself",
        build=lambda yard: yard.write("image.tar", in_tar(_circle())),
        problem="no image in it|nested|digest|deep",
    ),
    Case(
        name="layers: an index of 10,000 images",
        build=_index([{"digest": f"sha256:{n:064x}"} for n in range(10_000)]),
        problem="more than 64 images|not there|no such",
    ),
    Case(name="layers: an index of what is no list", build=_index({"a": 1}), problem="cannot be understood"),
    Case(
        name="docker: a layer that leads out",
        build=_saved("c.json", ["../../../../../../etc/passwd", "l.tar"]),
        problem="names 0 layers, not 2, and 1 more",
        finds=BACKDOOR,
    ),
    Case(
        name="docker: a configuration that leads out",
        build=_saved("../../../../../../etc/passwd", ["l.tar"]),
        problem="its configuration",
        finds=BACKDOOR,
    ),
    Case(
        name="docker: the archive is its own layer",
        build=_saved("c.json", ["manifest.json"]),
        problem="names 0 layers, not 1, and 1 more",
    ),
    Case(
        name="docker: 800 layers that are one",
        build=_saved("c.json", ["l.tar"] * 800),
        problem="names 0 layers|more than",
    ),
)
