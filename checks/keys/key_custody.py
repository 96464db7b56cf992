"""The keys that sign firmware and certificates are in safe custody.

## What it looks at
What a person states of it in `iotscan.waivers.yaml` (`attestations`), with a reference and a date until which it
holds. No probe can see where a private key is kept.

## Why it matters
Whoever holds the signing key makes firmware that every device accepts. A key on a developer's laptop, in a build
server's variables or with somebody who left undoes every signature check in the field, and nothing on the device
shows it.

## How to fix
Keep signing keys in a hardware security module or a key service that never exports them, let two people approve a
release, write down who may sign, and rehearse the replacement of a lost key. Then attest it: `check: key-custody`,
`holds: true`, `by`, `reference`, `expires`.

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-8 (secure management of critical security parameters)
"""

from iotscan.sdk import AsOf, KeyCustody, Returned, attested, check, clause


@check(
    id="key-custody",
    title="The keys that sign firmware and certificates are in safe custody",
    element="keys",
    variants={"unsafe": ("high", "Signing keys are kept where they can be copied")},
    clauses=(clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),),
    tags=("attestation", "key-rotation"),
    since="0.1",
    effort="high",
)
def key_custody(said: KeyCustody, as_of: AsOf) -> Returned:
    """Take a person's word while it holds; a stale one answers nothing."""
    return attested(
        said,
        as_of,
        "unsafe",
        yes="signing keys are in safe custody",
        no="signing keys are not in safe custody",
        expected="keys that nobody can copy",
    )
