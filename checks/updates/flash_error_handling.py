"""What lies on NAND flash is kept by something that knows of its errors.

## What it looks at
What the kernel command lines take as root, what fstab, mount units and the scripts of the start mount. A file system
that knows of no bad blocks (squashfs, ext4, FAT) straight on `/dev/mtdblockN` is reported where that flash is NAND: a
device tree names an enabled NAND chip, or `mtdparts` calls it so, and the image names no other raw flash. On raw NOR,
which has no bad blocks, squashfs and JFFS2 are in order. UBI, UBIFS, ubiblock, JFFS2, YAFFS and flash with a controller
of its own (eMMC, SD, SSD) see to errors themselves. What the image does not say is not assessed; where UBI is attached
on the same line, `mtdblock` may be one that UBI emulates (gluebi), and that stays open, too.

## Why it matters
NAND comes with bad blocks, gets more, and flips bits also where it is only read. `mtdblock` passes all that on: a block
that goes bad moves nothing, a bit that flips is never written anew. The device then stops after years in the field, or
after an update that hits a bad block, and no rollback helps it.

## How to fix
UBI over the whole NAND: `ubi.mtd=…` with `root=ubi0:rootfs rootfstype=ubifs`, or squashfs in a UBI volume through
`ubi.block=0,rootfs root=/dev/ubiblock0_0`. Or take managed flash (eMMC).

## References
- Linux, MTD and UBI documentation (linux-mtd.infradead.org); `drivers/mtd/mtdblock.c`, which warns of NAND
- ETSI EN 303 645 V3.1.3 provision 5.9-1
"""

import re

from iotscan.sdk import (
    CommandLine,
    Each,
    FlashChip,
    KernelCommandLines,
    Mounts,
    RawFlash,
    Returned,
    Storage,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)

RAW = re.compile(r"/dev/mtdblock\d+$|31:\d+$|1f[0-9a-f]{2}$")
"""By name, or by the number of its device: 31 is mtdblock's."""
MANAGED = re.compile(r"/dev/(?:mmcblk|nvme|sd[a-z]|vd[a-z])|PARTUUID=|PARTLABEL=")
"""Raw flash has no partition table of a disk."""
UBI = re.compile(r"ubi|/dev/ubi")
UNAWARE = ("squashfs", "ext2", "ext3", "ext4", "ext", "vfat", "fat", "f2fs", "erofs", "btrfs", "xfs", "minix", "cramfs")
AWARE = ("jffs2", "yaffs", "yaffs2", "ubifs", "ubi")
EXPECTED = "UBI (UBIFS, ubiblock), or flash with a controller of its own"


def judge(source: str, kinds: set[str], chips: tuple[FlashChip, ...], place: Subject, ubi: str) -> Verdict | None:
    """The verdict on one block device over raw flash, by the file systems it may be; None where it is in order."""
    if not kinds.difference(AWARE) and kinds:
        return None
    flash = {chip.kind for chip in chips}
    named = ", ".join(dict.fromkeys(f"{chip.said} ({chip.kind})" for chip in chips[:6]))
    if flash == {"nor"}:
        return None
    if not flash:
        return unknown(f"{source} is mounted as blocks, and nothing says what flash it is", about=place, part=source)
    if flash != {"nand"}:
        text = f"{source} is mounted as blocks; which of these it is on is not said: {named}"
        return unknown(text, about=place, part=source)
    if ubi:
        text = f"{source} is on NAND, and {ubi} attaches UBI: it may be a volume of it (gluebi)"
        return unknown(text, about=place, part=source)
    if not kinds or not kinds.issubset(UNAWARE):
        said = ", ".join(sorted(kinds)) or "none is named"
        return unknown(
            f"{source} is on NAND; which file system lies on it is not known: {said}", about=place, part=source
        )
    return bad(
        "raw-nand",
        f"{'/'.join(sorted(kinds))} lies straight on NAND flash, with nothing that sees to its errors",
        observed=f"{place}: {source}, and the flash is {named}",
        expected=EXPECTED,
        about=place,
        part=source,
    )


def of_line(line: CommandLine, formats: set[str]) -> tuple[str, set[str]]:
    """What a line takes as root, and the file systems that may be: those it names, else those of the image."""
    said = dict(word.partition("=")[::2] for word in line.arguments)
    kinds = {kind for kind in said.get("rootfstype", "").split(",") if kind and kind != "auto"}
    return said.get("root", "").strip("\"'"), kinds or formats


@check(
    id="flash-error-handling",
    aliases=("OTA-023",),
    title="What lies on NAND flash is kept by something that knows of its errors",
    element="updates",
    variants={"raw-nand": ("low", "A file system that knows of no bad blocks lies straight on NAND flash")},
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.9-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(h)"),
        clause("IEC 62443-4-2", "2019", "CR 7.4"),
    ),
    tags=("image", "storage", "updates"),
    since="0.1",
    effort="high",
)
def flash_error_handling(
    flash: RawFlash, lines: KernelCommandLines, storage: Storage, mounts: Each[Mounts], target: Target
) -> Returned:
    """Judge every use of mtdblock; without any, what the root file system lies on says whether the question stands."""
    image = target.subject.image
    formats = {v.format for v in storage.volumes if v.role == "root"}
    # The files of a root without their file system do not tell what they will lie in.
    formats = formats if formats.issubset((*UNAWARE, *AWARE)) else set()
    attaching = next((line for line in lines.lines if any(w.startswith("ubi.mtd=") for w in line.arguments)), None)
    ubi = f"{attaching.path} with ubi.mtd=" if attaching else ""
    roots = [(line, *of_line(line, formats)) for line in lines.lines]
    used = [(root, kinds, Subject(image=image, path=line.path, line=line.line)) for line, root, kinds in roots]
    for mount in (m for seen in mounts for m in seen.fact.mounts if "noauto" not in m.options):
        kinds = set() if mount.type == "auto" else {mount.type}
        used.append((mount.source, kinds, Subject(image=image, path=mount.path, line=mount.line)))
    for made in flash.mounts:
        kinds = {made.type} if made.type else set()
        used.append((made.source, kinds, Subject(image=image, path=made.path, line=made.line)))
    raw = [(source, kinds, place) for source, kinds, place in used if RAW.match(source)]
    judged = [judge(source, kinds, flash.chips, place, ubi) for source, kinds, place in raw]
    found = [verdict for verdict in judged if verdict is not None]
    if found:
        return found
    if raw:
        return good(f"{len(raw)} file systems on raw flash, none that needs blocks without errors")
    kept = [root for _, root, _ in roots if UBI.match(root) or MANAGED.match(root)]
    if kept or formats & {"ubifs"}:
        return good(f"the root file system is on {kept[0] if kept else 'UBI'}, which sees to errors of the flash")
    if storage.is_disk and not flash.chips:
        return skip("the image is a disk with partitions or a UBI with volumes, and names no raw flash")
    return unknown("nothing in the image says what flash its root file system lies on, or it is none that we know")
