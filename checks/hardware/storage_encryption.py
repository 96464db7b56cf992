"""What the device writes down is encrypted.

## What it looks at
The partitions of the image that hold data, and the volumes that its root file system is told to open or mount: LUKS
and dm-crypt, fscrypt on ext4 and F2FS. A partition that can be written and is in clear fails, and so does a line of
`fstab` that mounts one at a place for data with no encrypted device beneath. A bare root file system without either
says nothing. That a volume is encrypted does not say where its key is: see `disk-key-custody`.

## Why it matters
Whoever holds the device can solder out its flash and read it: Wi-Fi and cloud passwords, private keys, what its
owner did. Devices are sold on, stolen, and found in the rubbish.

## How to fix
Put `/data` on LUKS2 with a key that the chip seals (`systemd-cryptenroll --tpm2-device=auto`, CAAM black keys, OP-TEE)
and create it at first start, or use fscrypt policies on ext4, F2FS or UBIFS. Erase the key to reset the device.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-1
- cryptsetup(8), crypttab(5), fscrypt in the kernel's documentation
"""

from iotscan.sdk import (
    DiskUnlocks,
    Each,
    Mount,
    Mounts,
    Returned,
    Storage,
    Subject,
    Target,
    bad,
    check,
    clause,
    good,
    unknown,
)

DATA = ("/config", "/data", "/home", "/mnt/data", "/opt/data", "/overlay", "/persist", "/srv", "/userdata", "/var")
WANTED = "LUKS, dm-crypt or fscrypt beneath what is written"


def holds_data(mount: Mount) -> bool:
    """True for a partition that is mounted to be written, in clear."""
    is_place = any(mount.point == place or mount.point.startswith(f"{place}/") for place in DATA)
    is_partition = mount.source.startswith(("/dev/", "LABEL=", "UUID=", "PARTLABEL=", "PARTUUID=", "ubi"))
    is_mapped = mount.source.startswith(("/dev/mapper/", "/dev/dm-", "/dev/zram"))
    return is_place and is_partition and not is_mapped and "ro" not in mount.options


@check(
    id="storage-encryption",
    aliases=("HW-013",),
    title="What the device writes down is encrypted",
    element="hardware",
    variants={"plain": ("medium", "Data is stored in clear")},
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-1"),
        clause("OWASP ISVS", "edfda29b", "3.2.5"),
        clause("EN 18031-1", "2024", "SSM-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
    ),
    tags=("image", "storage"),
    since="0.1",
    effort="high",
)
def storage_encryption(found: Storage, mounts: Each[Mounts], unlocks: Each[DiskUnlocks], target: Target) -> Returned:
    """Fail on data in clear; pass on data that is encrypted and none in clear."""
    image = target.subject.image
    is_null = {v.path for v in found.volumes if v.cipher.startswith("cipher_null")}
    plain = [v for v in found.volumes if v.path in is_null or (v.role == "data" and not v.encryption)]
    wrong = []
    for volume in plain:
        summary = f"{volume.path} ({volume.label or volume.format}) holds data in clear"
        about = Subject(image=image, path=volume.path)
        observed = f"{volume.format}, {volume.cipher or 'not encrypted'}"
        wrong.append(bad("plain", summary, observed=observed, expected=WANTED, about=about))
    encrypted = [v.path for v in found.volumes if v.encryption and v.path not in is_null]
    can_encrypt = any(v.encryption == "fscrypt" for v in found.volumes)
    # A partition that the image holds was judged by itself; what is mounted over fscrypt looks like any other.
    clear = [] if plain or can_encrypt else [m for seen in mounts for m in seen.fact.mounts if holds_data(m)]
    for mount in clear:
        about = Subject(image=image, path=mount.path, line=mount.line)
        observed = f"{mount.source} {mount.point} {mount.type} {','.join(mount.options)}"
        summary = f"{mount.point} is written in clear to {mount.source}"
        wrong.append(bad("plain", summary, observed=observed, expected=WANTED, about=about))
    opened = [u.name for seen in unlocks for u in seen.fact.unlocks if u.key != "random"]
    if wrong:
        return wrong
    if encrypted or opened:
        return good(f"encrypted: {', '.join((*encrypted, *opened))[:300]}")
    return unknown("no partition for data is in the image, and nothing in it says where data goes")
