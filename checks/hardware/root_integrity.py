"""The root file system is verified against something that is signed.

## What it looks at
Root hashes of dm-verity that the boot chain is given (`roothash=`, `dm-mod.create=`, vbmeta, the files of an
initramfs), whether each stands inside bytes that a signature in the image covers, and whether the data that lie there
now give that very hash: they are hashed. Beside it IMA appraisal with signed files, and composefs. Without a boot stage
in the image the question stays open; that the chip checks the first signature is not in the image either.

## Why it matters
A signed kernel that mounts whatever lies on the root partition protects the kernel alone: the services, the updater
and its keys are files. A read-only file system is a convention of the running system; who writes to the storage
replaces it whole. A root hash on the same unsigned medium is rewritten together with the data.

## How to fix
Build the root file system with dm-verity (`veritysetup format`, Yocto `dm-verity-img.bbclass`, Buildroot or mkosi
`Verity=`) and put the root hash where the signature reaches it: into the command line of a signed unified kernel image
or of the device tree in a signed FIT configuration, or into an initramfs that is part of either. Or use IMA with
`ima_appraise=enforce` and files signed by `evmctl sign`.

## References
- Linux Documentation/admin-guide/device-mapper/verity.rst; systemd-veritysetup-generator(8)
- ETSI EN 303 645 V3.1.3 provision 5.7-1; OWASP ISVS 3.2.10 (git edfda29b)
"""

from iotscan.sdk import (
    BootStages,
    HashTree,
    Returned,
    RootHash,
    RootIntegrity,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    unknown,
)

WANTED = "dm-verity, or IMA appraisal, with its root of trust inside signed data"


@check(
    id="root-integrity",
    aliases=("HW-005",),
    title="The root file system is verified against something that is signed",
    element="hardware",
    variants={
        "mismatch": ("high", "The data do not give the root hash that the boot chain is told"),
        "writable": ("high", "Nothing verifies a root file system that can be written"),
        "unverified": ("medium", "Nothing verifies the root file system, whatever its format will be"),
        "read-only": ("medium", "Nothing verifies the root file system, although its format is read-only"),
        "unsigned-hash": ("medium", "The root hash, or the order to appraise, is itself not signed"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.7-1"),
        clause("ETSI EN 303 645", "V2.1.1", "5.7-1"),
        clause("OWASP ISVS", "edfda29b", "3.2.10"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("boot", "image"),
    since="0.1",
    effort="high",
)
def root_integrity(found: RootIntegrity, stages: BootStages, target: Target) -> Returned:
    """Ask for verity first, then for IMA and composefs; what has neither is judged by its format."""
    image = target.subject.image
    if found.hashes:
        return by_verity(found, image)
    if "enforce" in found.ima_appraise and found.ima_signed_files:
        text = f"ima_appraise=enforce, and {found.ima_signed_files} files with a signature"
        if found.is_appraisal_signed:
            return good("IMA appraises files by an order that is inside signed bytes", observed=text)
        summary = "the order to appraise stands on the same unsigned medium as the files"
        return bad("unsigned-hash", summary, observed=text, expected=WANTED)
    if found.composefs_signed:
        return unknown(f"{found.composefs_signed[0]} demands a signed composefs: its signature is made on the device")
    if not stages.stages:
        return unknown("the image holds no boot stage: what verifies the root file system is elsewhere")
    if found.trees:
        return unknown("a hash tree is there, and no root hash for it: what the boot chain compares with is not seen")
    if all(stage.kind in ("kernel", "device-tree") for stage in stages.stages):
        return unknown("the image holds a kernel without what starts it: a root hash may be given there")
    return by_format(found, image)


def by_verity(found: RootIntegrity, image: str) -> Verdict:
    """The verdict on root hashes: one that is signed and computed is good, one that is neither is not."""
    computed = [tree for tree in found.trees if tree.computed.is_answered]
    matching = [said for said in found.hashes if any(tree.computed.value == said.value for tree in computed)]
    signed = [said for said in matching if said.is_signed]
    if signed:
        where = place_of(signed[0], image)
        text = f"{where}: {signed[0].via} {signed[0].value[:16]}… is that of the data"
        return good("dm-verity: the data give the root hash, and the root hash is inside signed bytes", observed=text)
    if matching:
        return unsigned(matching[0], image, "the data give it")
    if computed:
        return mismatch(found.hashes[0], computed[0], image)
    open_hash = next((said for said in found.hashes if said.is_signed), None)
    if open_hash is None:
        return unsigned(found.hashes[0], image, "no hash tree to compare with was found")
    why = next((t.computed.detail for t in found.trees), "no hash tree for it was found in the image")
    return unknown(f"a signed root hash is given, and was not compared: {why}", about=place_of(open_hash, image))


def place_of(said: RootHash, image: str) -> Subject:
    """Where a root hash stands."""
    return Subject(image=image, path=said.path, line=said.line)


def unsigned(said: RootHash, image: str, compared: str) -> Verdict:
    """A root hash that may be rewritten together with the data."""
    place = place_of(said, image)
    text = f"{place}: {said.via} {said.value[:16]}…, {compared}"
    summary = "the root hash stands on the same unsigned medium as the data"
    return bad("unsigned-hash", summary, observed=text, expected=WANTED, about=place)


def mismatch(said: RootHash, tree: HashTree, image: str) -> Verdict:
    """A root hash that is not that of the data."""
    place = place_of(said, image)
    text = f"{place}: {said.value[:16]}…, {tree.data} gives {tree.computed.value[:16]}…"
    summary = "the data do not give the root hash: they were changed, or the hash is of another build"
    return bad("mismatch", summary, observed=text, expected=WANTED, about=place)


def by_format(found: RootIntegrity, image: str) -> list[Verdict]:
    """Nothing verifies the root: how easily it is changed is all that is left to say."""
    verdicts = []
    for root in found.roots:
        place = Subject(image=image, path=root.path if root.path != root.format else "")
        variant = (
            "writable" if root.is_writable.known else "read-only" if root.is_writable.is_answered else "unverified"
        )
        summary = "nothing verifies the root file system"
        if variant == "read-only":
            summary += ": read-only is not verified"
        verdicts.append(
            bad(variant, summary, observed=f"{root.path} ({root.format})", expected=WANTED, about=place, part=root.path)
        )
    return verdicts
