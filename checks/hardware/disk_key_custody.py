"""The key that opens an encrypted disk is not beside it.

## What it looks at
How encrypted volumes are opened: `/etc/crypttab`, `cryptsetup` in start scripts, the tokens in LUKS2 headers. A key
file that stands in the image itself fails. A TPM, PKCS#11 or FIDO2 token, or a passphrase that somebody types, is in
order, and so is a key of random bytes for swap. A key file elsewhere, or a header whose keyslots name no token, says
nothing. What the chip demands before it gives a sealed key away is not in the image.

## Why it matters
A lock with its key beside it is no lock: who reads the flash reads both. And as the image is the same for all
devices, one key opens the disks of the whole fleet.

## How to fix
Let the chip seal the key: `systemd-cryptenroll --tpm2-device=auto --tpm2-pcrs=7`, trusted keys of CAAM, DCP or OP-TEE
(`keyctl add trusted`), or Clevis. Make the volume at first start, so that no two devices share a key. Take the key
file out of the image and change the key, as it is in every copy of the image.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.4-1 and 5.4-4
- crypttab(5), systemd-cryptenroll(1), LUKS2 On-Disk Format 1.1.3
"""

from iotscan.sdk import DiskUnlocks, Each, Returned, Storage, Subject, Target, bad, check, clause, good, skip, unknown

OUTSIDE = ("fido2", "pkcs11", "prompt", "random", "tpm2")
TOKENS = ("clevis", "systemd-fido2", "systemd-pkcs11", "systemd-tpm2")


@check(
    id="disk-key-custody",
    aliases=("HW-014",),
    title="The key that opens an encrypted disk is not beside it",
    element="hardware",
    variants={"beside": ("high", "The key file of an encrypted volume is in the image")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("EN 18031-1", "2024", "SSM-3"),
    ),
    tags=("image", "private-keys", "storage"),
    since="0.1",
    effort="high",
)
def disk_key_custody(found: Storage, unlocks: Each[DiskUnlocks], target: Target) -> Returned:
    """Fail on a key file in the image; pass on what hardware or a person holds."""
    every = [u for seen in unlocks for u in seen.fact.unlocks]
    sealed = [v for v in found.volumes if v.encryption.startswith(("luks", "bitlocker"))]
    wrong = [
        bad(
            "beside",
            f"the key file of the encrypted volume {u.name} is in the image",
            observed=f"{u.key_path} mode {u.key_mode:04o}",
            expected="a key that a TPM, secure element or TEE seals, or that is made at first start",
            about=Subject(image=target.subject.image, path=u.path, line=u.line),
            part=u.name,
        )
        for u in every
        if u.key_in_image
    ]
    if wrong:
        return wrong
    if not every and not sealed:
        return skip("no encrypted volume in the image, and none is opened")
    vague = [f"{u.path}:{u.line}" for u in every if u.key not in OUTSIDE]
    # What crypttab opens is told by crypttab; else the header has to say.
    untold = [v.path for v in sealed if not set(v.tokens) & set(TOKENS)] if not every else []
    if vague or untold:
        return unknown(f"{(vague or untold)[0]}: what opens this volume is not in the image")
    ways = sorted({*(u.key for u in every), *(t for v in sealed for t in v.tokens if t in TOKENS)})
    return good(f"opened by {', '.join(ways)}")
