"""The kernel that a bootloader starts is signed together with all that is started beside it.

## What it looks at
Every FIT image that holds a kernel: whether each of its configurations has a signature with a value, the algorithm of
that signature, and which image nodes it covers, hash included. Hashes are computed, and where the bootloader with its
key is in the image, so is the signature. Where the image has no FIT: whether the kernel lies in
a format that carries no signature at all. This is evidence in the image; what the chip and its fuses enforce is not
in it.

## Why it matters
Whoever can write to flash (an update that was tampered with, a flaw in a web interface, a hand on the board) puts in a
kernel of their own, below everything that the system checks later. A hash in the FIT only finds damage: who changes
the kernel changes the hash. A device tree or initramfs outside the signature is as good as the kernel: both say what
is run as root.

## How to fix
Sign configurations, not images, in the `.its`: a `signature-1` node in each configuration with
`algo = "sha256,rsa2048"` (or `ecdsa256`), `key-name-hint` and `sign-images = "kernel", "fdt", "ramdisk"`; then
`mkimage -f image.its -k keys -K u-boot.dtb -r image.itb`. In Yocto: `UBOOT_SIGN_ENABLE = "1"`, `FIT_SIGN_ALG`,
`FIT_HASH_ALG = "sha256"`. Keep the private key off the build machine.

## References
- U-Boot doc/usage/fit/signature.rst (signed configurations, mix-and-match attacks)
- ETSI EN 303 645 V3.1.3 provision 5.7-1; OWASP ISVS 3.1.5 (git edfda29b)
"""

import re

from iotscan.sdk import (
    BootStages,
    FitConfiguration,
    FitImage,
    FitImages,
    FitSignature,
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

LEAST_BITS = 2048
LEAST_CURVE = 224
PLAIN = ("kernel", "uimage")
WANTED = "a signature (RSA from 2048 bits or ECDSA, SHA-256 or longer) over kernel, device tree and initramfs"


def is_weak(signature: FitSignature) -> bool:
    """True for a broken hash, a short key, or an algorithm that says neither."""
    digest, _, key = signature.algorithm.partition(",")
    found = re.fullmatch(r"(rsa|ecdsa|secp)(\d+)(r1)?", key)
    least = LEAST_BITS if key.startswith("rsa") else LEAST_CURVE
    return digest not in ("sha256", "sha384", "sha512") or found is None or int(found[2]) < least


def judge(image: FitImage, one: FitConfiguration, place: Subject) -> Verdict | None:
    """The verdict on one configuration, None when it is in order."""
    signed = [s for s in one.signatures if s.has_value]
    ask = command("dumpimage", "-l", image.path.rpartition(":")[2])
    if not signed:
        own = [s.covers for s in image.image_signatures if s.has_value]
        how = "its images are signed one by one" if own else "it has hashes only" if image.hashed else "no hash either"
        return bad(
            "unsigned",
            f"configuration {one.node!r} is not signed: {how}",
            observed=f"{place}: {one.node}, no signature with a value",
            expected=WANTED,
            reproduce=ask,
            about=place,
            part=one.node,
        )
    if all(is_weak(s) for s in signed):
        return bad(
            "weak-algorithm",
            f"configuration {one.node!r} is signed with {signed[0].algorithm}",
            observed=f"{place}: {one.node} {signed[0].algorithm}",
            expected=WANTED,
            reproduce=ask,
            about=place,
            part=one.node,
        )
    strong = [s for s in signed if not is_weak(s)]
    open_nodes = [n for n in one.images if not any(n in s.covers for s in strong)]
    if open_nodes:
        return bad(
            "not-covered",
            f"the signature of {one.node!r} leaves out {', '.join(open_nodes)}",
            observed=f"{place}: {one.node} starts {', '.join(one.images)}; signed: {', '.join(strong[0].covers)}",
            expected=WANTED,
            reproduce=ask,
            about=place,
            part=one.node,
        )
    return proven(image, one, place, strong)


def proven(image: FitImage, one: FitConfiguration, place: Subject, signatures: list[FitSignature]) -> Verdict | None:
    """What computing showed: a signature that does not hold, or data that do not give the hash that is signed."""
    broken = [s for s in signatures if s.holds.is_answered and not s.holds.value]
    if broken and len(broken) == len(signatures):
        return bad(
            "broken-signature",
            f"the signature of {one.node!r} does not hold with the bootloader's key",
            observed=f"{place}: {one.node} {broken[0].algorithm}, key {broken[0].key!r}",
            expected=WANTED,
            about=place,
            part=one.node,
        )
    changed = [node for node in one.images if node in image.changed]
    if changed:
        return bad(
            "changed",
            f"the data of {', '.join(changed)} do not give the hash that is signed",
            observed=f"{place}: {', '.join(changed)} of {one.node}",
            expected=WANTED,
            about=place,
            part=one.node,
        )
    return None


@check(
    id="kernel-boot-signature",
    aliases=("HW-001",),
    title="The kernel that a bootloader starts is signed with all that belongs to it",
    element="hardware",
    variants={
        "unsigned": ("high", "A configuration of a FIT that starts a kernel is not signed"),
        "not-covered": ("high", "The signature leaves out an image that is started"),
        "broken-signature": ("high", "The signature does not hold with the key of the bootloader"),
        "changed": ("high", "An image does not give the hash that is signed"),
        "weak-algorithm": ("high", "The signature uses a broken hash or a short key"),
        "plain-format": ("high", "U-Boot starts a kernel in a format that carries no signature"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.7-1"),
        clause("ETSI EN 303 645", "V2.1.1", "5.7-1"),
        clause("OWASP ISVS", "edfda29b", "3.1.5"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
        clause("IEC 62443-4-2", "2019", "EDR 3.14"),
    ),
    tags=("boot", "image"),
    since="0.1",
    effort="high",
)
def kernel_boot_signature(found: FitImages, stages: BootStages, target: Target) -> Returned:
    """Judge every configuration that starts a kernel; without a FIT, the format of the kernel itself."""
    if not stages.stages:
        return unknown("the image holds no boot stage: what starts the kernel is elsewhere")
    image = target.subject.image
    kernels = [fit for fit in found.images if fit.has_kernel]
    verdicts = [
        verdict
        for fit in kernels
        for one in fit.configurations
        if (verdict := judge(fit, one, Subject(image=image, path=fit.path)))
    ]
    verdicts += [
        bad(
            "unsigned",
            "a FIT starts a kernel without any configuration that could be signed",
            observed=f"{fit.path}: no configuration",
            expected=WANTED,
            about=Subject(image=image, path=fit.path),
        )
        for fit in kernels
        if not fit.configurations
    ]
    if kernels:
        return verdicts or good(f"{len(kernels)} FIT images, each configuration signed with all that it starts")
    return without_fit(stages, image)


def without_fit(stages: BootStages, image: str) -> Verdict:
    """What the other stages say where no FIT holds a kernel."""
    kinds = {stage.kind for stage in stages.stages}
    legacy = [s for s in stages.stages if s.kind == "uimage"]
    plain = [s for s in stages.stages if s.kind in PLAIN]
    if legacy or (plain and kinds & {"u-boot", "environment", "boot-script", "extlinux"} and "efi" not in kinds):
        first = (legacy or plain)[0]
        return bad(
            "plain-format",
            "the kernel is in a format that carries no signature",
            observed=f"{first.path} ({first.kind})",
            expected=WANTED,
            about=Subject(image=image, path=first.path),
        )
    if kinds & {"efi", "grub-menu", "loader-entry"}:
        return skip("UEFI starts the kernel: see uefi-boot-signature")
    if kinds & {"android-boot", "vbmeta"}:
        return skip("Android's boot chain starts the kernel: see android-verified-boot")
    return unknown("no FIT with a kernel in the image: what starts the kernel, and checks it, is elsewhere")
