"""Tokens, passwords and PINs in the configurations of update systems: none gets into what is told of an image."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from iotscan.observe.image.messages import Message, Said
from iotscan.observe.image.posture import look_at, posture
from tests.observe.image.looking import a_root, site_of
from tests.observe.image.updates.systems import BUSYBOX

SECRET = re.compile(r"S3cr3t\d\dqzx")
MENDER = {
    "ServerURL": "https://m:@@@hosted.mender.example?x=@",
    "TenantToken": "@",
    "HttpsClient": {"Certificate": "/c", "Key": "pkcs11:object=k?pin-value=@"},
    "Servers": [{"ServerURL": "http://s:@@@m2.example"}],
}
PLANTED = {
    "etc/rauc/system.conf": "[system]\ncompatible=gw\nbootloader=uboot\n[keyring]\npath=/etc/rauc/ca.pem\n"
    "[streaming]\ntls-key=pkcs11:token=x?pin-value=@\n[encryption]\nkey=pkcs11:object=k;type=private?pin-value=@\n",
    "etc/rauc/ca.pem": "-----BEGIN PRIVATE KEY-----\n@\n-----END PRIVATE KEY-----\n",
    "etc/rauc-hawkbit-updater/config.conf": "[client]\nhawkbit_server=https://u:@@@h.example?token=@\nssl=false\n"
    "auth_token=@\ngateway_token=@\n",
    "etc/swupdate.cfg": 'globals: { aes-key-file = "/etc/aes.key"; };\n'
    'suricatta: { url = "https://u:@@@h.example/?t=@"; targettoken = "@"; '
    'gatewaytoken = "@"; proxy = "http://p:@@@proxy"; };\n'
    'download: { authentication = "u:@"; url = "http://d:@@@dl.example/fw.swu?sig=@"; };\n',
    "etc/aes.key": "@ 0011\n",
    "etc/default/swupdate": 'SWUPDATE_ARGS="-k /etc/sw.pem -K /etc/aes.key '
    "-u '-u https://q:@@@h.example -k @ -g @'\"\n",
    "etc/mender/mender.conf": json.dumps(MENDER),
    "etc/ostree/remotes.d/r.conf": '[remote "r"]\nurl=https://o:@@@o.example/repo?k=@\ngpg-verify=false\n'
    "http-headers=Authorization: Bearer @\n",
    "etc/opkg.conf": "src/gz base http://f:@@@f.example/ipk?key=@\noption http_auth u:@\noption proxy_passwd @\n",
    "etc/apt/sources.list": "deb [trusted=yes] http://d:@@@deb.example/debian?x=@ stable main\n",
    "etc/apt/auth.conf": "machine deb.example login a password @\n",
    "etc/apt/apt.conf.d/99p": 'Acquire::http::Proxy "http://p:@@@proxy:3128";\n'
    'APT::Get::AllowUnauthenticated "true";\n',
    "etc/yum.repos.d/r.repo": "[r]\nname=r\nbaseurl=http://y:@@@y.example/?t=@\npassword=@\ngpgcheck=0\nenabled=1\n",
    "etc/apk/repositories": "http://k:@@@apk.example/main\n",
    "usr/lib/sota/conf.d/10.toml": '[provision]\nserver = "https://g:@@@ota.example/?t=@"\n[p11]\npass = "@"\n'
    '[tls]\nserver = "https://h:@@@x.example"\n',
    "usr/bin/do-update": "#!/bin/sh\n"
    'curl -k -u a:@ -H "Authorization: Bearer @" -o /tmp/f "http://v:@@@fw.example/f?token=@"\n'
    "wget --password=@ -O /tmp/g http://fw.example/g?apikey=@\ndd if=/tmp/f of=/dev/mmcblk0p2\n"
    "mtd write /tmp/g firmware\nsysupgrade -n http://w:@@@fw.example/x.bin?k=@\n",
    "etc/crontabs/root": "0 3 * * * curl -s http://c:@@@fw.example/run.sh?t=@ | sh\n",
    "etc/systemd/system/up.service": "[Service]\nEnvironment=UPDATE_TOKEN=@\n"
    "ExecStart=/usr/bin/rauc install https://u:@@@fw.example/b.raucb?sig=@\n",
    "boot/grub/grub.cfg": "password root @\nlinux /vmlinuz apikey=@\n",
}
PROGRAMS = (
    "rauc",
    "swupdate",
    "mender",
    "ostree",
    "opkg",
    "apk",
    "apt-get",
    "dnf",
    "aktualizr",
    "rauc-hawkbit-updater",
)


def planted() -> Iterator[tuple[str, str]]:
    """Each file with a secret of its own in place of each mark (``@@@`` is one before the ``@`` of an address)."""
    number = 0
    for path, text in PLANTED.items():
        parts = text.replace("@@@", "\0\1").replace("@", "\0").split("\0")
        secrets = [f"S3cr3t{n:02}qzx" for n in range(number, number + len(parts) - 1)]
        number += len(secrets)
        joined = "".join(p + s for p, s in zip(parts, [*secrets, ""], strict=True))
        yield path, joined.replace("\1", "@")


def test_no_secret_is_told(tmp_path: Path) -> None:
    files = {**BUSYBOX, **{f"usr/bin/{name}": "" for name in PROGRAMS}, **dict(planted())}
    assert len(set(SECRET.findall("".join(map(str, files.values()))))) >= 50
    said: list[Message] = []
    look_at(site_of(a_root(tmp_path, files)), "gw", said.append)
    observations, attempts = posture([one for one in said if isinstance(one, Said)], (), "gw")
    told = msgspec.json.encode((observations, attempts)).decode()
    assert SECRET.findall(told) == []
    # They were looked at: what stands beside them is told.
    for place in ("hosted.mender.example", "h.example", "f.example/ipk", "deb.example", "o.example/repo", "fw.example"):
        assert place in told
