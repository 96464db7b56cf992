"""The boot key is fused and its check enforced on every unit that ships.

## What it looks at
What a person states of it in `iotscan.waivers.yaml` (`attestations`), with a reference and a date until which it
holds. An image shows that boot stages are signed, never that the chip refuses others: that is decided by fuses.

## Why it matters
While the fuse is open the chip starts whatever is in flash. Somebody with the device in hand, or with a bug that
writes flash, puts in a bootloader of their own, below everything that checks signatures later.

## How to fix
Burn the hash of the boot key and the fuse that enforces it in production (closed, not only keyed), lock the debug
port with the same step, read the fuses back on the line and keep the record per serial number. Then attest it:
`check: secure-boot-fuses`, `holds: true`, `by`, `reference`, `expires`.

## References
- ETSI EN 303 645 V3.1.3 provision 5.7-1 (verify software with secure boot mechanisms)
- IEC 62443-4-2 EDR 3.12 and 3.14 (roots of trust, integrity of the boot process)
"""

from iotscan.sdk import AsOf, Returned, SecureBootFuses, attested, check, clause


@check(
    id="secure-boot-fuses",
    title="The boot key is fused and its check enforced on every unit that ships",
    element="hardware",
    variants={"open": ("high", "The fuses that enforce secure boot are open")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.7-1"),
        clause("IEC 62443-4-2", "2019", "EDR 3.12"),
        clause("IEC 62443-4-2", "2019", "EDR 3.14"),
    ),
    tags=("attestation",),
    since="0.1",
    effort="high",
)
def secure_boot_fuses(said: SecureBootFuses, as_of: AsOf) -> Returned:
    """Take a person's word while it holds; a stale one answers nothing."""
    return attested(
        said,
        as_of,
        "open",
        yes="the fuses of secure boot are closed",
        no="the fuses of secure boot are open",
        expected="fuses that enforce the boot key",
    )
