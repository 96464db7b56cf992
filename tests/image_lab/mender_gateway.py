"""An A/B gateway with Mender and GRUB, laid out as mender-convert does, with grub-mender-grubenv's two environments.

ESP with GRUB's configuration and two environment blocks with locks, made by ``grub-editenv``; two root file systems
(ext4) with their kernel; data, which ``/var/lib/mender`` leads to. The client asks its server by itself.
"""

import hashlib
import json
from pathlib import Path

from tests.image_lab.build import Workshop, fat, pack_ext4
from tests.image_lab.gateway import LINUX, UNITS, authority, copy, gpt, root_of

EDITIONS = ("right", "uncounted", "one-copy", "key-missing", "no-key", "wrong")
"""``wrong``: uncounted, one copy, no key. Mender's health check comes with each artefact: no image has one."""
_CONF = {
    "ServerURL": "https://mender.acme-gateways.com",
    "ServerCertificate": "/etc/ssl/acme-ca.pem",
    "ArtifactVerifyKey": "/etc/mender/artifact-verify-key.pem",
    "UpdatePollIntervalSeconds": 86400,
}
_STATE = {"RootfsPartA": "/dev/disk/by-partlabel/rootfs-a", "RootfsPartB": "/dev/disk/by-partlabel/rootfs-b"}
"""What outlives an update: it lies on the data partition."""
_SERVICE = """\
[Unit]
Description=Mender OTA update service

[Service]
Type=idle
ExecStart=/usr/bin/mender-update daemon
Restart=on-abort

[Install]
WantedBy=multi-user.target
"""
GRUB = """\
mender_rootfsa_part=2
mender_rootfsb_part=3
kernel_imagetype=bzImage
set superusers=""
set console_bootargs="console=ttyS0,115200n8"
function mender_setup_env_location {
    MENDER_ENV1=(${root})/grub-mender-grubenv/mender_grubenv1/env
    MENDER_LOCK1=(${root})/grub-mender-grubenv/mender_grubenv1/lock
    MENDER_ENV2=(${root})/grub-mender-grubenv/mender_grubenv2/env
    MENDER_LOCK2=(${root})/grub-mender-grubenv/mender_grubenv2/lock
}
function mender_check_and_restore_env {
    mender_setup_env_location
    editing=invalid
    load_env --skip-sig --file ${MENDER_LOCK2} editing
    if [ "${editing}" != 0 ]; then
        load_env --skip-sig --file ${MENDER_ENV1} bootcount mender_boot_part upgrade_available
        save_env --file ${MENDER_ENV2} bootcount mender_boot_part upgrade_available
        editing=0
        save_env --file ${MENDER_LOCK2} editing
    fi
}
function mender_save_env {
    mender_setup_env_location
    editing=1
    save_env --file ${MENDER_LOCK2} editing
    save_env --file ${MENDER_ENV2} bootcount mender_boot_part upgrade_available
    editing=0
    save_env --file ${MENDER_LOCK2} editing
    editing=1
    save_env --file ${MENDER_LOCK1} editing
    save_env --file ${MENDER_ENV1} bootcount mender_boot_part upgrade_available
    editing=0
    save_env --file ${MENDER_LOCK1} editing
}
function mender_load_env_with_rollback {
    mender_setup_env_location
    load_env --skip-sig --file ${MENDER_ENV1} bootcount mender_boot_part upgrade_available
    if [ "${upgrade_available}" = "1" ]; then
        if [ "${bootcount}" != "0" ]; then
            echo "Rolling back..."
            if [ "${mender_boot_part}" -eq "${mender_rootfsa_part}" ]; then
                mender_boot_part="${mender_rootfsb_part}"
            else
                mender_boot_part="${mender_rootfsa_part}"
            fi
            upgrade_available=0
            bootcount=0
        else
            echo "Booting new update..."
            bootcount=1
        fi
        mender_save_env
    fi
}
mender_check_and_restore_env
mender_load_env_with_rollback
regexp (.*),(.*) $root -s mender_grub_storage_device
root="${mender_grub_storage_device},gpt${mender_boot_part}"
if linux /boot/${kernel_imagetype} root=/dev/mmcblk0p${mender_boot_part} ro rootwait panic=10 ${console_bootargs}; then
    boot
fi
if [ "${upgrade_available}" = "1" ]; then
    reboot
fi
"""
_LOADER = Path("/usr/lib/grub/x86_64-efi/monolithic/grubx64.efi")
_COUNTS = "        mender_save_env\n    fi\n}\n"


def build(shop: Workshop, edition: str = "right", keys_of: Workshop | None = None) -> Path:
    """Build the disk in one edition. The key that signs lies beside it; that of another shop, where one is given."""
    wrong = {"uncounted", "one-copy", "no-key"} if edition == "wrong" else {edition}
    if keys_of is None:
        authority(shop)
        shop.run("openssl", "pkey", "-in", "acme.key", "-pubout", "-out", "acme.pub")
    else:
        copy(shop, keys_of, "acme-ca.pem", "acme.pub")
    slot = pack_ext4(shop, _root(shop, wrong), "rootfs.ext4", 4096)
    (shop.folder / "data/mender").mkdir(parents=True)
    (shop.folder / "data/mender/device_type").write_text("device_type=acme-gateway\n")
    (shop.folder / "data/mender/mender.conf").write_text(json.dumps(_STATE, indent=2) + "\n")
    return gpt(
        shop,
        "gateway.img",
        [
            ("boot", "ef00", _esp(shop, wrong), 8192),
            ("rootfs-a", "8304", slot, 4096),
            ("rootfs-b", "8304", slot, 4096),
            ("data", "8300", pack_ext4(shop, shop.folder / "data", "data.ext4", 1024), 1024),
        ],
    )


def artefact(shop: Workshop, key: Path | None, name: str) -> Path:
    """An update of this product by ``mender-artifact``, signed with a key or with none."""
    made = shop.folder / name
    signed: tuple[str | Path, ...] = ()
    if key:
        # It reads private keys in the form of their own kind alone.
        shop.run("openssl", "pkey", "-traditional", "-in", key, "-out", f"{name}.key")
        signed = ("-k", shop.folder / f"{name}.key")
    shop.run("mender-artifact", "write", "rootfs-image", "-t", "acme-gateway", "-n", "2026.12", "-f",
             shop.folder / "rootfs.ext4", "-o", made, *signed)  # fmt: skip
    return made


def _esp(shop: Workshop, wrong: set[str]) -> Path:
    grub = GRUB.replace(_COUNTS, "        true\n    fi\n}\n") if "uncounted" in wrong else GRUB
    (shop.folder / "grub.cfg").write_text(grub)
    held = {"EFI/BOOT/grub.cfg": shop.folder / "grub.cfg", "EFI/BOOT/bootx64.efi": _LOADER}
    for file, settings in (
        ("env", ("bootcount=0", "mender_boot_part=2", "upgrade_available=0")),
        ("lock", ("editing=0",)),
    ):
        shop.run("grub-editenv", file, "create")
        shop.run("grub-editenv", file, "set", *settings)
    digest = hashlib.sha256((shop.folder / "lock").read_bytes()).hexdigest()
    (shop.folder / "lock.sha256sum").write_text(f"{digest}  lock\n")
    for number in (1,) if "one-copy" in wrong else (1, 2):
        for file in ("env", "lock", "lock.sha256sum"):
            held[f"grub-mender-grubenv/mender_grubenv{number}/{file}"] = shop.folder / file
    return fat(shop, "esp.vfat", 8192, held)


def _root(shop: Workshop, wrong: set[str]) -> Path:
    conf = {name: value for name, value in _CONF.items() if name != "ArtifactVerifyKey" or "no-key" not in wrong}
    files: dict[str, str | bytes | Path] = {
        "etc/mender/mender.conf": json.dumps(conf, indent=2) + "\n",
        "etc/ssl/acme-ca.pem": shop.folder / "acme-ca.pem",
        "etc/fstab": "/dev/disk/by-partlabel/boot /boot/efi vfat defaults 0 2\n"
        "/dev/disk/by-partlabel/data /data ext4 nosuid,nodev,noexec 0 2\n",
        f"{UNITS}/mender-updated.service": _SERVICE,
        "usr/bin/mender-update": Path("/usr/bin/rauc"),
        "boot/bzImage": LINUX,
    }
    if not wrong & {"key-missing", "no-key"}:
        files["etc/mender/artifact-verify-key.pem"] = shop.folder / "acme.pub"
    root = root_of(shop, files, "mender-updated.service")
    (root / "boot/efi").mkdir()
    (root / "data").mkdir()
    (root / "var/lib").mkdir()
    (root / "var/lib/mender").symlink_to("/data/mender")
    return root
