"""Two A/B gateways as folders, each in a right edition and one that is wrong in ways that are easily missed.

``rauc``: RAUC with U-Boot, whose boot script is RAUC's scheme (BOOT_ORDER, BOOT_x_LEFT). ``mender``: Mender with GRUB
and grub-mender-grubenv. Files are written from what the makers' documentation shows.
"""

from collections.abc import Callable
from pathlib import Path

from tests.image_lab.build import Workshop

KEY = "-----BEGIN CERTIFICATE-----\n"
"""What stands in it is another reader's."""
_RAUC_CONF = """[system]
compatible=Acme Gateway
bootloader=uboot
bundle-formats=-plain
min-bundle-version=2026.10
statusfile=/data/rauc.status

[keyring]
path=/etc/rauc/keyring.pem
check-purpose=codesign

[slot.bootloader.0]
device=/dev/mmcblk0
type=boot-emmc

[slot.rootfs.0]
device=/dev/mmcblk0p2
type=ext4
bootname=A

[slot.rootfs.1]
device=/dev/mmcblk0p3
type=ext4
bootname=B

[polling]
source=https://updates.acme.example/gateway.raucb
interval-sec=3600
"""
_SCRIPT = """test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3
setenv bootargs
for BOOT_SLOT in "${BOOT_ORDER}"; do
  if test "x${bootargs}" != "x"; then
    echo skipping
  elif test "x${BOOT_SLOT}" = "xA" && test ${BOOT_A_LEFT} -gt 0; then
    setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
    setenv bootargs "root=/dev/mmcblk0p2 rauc.slot=A"
  elif test "x${BOOT_SLOT}" = "xB" && test ${BOOT_B_LEFT} -gt 0; then
    setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
    setenv bootargs "root=/dev/mmcblk0p3 rauc.slot=B"
  fi
done
saveenv
load mmc 0:2 ${kernel_addr_r} /boot/fitImage
bootm ${kernel_addr_r}
"""
_ENV = "bootcmd=load mmc 0:1 ${scriptaddr} boot.scr; source ${scriptaddr}\nbootdelay=-2\nBOOT_ORDER=A B\n"
_MARK_GOOD = """[Unit]
Description=Rauc Good-marking Service
ConditionKernelCommandLine=rauc.slot
After=boot-complete.target
Requires=boot-complete.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/rauc status mark-good

[Install]
WantedBy=multi-user.target
"""
_CHECK = """[Unit]
Description=The broker answers
Before=boot-complete.target

[Service]
Type=oneshot
ExecStart=/usr/bin/gateway-check

[Install]
RequiredBy=boot-complete.target
"""
_SYSTEMD = {
    "usr/lib/systemd/systemd": "",
    "usr/lib/systemd/system/multi-user.target": "[Unit]\nDescription=Multi-User\n",
}
_UNITS = "usr/lib/systemd/system"
_WANTS = "etc/systemd/system/multi-user.target.wants"
Links = dict[str, str]


def rauc(shop: Workshop, *, right: bool) -> Path:
    """Wrong: mark-good without a check that it needs, a bootlimit of 0 and a script that counts nothing, one copy of
    the environment, plain bundles, no floor for versions, a keyring that is not there."""
    conf = _RAUC_CONF
    files = {
        **_SYSTEMD,
        "usr/bin/rauc": "\x7fELF",
        f"{_UNITS}/rauc-mark-good.service": _MARK_GOOD,
        f"{_UNITS}/gateway-check.service": _CHECK,
        f"{_UNITS}/boot-complete.target": "[Unit]\nDescription=Boot Completion Check\n",
        "usr/bin/gateway-check": "#!/bin/sh\nmosquitto_pub -t check -m 1\n",
        "etc/u-boot-initial-env": _ENV,
        "etc/fw_env.config": "/dev/mmcblk0 0x400000 0x4000\n/dev/mmcblk0 0x500000 0x4000\n",
    }
    links = {f"{_WANTS}/rauc-mark-good.service": f"/{_UNITS}/rauc-mark-good.service"}
    check = "requires"
    script = _SCRIPT
    if right:
        files["etc/rauc/keyring.pem"] = KEY
    else:
        conf = conf.replace("bundle-formats=-plain\n", "").replace("min-bundle-version=2026.10\n", "")
        check = "wants"
        script = "load mmc 0:2 ${kernel_addr_r} /boot/fitImage\nbootm ${kernel_addr_r}\n"
        files["etc/u-boot-initial-env"] = _ENV.replace("BOOT_ORDER=A B\n", "bootlimit=0\naltbootcmd=run bootcmd\n")
        files["etc/fw_env.config"] = "# one\n/dev/mmcblk0 0x400000 0x4000\n"
    files["etc/rauc/system.conf"] = conf
    links[f"etc/systemd/system/boot-complete.target.{check}/gateway-check.service"] = f"/{_UNITS}/gateway-check.service"
    root = _root(shop, files, links)
    _script(shop, root, script)
    return root


_MENDER_CONF = """{
  "ServerURL": "https://mender.acme.example",
  "ArtifactVerifyKey": "/etc/mender/artifact-verify-key.pem",
  "RootfsPartA": "/dev/mmcblk0p2",
  "RootfsPartB": "/dev/mmcblk0p3",
  "UpdatePollIntervalSeconds": 86400
}
"""
_GRUB = """mender_rootfsa_part=2
mender_rootfsb_part=3
mender_load_env
if [ "${upgrade_available}" = "1" ]; then
  if [ "${bootcount}" != "0" ]; then
    bootcount="0"
    upgrade_available="0"
  else
    bootcount="1"
  fi
  mender_save_env
fi
menuentry Gateway {
  linux (hd0,gpt${mender_boot_part})/boot/bzImage root=${mender_kernel_root} ro
}
"""


def mender(shop: Workshop, *, right: bool) -> Path:
    """Wrong: no verify key, a count that is read and never saved, one environment block, a
    server over HTTP, asked once a month."""
    conf, grub = _MENDER_CONF, _GRUB
    files = {
        **_SYSTEMD,
        "usr/bin/mender-update": "\x7fELF",
        f"{_UNITS}/mender-updated.service": "[Service]\nExecStart=/usr/bin/mender-update daemon\n",
        "var/lib/mender/device_type": "device_type=acme-gateway\n",
        "boot/efi/grub-mender-grubenv/mender_grubenv1/env": "bootcount=0\n",
        "boot/efi/grub-mender-grubenv/mender_grubenv1/lock": "editing=0\n",
    }
    links = {f"{_WANTS}/mender-updated.service": f"/{_UNITS}/mender-updated.service"}
    if right:
        files["etc/mender/artifact-verify-key.pem"] = KEY
        files["etc/mender/scripts/ArtifactCommit_Enter_10_broker"] = (
            "#!/bin/sh\n# The client runs no such script of it\n"
        )
        files["boot/efi/grub-mender-grubenv/mender_grubenv2/env"] = "bootcount=0\n"
        files["boot/efi/grub-mender-grubenv/mender_grubenv2/lock"] = "editing=0\n"
    else:
        conf = conf.replace('  "ArtifactVerifyKey": "/etc/mender/artifact-verify-key.pem",\n', "")
        conf = conf.replace("https:", "http:").replace("86400", "2592000")
        grub = grub.replace("  mender_save_env\n", "  # mender_save_env\n  true\n")
    files["etc/mender/mender.conf"] = conf
    files["boot/efi/EFI/BOOT/grub.cfg"] = grub
    return _root(shop, files, links)


def _root(shop: Workshop, files: dict[str, str], links: Links) -> Path:
    root = shop.root("root", files)
    (root / "sbin/init").unlink()
    usual = {
        "sbin/init": "/usr/lib/systemd/systemd",
        "etc/systemd/system/default.target": f"/{_UNITS}/multi-user.target",
    }
    for place, target in {**usual, **links}.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).symlink_to(target)
    return root


def _script(shop: Workshop, root: Path, text: str) -> None:
    source = shop.folder / "boot.cmd"
    source.write_text(text)
    (root / "boot").mkdir(exist_ok=True)
    shop.run("mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", source, root / "boot/boot.scr")


BUILDERS: dict[str, Callable[..., Path]] = {"rauc": rauc, "mender": mender}
