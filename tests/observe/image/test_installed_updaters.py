"""Updaters that are there without a configuration that we read: named, so that nobody says there is none."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from iotscan.model.facts import Updaters
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.inspectors import updaters
from iotscan.observe.image.readers.layers import LayeredTree
from tests.observe.image.looking import a_root, heard_of


def found(root: Path, files: Mapping[str, str | bytes]) -> set[tuple[str, str]]:
    (fact,) = heard_of(updaters.INSPECTOR, a_root(root, files)).facts
    assert isinstance(fact, Updaters)
    return {(u.system, u.path) for u in fact.updaters}


@pytest.mark.parametrize(
    "path",
    [
        *("usr/bin/aktualizr", "usr/bin/casync", "usr/bin/desync", "usr/bin/ostree", "usr/bin/rauc", "usr/sbin/rauc"),
        *("usr/bin/mender", "usr/lib/snapd/snapd", "usr/bin/fwupdmgr", "usr/bin/balenad", "usr/bin/swupd"),
        *("usr/bin/rauc-hawkbit-updater", "sbin/sysupgrade", "system/bin/update_engine", "usr/bin/AducIotAgent"),
    ],
)
def test_an_updater_without_a_configuration_is_named(tmp_path: Path, path: str) -> None:
    assert found(tmp_path, {path: b"\x7fELF"}) == {("other", f"/{path}")}


def test_a_package_feed_does_not_hide_an_image_updater(tmp_path: Path) -> None:
    files = {"etc/opkg.conf": "src/gz base https://feed.example/base\n", "sbin/sysupgrade": "#!/bin/sh\n"}
    assert found(tmp_path, files) == {("opkg", "/etc/opkg.conf"), ("other", "/sbin/sysupgrade")}


def test_the_program_of_a_configured_updater_is_not_named_again(tmp_path: Path) -> None:
    files = {"etc/rauc/system.conf": "[keyring]\npath=/etc/rauc/ca.pem\n", "usr/bin/rauc": b"\x7fELF"}
    assert found(tmp_path, files) == {("rauc", "/etc/rauc/system.conf")}


def test_sysupdate_counts_where_it_has_something_to_transfer(tmp_path: Path) -> None:
    assert found(tmp_path, {"usr/lib/systemd/systemd-sysupdate": b"\x7fELF"}) == set()
    named = found(tmp_path, {"usr/lib/sysupdate.d/50-root.conf": "[Transfer]\n"})
    assert named == {("other", "/usr/lib/sysupdate.d")}


def test_a_container_image_is_told_apart() -> None:
    (fact,) = heard_of(updaters.INSPECTOR, LayeredTree(Budget())).facts
    assert fact == Updaters(updaters=(), in_container=True)
