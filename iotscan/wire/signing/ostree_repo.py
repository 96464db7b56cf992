"""OSTree repositories: signed commits with all that they name, and the signed summary.

Sources: OSTree, src/libostree/ostree-core.h, ostree-sign.c (``ostree.sign.ed25519``), ostree-gpg-verifier.c
(``ostree.gpgsigs``), ostree-repo-pull.c (ref bindings). A signature is over the bytes of the commit; the digests of
folders and files hang on it, so that one flipped byte shows.
"""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, PublicKey, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.feed import Files, load, within
from iotscan.wire.signing.gvariant import Variant, decode, dictionary
from iotscan.wire.signing.message_signing import ed25519_signature
from iotscan.wire.signing.openpgp.signatures import read_detached
from iotscan.wire.signing.ostree_objects import (
    LARGEST_METADATA,
    Commit,
    check_folder_metadata,
    metadata_object,
    object_name,
    packed_file_checksum,
    read_commit,
    read_tree,
)
from iotscan.wire.signing.source import Source, digest_of
from iotscan.wire.signing.unpacking import NotRead
from iotscan.wire.signing.windows import Memory

MOST_OBJECTS: Final = 20_000
"""Of one commit that are compared."""
_MOST_IN_ALL: Final = 50_000
"""Objects of all commits of a repository."""
_LONGEST_PATH: Final = 4096
MOST_REFS: Final = 50
_MOST_SIGNATURES: Final = 50
_ARCHIVE: Final = frozenset({"archive", "archive-z2"})


class _Signatures(msgspec.Struct, kw_only=True):
    found: list[ArtefactSignature]
    damage: str = ""
    problem: str = ""
    notes: list[str]
    expires: datetime | None = None


def read_ostree_repo(
    files: Files, path: str = "", refs: Sequence[str] = (), keys: Sequence[PublicKey] = ()
) -> tuple[SignedArtefact, ...]:
    """The summary, where there is one, and the commit of each ref; empty where this is no repository.

    ``refs`` are names below ``refs`` (``heads/main``) that are known besides those of the summary, which names none
    but those of ``heads``. ``keys`` are tried at once where a message is longer than what a fact keeps.
    """
    config = files("config")
    if config is None or b"repo_version=" not in config.read_at(0, 65536).replace(b" ", b""):
        return ()
    found: list[SignedArtefact] = []
    summary, named = _summary(files, path, keys)
    if summary is not None:
        found.append(summary)
    commits = {f"heads/{name}": checksum for name, checksum in named.items()}
    for ref in refs:
        source = files(f"refs/{within(ref)}")
        if source is not None:
            commits[ref] = source.read_at(0, 128).decode("latin-1").strip()
    mode, left = _mode(config), _MOST_IN_ALL
    for ref, checksum in list(commits.items())[:MOST_REFS]:
        walk = _Walk(files, mode, keys, min(left, MOST_OBJECTS))
        found.append(walk.artefact(checksum, ref, path))
        left -= len(walk.payloads)
    return tuple(found)


def _mode(config: Source) -> str:
    for line in config.read_at(0, 65536).decode("utf-8", "replace").split("\n"):
        name, equals, value = line.partition("=")
        if equals and name.strip() == "mode":
            return value.strip()
    return "bare"


def _signatures(metadata: bytes | None, message: bytes, keys: Sequence[PublicKey]) -> _Signatures:
    """Those of a ``.commitmeta`` or a ``summary.sig``, over ``message``."""
    result = _Signatures(found=[], notes=[])
    if metadata is None:
        return result
    try:
        pairs = dictionary(metadata)
        for packets in _list(pairs, "ostree.gpgsigs"):
            read = read_detached(packets, Memory(message))
            result.found += read.signatures
            result.damage = result.damage or read.damage
            result.problem = result.problem or read.problem
            result.notes += read.notes
            result.expires = result.expires or read.expires
        for value in _list(pairs, "ostree.sign.ed25519"):
            if len(value) != 64:
                raise Malformed("an Ed25519 signature is none")
            result.found.append(ed25519_signature(value, message, keys))
        others = [n for n in pairs if n.startswith("ostree.sign.") and n != "ostree.sign.ed25519"]
    except Malformed as error:
        result.damage = f"its signatures: {error}"
        return result
    if others and result.found:
        result.notes.append(safe_text(f"signatures of kind {others[0]} are not read", 120))
    elif others:
        result.problem = safe_text(f"signatures of kind {others[0]} are not read", 120)
    return result


def _list(pairs: dict[str, Variant], name: str) -> list[bytes]:
    if name not in pairs:
        return []
    if pairs[name].kind != "aay":
        raise Malformed(f"{name} is no list of signatures")
    values: list[bytes] = decode("aay", pairs[name].data)
    if len(values) > _MOST_SIGNATURES:
        raise Malformed(f"{name} has more than {_MOST_SIGNATURES} signatures")
    return values


class _Walk:
    """One commit and all that it names, ``most`` objects of it."""

    def __init__(self, files: Files, mode: str, keys: Sequence[PublicKey], most: int = MOST_OBJECTS) -> None:
        self._files = files
        self._mode = mode
        self._keys = keys
        self._most = most
        self.payloads: list[Payload] = []
        self.problem = ""
        self.damage = ""

    def artefact(self, checksum: str, ref: str, path: str) -> SignedArtefact:
        """The commit as an artefact. Damage is told, never raised."""
        signed = _Signatures(found=[], notes=[])
        version = ""
        try:
            commit = self._commit(checksum)
            metadata = metadata_object(self._files, checksum, "commitmeta")
            signed = _signatures(metadata, commit.data, self._keys)
            version = self._bound(commit, ref)
            self._trees(commit)
        except NotRead as error:
            self.problem = str(error)
        except Malformed as error:
            self.damage = str(error) or "it is damaged"
        problem = signed.problem or self.problem
        damage = signed.damage or self.damage
        payloads = self.payloads
        if not signed.found:
            payloads = [msgspec.structs.replace(p, is_covered=False) for p in payloads]
        return SignedArtefact(
            path=safe_text(path),
            format="ostree",
            variant=safe_text(f"commit of {ref}", 120),
            version=version,
            protection="signed" if signed.found else "unknown" if damage or signed.problem else "none",
            signatures=tuple(signed.found),
            payloads=tuple(payloads),
            damage=damage,
            problem=problem,
            expires=signed.expires,
            notes=tuple(dict.fromkeys(signed.notes)),
        )

    def _commit(self, checksum: str) -> Commit:
        if len(checksum) != 64 or any(c not in "0123456789abcdef" for c in checksum):
            raise Malformed("a ref names no commit")
        return read_commit(self._object(checksum, "commit", "commit"))

    def _object(self, checksum: str, kind: str, name: str) -> bytes:
        data = metadata_object(self._files, checksum, kind)
        if data is None:
            raise Malformed(f"{safe_text(name, 120)} is missing")
        is_right = digest_of(Memory(data), "sha256").hex() == checksum
        self._add(name, len(data), is_right=is_right)
        if not is_right:
            raise Malformed(f"{safe_text(name, 120)} is not what its digest says")
        return data

    def _add(self, name: str, size: int, *, is_right: bool) -> None:
        if len(self.payloads) >= self._most:
            raise NotRead(f"more than {self._most} objects of it are not compared")
        self.payloads.append(
            Payload(
                name=safe_text(name, 160),
                size=size,
                digest="sha256",
                is_covered=True,
                matches=Answer.of(is_right),
            )
        )

    def _bound(self, commit: Commit, ref: str) -> str:
        """The version that a commit says. Raises Malformed where it was made for another ref, as a pull does."""
        pairs = dictionary(commit.metadata)
        binding = pairs.get("ostree.ref-binding")
        if binding is not None and binding.kind == "as":
            names: list[str] = decode("as", binding.data)
            if names and ref.partition("/")[2] not in names and not ref.startswith("remotes/"):
                raise Malformed("its commit was made for another ref")
        version = pairs.get("version")
        return safe_text(decode("s", version.data), 80) if version is not None and version.kind == "s" else ""

    def _trees(self, commit: Commit) -> None:
        todo = deque([("/", commit.tree, commit.tree_metadata)])
        done: set[tuple[str, str]] = set()
        while todo:
            place, tree, metadata = todo.popleft()
            if (metadata, "dirmeta") not in done:
                done.add((metadata, "dirmeta"))
                check_folder_metadata(self._object(metadata, "dirmeta", f"metadata of {place}"))
            if (tree, "dirtree") in done:
                continue
            done.add((tree, "dirtree"))
            if len(place) > _LONGEST_PATH:
                raise Malformed("its folders are nested deeper than any path is long")
            inside, folders = read_tree(self._object(tree, "dirtree", f"folder {place}"))
            for name, checksum in inside:
                if (checksum, "file") not in done:
                    done.add((checksum, "file"))
                    self._file(place + name, checksum)
            todo.extend((f"{place}{name}/", of_tree, of_metadata) for name, of_tree, of_metadata in folders)

    def _file(self, name: str, checksum: str) -> None:
        if self._mode not in _ARCHIVE:
            # Its digest is over owner, mode and attributes, too, which the bytes of a file do not tell.
            self.problem = f"the files of a repository in mode {safe_text(self._mode, 40)} are not compared"
            return
        source = self._files(object_name(checksum, "filez"))
        if source is None:
            raise Malformed(f"{safe_text(name, 120)} is missing")
        try:
            is_right = packed_file_checksum(source) == checksum
        except Malformed:
            is_right = False
        self._add(name, source.size, is_right=is_right)


def _summary(files: Files, path: str, keys: Sequence[PublicKey]) -> tuple[SignedArtefact | None, dict[str, str]]:
    source = files("summary")
    if source is None:
        return None, {}
    signed, named, payloads = _Signatures(found=[], notes=[]), {}, []
    damage = problem = ""
    expires = None
    try:
        data = load(source, LARGEST_METADATA)
        beside = files("summary.sig")
        signed = _signatures(None if beside is None else load(beside, LARGEST_METADATA), data, keys)
        refs, metadata = decode("(a(s(taya{sv}))a{sv})", data)
        expires = _expires(metadata)
        # The size that stands there is in the order of the machine that made it; the digest says as much.
        for name, (_, checksum, _) in refs[:MOST_REFS]:
            named[name] = checksum.hex()
            commit = files(object_name(checksum.hex(), "commit"))
            if commit is not None:
                is_right = digest_of(commit, "sha256") == checksum
                payloads.append(
                    Payload(
                        name=safe_text(name, 160),
                        size=commit.size,
                        digest="sha256",
                        is_covered=bool(signed.found),
                        matches=Answer.of(is_right),
                    )
                )
    except NotRead as error:
        problem = str(error)
    except Malformed as error:
        damage = str(error) or "it is damaged"
    problem, damage = signed.problem or problem, signed.damage or damage
    ends = [e for e in (signed.expires, expires) if e is not None]
    return (
        SignedArtefact(
            path=safe_text(path),
            format="ostree",
            variant="summary",
            protection="signed" if signed.found else "unknown" if damage or problem else "none",
            signatures=tuple(signed.found),
            payloads=tuple(payloads),
            damage=damage,
            problem=problem,
            expires=min(ends) if ends else None,
            notes=tuple(dict.fromkeys(signed.notes)),
        ),
        named,
    )


def _expires(metadata: list[tuple[str, Variant]]) -> datetime | None:
    for name, value in metadata:
        if name == "ostree.summary.expires" and value.kind == "t":
            try:
                return datetime.fromtimestamp(decode("t", value.data), UTC)
            except (ValueError, OverflowError, OSError) as error:
                raise Malformed("a time in it is none") from error
    return None
