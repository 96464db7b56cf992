"""What an image shows of the integrity of its root file systems: dm-verity, IMA, composefs.

Source: Linux ``Documentation/admin-guide/device-mapper/{verity,dm-init}.rst``, systemd-veritysetup-generator(8),
veritytab(5), ``Documentation/ABI/testing/ima_policy``, ``security/integrity/integrity.h`` (signature types 3, 5, 6),
ostree-prepare-root(1).
"""

import re
from collections.abc import Iterator

from iotscan.model.answer import Answer
from iotscan.model.facts import CommandLine, RootFileSystem, RootHash, RootIntegrity
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.budget import OverBudget
from iotscan.observe.image.inspectors.boot import android, command_lines
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.inspectors.boot.fit import signed_nodes
from iotscan.observe.image.inspectors.boot.hash_trees import Claim, hash_trees
from iotscan.observe.image.inspectors.boot.programs import is_sound
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_READ_ONLY = ("squashfs", "erofs", "cramfs", "romfs")
_WRITABLE = ("ext2", "ext3", "ext4", "f2fs", "btrfs", "xfs", "jffs2", "ubifs", "fat")
_NOT_SAID = Answer[bool].missing(Reason.NOT_OBSERVABLE, "files without their file system do not tell what they lie in")
_TEXT_LIMIT = 1 << 20
_HEX = re.compile(r"[0-9a-fA-F]{40,128}")
_TABLE = re.compile(
    r"\bverity\s+(\d+)\s+\S+\s+\S+\s+(\d+)\s+(\d+)\s+(\d+)\s+\d+\s+(\w+)\s+([0-9a-fA-F]+)\s+([0-9a-fA-F]+|-)"
)
_ENV_FILES = ("/usr/share/dm-verity.env", "/usr/share/misc/dm-verity.env", "/dm-verity.env", "/etc/dm-verity.env")
_IMA_POLICIES = ("/etc/ima/ima-policy", "/etc/ima/ima_policy", "/etc/ima_policy")
_APPRAISES = re.compile(rb"^[ \t]*appraise\b", re.MULTILINE)
_SIGNATURES = (3, 5, 6)
_SEEN = 2_000
"""Files whose attributes are looked at: signed file systems are signed throughout."""
_COMPOSEFS = re.compile(
    rb"^\[composefs\]\n(?:[^\[\n].*\n|\n)*?[ \t]*enabled[ \t]*=[ \t]*(?:signed|verity)\b", re.MULTILINE
)
_PREPARE = ("/usr/lib/ostree/prepare-root.conf", "/etc/ostree/prepare-root.conf")


def read(chain: Chain) -> RootIntegrity | None:
    """What protects the root file systems, None where the image holds none. Raises Unreadable."""
    roots = [place for place in chain.site.places if place.role == "root" and place.tree is not None]
    if not roots:
        return None
    lines = command_lines.read(chain).lines
    claims = tuple(dict.fromkeys(_claims(chain, lines)))
    trees = [place.tree for place in chain.site.places if place.tree is not None]
    return RootIntegrity(
        roots=tuple(_root(place) for place in roots),
        hashes=tuple(claim.hash for claim in claims),
        trees=tuple(hash_trees(chain, claims)),
        ima_appraise=tuple(dict.fromkeys(v for line in lines for v in _values(line.arguments, "ima_appraise"))),
        is_appraisal_signed=any(line.is_signed and "ima_appraise=enforce" in line.arguments for line in lines),
        ima_policies=tuple(_holding(trees, _IMA_POLICIES, _APPRAISES)),
        ima_signed_files=sum(_signed_files(place.tree) for place in roots if place.tree is not None),
        composefs_signed=tuple(_holding(trees, _PREPARE, _COMPOSEFS)),
    )


def _root(place: Place) -> RootFileSystem:
    is_known = place.format in (*_READ_ONLY, *_WRITABLE)
    return RootFileSystem(
        path=place.shown or place.format,
        format=place.format,
        is_writable=Answer.of(place.format in _WRITABLE) if is_known else _NOT_SAID,
    )


def _values(arguments: tuple[str, ...], name: str) -> list[str]:
    return [a.partition("=")[2] for a in arguments if a.startswith(f"{name}=")]


def _claims(chain: Chain, lines: tuple[CommandLine, ...]) -> Iterator[Claim]:
    for line in lines:
        for name in ("roothash", "systemd.verity_root_hash"):
            for value in _values(line.arguments, name):
                if _HEX.fullmatch(value):
                    found = RootHash(
                        path=line.path, line=line.line, via="roothash", value=value.lower(), is_signed=line.is_signed
                    )
                    yield Claim(hash=found)
        for value in _values(line.arguments, "dm-mod.create"):
            for match in _TABLE.finditer(value):
                yield _of_table(match, line.path, line.line, is_signed=line.is_signed)
    yield from _env_files(chain)
    yield from _veritytabs(chain)
    yield from _vbmeta(chain)


def _of_table(match: "re.Match[str]", path: str, line: int, *, is_signed: bool) -> Claim:
    kind, data_block, hash_block, blocks, algorithm, root, salt = match.groups()
    return Claim(
        hash=RootHash(path=path, line=line, via="dm-mod.create", value=root.lower(), is_signed=is_signed),
        kind=int(kind),
        data_block=int(data_block),
        hash_block=int(hash_block),
        blocks=int(blocks[:15]),
        algorithm=algorithm.lower(),
        salt="" if salt == "-" else salt.lower(),
    )


def _env_files(chain: Chain) -> Iterator[Claim]:
    """What ``dm-verity-img.bbclass`` of meta-security puts into an initramfs."""
    for place, tree in chain.site.trees:
        for path, text in _texts([tree], _ENV_FILES):
            found = dict(re.findall(r"^(\w+)=\"?([\w-]+)\"?[ \t\r]*$", text.decode("utf-8", "replace"), re.MULTILINE))
            if _HEX.fullmatch(found.get("ROOT_HASH", "")):
                said = RootHash(
                    path=path, via="env-file", value=found["ROOT_HASH"].lower(), is_signed=_is_signed(chain, place)
                )
                yield Claim(hash=said)


def _is_signed(chain: Chain, place: Place) -> bool:
    """Whether a place lies in a FIT's image that is signed, or in a program of UEFI with a sound signature."""
    for outer, _, image in chain.fits:
        inside = place.path[len(outer.path) :].lstrip(":") if place.path.startswith(outer.path) else ""
        if inside and inside.partition(":")[0] in signed_nodes(image):
            return True
    sound = [binary.path for binary, _, _ in chain.programs if is_sound(binary)]
    return any(place.shown.startswith(f"{path}:") or f":{path}:" in place.shown for path in sound)


def _veritytabs(chain: Chain) -> Iterator[Claim]:
    for _, tree in chain.site.trees:
        for path, text in _texts([tree], ("/etc/veritytab",)):
            for number, line in enumerate(text.decode("utf-8", "replace").split("\n"), start=1):
                words = line.split()
                if len(words) >= 4 and not line.startswith("#") and _HEX.fullmatch(words[3]):
                    said = RootHash(path=path, line=number, via="veritytab", value=words[3].lower(), is_signed=False)
                    yield Claim(hash=said)


def _vbmeta(chain: Chain) -> Iterator[Claim]:
    for path, meta, _ in android.images(chain):
        for said in meta.descriptors:
            if said.kind == "hashtree" and said.digest:
                yield Claim(
                    hash=RootHash(path=path, via="vbmeta", value=said.digest.hex(), is_signed=meta.algorithm != 0),
                    kind=1,
                    data_block=4096,
                    hash_block=4096,
                    blocks=said.image_size // 4096,
                    algorithm=said.algorithm.lower(),
                    salt=said.salt.hex(),
                    partition=said.partition,
                )


def _texts(trees: list[Tree], paths: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for tree in trees:
        for path in paths:
            found = tree.find(path)
            if found is not None and found.kind == "file":
                try:
                    yield tree.show(path), tree.read(path, _TEXT_LIMIT)
                except Unreadable as error:
                    raise Unreadable(f"{tree.show(path)}: {error}") from error


def _holding(trees: list[Tree], paths: tuple[str, ...], mark: "re.Pattern[bytes]") -> Iterator[str]:
    return (path for path, text in _texts(trees, paths) if mark.search(text))


def _signed_files(tree: Tree) -> int:
    """Files with a signature (not a mere hash) in ``security.ima``, among the first that are met."""
    signed = 0
    try:
        for number, entry in enumerate(e for e in tree.walk(unread=[]) if e.kind == "file"):
            if number >= _SEEN:
                break
            signed += tree.attributes(entry).get("security.ima", b"\0")[:1] in (bytes((s,)) for s in _SIGNATURES)
    except OverBudget:
        raise
    except Unreadable:
        # The format keeps no attributes, or this system shows none: no evidence, which is what is counted.
        return signed
    return signed
