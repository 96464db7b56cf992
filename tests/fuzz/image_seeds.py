"""Where the fuzzers of images begin: small sound ones of what can be written without a tool, and settings."""

import gzip
import lzma

from tests.fuzz.image_targets import CODECS, PLACES
from tests.hostile_images import raw
from tests.hostile_images.case import KEY, PASSWD
from tests.hostile_images.traversal import ROOT, in_cpio, in_tar
from tests.observe.image.test_jffs2 import Flash

_STRINGS = b"data\0type\0"
_FIT = raw.fdt(
    raw.node(b"", raw.node(b"images", raw.node(b"k", raw.prop(0, b"kernel"), raw.prop(5, b"kernel\0"))))
    + b"\0\0\0\x09",
    _STRINGS,
)
_ENVIRONMENT = b"bootcmd=run x\0bootdelay=1\0bootargs=root=/dev/x\0\0"


def _jffs2() -> bytes:
    flash = Flash("<")
    flash.name(b"etc", 2)
    flash.inode(2, size=0, mode=0o040755)
    flash.name(b"passwd", 3, parent=2)
    flash.inode(3, PASSWD, size=len(PASSWD))
    return bytes(flash.data)


_SMALL = (ROOT[0], (b"etc/shadow", b"x"))
_CODED = (_FIT, KEY, _ENVIRONMENT, b"\x30\x03\x02\x01\x01")
_TEXTS = (
    b"server { listen 443 ssl; ssl_protocols TLSv1.2; include /etc/nginx/*.conf; }\n",
    b"Include /etc/ssh/*\nPermitRootLogin yes\nMatch User x\n",
    b"listener 8883\ncafile /x\npassword_file /etc/mosquitto/passwd\n",
    b"[Unit]\nAfter=x\n[Service]\nExecStart=/bin/sh -c 'telnetd & echo ${X:-$(y)}'\n",
    b"#!/bin/sh\ncase $1 in start) start-stop-daemon -S -x /usr/sbin/x -- -d;; esac\n. /etc/x\n",
    b"config dropbear\n\toption PasswordAuth 'on'\n\tlist Interface lan\n",
    b'{"a": [1, {"password": "x"}], "default": [{"type": "reject"}]}',
    b"a: &a [x, *a]\nb:\n  - password: y\n",
    b"Package: x\nStatus: install ok installed\nVersion: 1:2-3\n\nP:x\nV:1-r0\n",
    KEY,
    PASSWD,
)
SEEDS: dict[str, tuple[bytes, ...]] = {
    "image": (
        in_tar(_SMALL), in_cpio(_SMALL), raw.zipped(_SMALL), _FIT, raw.uimage(in_cpio(_SMALL), kind=3),
        gzip.compress(in_tar(_SMALL)), lzma.compress(in_tar(_SMALL)), _jffs2(),
        raw.mbr((0x83, 1, 8)) + in_tar(_SMALL), raw.gpt(60, [(34, 40)]) + in_tar(_SMALL),
    ),
    "image-codecs": tuple(bytes([n]) + data for n in range(len(CODECS)) for data in _CODED),
    "image-files": tuple(bytes([n % len(PLACES)]) + text for n, text in enumerate(_TEXTS * 6)),
}  # fmt: skip
