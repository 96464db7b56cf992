"""Container images by umoci and skopeo, and layouts made by hand for what no tool makes."""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import zstandard

from iotscan.observe.image.opening import open_image
from iotscan.observe.image.reader import Contents
from iotscan.observe.image.readers.containers import DOCKER, OCI
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.readers.layers import LayeredTree
from iotscan.observe.image.site import Site
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.sameness import Expected, assert_same, expected_file
from tests.observe.image.sample import Sample, build
from tests.observe.network.daemons import tool

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return build(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def layout(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as one layer; one more that takes a file away; one that takes all of /odd away and gives another."""
    sample.needs_root("umoci")
    place = tmp_path_factory.mktemp("oci")
    (place / "other").mkdir(mode=0o755)
    (place / "other/new").write_text("new")
    (place / "other/new").chmod(0o644)
    umoci, image = tool("umoci", "umoci"), f"{place}/layout:gateway"
    for words in (
        ("init", "--layout", f"{place}/layout"),
        ("new", "--image", image),
        ("insert", "--image", image, str(sample.folder), "/"),
        ("insert", "--image", image, "--whiteout", "/etc/passwd"),
        ("insert", "--image", image, "--opaque", str(place / "other"), "/odd"),
        ("config", "--image", image, "--config.user", "gw:gw", "--config.env", "TOKEN=x",
         "--config.exposedports", "8080/tcp", "--config.entrypoint", "/usr/bin/su", "--config.cmd", "-x"),
    ):  # fmt: skip
        sample.run(umoci, *words)
    return place / "layout"


def expected_layers(sample: Sample) -> list[Expected]:
    kept = [one for one in sample.expected if one.path != "/etc/passwd" and not one.path.startswith("/odd/")]
    return [*kept, expected_file("/odd/new", b"new")]


def layers_of(site: Site) -> LayeredTree:
    (root,) = site.roots
    assert isinstance(root.tree, LayeredTree)
    return root.tree


def test_a_layout_of_umoci(sample: Sample, layout: Path) -> None:
    site = open_image(layout)
    assert not any(place.problem for place in site.places)
    tree = layers_of(site)
    assert tree.prefix == ""
    assert_same(tree, expected_layers(sample))
    assert tree.config is not None
    assert (tree.config.user, tree.config.ports) == ("gw:gw", ("8080/tcp",))
    assert "TOKEN=x" in tree.config.environment
    assert tree.config.entrypoint + tree.config.command == ("/usr/bin/su", "-x")
    assert site.roots[0].path.startswith("linux-")
    assert site.roots[0].label == "gateway"


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_archives_of_skopeo(sample: Sample, layout: Path, kind: str, tmp_path: Path) -> None:
    image = tmp_path / "x.tar"
    words = [
        tool("skopeo", "skopeo"),
        "--insecure-policy",
        "copy",
        "-q",
        f"oci:{layout}:gateway",
        f"{kind}:{image}:gw:1",
    ]
    subprocess.run(words, check=True)
    site = open_image(image)
    assert [place.format for place in site.places] == [
        "docker-archive" if kind.startswith("docker") else "oci",
        "container-image",
        "buried",
    ]
    assert not any(place.problem for place in site.places)
    assert_same(layers_of(site), expected_layers(sample))
    assert site.places[1].label.endswith("gw:1")
    image.write_bytes(gzip.compress(image.read_bytes()))
    assert_same(layers_of(open_image(image)), expected_layers(sample))


def tar(*members: "str | tuple[str, str | None, bytes]") -> bytes:
    """A layer: a name is a file that holds its own name; ``(name, target, type)`` anything else."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member in members:
            info = tarfile.TarInfo(member if isinstance(member, str) else member[0])
            if isinstance(member, str):
                info.size = len(member)
                archive.addfile(info, io.BytesIO(member.encode()))
            else:
                info.linkname, info.type = member[1] or "", member[2]
                archive.addfile(info)
    return out.getvalue()


class Layout:
    """An OCI layout made by hand."""

    def __init__(self, place: Path) -> None:
        self.place = place
        (place / "blobs/sha256").mkdir(parents=True)
        (place / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, data: bytes, media: str, **more: object) -> dict[str, object]:
        """The descriptor of a blob that is put in."""
        digest = hashlib.sha256(data).hexdigest()
        (self.place / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(data), **more}

    def text(self, value: object, media: str, **more: object) -> dict[str, object]:
        return self.blob(json.dumps(value).encode(), media, **more)

    def image(self, *layers: bytes, config: Mapping[str, object] = {}, media: str = LAYER) -> dict[str, object]:
        manifest = {
            "schemaVersion": 2,
            "config": self.text({"os": "linux", "architecture": "arm64", **config}, CONFIG),
            "layers": [self.blob(layer, media) for layer in layers],
        }
        return self.text(manifest, "application/vnd.oci.image.manifest.v1+json")

    def index(self, manifests: Sequence[object]) -> None:
        (self.place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))

    def opened(self) -> Contents:
        tree = FolderTree(self.place)
        assert OCI.recognises(tree)
        return OCI.opens(tree, tree.budget)


def one_tree(contents: Contents) -> LayeredTree:
    part = contents.parts[0]
    assert isinstance(part.tree, LayeredTree)
    return part.tree


def paths(contents: Contents) -> list[str]:
    return [entry.path for entry in one_tree(contents).walk() if entry.kind != "folder"]


FOLDER, LINK, HARD = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ([tar("a", "b", "d/c"), tar(".wh.a", "d/.wh.c")], ["/b"]),
        # What a layer takes away is of the layers below, wherever in it that stands.
        ([tar("a"), tar("a", ".wh.a")], ["/a"]),
        ([tar("d/low"), tar("d/high", "d/.wh..wh..opq", "d/sub/x")], ["/d/high", "/d/sub/x"]),
        ([tar("d/low", "d/sub/low"), tar(("d", None, FOLDER), "d/.wh..wh..opq")], []),
        ([tar("low"), tar(".wh..wh..opq", "high")], ["/high"]),
        # A folder goes with all that is in it; a file that takes its place, too.
        ([tar("d/a/b", "d/c"), tar(".wh.d")], []),
        ([tar("d/a"), tar("d")], ["/d"]),
        ([tar("d"), tar("d/a")], ["/d/a"]),
        # Marks that are not names, and the metadata of aufs.
        ([tar("a"), tar(".wh...", ".wh.", ".wh..wh.plnk", "../.wh.a", ".wh.missing")], ["/a"]),
        # Through a link of a lower layer; as a folder of its own it takes the link's place.
        ([tar("usr/lib/x", ("lib", "usr/lib", LINK)), tar("lib/.wh.x", "lib/y")], ["/lib", "/usr/lib/y"]),
        ([tar("usr/lib/x", ("lib", "usr/lib", LINK)), tar(("lib", None, FOLDER), "lib/y")], ["/lib/y", "/usr/lib/x"]),
        ([bytes(1024), tar("a"), bytes(10240)], ["/a"]),
    ],
)
def test_layers_over_one_another(layers: list[bytes], left: list[str], tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    layout.index([layout.image(*layers)])
    contents = layout.opened()
    assert not contents.problem or contents.problem.startswith("names that lead out")
    assert sorted(paths(contents)) == left


def test_hard_links_to_lower_layers(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    layout.index([layout.image(tar("a", "b"), tar(("c", "a", HARD), "b"), tar(".wh.a"))])
    tree = one_tree(layout.opened())
    assert tree.read("/c", 10) == b"a"
    assert tree.entry("/a") is None


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, bytes])
def test_packed_layers_whatever_their_type_says(pack: "type[bytes]", tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    layout.index([layout.image(pack(tar("a")), pack(tar("b")), media=LAYER + "+gzip")])
    assert paths(layout.opened()) == ["/a", "/b"]


def test_every_image_of_nested_indexes_by_its_platform(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    arm = {**layout.image(tar("arm")), "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}
    intel = {**layout.image(tar("intel")), "platform": {"os": "linux", "architecture": "amd64"}}
    same = {**layout.image(tar("same")), "platform": {"os": "linux", "architecture": "amd64"}}
    proof = {**layout.image(tar("proof")), "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    signature = layout.image(b"{}", media="application/vnd.dev.cosign.simplesigning.v1+json")
    inner = layout.text({"manifests": [arm, intel, proof]}, "application/vnd.oci.image.index.v1+json")
    layout.index([inner, same, signature, arm])
    contents = layout.opened()
    assert not contents.problem
    assert [part.name for part in contents.parts] == ["linux-arm-v7", "linux-amd64", "linux-amd64.2"]
    site = open_image(tmp_path / "l")
    assert [tree.show("/x") for _, tree in site.trees] == ["linux-arm-v7:/x", "linux-amd64:/x", "linux-amd64.2:/x"]


def test_what_is_wrong_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    layers = [tar("a"), tar("b"), tar("c"), b"no tar at all" * 100]
    layout.index([layout.image(*layers)])
    blobs = tmp_path / "l/blobs/sha256"
    for number, change in ((0, tar("changed")), (1, None)):
        place = blobs / hashlib.sha256(layers[number]).hexdigest()
        place.unlink() if change is None else place.write_bytes(change)
    contents = layout.opened()
    assert paths(contents) == ["/c", "/changed"]
    assert contents.problem.startswith(
        f"the content of sha256:{hashlib.sha256(layers[0]).hexdigest()[:12]} has another"
    )
    assert contents.problem.endswith("and 2 more")


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ("[", "cannot be understood"),
        ('{"manifests": []}', "no image"),
        ('{"manifests": [{"digest": "md5:1"}]}', "unknown kind"),
        ('{"manifests": [{"digest": "sha256:../../../../etc/shadow"}]}', "unknown kind"),
        ('{"manifests": [{"digest": "sha256:' + "0" * 64 + '"}]}', "image without a platform: "),
        ('{"manifests": {"a": 1}}', "cannot be understood"),
        ("[" * 100_000, "cannot be understood"),
    ],
)
def test_a_broken_index(index: str, said: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    (tmp_path / "l/index.json").write_text(index)
    with pytest.raises(Unreadable, match=said):
        layout.opened()


def test_an_index_that_holds_itself_ends(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    descriptor = layout.image(tar("a"))
    for _ in range(8):
        descriptor = layout.text({"manifests": [descriptor]}, "application/vnd.oci.image.index.v1+json")
    layout.index([descriptor])
    with pytest.raises(Unreadable, match="nested too deep"):
        layout.opened()


def test_encrypted_layers_are_named(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    layout.index([layout.image(b"\x01" * 600, media=LAYER + "+gzip+encrypted")])
    contents = layout.opened()
    assert contents.problem == "layer 1 of 1: it is encrypted"


def test_a_container_of_one_program_is_a_root(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "l")
    layout.index([layout.image(tar("server"))])
    assert len(open_image(tmp_path / "l").roots) == 1


def saved(place: Path, manifest: object, files: Mapping[str, bytes]) -> FolderTree:
    place.mkdir()
    (place / "manifest.json").write_text(json.dumps(manifest))
    for name, data in files.items():
        (place / name).parent.mkdir(exist_ok=True, parents=True)
        (place / name).write_bytes(data)
    return FolderTree(place)


def test_docker_save_with_another_layer_than_its_configuration_says(tmp_path: Path) -> None:
    one, two = tar("a"), tar("b")
    digests = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in (one, one)]
    config = json.dumps({"os": "linux", "architecture": "arm", "rootfs": {"diff_ids": digests}}).encode()
    tree = saved(
        tmp_path / "s",
        [{"Config": "c.json", "RepoTags": ["gw:1"], "Layers": ["1/layer.tar", "2/layer.tar"]}],
        {"c.json": config, "1/layer.tar": gzip.compress(one), "2/layer.tar": two},
    )
    assert DOCKER.recognises(tree)
    contents = DOCKER.opens(tree, tree.budget)
    assert paths(contents) == ["/a", "/b"]
    assert contents.problem == f"the content of the layer {digests[0][:19]} has another digest"
    assert (contents.parts[0].name, contents.parts[0].label) == ("linux-arm", "gw:1")


def test_a_manifest_of_the_web_is_none_of_docker(tmp_path: Path) -> None:
    assert not DOCKER.recognises(saved(tmp_path / "w", {"name": "app", "icons": []}, {}))
    broken = saved(tmp_path / "b", [{"Config": 1, "Layers": []}], {})
    with pytest.raises(Unreadable, match="cannot be understood"):
        DOCKER.opens(broken, broken.budget)


def test_what_an_upper_layer_hides_is_still_in_the_image(tmp_path: Path) -> None:
    """A key that a later layer deletes or puts another over ships with the lower one."""
    layout = Layout(tmp_path / "l")
    lower = tar("etc/issue", "app/tls.key", "opt/a/b", "etc/same")
    layout.index([layout.image(lower, tar("etc/issue", "app/.wh.tls.key", ".wh.opt"))])
    _, buried = layout.opened().parts
    assert buried.name == "linux-arm64-buried"
    assert buried.tree is not None
    shown = {e.path: buried.tree.read(e.path, 99) for e in buried.tree.walk() if e.kind == "file"}
    assert shown == {
        "/layer-1/app/tls.key": b"app/tls.key",
        "/layer-1/etc/issue": b"etc/issue",
        "/layer-1/opt/a/b": b"opt/a/b",
    }
