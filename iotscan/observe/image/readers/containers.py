"""Container images: an OCI image layout, or what ``docker save`` writes; each image in one is a tree of its layers.

The digests by which an image names its pieces are computed again: a wrong one is a problem, and the piece is read.
Sources: OCI image-spec 1.1 (``image-layout.md``, ``image-index.md``, ``manifest.md``, ``descriptor.md``), moby's
``image/spec/v1.2.md`` ("Combined Image JSON + Filesystem Changeset Format").
"""

import re
from typing import TypeVar

import msgspec

from iotscan.observe.image.blob import read_whole
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.reader import HEAD, Contents, Layout, Part
from iotscan.observe.image.readers.layers import ContainerConfig, LayeredTree, digest_of, unpacked_layer
from iotscan.observe.image.readers.naming import distinct, part_name, several
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable, Unsupported

_LARGEST_TEXT = 4 * MIB
_MOST_MANIFESTS = 64
_TOO_MANY = f"there are more than {_MOST_MANIFESTS} images in it"
_NESTED = 4
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_NAMED_BY_DIGEST = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\.json)?")
_REF_NAMES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
_SHOWN = 12
"""Characters of a digest that a problem shows."""


class _Platform(msgspec.Struct, frozen=True):
    os: str = ""
    architecture: str = ""
    variant: str = ""

    @property
    def shown(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part and part != "unknown")


class _Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    digest: str
    media_type: str = ""
    platform: _Platform | None = None
    annotations: dict[str, str] | None = None


class _Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """A manifest or an index."""

    media_type: str = ""
    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None


class _Runtime(msgspec.Struct, frozen=True, rename="pascal"):
    user: str | None = None
    env: list[str] | None = None
    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    exposed_ports: dict[str, msgspec.Raw] | None = None
    labels: dict[str, str] | None = None


class _RootFs(msgspec.Struct, frozen=True):
    diff_ids: list[str] = []


class _Step(msgspec.Struct, frozen=True):
    created_by: str = ""


class _Config(msgspec.Struct, frozen=True):
    os: str = ""
    architecture: str = ""
    variant: str = ""
    config: _Runtime | None = None
    rootfs: _RootFs | None = None
    history: list[_Step] | None = None


class _Saved(msgspec.Struct, frozen=True, rename="pascal"):
    """An image of ``docker save``."""

    config: str
    layers: list[str]
    repo_tags: list[str] | None = None


class _Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer as a manifest names it. ``unpacked`` is the digest of its tar, where the image tells that only."""

    path: str
    unpacked: str = ""
    is_encrypted: bool = False


_T = TypeVar("_T")


class _Assembly:
    """Images as they are put together, and what is wrong with them."""

    def __init__(self, tree: Tree, budget: Budget) -> None:
        self._tree = tree
        self._budget = budget
        self._parts: list[Part] = []
        self._manifests: set[str] = set()
        self._blobs: set[str] = set()
        self.problems: list[str] = []

    def contents(self) -> Contents:
        """All images, each with a name of its own. Raises Unreadable where there is none."""
        if not self._parts:
            raise Unreadable(several(self.problems) or "there is no image in it")
        names = distinct([part.name for part in self._parts])
        parts = (msgspec.structs.replace(part, name=name) for name, part in zip(names, self._parts, strict=True))
        return Contents(parts=tuple(parts), problem=several(self.problems))

    def text(self, path: str, type: type[_T]) -> _T:
        """A JSON text of the image. Raises Unreadable."""
        try:
            return msgspec.json.decode(read_whole(self._tree.blob(path), _LARGEST_TEXT), type=type)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable("a text that describes it cannot be understood") from error

    def index(self, index: _Manifest, *, label: str = "", nested: int = 0) -> None:
        """Every image of an index, and of the indexes in it."""
        for descriptor in index.manifests or ():
            if descriptor.digest in self._manifests:
                continue
            if len(self._manifests) >= _MOST_MANIFESTS:
                self.problems.append(_TOO_MANY)
                return
            self._manifests.add(descriptor.digest)
            notes = descriptor.annotations or {}
            if notes.get("vnd.docker.reference.type") == "attestation-manifest":
                continue
            name = next((notes[key] for key in _REF_NAMES if key in notes), label)
            try:
                self._manifest(descriptor, name, nested)
            except Unreadable as error:
                shown = descriptor.platform.shown if descriptor.platform else ""
                self.problems.append(f"the image {part_name(shown, 'without a platform')}: {error}")

    def _manifest(self, descriptor: _Descriptor, label: str, nested: int) -> None:
        manifest = self.text(self._verified(descriptor.digest), _Manifest)
        if manifest.manifests is not None:
            if nested >= _NESTED:
                raise Unreadable("indexes are nested too deep")
            self.index(manifest, label=label, nested=nested + 1)
            return
        if not any(_is_layer(layer) for layer in manifest.layers or ()):
            # A signature or another document about an image.
            return
        config = _Config()
        try:
            if manifest.config is not None:
                config = self.text(self._verified(manifest.config.digest), _Config)
        except Unreadable as error:
            self.problems.append(f"its configuration: {error}")
        platform = descriptor.platform or _Platform()
        self.image(config, [self._layer(layer) for layer in manifest.layers or ()], label=label, platform=platform)

    def _layer(self, descriptor: _Descriptor) -> _Layer:
        is_encrypted = descriptor.media_type.endswith("+encrypted")
        try:
            path = self._verified(descriptor.digest)
        except Unreadable:
            # It is met again, and named, when the layer is applied.
            path = _path_of(descriptor.digest) or "/"
        return _Layer(path=path, is_encrypted=is_encrypted)

    def _verified(self, digest: str) -> str:
        """The path of a blob; a wrong digest is a problem. Raises Unreadable where there is none."""
        path = _path_of(digest)
        if path is None:
            raise Unreadable("a digest of an unknown kind")
        blob = self._tree.blob(path)
        if path not in self._blobs:
            self._blobs.add(path)
            algorithm, _, wanted = digest.partition(":")
            if digest_of(blob, algorithm, self._budget) != wanted:
                self.problems.append(f"the content of {algorithm}:{wanted[:_SHOWN]} has another digest")
        return path

    def saved(self, image: _Saved) -> None:
        """An image as ``docker save`` describes it."""
        config = _Config()
        try:
            config = self.text(f"/{image.config}", _Config)
            named = _NAMED_BY_DIGEST.fullmatch(image.config)
            if named and digest_of(self._tree.blob(f"/{image.config}"), "sha256", self._budget) != named[1]:
                self.problems.append("its configuration has another digest")
        except Unreadable as error:
            self.problems.append(f"its configuration: {error}")
        digests = config.rootfs.diff_ids if config.rootfs else []
        if len(digests) != len(image.layers):
            self.problems.append(f"its configuration names {len(digests)} layers, not {len(image.layers)}")
            digests = [""] * len(image.layers)
        layers = [_Layer(path=f"/{path}", unpacked=digest) for path, digest in zip(image.layers, digests, strict=True)]
        self.image(config, layers, label=next(iter(image.repo_tags or ()), ""), platform=_Platform())

    def image(self, config: _Config, layers: list[_Layer], *, label: str, platform: _Platform) -> None:
        """Put the layers together."""
        own = _Platform(os=config.os, architecture=config.architecture, variant=config.variant)
        tree = LayeredTree(self._budget, _container_config(config, own.shown))
        for number, layer in enumerate(layers, 1):
            try:
                self._apply(tree, layer)
            except Unreadable as error:
                self.problems.append(f"layer {number} of {len(layers)}: {error}")
        if tree.problem:
            self.problems.append(tree.problem)
        name = part_name((platform.shown or own.shown).replace("/", "-"), "image")
        self._parts.append(Part(name=name, tree=tree, label=label))
        if not tree.buried.is_empty:
            self._parts.append(Part(name=part_name(f"{name}-buried", "buried"), tree=tree.buried))

    def _apply(self, tree: LayeredTree, layer: _Layer) -> None:
        if layer.is_encrypted:
            raise Unsupported("it is encrypted")
        data = unpacked_layer(self._tree.blob(layer.path), self._budget)
        algorithm, _, wanted = layer.unpacked.partition(":")
        if _DIGEST.fullmatch(layer.unpacked) and digest_of(data, algorithm, self._budget) != wanted:
            self.problems.append(f"the content of the layer {algorithm}:{wanted[:_SHOWN]} has another digest")
        tree.apply(data)


def _path_of(digest: str) -> str | None:
    return f"/blobs/{digest.replace(':', '/')}" if _DIGEST.fullmatch(digest) else None


def _is_layer(descriptor: _Descriptor) -> bool:
    said = descriptor.media_type
    return not said or any(word in said for word in ("layer", "rootfs", "tar"))


def _container_config(config: _Config, platform: str) -> ContainerConfig:
    runtime = config.config or _Runtime()
    return ContainerConfig(
        platform=platform,
        user=runtime.user or "",
        environment=tuple(runtime.env or ()),
        entrypoint=tuple(runtime.entrypoint or ()),
        command=tuple(runtime.cmd or ()),
        ports=tuple(runtime.exposed_ports or ()),
        labels=runtime.labels or {},
        history=tuple(step.created_by for step in config.history or ()),
    )


def _is_oci(tree: Tree) -> bool:
    return tree.is_named("/oci-layout") and tree.is_named("/index.json")


def _open_oci(tree: Tree, budget: Budget) -> Contents:
    work = _Assembly(tree, budget)
    work.index(work.text("/index.json", _Manifest))
    return work.contents()


def _is_docker(tree: Tree) -> bool:
    found = tree.find("/manifest.json")
    if found is None or found.kind != "file":
        return False
    # Many a program of the web has a file of that name.
    text = tree.read("/manifest.json", HEAD)
    return b'"Layers"' in text and b'"Config"' in text


def _open_docker(tree: Tree, budget: Budget) -> Contents:
    work = _Assembly(tree, budget)
    images = work.text("/manifest.json", list[_Saved])
    if len(images) > _MOST_MANIFESTS:
        work.problems.append(_TOO_MANY)
    for image in images[:_MOST_MANIFESTS]:
        work.saved(image)
    return work.contents()


OCI = Layout(name="oci", recognises=_is_oci, opens=_open_oci)
DOCKER = Layout(name="docker-archive", recognises=_is_docker, opens=_open_docker)
