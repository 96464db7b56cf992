"""Settings: files that include themselves, lines that cost an expression years, what counts behind a limit.

Each is a hostile file in an image that is sound: whoever reads it must end, be it with a gap, and find the account that
stands beside it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.hostile_images.case import BACKDOOR, PASSWD, Case, Yard
from tests.hostile_images.folders import root

_ELF = b"\x7fELF\x02\x01\x01" + bytes(400)
_LONG = 60_000


def with_files(files: Mapping[str, bytes], links: Mapping[str, str] = {}) -> Callable[[Yard], Path]:
    """A root file system with the account, and these files and links."""

    def build(yard: Yard) -> Path:
        folder = root(yard, {"etc/passwd": PASSWD, **files})
        for path, target in links.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).unlink(missing_ok=True)
            (folder / path).symlink_to(target)
        return folder

    return build


_YAML_BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)
)
_UNIT = (
    b"[Unit]\nAfter=%s\nRequires=%s\n[Service]\nExecStart=/usr/sbin/telnetd\n[Install]\nWantedBy=multi-user.target\n"
)
_HASHES = {
    "sha512-crypt": b"$6$rounds=999999999$saltsalt$" + b"a" * 86,
    "bcrypt": b"$2b$31$" + b"a" * 53,
    "yescrypt": b"$y$jzzzzz$saltsaltsaltsalt$" + b"a" * 43,
    "scrypt": b"$7$zzzzzz$salt$" + b"a" * 43,
    "gost-yescrypt": b"$gy$jzz$salt$" + b"a" * 43,
    "argon2": b"$argon2id$v=19$m=4294967295,t=4294967295,p=255$c2FsdHNhbHQ$" + b"a" * 43,
    "sun-md5": b"$md5,rounds=4294963199$saltsalt$$" + b"a" * 22,
}
_BROKER = b"user:$7$2147483647$c2FsdHNhbHQ=$" + b"a" * 86 + b"==\n"
_EVIL_LINES: dict[str, bytes] = {
    "one line of 60,000 characters": b"a" * _LONG,
    "blanks": b"x" + b" " * _LONG + b"y",
    "quotes": b'"' + b'\\"' * _LONG,
    "braces": b"{" * _LONG,
    "braces with something between": b"server { location / { " * 4_000,
    "dollars and parentheses": b"$(" * _LONG,
    "comments in comments": b"/*" * _LONG,
    "equals": b"=" * _LONG,
    "colons": b":" * _LONG,
    "assignments of themselves": b"A=$A$A\n" * 10_000,
    "lines that go on": b"x \\\n" * 20_000,
    "brackets": b"[" * _LONG,
    "zeros": bytes(_LONG),
    "line ends": b"\n" * _LONG,
    "begins of keys": b"-----BEGIN PRIVATE KEY-----\n" * 2_000,
    "addresses": b"://:@" * 15_000,
    "words of secrets": b"password=" * 7_000,
}
EVERYWHERE = (
    "etc/nginx/nginx.conf",
    "etc/ssh/sshd_config",
    "etc/mosquitto/mosquitto.conf",
    "etc/snmp/snmpd.conf",
    "etc/vsftpd.conf",
    "etc/proftpd.conf",
    "etc/config/dropbear",
    "etc/config/network",
    "etc/config/rpcd",
    "etc/inittab",
    "etc/inetd.conf",
    "etc/xinetd.d/x",
    "etc/init.d/rcS",
    "etc/init.d/S50x",
    "etc/rc.local",
    "etc/crontab",
    "etc/sudoers",
    "etc/doas.conf",
    "etc/pam.d/login",
    "etc/systemd/system/x.service",
    "etc/systemd/system/x.socket",
    "etc/os-release",
    "etc/rauc/system.conf",
    "etc/swupdate.cfg",
    "etc/mender/mender.conf",
    "etc/opkg.conf",
    "etc/apt/sources.list",
    "usr/lib/opkg/status",
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "etc/fstab",
    "etc/fw_env.config",
    "boot/config-6.1",
    "boot/extlinux/extlinux.conf",
    "boot/grub/grub.cfg",
    "boot/loader/entries/x.conf",
    "boot/cmdline.txt",
    "root/.ssh/authorized_keys",
    "etc/modprobe.d/x.conf",
    "etc/sysctl.conf",
    "etc/nftables.conf",
    "etc/fail2ban/jail.local",
    "etc/supervisord.conf",
    "etc/docker/daemon.json",
    "etc/containers/policy.json",
    "etc/cloud/cloud.cfg",
    "etc/config.yaml",
    "app/settings.json",
    "app/docker-compose.yml",
    "etc/ssl/certs/x.pem",
    "etc/wpa_supplicant.conf",
    "etc/ld.so.conf",
    "etc/lighttpd/lighttpd.conf",
    "etc/httpd.conf",
    "etc/watchdog.conf",
    "etc/apparmor.d/x",
    "etc/selinux/config",
    "lib/udev/rules.d/x.rules",
    "etc/dbus-1/system.d/x.conf",
    "etc/polkit-1/rules.d/x.rules",
    "etc/securetty",
)
_BEHIND = b"# padding\n" * 150_000
"""Longer than any configuration that is read: what stands behind it must not be missed in silence."""
CASES = (
    *(
        Case(
            name=f"text: {name} in every file that somebody reads",
            build=with_files(dict.fromkeys(EVERYWHERE, text)),
            finds=BACKDOOR,
        )
        for name, text in _EVIL_LINES.items()
    ),
    *(
        Case(
            name=f"shadow: a hash of {name} that takes years",
            build=with_files({"etc/passwd": b"root:x:0:0::/:/bin/sh\n", "etc/shadow": b"root:" + text + b":1::::::\n"}),
            finds='"accounts":\\[\\{|password',
        )
        for name, text in _HASHES.items()
    ),
    Case(
        name="mosquitto: a hash of two billion rounds",
        build=with_files({"etc/mosquitto/passwd": _BROKER * 200}),
        finds=BACKDOOR,
    ),
    Case(
        name="passwd: 100,000 accounts, the last one counts",
        build=with_files({"etc/passwd": b"u:*:1:1::/:/bin/false\n" * 100_000 + PASSWD}),
        problem="larger than|more than",
    ),
    Case(
        name="passwd: 2,500 accounts, the last one counts",
        build=with_files({"etc/passwd": b"u:*:1:1::/:/bin/false\n" * 2_500 + PASSWD}),
        finds=BACKDOOR,
    ),
    Case(
        name="sshd: what counts stands behind a megabyte of comments",
        build=with_files({"etc/ssh/sshd_config": _BEHIND + b"PermitRootLogin yes\n", "usr/sbin/sshd": _ELF}),
        problem="larger than",
    ),
    Case(
        name="nginx: what counts stands behind a megabyte of comments",
        build=with_files(
            {
                "etc/nginx/nginx.conf": _BEHIND + b"http{server{listen 443 ssl;ssl_protocols SSLv3;}}\n",
                "usr/sbin/nginx": _ELF,
            }
        ),
        problem="larger than",
    ),
    Case(
        name="systemd: what counts stands behind a megabyte of comments",
        build=with_files(
            {
                "etc/systemd/system/x.service": _BEHIND + _UNIT % (b"", b""),
                "etc/systemd/system/multi-user.target.wants/x.service": _BEHIND + _UNIT % (b"", b""),
            }
        ),
        problem="larger than",
    ),
    Case(
        name="init: what counts stands behind a megabyte of comments",
        build=with_files({"etc/init.d/rcS": b"#!/bin/sh\n" + _BEHIND + b"telnetd -l /bin/sh\n"}),
        problem="larger than",
    ),
    Case(
        name="include: nginx includes itself",
        build=with_files(
            {
                "etc/nginx/nginx.conf": b"include /etc/nginx/*.conf;\ninclude nginx.conf;\n" * 50,
                "usr/sbin/nginx": _ELF,
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="include: sshd includes itself",
        build=with_files(
            {"etc/ssh/sshd_config": b"Include /etc/ssh/*\nInclude sshd_config\n" * 50, "usr/sbin/sshd": _ELF}
        ),
        finds=BACKDOOR,
        problem="includes more than 200 files|includes files deeper",
    ),
    Case(
        name="include: mosquitto, snmpd, proftpd and sudoers include themselves",
        build=with_files(
            {
                "etc/mosquitto/mosquitto.conf": b"include_dir /etc/mosquitto\n" * 50,
                "etc/snmp/snmpd.conf": b"includeFile snmpd.conf\nincludeDir /etc/snmp\n" * 50,
                "etc/proftpd.conf": b"Include /etc/proftpd.conf\nInclude /etc/*\n" * 50,
                "etc/sudoers": b"@include /etc/sudoers\n#includedir /etc\n" * 50,
                "usr/sbin/mosquitto": _ELF,
                "usr/sbin/snmpd": _ELF,
                "usr/sbin/proftpd": _ELF,
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="include: scripts that start one another",
        build=with_files(
            {
                "etc/init.d/rcS": b"#!/bin/sh\n. /etc/init.d/rcS\n/etc/init.d/S50x start\nfor i in S*; do $i; done\n",
                "etc/init.d/S50x": b"#!/bin/sh\n. /etc/init.d/rcS\nexec /etc/init.d/S50x\n",
                "etc/inittab": b"::sysinit:/etc/init.d/rcS\n",
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="systemd: units in circles",
        build=with_files(
            {
                f"etc/systemd/system/{n}.service": _UNIT
                % (b"%d.service" % ((n + 1) % 30), b"%d.service" % ((n + 7) % 30))
                for n in range(30)
            }
            | {"lib/systemd/systemd": _ELF},
            {
                "etc/systemd/system/default.target": "default.target",
                "etc/systemd/system/multi-user.target.wants/1.service": "../1.service",
                "etc/systemd/system/loop.service": "loop.service",
                "etc/systemd/system/multi-user.target.wants/loop.service": "../loop.service",
                "etc/systemd/system/a.service.d": "a.service.d",
                "sbin/init": "../lib/systemd/systemd",
            },
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="systemd: 3,000 units that want each other",
        build=with_files(
            {
                f"etc/systemd/system/multi-user.target.wants/{n}.service": _UNIT
                % (b"%d.service " % n * 30, b"1.service")
                for n in range(1500)
            }
            | {"lib/systemd/systemd": _ELF},
            {"sbin/init": "../lib/systemd/systemd"},
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="yaml: a billion laughs",
        build=with_files(
            dict.fromkeys(
                (
                    "etc/config.yaml",
                    "app/docker-compose.yml",
                    "etc/cloud/cloud.cfg",
                    "etc/cloud/cloud.cfg.d/x.cfg",
                    "etc/rancher/k3s/config.yaml",
                    "etc/netplan/x.yaml",
                ),
                _YAML_BOMB,
            )
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="yaml: objects of Python and anchors to themselves",
        build=with_files(
            dict.fromkeys(
                ("etc/config.yaml", "etc/cloud/cloud.cfg", "app/docker-compose.yml"),
                b"a: !!python/object/apply:os.system ['touch /owned']\nb: &b [*b]\n",
            )
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="json: a megabyte of brackets",
        build=with_files(
            dict.fromkeys(
                (
                    "etc/docker/daemon.json",
                    "etc/containers/policy.json",
                    "app/settings.json",
                    "etc/mender/mender.conf",
                    "etc/aws.json",
                ),
                b'{"a":' * 200000,
            )
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="json: numbers and halves of characters",
        build=with_files(
            dict.fromkeys(
                ("etc/docker/daemon.json", "etc/containers/policy.json", "etc/mender/mender.conf", "app/settings.json"),
                b'{"password":"\\ud800\\u0000\\u202e","n":1e999999,"m":-0,"insecure-registries":[1e400,"\\udfff"],"default":[{"type":"\\ud800"}],"ServerURL":"\\ud800","ServerCertificate":7}',
            )
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="dpkg: a package of 60,000 lines",
        build=with_files(
            {
                "var/lib/dpkg/status": b"Package: a\nStatus: install ok installed\nVersion: 1\nDescription: x\n"
                + b" more\n" * _LONG
            }
        ),
        finds=BACKDOOR,
    ),
    Case(
        name="nothing of a pickle, of git or of a package's script is run",
        build=with_files(
            {
                "usr/lib/x.pkl": b"cos\nsystem\n(S'touch /owned'\ntR.",
                ".git/config": b"[core]\n\tfsmonitor = touch /owned\n",
                "var/lib/dpkg/info/x.postinst": b"#!/bin/sh\ntouch /owned\n",
                "etc/profile": b"touch /owned\n",
                "usr/lib/python3/dist-packages/x.pth": b"import os; os.system('touch /owned')\n",
                "sitecustomize.py": b"raise SystemExit\n",
            }
        ),
        finds=BACKDOOR,
    ),
)
