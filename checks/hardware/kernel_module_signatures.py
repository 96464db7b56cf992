"""Every kernel module is signed, and the kernel loads no other.

## What it looks at
The end of every `*.ko` (packed ones are unpacked): a signature stands there or not. It is verified with the certificate
that it names, where that stands in a kernel of the image or is given with `--trust`. Then what makes the kernel insist:
`CONFIG_MODULE_SIG_FORCE`, a forced lockdown, `module.sig_enforce=1` or `lockdown=` on a command line. Signatures by a
key that is not at hand are counted, and not held against the image.

## Why it matters
A module runs as the kernel. Who becomes root once, and may load a module of their own, stays for good: it hides files
and connections, and switches off whatever the kernel enforces.

## How to fix
Build with `CONFIG_MODULE_SIG=y`, `CONFIG_MODULE_SIG_ALL=y`, `CONFIG_MODULE_SIG_SHA256=y` and
`CONFIG_MODULE_SIG_FORCE=y`. Do not strip modules after they are signed (Yocto: `INHIBIT_PACKAGE_STRIP`; strip takes the
signature off). Or build without modules.

## References
- Linux Documentation/admin-guide/module-signing.rst; kernel_lockdown(7)
- OWASP ISVS 3.6.1 (git edfda29b)
"""

from iotscan.sdk import (
    KernelCommandLines,
    KernelConfigs,
    KernelModules,
    Presence,
    Reason,
    Returned,
    SignedModules,
    Subject,
    Target,
    Trust,
    Verdict,
    bad,
    check,
    clause,
    command,
    good,
    judge_code,
    unknown,
)

FORCED = (
    "CONFIG_MODULE_SIG_FORCE",
    "CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
    "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY",
)
ASKED = ("module.sig_enforce=1", "module.sig_enforce", "lockdown=integrity", "lockdown=confidentiality")
WANTED = "every module signed, and CONFIG_MODULE_SIG_FORCE=y, module.sig_enforce=1 or lockdown="


def enforcement(configs: KernelConfigs | None, lines: KernelCommandLines | None) -> str | None:
    """What makes the kernel insist; empty for nothing, None where neither configuration nor command line is seen."""
    known = configs.configs if configs else ()
    for config in known:
        forced = next((name for name in FORCED if config.options.get(name) == "y"), "")
        if forced:
            return f"{config.path}: {forced}=y"
    said = lines.lines if lines else ()
    is_able = all(config.options.get("CONFIG_MODULE_SIG", "y") == "y" for config in known)
    asking = [(line, word) for line in said for word in line.arguments if word in ASKED]
    if said and is_able and len({line for line, _ in asking}) == len(said):
        return f"{asking[0][0].path}: {asking[0][1]}"
    return "" if known or said else None


@check(
    id="kernel-module-signatures",
    aliases=("HW-006",),
    title="Every kernel module is signed, and the kernel loads no other",
    element="hardware",
    variants={
        "unsigned": ("medium", "A kernel module is not signed"),
        "broken": ("medium", "The signature of a kernel module makes no sense"),
        "changed": ("high", "A kernel module is not what was signed"),
        "wrong-signer": ("low", "A kernel module is signed by a key that does not stand in the kernel"),
        "not-enforced": ("low", "Modules are signed, and the kernel loads others too"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "3.6.1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.7-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.4"),
    ),
    tags=("boot", "image"),
    since="0.1",
    effort="medium",
)
def kernel_module_signatures(
    modules: KernelModules,
    signed: Presence[SignedModules],
    configs: Presence[KernelConfigs],
    lines: Presence[KernelCommandLines],
    trust: Trust,
    target: Target,
) -> Returned:
    """Fail on a module without a sound signature, then on a kernel that does not insist."""
    if modules.broken or modules.unsigned:
        path = (modules.broken or modules.unsigned)[0]
        without = modules.count - modules.signed - modules.unread
        variant = "unsigned" if modules.unsigned else "broken"
        text = f"{without} of {modules.count} kernel modules have no sound signature"
        return failed(variant, text, f"{without} of {modules.count}, such as {path}", path, target)
    proven, failure = verified(signed.fact, trust, target)
    if failure is not None:
        return failure
    if modules.unread:
        text = f"{modules.unread} of {modules.count} modules were not seen: {modules.unread_reason}"
        return unknown(text, reason=Reason.UNREADABLE)
    because = enforcement(configs.fact, lines.fact)
    counted = f"{modules.count} modules, all signed ({', '.join(modules.digests)}{proven})"
    if because is None:
        return unknown(f"{counted}; neither the kernel's configuration nor its command line is in the image")
    if not because:
        text = "the kernel loads unsigned modules too: nothing in its configuration or command line forbids it"
        return bad("not-enforced", text, observed=counted, expected=WANTED)
    return good(f"{counted}, and the kernel loads no other", observed=because)


def verified(signed: SignedModules | None, trust: Trust, target: Target) -> tuple[str, Verdict | None]:
    """How the signatures were verified, and what is wrong with one."""
    if signed is None:
        return "", None
    judged = judge_code(signed.files, trust.keys)
    if judged.broken:
        first = judged.broken[0]
        text = f"{len(judged.broken)} of {len(signed.files)} signed kernel modules are not what was signed"
        return "", failed("changed", text, first.damage or f"signed by key {first.key_hint}", first.path, target)
    # Where none is verified it may be the kernel that was not seen.
    if judged.foreign and judged.verified:
        first = judged.foreign[0]
        text = f"{len(judged.foreign)} of {len(signed.files)} kernel modules are signed by a key that no kernel has"
        return "", failed("wrong-signer", text, f"signed by key {first.key_hint}", first.path, target)
    if judged.verified and not judged.untried and not judged.foreign and not signed.left_out:
        return f", verified with a certificate of {judged.by[0].path}", None
    return ", by a key that is not at hand", None


def failed(variant: str, text: str, observed: str, path: str, target: Target) -> Verdict:
    """The finding about a module."""
    return bad(
        variant,
        text,
        observed=observed,
        expected=WANTED,
        reproduce=command("modinfo", "-F", "signer", path.rpartition(":")[2]),
        about=Subject(image=target.subject.image, path=path),
        part="modules",
    )
