"""Configurations that are hostile: the survey ends, says what it could not read, and never raises."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.observe.image.inspectors.updates import INSPECTOR
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.updates.systems import BUSYBOX, fact_of

PLACES = (
    "etc/rauc/system.conf", "etc/swupdate.cfg", "etc/swupdate/conf.d/09", "etc/mender/mender.conf", "etc/opkg.conf",
    "etc/ostree/remotes.d/r.conf", "etc/apt/apt.conf", "etc/apt/sources.list", "etc/apt/sources.list.d/x.sources",
    "etc/apk/repositories", "etc/yum.repos.d/x.repo", "usr/lib/sota/conf.d/1.toml", "etc/u-boot-initial-env",
    "etc/fw_env.config", "boot/grub/grub.cfg", "usr/bin/update", "etc/init.d/rcS", "lib/upgrade/fwtool.sh",
)  # fmt: skip
SCRIPTS = ("usr/bin/update", "etc/init.d/rcS")
LONG = 60_000
WORDS = (
    "[slot.a.0]\nbootname=A\n", "a.a.", "AllowInsecure", "rauc status mark-good\n", "BOOT_A_LEFT ", "run a ", "{", "[",
    "x=1\n", " \t", 'a="', "wget http://x/ | dd of=/dev/mtd1\n", "save_env bootcount ", "fw_setenv bootcount 0\n",
    "$A$A", "A=$A$A\n", "\\\n", "/*", "0 0 * * * opkg upgrade\n",
)  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_long_texts_of_one_word_end_soon(word: str, tmp_path: Path) -> None:
    text = word * (LONG // len(word))
    files = {place: f"#!/bin/sh\nwget x\n{text}" if place in SCRIPTS else text for place in PLACES}
    heard = heard_of(INSPECTOR, a_root(tmp_path, {**BUSYBOX, "sbin/sysupgrade": "", **files}))
    assert len(heard.facts) == 1


@settings(max_examples=60, deadline=None)
@given(place=st.sampled_from(PLACES), text=st.binary(max_size=200) | st.lists(st.sampled_from(WORDS)).map("".join))
def test_nothing_raises(place: str, text: str | bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    fact_of(tmp_path_factory.mktemp("root"), {**BUSYBOX, "sbin/sysupgrade": "", place: text})


class _Damaged(FolderTree):
    """Folders of configuration and programs cannot be listed."""

    def listed(self, path: str) -> Iterable[Entry]:
        if path in ("/etc/rauc", "/usr/bin"):
            raise Unreadable("a block is damaged")
        return super().listed(path)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    a_root(tmp_path, {**BUSYBOX, "etc/rauc/system.conf": "[system]\n", "usr/bin/rauc": ""})
    (fact,) = heard_of(INSPECTOR, _Damaged(tmp_path)).facts
    assert {text.partition(":")[0] for text in fact.unread} >= {"rauc", "programs", "scripts"}  # type: ignore[attr-defined]  # the only fact that it gives
