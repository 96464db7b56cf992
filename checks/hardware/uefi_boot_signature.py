"""Every program that UEFI starts is signed, and the signature is one of that program.

## What it looks at
The PE programs on the EFI system partition and in `/boot` and `/efi`: shim, GRUB, systemd-boot, unified kernel images,
kernels. Each needs an Authenticode signature whose digest is that of the program as it lies there, and that its own
certificate confirms. Not verified: that the firmware's `db` holds the signer, that Secure Boot is switched on, time
stamps, and revocation (`dbx`, SBAT); none of these is in the image.

## Why it matters
An EFI system partition is a FAT file system that every root process and everybody with the storage in hand can write.
An unsigned loader there is started by a firmware without Secure Boot, and forces the user of one with Secure Boot to
switch it off.

## How to fix
Sign with your own key, enrolled in `db`: `sbsign --key db.key --cert db.crt --output BOOTX64.EFI BOOTX64.EFI`, or let
`ukify --secureboot-private-key` build and sign one unified kernel image of kernel, initramfs and command line. Or ship
a shim signed by Microsoft and sign what follows with a key that it holds. Sign last: any change breaks the signature.

## References
- UEFI Specification 2.10 section 32 (Secure Boot); Microsoft PE format, "Attribute Certificate Table"
- ETSI EN 303 645 V3.1.3 provision 5.7-1
"""

from iotscan.sdk import (
    EfiBinaries,
    EfiBinary,
    Reason,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    command,
    good,
    skip,
    unknown,
)

WANTED = "an Authenticode signature (SHA-256 or longer) of this very program"


def judge(one: EfiBinary, image: str) -> Verdict | None:
    """The verdict on one program, None when a signature of it holds."""
    place = Subject(image=image, path=one.path)
    ask = command("sbverify", "--list", one.path.rpartition("/")[2])
    what = f"{place} ({one.program})"

    def said(variant: str, summary: str, observed: str) -> Verdict:
        return bad(variant, summary, observed=observed, expected=WANTED, reproduce=ask, about=place)

    if one.problem:
        return unknown(f"{one.path}: {one.problem}", reason=Reason.UNREADABLE, about=place)
    if not one.signatures:
        is_loader = one.is_default or one.program != "other"
        return said("unsigned" if is_loader else "unsigned-tool", f"{one.path} is not signed", what)
    fitting = [s for s in one.signatures if s.digest_matches]
    if not fitting:
        text = "the signature is of another program: it was changed after it was signed"
        return said("digest-mismatch", text, f"{what}: digest in the signature differs")
    if any(s.holds.known and s.algorithm not in ("sha1", "md5") for s in fitting):
        return None
    if any(s.holds.known for s in fitting):
        return said("weak-digest", f"signed over a {fitting[0].algorithm} digest", f"{what}: {fitting[0].algorithm}")
    if any(not s.holds.is_answered for s in fitting):
        return unknown(f"{one.path}: {next(s.holds.detail for s in fitting if not s.holds.is_answered)}", about=place)
    return said("broken-signature", "the signer's certificate does not confirm the signature", what)


@check(
    id="uefi-boot-signature",
    aliases=("HW-004",),
    title="Every program that UEFI starts is signed",
    element="hardware",
    variants={
        "unsigned": ("medium", "A boot loader, unified kernel image or kernel of UEFI is not signed"),
        "digest-mismatch": ("high", "A signature in a program of UEFI is of another program"),
        "broken-signature": ("high", "The signature of a program of UEFI does not hold"),
        "weak-digest": ("low", "A program of UEFI is signed over a SHA-1 or MD5 digest"),
        "unsigned-tool": ("low", "A program on the EFI system partition that is no loader is not signed"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.7-1"),
        clause("ETSI EN 303 645", "V2.1.1", "5.7-1"),
        clause("IEC 62443-4-2", "2019", "EDR 3.14"),
    ),
    tags=("boot", "image"),
    since="0.1",
    effort="medium",
)
def uefi_boot_signature(found: EfiBinaries, target: Target) -> Returned:
    """Judge each program by itself; who vouches for the signers stays open."""
    if all(one.program == "kernel" for one in found.binaries):
        return skip("no loader of UEFI in the image: kernels for ARM and RISC-V are its programs whoever starts them")
    image = target.subject.image
    verdicts = [verdict for one in found.binaries if (verdict := judge(one, image))]
    if verdicts:
        return verdicts
    signers = sorted({s.signer for one in found.binaries for s in one.signatures if s.digest_matches})
    text = f"{len(found.binaries)} programs of UEFI, each with a signature of its own bytes; image evidence only"
    return good(text, observed=f"signers: {'; '.join(signers)}")
