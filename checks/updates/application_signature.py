"""Applications are installed and run only when somebody known signed them.

## What it looks at
The policy of a container engine for image signatures (`containers/policy.json` of Podman and CRI-O): one that accepts
anything fails, one that asks for a signature of registries is in order. The signatures that IMA keeps with programs
and libraries, each verified with the key that it names: one in `/etc/keys`, or given with `--trust`. That the kernel
demands them is the question of `root-integrity`. Docker, containerd and Balena have no policy in a file. Packages of
Android, and signatures that lie beside single programs, are not read; package feeds, kernel modules and boot stages
have checks of their own.

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
    CodeSignature,
    ContainerPolicy,
    FileSignatures,
    Presence,
    Returned,
    SignedPrograms,
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

SIGNED = ("reject", "signedBy", "sigstoreSigned")
WEAK = ("md5", "sha1")


@check(
    id="application-signature",
    aliases=("HW-022",),
    title="Applications are installed and run only when somebody known signed them",
    element="updates",
    variants={
        "accepts-anything": ("medium", "The container engine takes images that nobody signed"),
        "broken": ("high", "A signed program is not what was signed"),
        "wrong-signer": ("medium", "A program is signed by a key that the device does not trust"),
        "weak-digest": ("medium", "Programs are signed over a digest for which two files can be made"),
    },
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
    policy: Presence[ContainerPolicy],
    marks: Presence[FileSignatures],
    programs: Presence[SignedPrograms],
    trust: Trust,
    target: Target,
) -> Returned:
    """Judge the policy of a container engine, then each program that IMA's attribute says is signed."""
    said = [*of_policy(policy.fact, target), *of_programs(programs.fact, marks.fact, trust, target)]
    return said or unknown("no container engine and no signed programs in the image: how applications come is not seen")


def of_policy(found: ContainerPolicy | None, target: Target) -> list[Verdict]:
    """What the policy of a container engine lets in."""
    if found is None:
        return []
    if not found.default:
        return [unknown(f"{found.engine} keeps no policy of signatures in a file: {found.path}")]
    is_open = found.default not in SIGNED
    if is_open or found.open_scopes:
        what = "anything" if is_open else f"anything from {found.open_scopes[0]}"
        return [
            bad(
                "accepts-anything",
                f"{found.engine} runs {what}, signed or not",
                observed=f"default {found.default}, open: {', '.join(found.open_scopes) or 'none'}",
                expected="reject by default, sigstoreSigned or signedBy for the registries in use",
                about=Subject(image=target.subject.image, path=found.path),
            )
        ]
    return [good(f"{found.engine} asks for signatures: {found.default} by default", observed=found.path)]


def of_programs(
    found: SignedPrograms | None, marks: FileSignatures | None, trust: Trust, target: Target
) -> list[Verdict]:
    """What each signature of IMA proves."""
    if found is None:
        counted = f"{marks.hashed} of {marks.programs} programs carry a hash of IMA that nobody signed" if marks else ""
        return [unknown(counted)] if counted else []
    judged = judge_code(found.files, trust.keys)
    verdicts = [
        told(variant, files, summary, target)
        for variant, files, summary in (
            ("broken", judged.broken, "its content is not what its signature of IMA was made for"),
            ("wrong-signer", judged.foreign, "its signature of IMA names none of the trusted keys"),
            ("weak-digest", tuple(f for f in found.files if f.digest in WEAK), "it is signed over a weak digest"),
        )
        if files
    ]
    if judged.untried or found.left_out:
        first = judged.untried[0].problem if judged.untried else ""
        why = first or ("its key is not in the image: give it with --trust" if judged.untried else "too many to keep")
        count = len(judged.untried) + found.left_out
        verdicts.append(unknown(f"{count} signed programs were not verified: {why}", part="programs"))
    if verdicts:
        return verdicts
    by = ", ".join(sorted({key.path for key in judged.by}))
    return [good(f"{len(judged.verified)} signed programs are verified with {by}", part="programs")]


def told(variant: str, files: tuple[CodeSignature, ...], summary: str, target: Target) -> Verdict:
    """One finding for all files of a kind, about the first of them."""
    first = files[0]
    shown = ", ".join(f.path for f in files[:3])
    return bad(
        variant,
        f"{summary}: {shown}" if len(files) == 1 else f"{summary}: {shown} and others, {len(files)} in all",
        observed=f"{shown}: {first.damage or f'{first.digest}, key {first.key_hint}'}",
        expected="each program signed with SHA-256 or better by a key that the device trusts",
        reproduce=command("evmctl", "ima_verify", "--key", "CERTIFICATE", first.path.rpartition(":")[2]),
        about=Subject(image=target.subject.image, path=first.path),
        part=f"programs {variant}",
    )
