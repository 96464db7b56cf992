"""A typical vendor's image: BusyBox, a known root password, telnet, shipped keys, debug tools, an unsigned boot chain.

An MBR disk: U-Boot's environment before the first partition, a FAT with the kernel, an ext4 root file system.
"""

from pathlib import Path

from tests.image_lab.build import Workshop, disk, fat, pack_ext4

OS_RELEASE = 'ID=debian\nVERSION_ID="9"\nPRETTY_NAME="ACME gateway 2.1"\nVARIANT="debug"\n'
PASSWORDS = ("root", "9s!kP2_x")
PASSWD = """\
root:x:0:0:root:/root:/bin/sh
support:x:0:0:support:/root:/bin/sh
www:x:33:33::/:/bin/false
"""
SHADOW = """\
root:{root}:17000:0:99999:7:::
support:{support}:17000:0:99999:7:::
www:*:17000::::::
"""
INITTAB = """\
::sysinit:/etc/init.d/rcS
# a shell for the people in the lab
::askfirst:-/bin/sh
ttyS0::respawn:/bin/sh
::respawn:/usr/sbin/telnetd -F -l /bin/sh
::shutdown:/bin/umount -a -r
"""
RCS = """\
#!/bin/sh
mount -t proc proc /proc
for script in /etc/init.d/S*; do $script start; done
"""
LIGHTTPD = """\
server.modules = ( "mod_openssl" )
server.port = 80
server.document-root = "/www"
$SERVER["socket"] == ":443" {
    ssl.engine = "enable"
    ssl.pemfile = "/etc/ssl/private/gateway.pem"
    ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1", "CipherString" => "ALL:!aNULL")
}
"""
MOSQUITTO = "listener 1883\nallow_anonymous true\n"
SNMPD = "rocommunity public\nrwcommunity private\n"
WIFI = 'network={\n    ssid="acme-setup"\n    psk="acme1234"\n}\n'
UPLOAD = """\
#!/bin/sh
# sends the day's readings
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7GATEWAY
AWS_SECRET_ACCESS_KEY=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
curl -k -T /var/data/today.csv https://collector.acme-gateways.com/upload
"""
UPDATE = """\
#!/bin/sh
wget -O /tmp/fw.bin http://fw.acme-gateways.com/gw/latest.bin && flashcp /tmp/fw.bin /dev/mtd2 && reboot
"""
FSTAB = "/dev/mmcblk0p2 / ext4 rw 0 1\ntmpfs /tmp tmpfs defaults 0 0\n"
ENVIRONMENT = """\
bootdelay=3
bootcmd=run distro_bootcmd
boot_targets=usb0 mmc0 pxe dhcp
bootcmd_dhcp=dhcp && tftpboot ${loadaddr} gw.itb && bootm ${loadaddr}
bootargs=console=ttyS0,115200 root=/dev/mmcblk0p2 rw nokaslr mitigations=off
"""
ITS = """\
/dts-v1/;
/ {
    description = "gateway"; #address-cells = <1>;
    images {
        kernel-1 { description = "kernel"; data = /incbin/("kernel"); type = "kernel"; arch = "arm"; os = "linux";
            compression = "none"; load = <0x80008000>; entry = <0x80008000>; hash-1 { algo = "sha256"; }; };
        fdt-1 { description = "board"; data = /incbin/("board.dtb"); type = "flat_dt"; arch = "arm";
            compression = "none"; hash-1 { algo = "sha256"; }; };
    };
    configurations { default = "conf-1"; conf-1 { kernel = "kernel-1"; fdt = "fdt-1"; }; };
};
"""
BOARD = '/dts-v1/; / { compatible = "acme,gw"; chosen { bootargs = "console=ttyS0"; }; };'


def build(shop: Workshop) -> Path:
    """Build the disk."""
    hashed = [shop.run("openssl", "passwd", "-1", "-salt", "acme", word).decode().strip() for word in PASSWORDS]
    root = shop.root(
        "root",
        {
            "etc/passwd": PASSWD,
            "etc/shadow": SHADOW.format(root=hashed[0], support=hashed[1]),
            "etc/group": "root:x:0:\nwww:x:33:\n",
            "etc/os-release": OS_RELEASE,
            "etc/inittab": INITTAB,
            "etc/init.d/rcS": RCS,
            "etc/init.d/S50lighttpd": "#!/bin/sh\n/usr/sbin/lighttpd -f /etc/lighttpd/lighttpd.conf\n",
            "etc/init.d/S55mosquitto": "#!/bin/sh\n/usr/sbin/mosquitto -d -c /etc/mosquitto/mosquitto.conf\n",
            "etc/init.d/S60snmpd": "#!/bin/sh\n/usr/sbin/snmpd -c /etc/snmp/snmpd.conf\n",
            "etc/lighttpd/lighttpd.conf": LIGHTTPD,
            "etc/mosquitto/mosquitto.conf": MOSQUITTO,
            "etc/snmp/snmpd.conf": SNMPD,
            "etc/wpa_supplicant.conf": WIFI,
            "etc/fstab": FSTAB,
            "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
            "usr/bin/upload": UPLOAD,
            "usr/bin/fw-update": UPDATE,
            "usr/bin/gdbserver": "#!/bin/sh\n",
            "usr/sbin/tcpdump": "#!/bin/sh\n",
            "usr/sbin/telnetd": "#!/bin/sh\n",
            "usr/sbin/lighttpd": "#!/bin/sh\n",
            "usr/sbin/mosquitto": "#!/bin/sh\n",
            "usr/sbin/snmpd": "#!/bin/sh\n",
            "var/lib/urandom/random-seed": b"\x5a" * 512,
        },
        modes={"etc/shadow": 0o600, "etc/init.d/rcS": 0o777},
    )
    private = root / "etc/ssl/private"
    private.mkdir(parents=True)
    subject = "/CN=gateway.local"
    shop.run("openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
             "-days", "7300", "-sha1", "-subj", subject)  # fmt: skip
    pem = (shop.folder / "key.pem").read_bytes() + (shop.folder / "cert.pem").read_bytes()
    (private / "gateway.pem").write_bytes(pem)
    (private / "gateway.pem").chmod(0o644)
    (root / "root/.ssh").mkdir(mode=0o700)
    shop.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "support@acme", "-f", "support")
    (root / "root/.ssh/authorized_keys").write_bytes((shop.folder / "support.pub").read_bytes())
    (root / "etc/dropbear").mkdir()
    shop.run("dropbearkey", "-t", "ecdsa", "-f", root / "etc/dropbear/dropbear_ecdsa_host_key")
    (shop.folder / "kernel").write_bytes(b"Linux version 4.9.0 (acme@build) #1 SMP\0" + bytes(4096))
    shop.run("dtc", "-I", "dts", "-O", "dtb", "-o", "board.dtb", "-", stdin=BOARD.encode())
    (shop.folder / "gw.its").write_text(ITS)
    shop.run("mkimage", "-f", "gw.its", "gw.itb")
    (shop.folder / "env.txt").write_text(ENVIRONMENT)
    shop.run("mkenvimage", "-s", "0x2000", "-o", "env.bin", "env.txt")
    boot = fat(shop, "boot.vfat", 4096, {"gw.itb": shop.folder / "gw.itb"})
    image = disk(
        shop, "vendor.img", [("", boot, 4096), ("", pack_ext4(shop, root, "root.ext4", 12288), 12288)], label="dos"
    )
    with image.open("r+b") as file:
        file.seek(0x88000)  # where this board's U-Boot keeps it, before the first partition
        file.write((shop.folder / "env.bin").read_bytes())
    return image
