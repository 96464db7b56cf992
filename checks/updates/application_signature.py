"""Applications are installed and run only when somebody known signed them.

## What it looks at
The policy of a container engine for image signatures (`containers/policy.json` of Podman and CRI-O): one that accepts
anything fails, one that asks for a signature of registries is in order. The signatures that IMA keeps with programs
are counted, and no more is said of them: the key that verifies them is the kernel's. Docker, containerd and Balena
have no such policy in a file. Packages of Android, and signatures that lie beside single programs, are not read;
package feeds, kernel modules and boot stages have checks of their own.

## Why it matters
Applications change more often than firmware, and come from more places. An engine that runs whatever a registry sends
hands the device to whoever holds the registry, its name or the way to it.

## How to fix
`"default": [{"type": "reject"}]` in `/etc/containers/policy.json`, and `sigstoreSigned` or `signedBy` with your key
for your registry. On devices of one purpose sign programs with `evmctl ima_sign` and boot with
`ima_appraise=enforce`.

## References
- ETSI EN 303 645 V3.1.3 provision 5.3-9 (authenticity and integrity of updates)
- containers-policy.json(5), evmctl(1)
"""

from iotscan.sdk import (
    ContainerPolicy,
    FileSignatures,
    Presence,
    Returned,
    Subject,
    Target,
    bad,
    check,
    clause,
    good,
    unknown,
)

SIGNED = ("reject", "signedBy", "sigstoreSigned")


@check(
    id="application-signature",
    aliases=("HW-022",),
    title="Applications are installed and run only when somebody known signed them",
    element="updates",
    variants={"accepts-anything": ("medium", "The container engine takes images that nobody signed")},
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-9"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
        clause("IEC 62443-4-2", "2019", "CR 3.4"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="medium",
)
def application_signature(
    policy: Presence[ContainerPolicy], marks: Presence[FileSignatures], target: Target
) -> Returned:
    """Judge the policy of a container engine; marks of IMA alone prove nothing."""
    found = policy.fact
    if found is not None and found.default:
        is_open = found.default not in SIGNED
        if is_open or found.open_scopes:
            what = "anything" if is_open else f"anything from {found.open_scopes[0]}"
            return bad(
                "accepts-anything",
                f"{found.engine} runs {what}, signed or not",
                observed=f"default {found.default}, open: {', '.join(found.open_scopes) or 'none'}",
                expected="reject by default, sigstoreSigned or signedBy for the registries in use",
                about=Subject(image=target.subject.image, path=found.path),
            )
        return good(f"{found.engine} asks for signatures: {found.default} by default", observed=found.path)
    if found is not None:
        return unknown(f"{found.engine} keeps no policy of signatures in a file: {found.path}")
    if marks.fact is not None:
        counted = f"{marks.fact.signed} of {marks.fact.programs} programs carry signatures of IMA"
        return unknown(f"{counted}; the key that verifies them is not in the image")
    return unknown("no container engine and no signed programs in the image: how applications come is not seen")
