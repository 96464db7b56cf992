"""What good looks like: a gateway of which an image can prove as much as an image can.

A GPT disk: U-Boot with a control device tree that requires a signed configuration, a FAT with a signed FIT, two slots
with dm-verity, an encrypted data partition whose key a TPM holds. Keys are made at the first start; RAUC verifies.
"""

from pathlib import Path

from tests.image_lab.build import Workshop, disk, fat, pack_squashfs

OS_RELEASE = (
    'ID=poky\nNAME="Poky (Yocto Project Reference Distro)"\nVERSION_ID=5.0.4\n'
    'PRETTY_NAME="Poky (Yocto Project Reference Distro) 5.0.4 (scarthgap)"\n'
)
SSHD = """\
Include /etc/ssh/sshd_config.d/*.conf
HostKey /data/ssh/ssh_host_ed25519_key
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
MaxAuthTries 3
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256
Ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-512-etm@openssh.com
HostKeyAlgorithms ssh-ed25519
"""
NGINX = """\
user www-data;
events {}
http {
    server {
        listen 443 ssl;
        ssl_certificate /data/tls/gateway.crt;
        ssl_certificate_key /data/tls/gateway.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305;
        ssl_session_tickets off;
    }
}
"""
UNIT = """\
[Unit]
Description={what}

[Service]
ExecStart={command}
User={user}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""
ONCE = "[Service]\nType=oneshot\nExecStart={command}\n\n[Install]\nWantedBy={target}\n"
KEYGEN = """\
[Unit]
Description=Keys of this device
ConditionPathExists=!/data/ssh/ssh_host_ed25519_key
Before=sshd.service nginx.service

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /data/ssh/ssh_host_ed25519_key
ExecStart=/usr/bin/openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /data/tls/gateway.key -out /data/tls/gateway.crt -days 90 -subj /CN=gateway

[Install]
WantedBy=multi-user.target
"""  # noqa: E501  # one line, as systemd wants it
SSHD_UNIT = """\
[Unit]
Description=OpenSSH server

[Service]
ExecStart=/usr/sbin/sshd -D
ProtectSystem=full
ProtectKernelModules=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
"""
RENEW = """\
[Service]
Type=oneshot
User=www-data
NoNewPrivileges=yes
ExecStart=/usr/bin/step ca renew --force --ca-url https://ca.acme-gateways.com --root /etc/ssl/acme-ca.pem /data/tls/gateway.crt /data/tls/gateway.key
"""  # noqa: E501  # one line, as systemd wants it
TIMER = "[Timer]\nOnCalendar=daily\nPersistent=yes\n\n[Install]\nWantedBy=timers.target\n"
BACKEND = """\
[mqtt]
server = mqtts://broker.acme-gateways.com:8883
cafile = /etc/ssl/acme-ca.pem
"""
RAUC = """\
[system]
compatible=acme-gw
bootloader=uboot
bundle-formats=verity
boot-attempts=3
min-bundle-version=2026.11

[keyring]
path=/etc/rauc/keyring.pem
check-purpose=codesign

[slot.rootfs.0]
device=/dev/disk/by-partlabel/rootfs_a
type=raw
bootname=A

[slot.rootfs.1]
device=/dev/disk/by-partlabel/rootfs_b
type=raw
bootname=B
"""
FSTAB = """\
/dev/mapper/root / squashfs ro 0 0
/dev/mapper/data /data ext4 rw,nosuid,nodev,noexec 0 2
tmpfs /tmp tmpfs rw,nosuid,nodev,noexec 0 0
"""
CRYPTTAB = "data /dev/disk/by-partlabel/data none tpm2-device=auto\n"
SYSTEM_CONF = "[Manager]\nRuntimeWatchdogSec=30\nRebootWatchdogSec=10min\n"
CONFIG = (
    "CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_FORCE=y\nCONFIG_MODULE_SIG_SHA512=y\nCONFIG_RANDOM_TRUST_CPU=y\n"
    'CONFIG_SECURITY_APPARMOR=y\nCONFIG_LSM="lockdown,yama,apparmor"\nCONFIG_RANDOMIZE_BASE=y\n'
)
ENVIRONMENT = """\
bootdelay=-2
boot_targets=mmc0
BOOT_ORDER=A B
BOOT_A_LEFT=3
BOOT_B_LEFT=3
boot_a=setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1; saveenv; load mmc 0:1 ${loadaddr} gw.itb && bootm ${loadaddr}
boot_b=setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1; saveenv; load mmc 0:1 ${loadaddr} other.itb && bootm ${loadaddr}
try_a=test ${BOOT_A_LEFT} -gt 0 && run boot_a
try_b=test ${BOOT_B_LEFT} -gt 0 && run boot_b
bootcmd=for slot in ${BOOT_ORDER}; do if test ${slot} = A; then run try_a; else run try_b; fi; done
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
            signature-1 { algo = "sha256,rsa2048"; key-name-hint = "release"; sign-images = "kernel", "fdt"; }; };
    };
};
"""
GATEWAYD = b"#include <stdio.h>\nint main(void) { char b[64]; return fgets(b, sizeof b, stdin) ? puts(b) : 1; }"
BOARD = '/dts-v1/; / {{ compatible = "acme,gw"; chosen {{ bootargs = "{arguments}"; }}; }};'


def build(shop: Workshop) -> Path:
    """Build the disk."""
    _keys(shop)
    root = _root(shop)
    slot = pack_squashfs(shop, root, "rootfs.sqfs", "-comp", "zstd")
    size = slot.stat().st_size
    with slot.open("r+b") as file:
        file.truncate(-(-size // 4096) * 4096)
    data_blocks = slot.stat().st_size // 4096
    said = shop.run(
        "veritysetup", "format", slot, slot, f"--hash-offset={data_blocks * 4096}", f"--data-blocks={data_blocks}",
        "--salt=" + "5a" * 32, "--uuid=6f7b2f2e-1111-4222-8333-944455556666",
    ).decode()  # fmt: skip
    root_hash = next(line.split()[-1] for line in said.splitlines() if line.startswith("Root hash"))
    arguments = f"console=ttyS0,115200 root=/dev/dm-0 ro rootwait panic=10 systemd.verity_root_hash={root_hash}"
    shop.run("dtc", "-I", "dts", "-O", "dtb", "-o", "board.dtb", "-", stdin=BOARD.format(arguments=arguments).encode())
    (shop.folder / "kernel").write_bytes(b"Linux version 6.6.54 (oe-user@oe-host)\0" + bytes(4096))
    (shop.folder / "gw.its").write_text(ITS)
    shop.run("dtc", "-I", "dts", "-O", "dtb", "-o", "control.dtb", "-", stdin=b'/dts-v1/; / { model = "acme,gw"; };')
    shop.run("mkimage", "-f", "gw.its", "-k", ".", "-K", "control.dtb", "-r", "gw.itb")
    banner = b"U-Boot 2024.01 (Jan 08 2024 - 15:37:48 +0000)\0"
    (shop.folder / "u-boot.bin").write_bytes(
        bytes(512) + banner + bytes(4096) + (shop.folder / "control.dtb").read_bytes()
    )
    (shop.folder / "env.txt").write_text(ENVIRONMENT)
    shop.run("mkenvimage", "-r", "-s", "0x4000", "-o", "env.bin", "env.txt")
    boot = fat(shop, "boot.vfat", 4096, {"gw.itb": shop.folder / "gw.itb"})
    luks = shop.folder / "data.luks"
    with luks.open("wb") as file:
        file.truncate(20 << 20)
    shop.run("cryptsetup", "luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2",
             "--pbkdf-force-iterations", "1000", luks, "-", stdin=b"of the factory, gone after it")  # fmt: skip
    token = b'{"type":"systemd-tpm2","keyslots":["0"],"tpm2-blob":"AAAA","tpm2-pcrs":[7],"tpm2-policy-hash":"00"}'
    shop.run("cryptsetup", "token", "import", luks, stdin=token)
    kib = slot.stat().st_size // 1024
    return disk(
        shop,
        "hardened.img",
        [
            ("uboot", shop.folder / "u-boot.bin", 1024),
            ("uboot-env", shop.folder / "env.bin", 16),
            ("boot", boot, 4096),
            ("rootfs_a", slot, kib),
            ("rootfs_b", slot, kib),
            ("data", luks, 20480),
        ],
    )


def _keys(shop: Workshop) -> None:
    shop.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "release.key",
             "-out", "release.crt", "-days", "3650", "-subj", "/CN=release")  # fmt: skip
    shop.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             "ca.key", "-out", "ca.pem", "-days", "9000", "-subj", "/CN=ACME update CA")  # fmt: skip


def _root(shop: Workshop) -> Path:
    shop.run("gcc", "-O2", "-fPIE", "-pie", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2",
             "-Wl,-z,relro,-z,now", "-x", "c", "-o", "gatewayd", "-",
             stdin=GATEWAYD)  # fmt: skip
    shop.run("gcc", "-c", "-x", "c", "-o", "gw.ko", "-", stdin=b"int init_module(void){return 0;}")
    _sign_module(shop)
    sandboxed = {"what": "web server", "command": "/usr/sbin/nginx -g 'daemon off;'", "user": "www-data",
                 "capabilities": "CAP_NET_BIND_SERVICE"}  # fmt: skip
    daemon = {"what": "gateway", "command": "/usr/sbin/gatewayd", "user": "gateway", "capabilities": ""}
    root = shop.root(
        "root",
        {
            "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nwww-data:x:33:33::/:/sbin/nologin\n"
            "gateway:x:900:900::/:/sbin/nologin\n",
            "etc/shadow": "root:*:19000::::::\nwww-data:*:19000::::::\ngateway:!*:19000::::::\n",
            "etc/group": "root:x:0:\nwww-data:x:33:\ngateway:x:900:\n",
            "etc/os-release": OS_RELEASE,
            "etc/ssh/sshd_config": SSHD,
            "etc/nginx/nginx.conf": NGINX,
            "etc/rauc/system.conf": RAUC,
            "etc/rauc/keyring.pem": shop.folder / "ca.pem",
            "etc/fstab": FSTAB,
            "etc/crypttab": CRYPTTAB,
            "etc/machine-id": "",
            "etc/systemd/system.conf": SYSTEM_CONF,
            "etc/systemd/system/nginx.service": UNIT.format(**sandboxed),
            "etc/systemd/system/gatewayd.service": UNIT.format(**daemon),
            "etc/systemd/system/device-keys.service": KEYGEN,
            "etc/systemd/system/sshd.service": SSHD_UNIT,
            "etc/systemd/system/renew.service": RENEW,
            "etc/systemd/system/renew.timer": TIMER,
            "etc/gateway/backend.conf": BACKEND,
            "etc/ssl/acme-ca.pem": shop.folder / "ca.pem",
            "usr/lib/systemd/system/multi-user.target": "[Unit]\nDescription=Multi-User\nRequires=basic.target\n",
            "usr/lib/systemd/systemd": shop.folder / "gatewayd",
            "usr/lib/systemd/system/rauc-mark-good.service": ONCE.format(
                command="/usr/bin/gateway-check\nExecStart=/usr/bin/rauc status mark-good", target="multi-user.target"
            ),
            "usr/bin/gateway-check": shop.folder / "gatewayd",
            "etc/fw_env.config": "/dev/mmcblk0 0x80000 0x4000\n/dev/mmcblk0 0x84000 0x4000\n",
            "usr/sbin/gatewayd": shop.folder / "gatewayd",
            "usr/sbin/nginx": Path("/usr/sbin/nginx"),
            "usr/sbin/sshd": Path("/usr/sbin/sshd"),
            "usr/bin/step": shop.folder / "gatewayd",
            "usr/bin/openssl": shop.folder / "gatewayd",
            "usr/bin/ssh-keygen": shop.folder / "gatewayd",
            "etc/step/config/defaults.json": '{"ca-url": "https://ca.acme-gateways.com"}\n',
            "usr/lib/systemd/system/timers.target": "[Unit]\nDescription=Timers\n",
            "usr/lib/systemd/system/sysinit.target": "[Unit]\nDescription=System Initialization\n",
            "usr/lib/systemd/system/basic.target": "[Unit]\nRequires=sysinit.target\nWants=timers.target\n",
            "usr/bin/rauc": Path("/usr/bin/rauc"),
            "boot/config-6.6.54": CONFIG,
            "usr/lib/modules/6.6.54/kernel/gw.ko": shop.folder / "gw.signed.ko",
            "etc/apparmor.d/usr.sbin.gatewayd": "/usr/sbin/gatewayd {\n  /usr/sbin/gatewayd mr,\n}\n",
            "usr/lib/systemd/system/apparmor.service": ONCE.format(
                command="/usr/lib/apparmor/apparmor.systemd reload", target="sysinit.target"
            ),
        },
        modes={"etc/shadow": 0o600},
    )
    (root / "sbin/init").unlink()
    (root / "sbin/init").symlink_to("../usr/lib/systemd/systemd")
    units = ("nginx.service", "gatewayd.service", "sshd.service", "device-keys.service", "rauc-mark-good.service")
    put_links(root, "multi-user.target", *units)
    put_links(root, "sysinit.target", "apparmor.service")
    put_links(root, "timers.target", "renew.timer")
    (root / "etc/systemd/system/default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    return root


def put_links(root: Path, target: str, *units: str) -> None:
    """Enable units as ``systemctl enable`` does."""
    folder = root / f"etc/systemd/system/{target}.wants"
    folder.mkdir(parents=True, exist_ok=True)
    for unit in units:
        own = root / "etc/systemd/system" / unit
        home = "/etc" if own.exists() else "/usr/lib"
        (folder / unit).symlink_to(f"{home}/systemd/system/{unit}")


def _sign_module(shop: Workshop) -> None:
    """As scripts/sign-file of the kernel: a detached CMS, its length, and the marker behind the module."""
    signature = shop.run("openssl", "cms", "-sign", "-in", "gw.ko", "-binary", "-outform", "DER", "-nocerts", "-noattr",
                         "-md", "sha512", "-signer", "release.crt", "-inkey", "release.key")  # fmt: skip
    info = bytes([0, 0, 2, 0, 0, 0, 0, 0]) + len(signature).to_bytes(4, "big")
    module = (shop.folder / "gw.ko").read_bytes()
    (shop.folder / "gw.signed.ko").write_bytes(module + signature + info + b"~Module signature appended~\n")
