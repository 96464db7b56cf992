"""A TUF repository, or one of Uptane's two: from a root through its rotations to the digests of targets.

Sources: TUF specification 1.0.33 section 5 (the client's workflow), Uptane Standard 2.1.0 section 5.4.4. The clock is
the reader's of the facts: ``expires`` is the earliest end of what counts.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, SignedArtefact, TrustedKey
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.jsons import LARGEST, count_of, list_of, object_of, text_of
from iotscan.wire.signing.source import Source, digest_of, exactly
from iotscan.wire.signing.tuf_metadata import (
    Metadata,
    Role,
    TufKey,
    keys_of,
    lacks,
    matches,
    read_metadata,
    role_of,
    signatures_of,
)
from iotscan.wire.signing.tuf_paths import patterns_of, speaks_for
from iotscan.wire.signing.unpacking import NotRead
from iotscan.wire.signing.values import with_fits

Files = Callable[[str], Source | None]
ROTATIONS: Final = 256
"""Roots in a row, as many as python-tuf follows."""
_ROOTS_KEPT: Final = 8
"""Besides the first one: a fact holds what each of their signatures is over."""
_DELEGATIONS: Final = 64
_TARGETS: Final = 2000
_COMPARISONS: Final = 100_000
"""Of paths of targets with patterns of delegations."""
_BYTES: Final = 64 << 20
"""Of all metadata together."""
_TOP: Final = ("root", "timestamp", "snapshot", "targets")
_NOT_HERE: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "the target is not here")
_NO_HASH: Final = Answer[bool].missing(Reason.UNREADABLE, "its hashes are of kinds that are not tried")


def read_tuf(
    files: Files, path: str = "", *, pinned: Source | None = None, targets: Files = lambda _: None
) -> SignedArtefact | None:
    """The metadata of a repository; None where there is no root. Never raises but what the sources raise.

    ``files`` gives metadata by name (``1.root.json``, ``timestamp.json``), ``targets`` a target by its path. ``pinned``
    is the root that the device has; without it the first one of the repository is where it begins, and the signers of
    each that follows show whether it is the device's.
    """
    reading = _Reading(files, targets)
    damage = problem = ""
    try:
        if not reading.begin(pinned):
            return None
        reading.read()
    except Malformed as error:
        damage = str(error) or "it is damaged"
    except NotRead as error:
        problem = str(error)
    return reading.artefact(path, damage, problem)


def pinned_keys(data: bytes, path: str) -> tuple[TrustedKey, ...]:
    """The keys that sign for the root in a root that a device has."""
    try:
        root = _Root.of(read_metadata(data, "root"))
    except Malformed as error:
        return (TrustedKey(use="tuf", path=path, problem=safe_text(str(error), 200)),)
    role = root.roles["root"]
    return tuple(
        TrustedKey(
            use="tuf",
            path=path,
            name=safe_text(key_id, 100),
            key=root.keys[key_id].public,
            threshold=role.threshold,
        )
        for key_id in role.key_ids
        if key_id in root.keys
    )


class _Root(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    keys: dict[str, TufKey]
    roles: dict[str, Role]

    @staticmethod
    def of(metadata: Metadata) -> "_Root":
        """Its keys and roles. Raises Malformed."""
        if metadata.kind != "root":
            raise Malformed("what should be a root is none")
        stated = object_of(metadata.signed, "roles")
        roles = {name: role_of(stated.get(name), name) for name in _TOP}
        return _Root(metadata=metadata, keys=keys_of(metadata.signed), roles=roles)


class _Reading:
    def __init__(self, files: Files, targets: Files) -> None:
        self._files = files
        self._find_target = targets
        self._left = _BYTES
        self._comparisons = _COMPARISONS
        self._root: _Root | None = None
        self._signers: list[tuple[ArtefactSignature, ...]] = []
        """Of each root that follows from the first."""
        self._expires: list[datetime] = []
        self._payloads: dict[str, Payload] = {}
        self._snapshot: dict[str, Any] = {}
        self._version = 0
        self._notes: list[str] = []

    def artefact(self, path: str, damage: str, problem: str) -> SignedArtefact:
        signatures = self._signatures()
        return SignedArtefact(
            path=path,
            format="tuf",
            version=str(self._version) if self._version else "",
            protection="signed" if signatures else "unknown",
            signatures=signatures,
            payloads=tuple(self._payloads.values()),
            damage=safe_text(damage, 300),
            problem=safe_text(problem, 300),
            rollback_counter=Answer[int].of(self._version)
            if self._version
            else Answer[int].missing(Reason.NOT_OBSERVABLE, "its targets were not reached"),
            expires=min(self._expires, default=None),
            notes=tuple(self._notes),
        )

    def _signatures(self) -> tuple[ArtefactSignature, ...]:
        """Those of every root: which one of them a device has, its keys tell.

        Of more than :data:`_ROOTS_KEPT` those in the middle are named, and what they are over is not kept.
        """
        first, middle, last = self._signers[:1], self._signers[1:-_ROOTS_KEPT], self._signers[1:][-_ROOTS_KEPT:]
        named = (replace(signers[0], over="") for signers in middle if signers)
        return (*(s for signers in (*first, *last) for s in signers), *named)

    def begin(self, pinned: Source | None) -> bool:
        """The root where it begins; False without one. Raises Malformed."""
        first = pinned or self._files("1.root.json") or self._files("root.json")
        if first is None:
            return False
        root = _Root.of(read_metadata(self._bytes(first, "root.json"), "root.json"))
        role = root.roles["root"]
        self._signers.append(_signers(root))
        self._check(root.metadata, role, root.keys, "the root does not sign itself")
        self._root = root
        return True

    def read(self) -> None:
        """From the root to the targets. Raises Malformed and NotRead."""
        root = self._rotated()
        self._note_root(root)
        self._expires.append(root.metadata.expires)
        timestamp = self._top("timestamp", root, "timestamp.json", {})
        metas = object_of(timestamp.signed, "meta")
        snapshot = self._top("snapshot", root, "snapshot.json", object_of(metas, "snapshot.json"))
        self._snapshot = object_of(snapshot.signed, "meta")
        targets = self._top("targets", root, "targets.json", object_of(self._snapshot, "targets.json"))
        self._version = targets.version
        self._targets(targets)

    def _rotated(self) -> _Root:
        """The last root. Each one is signed by enough keys of the one before, and of itself."""
        root = self._root
        assert root is not None
        for _ in range(ROTATIONS):
            name = f"{root.metadata.version + 1}.root.json"
            found = self._files(name)
            if found is None:
                return root
            following = _Root.of(read_metadata(self._bytes(found, name), name))
            if following.metadata.version != root.metadata.version + 1:
                raise Malformed(f"{name} says that it is version {following.metadata.version}")
            before, own = root.roles["root"], following.roles["root"]
            self._check(following.metadata, before, root.keys, f"{name} is not signed by the root before it")
            self._check(following.metadata, own, following.keys, f"{name} does not sign itself")
            self._signers.append(_signers(following))
            root = following
        if self._files(f"{root.metadata.version + 1}.root.json") is not None:
            raise NotRead(f"more than {ROTATIONS} roots in a row")
        return root

    def _check(self, metadata: Metadata, role: Role, keys: Mapping[str, TufKey], why: str) -> None:
        missed = lacks(metadata, role, keys)
        if missed:
            raise Malformed(f"{why} ({missed} signatures)")

    def _note_root(self, root: _Root) -> None:
        role = root.roles["root"]
        if role.threshold == 1:
            self._notes.append("threshold 1: one key can replace the root")
        others = {key_id for name in _TOP[1:] for key_id in root.roles[name].key_ids}
        if set(role.key_ids) & others:
            self._notes.append("a key of the root signs for another role, too")

    def _top(self, kind: str, root: _Root, name: str, meta: Mapping[str, Any]) -> Metadata:
        if kind != "timestamp" and not meta:
            raise Malformed(f"no version of {name} is stated")
        found = self._read(name, meta, is_consistent=bool(root.metadata.signed.get("consistent_snapshot")))
        if found.kind != kind:
            raise Malformed(f"{name} is not what its name says")
        self._check(found, root.roles[kind], root.keys, f"{name} is not signed by enough keys of its role")
        self._expires.append(found.expires)
        return found

    def _read(self, name: str, meta: Mapping[str, Any], *, is_consistent: bool) -> Metadata:
        """A file that other metadata speak of: of that version, length and hashes."""
        version = count_of(meta, "version")
        named = f"{version}.{name}" if is_consistent and version else name
        source = self._files(named) or self._files(name)
        if source is None:
            raise Malformed(f"{named} is missing")
        data = self._bytes(source, name)
        if not matches(data, meta):
            raise Malformed(f"{name} has another length or hash than is stated")
        found = read_metadata(data, name)
        if meta and version is None:
            raise Malformed(f"no version of {name} is stated")
        if version is not None and found.version != version:
            older = "rolled back: " if found.version < version else ""
            raise Malformed(f"{older}{name} is version {found.version}, and {version} is stated")
        return found

    def _targets(self, top: Metadata) -> None:
        """The targets of the role and of those that it delegates to, each read once."""
        waiting: list[tuple[Metadata, tuple[dict[str, Any], ...]]] = [(top, ())]
        read: set[str] = {"targets"}
        while waiting:
            here, by = waiting.pop(0)
            for path, meta in object_of(here.signed, "targets").items():
                if self._speak_for(by, path):
                    self._target(path, meta if isinstance(meta, dict) else {})
            delegations = object_of(here.signed, "delegations")
            if delegations.get("succinct_roles"):
                raise NotRead("delegations to hash bins are not read here")
            keys = keys_of(delegations)
            for role in list_of(delegations, "roles"):
                name = text_of(role, "name") if isinstance(role, dict) else ""
                if not name or name in read:
                    continue
                read.add(name)
                if len(read) > _DELEGATIONS:
                    raise NotRead(f"more than {_DELEGATIONS} delegations")
                waiting.append((self._delegated(name, role_of(role, name), keys), (*by, role)))

    def _speak_for(self, roles: tuple[dict[str, Any], ...], path: str) -> bool:
        """Whether each role on the way to a target may speak for it. Raises NotRead."""
        self._comparisons -= sum(map(patterns_of, roles))
        if self._comparisons < 0:
            raise NotRead(f"more than {_COMPARISONS:,} comparisons of targets with delegations")
        return all(speaks_for(role, path) for role in roles)

    def _delegated(self, name: str, role: Role, keys: Mapping[str, TufKey]) -> Metadata:
        meta = object_of(self._snapshot, f"{name}.json")
        root = self._root
        assert root is not None
        if not meta:
            raise Malformed(f"no version of {name} is stated")
        file = f"{quote(name, safe='')}.json"
        found = self._read(file, meta, is_consistent=bool(root.metadata.signed.get("consistent_snapshot")))
        if found.kind != "targets":
            raise Malformed(f"{name} is not what its name says")
        self._check(found, role, keys, f"{name} is not signed by enough keys of its role")
        self._expires.append(found.expires)
        return found

    def _target(self, path: str, meta: dict[str, Any]) -> None:
        """A target. The role that comes first decides, as for a client that goes through them in order."""
        if path in self._payloads:
            return
        if len(self._payloads) >= _TARGETS:
            raise NotRead(f"more than {_TARGETS:,} targets")
        length = count_of(meta, "length")
        hashes = {n: v for n, v in object_of(meta, "hashes").items() if n in ("sha256", "sha384", "sha512")}
        data = self._find_target(path)
        self._payloads[path] = Payload(
            name=safe_text(path, 200),
            size=min(length or 0, (1 << 63) - 1),
            digest=min(hashes, default=""),
            is_covered=length is not None and bool(hashes),
            matches=_target_matches(data, length, hashes),
        )

    def _bytes(self, source: Source, name: str) -> bytes:
        if source.size > LARGEST:
            raise Malformed(f"{name} is larger than {LARGEST >> 20} MiB")
        self._left -= source.size
        if self._left < 0:
            raise NotRead(f"more than {_BYTES >> 20} MiB of metadata")
        return exactly(source, 0, source.size)


def _signers(root: _Root) -> tuple[ArtefactSignature, ...]:
    found = signatures_of(root.metadata, root.roles["root"], root.keys)
    return tuple(with_fits(s, s.key) for s in found if s.key is not None)


def _target_matches(data: Source | None, length: int | None, hashes: Mapping[str, Any]) -> Answer[bool]:
    if data is None:
        return _NOT_HERE
    if not hashes:
        return _NO_HASH
    if data.size != length:
        return Answer[bool].of(False)
    return Answer[bool].of(all(digest_of(data, name).hex() == value for name, value in hashes.items()))
