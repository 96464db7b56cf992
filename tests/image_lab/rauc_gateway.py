"""An A/B gateway with RAUC and U-Boot, as RAUC's manual shows it ("Integration", "U-Boot", ``contrib/uboot.sh``).

U-Boot with two copies of its environment, a boot script that counts ``BOOT_x_LEFT`` down and saves it, two root file
systems (ext4) with their kernel, data. ``rauc-mark-good.service`` waits for boot-complete.target, which requires a
check of the broker.
"""

from pathlib import Path

from tests.image_lab.build import Workshop, fat, pack_ext4
from tests.image_lab.gateway import CHECK, LINUX, MOSQUITTO_PUB, UNITS, authority, copy, gpt, require, root_of

EDITIONS = ("right", "unchecked", "uncounted", "one-copy", "keyring-missing", "plain", "wrong")
"""``wrong`` is wrong in all of these ways at once."""
CONF = """\
[system]
compatible=acme-gateway
bootloader=uboot
bundle-formats=-plain
min-bundle-version=2026.10
statusfile=/data/rauc.status

[keyring]
path=/etc/rauc/keyring.pem
check-purpose=codesign

[slot.rootfs.0]
device=/dev/disk/by-partlabel/rootfs-a
type=ext4
bootname=A

[slot.rootfs.1]
device=/dev/disk/by-partlabel/rootfs-b
type=ext4
bootname=B

[polling]
source=https://updates.acme-gateways.com/gateway.raucb
interval-sec=3600
"""
MARK_GOOD = """\
[Unit]
Description=RAUC Good-marking Service
ConditionKernelCommandLine=|rauc.slot
After=boot-complete.target
Requires=boot-complete.target

[Service]
RemainAfterExit=yes
ExecStart=/usr/bin/rauc status mark-good

[Install]
WantedBy=multi-user.target
"""
SERVICE = """\
[Unit]
Description=RAUC Update Service

[Service]
Type=dbus
BusName=de.pengutronix.rauc
ExecStart=/usr/bin/rauc service

[Install]
WantedBy=multi-user.target
"""
SCRIPT = """\
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3
setenv bootargs
for BOOT_SLOT in "${BOOT_ORDER}"; do
  if test "x${bootargs}" != "x"; then
    echo "${BOOT_SLOT} is left for later"
  elif test "x${BOOT_SLOT}" = "xA"; then
    if test 0x${BOOT_A_LEFT} -gt 0; then
      setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
      setenv slot_part 5
      setenv bootargs "${default_bootargs} root=PARTLABEL=rootfs-a rauc.slot=A"
    fi
  elif test "x${BOOT_SLOT}" = "xB"; then
    if test 0x${BOOT_B_LEFT} -gt 0; then
      setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
      setenv slot_part 6
      setenv bootargs "${default_bootargs} root=PARTLABEL=rootfs-b rauc.slot=B"
    fi
  fi
done
if test -n "${bootargs}"; then
  saveenv
else
  setenv BOOT_A_LEFT 3
  setenv BOOT_B_LEFT 3
  saveenv
  reset
fi
load mmc 0:${slot_part} ${kernel_addr_r} /boot/fitImage
bootm ${kernel_addr_r}
"""
ENVIRONMENT = """\
bootdelay=-2
default_bootargs=console=ttyS0,115200 ro rootwait panic=10
bootcmd=load mmc 0:4 ${scriptaddr} boot.scr && source ${scriptaddr}
BOOT_ORDER=A B
BOOT_A_LEFT=3
BOOT_B_LEFT=3
"""
ITS = """\
/dts-v1/;
/ {
    description = "gateway"; #address-cells = <1>;
    images {
        kernel-1 { description = "kernel"; data = /incbin/("kernel"); type = "kernel"; arch = "arm64"; os = "linux";
            compression = "none"; load = <0x80080000>; entry = <0x80080000>; hash-1 { algo = "sha256"; }; };
        fdt-1 { description = "board"; data = /incbin/("board.dtb"); type = "flat_dt"; arch = "arm64";
            compression = "none"; hash-1 { algo = "sha256"; }; };
    };
    configurations { default = "conf-1";
        conf-1 { kernel = "kernel-1"; fdt = "fdt-1";
            signature-1 { algo = "sha256,rsa2048"; key-name-hint = "boot"; sign-images = "kernel", "fdt"; }; };
    };
};
"""
PARTS = "/dev/disk/by-partlabel/uboot-env-"


def build(shop: Workshop, edition: str = "right", keys_of: Workshop | None = None) -> Path:
    """Build the disk in one edition. Keys are made, or taken from another shop."""
    wrong = set(EDITIONS[1:]) if edition == "wrong" else {edition}
    if keys_of is None:
        authority(shop)
        boot_stages(shop)
    else:
        copy(shop, keys_of, "acme-ca.pem", "u-boot.bin", "fitImage")
    root = _root(shop, wrong)
    script = SCRIPT.replace("  saveenv\nelse", "  echo starting\nelse") if "uncounted" in wrong else SCRIPT
    (shop.folder / "boot.cmd").write_text(script)
    shop.run("mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", "boot.cmd", "boot.scr")
    (shop.folder / "env.txt").write_text(ENVIRONMENT)
    redundant = () if "one-copy" in wrong else ("-r",)
    shop.run("mkenvimage", *redundant, "-s", "0x4000", "-o", "env.bin", "env.txt")
    second = Path("/dev/null") if "one-copy" in wrong else shop.folder / "env.bin"
    slot = pack_ext4(shop, root, "rootfs.ext4", 4096)
    (shop.folder / "data").mkdir()
    return gpt(
        shop,
        "gateway.img",
        [
            ("uboot", "8301", shop.folder / "u-boot.bin", 1024),
            ("uboot-env-1", "8301", shop.folder / "env.bin", 16),
            ("uboot-env-2", "8301", second, 16),
            ("boot", "0700", fat(shop, "boot.vfat", 1024, {"boot.scr": shop.folder / "boot.scr"}), 1024),
            ("rootfs-a", "8305", slot, 4096),
            ("rootfs-b", "8305", slot, 4096),
            ("data", "8300", pack_ext4(shop, shop.folder / "data", "data.ext4", 1024), 1024),
        ],
    )


def bundle(shop: Workshop, signer: str, name: str) -> Path:
    """An update of this product: a verity bundle by ``rauc``, signed by one of the signers in the shop."""
    content = shop.folder / f"{name}-content"
    content.mkdir()
    (content / "rootfs.ext4").write_bytes((shop.folder / "rootfs.ext4").read_bytes())
    (content / "manifest.raucm").write_text(
        "[update]\ncompatible=acme-gateway\nversion=2026.12\n\n[bundle]\nformat=verity\n\n"
        "[image.rootfs]\nfilename=rootfs.ext4\n"
    )
    shop.run("rauc", "bundle", f"--cert={signer}.pem", f"--key={signer}.key", content, name)
    return shop.folder / name


def boot_stages(shop: Workshop) -> None:
    """U-Boot with the key that it demands of a configuration; ``fitImage``, which is signed with it."""
    shop.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "boot.key", "-out", "boot.crt",
             "-days", "3650", "-subj", "/CN=boot")  # fmt: skip
    (shop.folder / "kernel").write_bytes(LINUX)
    (shop.folder / "gw.its").write_text(ITS)
    for name, source in (("board", b'/dts-v1/; / { compatible = "acme,gw"; };'), ("control", b"/dts-v1/; / { };")):
        shop.run("dtc", "-I", "dts", "-O", "dtb", "-o", f"{name}.dtb", "-", stdin=source)
    shop.run("mkimage", "-f", "gw.its", "-k", ".", "-K", "control.dtb", "-r", "fitImage")
    banner = b"U-Boot 2024.01 (Jan 08 2024 - 15:37:48 +0000)\0"
    control = (shop.folder / "control.dtb").read_bytes()
    (shop.folder / "u-boot.bin").write_bytes(bytes(512) + banner + bytes(4096) + control)


def _root(shop: Workshop, wrong: set[str]) -> Path:
    conf = CONF.replace("bundle-formats=-plain", "# bundle-formats=-plain") if "plain" in wrong else CONF
    lines = (f"{PARTS}{n} 0x0 0x4000\n" for n in ((1,) if "one-copy" in wrong else (1, 2)))
    files: dict[str, str | bytes | Path] = {
        "etc/rauc/system.conf": conf,
        "etc/fw_env.config": "".join(lines),
        "etc/ssl/acme-ca.pem": shop.folder / "acme-ca.pem",
        f"{UNITS}/rauc.service": SERVICE,
        f"{UNITS}/rauc-mark-good.service": MARK_GOOD,
        f"{UNITS}/gateway-check.service": CHECK,
        f"{UNITS}/boot-complete.target": "[Unit]\nDescription=Boot Completion Check\n",
        "usr/bin/gateway-check": MOSQUITTO_PUB,
        "usr/bin/rauc": Path("/usr/bin/rauc"),
        "boot/fitImage": shop.folder / "fitImage",
    }
    if "keyring-missing" not in wrong:
        files["etc/rauc/keyring.pem"] = shop.folder / "acme-ca.pem"
    root = root_of(shop, files, "rauc.service", "rauc-mark-good.service")
    require(root, "boot-complete.target", "gateway-check.service", "wants" if "unchecked" in wrong else "requires")
    return root
