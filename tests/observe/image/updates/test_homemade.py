"""Home-made updates: what a script fetches, writes with, and looks at in between."""

from pathlib import Path

import pytest

from iotscan.model.facts import HomemadeUpdate, UpdateSystems
from iotscan.observe.image.inspectors.updates import INSPECTOR
from tests.observe.image.looking import a_root, heard_of

CASES = {
    "wget -O /tmp/f http://u:p@x.example/fw && flashcp /tmp/f /dev/mtd2": ("flashcp", False, "nothing"),
    "curl -s https://x.example/fw.gz | gunzip | dd of=/dev/mmcblk0p2 bs=1M": ("dd", True, "nothing"),
    "curl -k https://x.example/fw | dd of=/dev/mmcblk0p2": ("dd", False, "nothing"),
    "curl -s https://x.example/install.sh | sh": ("sh", True, "nothing"),
    "wget https://x.example/fw\nsha256sum -c fw.sum || exit 1\nmtd write fw firmware": ("mtd", True, "digest"),
    "wget https://x.example/fw\nsha256sum -c fw.sum\nmtd write fw firmware": ("mtd", True, "nothing"),
    "set -e\nwget https://x.example/fw\ngpgv fw.sig fw\nsysupgrade fw": ("sysupgrade", True, "signature"),
    "wget https://x.example/fw\ngpgv fw.sig fw\nsysupgrade fw": ("sysupgrade", True, "nothing"),
    'if openssl dgst -sha256 -verify k.pem -signature s f; then\ntftp -g h\nfi\n': None,
    "tftp -g -r fw 192.0.2.1\nif openssl dgst -sha256 -verify k.pem -signature s fw; then\ncat fw > /dev/mtd3\nfi":
        ("cat", False, "signature"),
    'URL="$1"\nwget "$URL" -O /tmp/f\ndd if=/tmp/f of=/dev/mmcblk0p2': ("dd", None, "nothing"),
    'BASE=http://x.example\nwget "$BASE/fw" -O /tmp/f\ndd if=/tmp/f of=/dev/mmcblk0p2': ("dd", False, "nothing"),
    "wget https://x.example/b.raucb -O /tmp/b && rauc install /tmp/b": None,
    "dd if=/dev/zero of=/dev/mmcblk0p2": None,
    "# wget http://x.example/fw | dd of=/dev/mmcblk0p2\necho wget | dd of=/tmp/x": None,
    "wget http://x.example/list -O /tmp/list\ntar -xf /tmp/list -C /tmp": None,
}  # fmt: skip


def found(folder: Path, script: str) -> tuple[HomemadeUpdate, ...]:
    tree = a_root(folder, {"usr/bin/fw-update": f"#!/bin/sh\n{script}\n"})
    (fact,) = heard_of(INSPECTOR, tree).facts
    assert isinstance(fact, UpdateSystems)
    assert not fact.unread
    return fact.scripts


@pytest.mark.parametrize("script", CASES)
def test_a_script_that_fetches_and_writes_is_found(script: str, tmp_path: Path) -> None:
    scripts = found(tmp_path, script)
    assert [(s.writes, s.encrypted.known, s.checks) for s in scripts] == ([CASES[script]] if CASES[script] else [])


def test_user_password_and_question_of_an_address_are_not_told(tmp_path: Path) -> None:
    (script,) = found(tmp_path, "wget 'http://me:secret@x.example/fw?token=abc' -O- | dd of=/dev/mtd2")
    assert (script.fetches, script.line) == ("http://x.example/fw?…", 2)


def test_what_is_written_is_what_counts_not_what_is_fetched_last(tmp_path: Path) -> None:
    script = (
        "U=http://x.example\nwget $U/rootfs.img -O /tmp/rootfs.img\nwget https://x.example/rootfs.md5 -O /tmp/r.md5\n"
        "md5sum -c /tmp/r.md5 || exit 1\ndd if=/tmp/rootfs.img of=/dev/mmcblk0p2\n"
    )
    (one,) = found(tmp_path, script)
    assert (one.fetches, one.encrypted.known, one.checks) == ("http://x.example/rootfs.img", False, "digest")
