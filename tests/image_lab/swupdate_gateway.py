"""An A/B gateway with SWUpdate and U-Boot's own count: ``bootlimit``, ``bootcount``, ``altbootcmd``.

After SWUpdate's documentation ("SWUpdate: software collections", "Bootloader interface") and U-Boot's
``doc/api/bootcount.rst``: two root file systems, of which the start selects the one that is not in use; a unit that
sets the count back needs one that asks the broker.
"""

from pathlib import Path

from tests.image_lab.build import Workshop, pack_ext4
from tests.image_lab.gateway import CHECK, MOSQUITTO_PUB, UNITS, authority, copy, gpt, root_of
from tests.image_lab.rauc_gateway import PARTS, boot_stages

EDITIONS = ("right", "bootlimit-0", "same-slot")
_CONF = """\
globals :
{
    verbose = true;
    bootloader = "uboot";
    public-key-file = "/etc/ssl/acme-ca.pem";
    no-downgrading = "2026.10";
};
suricatta :
{
    tenant = "default";
    id = "gateway";
    url = "https://updates.acme-gateways.com";
    polldelay = 3600;
};
"""
_SLOTS = """\
rootfs=$(swupdate -g)
if [ "$rootfs" = /dev/mmcblk0p4 ]; then
    SWUPDATE_ARGS="$SWUPDATE_ARGS -e stable,copy2"
else
    SWUPDATE_ARGS="$SWUPDATE_ARGS -e stable,copy1"
fi
"""
_START = """\
#!/bin/sh
for file in /etc/swupdate/conf.d/*; do . "$file"; done
exec /usr/bin/swupdate -f /etc/swupdate.cfg $SWUPDATE_ARGS -u
"""
_SERVICE = """\
[Unit]
Description=SWUpdate

[Service]
ExecStart=/usr/lib/swupdate/swupdate.sh

[Install]
WantedBy=multi-user.target
"""
_CONFIRM = """\
[Unit]
Description=This start was good
Requires=gateway-check.service
After=gateway-check.service

[Service]
Type=oneshot
ExecStart=/usr/bin/fw_setenv bootcount 0
ExecStart=/usr/bin/fw_setenv upgrade_available 0

[Install]
WantedBy=multi-user.target
"""
_OTHER = "if test ${rootpart} = 4; then setenv rootpart 5; else setenv rootpart 4; fi; saveenv; run bootslot"
_ENVIRONMENT = """\
bootdelay=-2
bootlimit={limit}
bootcount=0
upgrade_available=0
rootpart=4
default_bootargs=console=ttyS0,115200 ro rootwait panic=10
bootslot=setenv bootargs ${{default_bootargs}} root=/dev/mmcblk0p${{rootpart}} && run loadslot
loadslot=load mmc 0:${{rootpart}} ${{kernel_addr_r}} /boot/fitImage && bootm ${{kernel_addr_r}}
bootcmd=run bootslot
altbootcmd={other}
"""


def build(shop: Workshop, edition: str = "right", keys_of: Workshop | None = None) -> Path:
    """Build the disk in one edition. Keys are made, or taken from another shop."""
    if keys_of is None:
        authority(shop)
        boot_stages(shop)
    else:
        copy(shop, keys_of, "acme-ca.pem", "u-boot.bin", "fitImage")
    limit, other = "0" if edition == "bootlimit-0" else "3", "run bootcmd" if edition == "same-slot" else _OTHER
    (shop.folder / "env.txt").write_text(_ENVIRONMENT.format(limit=limit, other=other))
    shop.run("mkenvimage", "-r", "-s", "0x4000", "-o", "env.bin", "env.txt")
    slot = pack_ext4(shop, _root(shop), "rootfs.ext4", 6144)
    (shop.folder / "data").mkdir()
    return gpt(
        shop,
        "gateway.img",
        [
            ("uboot", "8301", shop.folder / "u-boot.bin", 1024),
            ("uboot-env-1", "8301", shop.folder / "env.bin", 16),
            ("uboot-env-2", "8301", shop.folder / "env.bin", 16),
            ("rootfs-a", "8305", slot, 6144),
            ("rootfs-b", "8305", slot, 6144),
            ("data", "8300", pack_ext4(shop, shop.folder / "data", "data.ext4", 1024), 1024),
        ],
    )


def _root(shop: Workshop) -> Path:
    files: dict[str, str | bytes | Path] = {
        "etc/swupdate.cfg": _CONF,
        "etc/swupdate/conf.d/10-slots": _SLOTS,
        "etc/hwrevision": "acme-gateway 1.0\n",
        "etc/fw_env.config": "".join(f"{PARTS}{number} 0x0 0x4000\n" for number in (1, 2)),
        "etc/ssl/acme-ca.pem": shop.folder / "acme-ca.pem",
        f"{UNITS}/swupdate.service": _SERVICE,
        f"{UNITS}/confirm-start.service": _CONFIRM,
        f"{UNITS}/gateway-check.service": CHECK.replace("Before=boot-complete.target\n", ""),
        "usr/bin/gateway-check": MOSQUITTO_PUB,
        "usr/bin/fw_setenv": Path("/usr/bin/mkenvimage"),
        "usr/bin/swupdate": Path("/usr/bin/swupdate"),
        "usr/lib/swupdate/swupdate.sh": _START,
        "boot/fitImage": shop.folder / "fitImage",
    }
    root = root_of(shop, files, "swupdate.service", "confirm-start.service")
    (root / "usr/lib/swupdate/swupdate.sh").chmod(0o755)
    return root
