"""An OpenWrt-like image with mixed results: signed feeds over http, an empty root password, Dropbear, uhttpd.

UBI with the volumes ``kernel`` (a legacy uImage), ``rootfs`` (squashfs) and ``rootfs_data`` (an empty UBIFS).
"""

from pathlib import Path

from tests.image_lab.build import Workshop, pack_squashfs

RELEASE = """\
DISTRIB_ID='OpenWrt'
DISTRIB_RELEASE='23.05.5'
DISTRIB_TARGET='ath79/nand'
DISTRIB_ARCH='mips_24kc'
"""
OS_RELEASE = 'NAME="OpenWrt"\nVERSION="23.05.5"\nID="openwrt"\nVERSION_ID="23.05.5"\nPRETTY_NAME="OpenWrt 23.05.5"\n'
INITTAB = """\
::sysinit:/etc/init.d/rcS S boot
::shutdown:/etc/init.d/rcS K shutdown
::askconsole:/usr/libexec/login.sh
"""
LOGIN = """\
#!/bin/sh
[ "$(uci -q get system.@system[0].ttylogin)" = 1 ] || exec /bin/ash --login
exec /bin/login
"""
DROPBEAR = """\
config dropbear
\toption PasswordAuth 'on'
\toption RootPasswordAuth 'on'
\toption Port '22'
"""
UHTTPD = """\
config uhttpd 'main'
\tlist listen_http '0.0.0.0:80'
\tlist listen_https '0.0.0.0:443'
\toption redirect_https '0'
\toption cert '/etc/uhttpd.crt'
\toption key '/etc/uhttpd.key'
"""
WIRELESS = """\
config wifi-iface 'default_radio0'
\toption device 'radio0'
\toption mode 'ap'
\toption ssid 'OpenWrt'
\toption encryption 'none'
"""
RPCD = "config login\n\toption username 'root'\n\toption password '$p$root'\n\tlist read '*'\n\tlist write '*'\n"
OPKG = (
    "dest root /\ndest ram /tmp\nlists_dir ext /var/opkg-lists\noption overlay_root /overlay\noption check_signature\n"
)
FEEDS = "src/gz openwrt_core http://downloads.openwrt.org/releases/23.05.5/targets/ath79/nand/packages\n"
STATUS = """\
Package: dropbear
Version: 2022.82-6
Depends: libc
Status: install ok installed
Architecture: mips_24kc
Installed-Time: 1727000000

Package: uhttpd
Version: 2023-06-25-34a8a74d-1
Depends: libc
Status: install ok installed
Architecture: mips_24kc
Installed-Time: 1727000000

"""
SERVICE = """\
#!/bin/sh /etc/rc.common
START={start}
USE_PROCD=1
start_service() {{
\tprocd_open_instance
\tprocd_set_param command {command}
\tprocd_close_instance
}}
"""
INI = """\
[kernel]
mode=ubi
image=kernel.uimage
vol_id=0
vol_type=dynamic
vol_name=kernel
vol_size=256KiB
[rootfs]
mode=ubi
image=rootfs.sqfs
vol_id=1
vol_type=dynamic
vol_name=rootfs
[rootfs_data]
mode=ubi
image=data.ubifs
vol_id=2
vol_type=dynamic
vol_name=rootfs_data
vol_size=2MiB
"""
LEB = 126976
"""Bytes of a logical erase block: 128 KiB less two pages of 2 KiB."""


def build(shop: Workshop) -> Path:
    """Build the UBI image."""
    root = shop.root(
        "root",
        {
            "etc/passwd": "root:x:0:0:root:/root:/bin/ash\ndaemon:*:1:1:daemon:/var:/bin/false\n",
            "etc/shadow": "root::0:0:99999:7:::\ndaemon:*:0:0:99999:7:::\n",
            "etc/group": "root:x:0:\n",
            "etc/openwrt_release": RELEASE,
            "etc/os-release": OS_RELEASE,
            "etc/inittab": INITTAB,
            "usr/libexec/login.sh": LOGIN,
            "etc/config/dropbear": DROPBEAR,
            "etc/config/uhttpd": UHTTPD,
            "etc/config/wireless": WIRELESS,
            "etc/config/rpcd": RPCD,
            "etc/opkg.conf": OPKG,
            "etc/opkg/distfeeds.conf": FEEDS,
            "etc/opkg/keys/b5043e70f9a75cde": "untrusted comment: Public usign key for 23.05 release builds\n",
            "usr/bin/usign": "#!/bin/sh\n",
            "usr/lib/opkg/status": STATUS,
            "etc/init.d/dropbear": SERVICE.format(start=19, command="/usr/sbin/dropbear -F -p 22"),
            "etc/init.d/uhttpd": SERVICE.format(start=50, command="/usr/sbin/uhttpd -f -h /www"),
            "usr/sbin/dropbear": "#!/bin/sh\n",
            "usr/sbin/uhttpd": "#!/bin/sh\n",
            "lib/upgrade/fwtool.sh": "fwtool_check_signature() {\n\t[ ! -x /usr/bin/ucert ] && return 0\n}\n",
            "sbin/sysupgrade": "#!/bin/sh\n",
            "sbin/procd": "#!/bin/sh\n",
            "etc/rc.common": "#!/bin/sh\n",
        },
        modes={"etc/shadow": 0o600, "usr/libexec/login.sh": 0o755},
    )
    (root / "etc/rc.d").mkdir()
    for link, name in (("S19dropbear", "dropbear"), ("S50uhttpd", "uhttpd")):
        (root / "etc/rc.d" / link).symlink_to(f"../init.d/{name}")
    (shop.folder / "kernel").write_bytes(b"Linux version 5.15.167 (builder@buildhost)\0" + bytes(4096))
    shop.run("mkimage", "-A", "mips", "-O", "linux", "-T", "kernel", "-C", "none", "-a", "0x80060000",
             "-e", "0x80060000", "-n", "MIPS OpenWrt Linux-5.15.167", "-d", "kernel", "kernel.uimage")  # fmt: skip
    pack_squashfs(shop, root, "rootfs.sqfs", "-comp", "xz", "-b", "256k")
    (shop.folder / "empty").mkdir()
    shop.run("mkfs.ubifs", "-r", "empty", "-m", "2048", "-e", str(LEB), "-c", "64", "-o", "data.ubifs")
    (shop.folder / "ubi.ini").write_text(INI)
    shop.run("ubinize", "-o", "openwrt.ubi", "-m", "2048", "-p", "128KiB", "ubi.ini")
    return shop.folder / "openwrt.ubi"
