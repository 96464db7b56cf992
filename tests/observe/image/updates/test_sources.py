"""Where updates and packages come from, and whether they are verified."""

from pathlib import Path

import pytest

from iotscan.model.facts import UpdateSystems
from iotscan.observe.image.inspectors.updates import INSPECTOR
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import heard_of


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    for folder in ("etc", "bin", "usr/lib"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def write(root: Path, path: str, content: str | bytes, mode: int = 0o644) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode() if isinstance(content, str) else content)
    target.chmod(mode)


def verdicts(root: Path) -> dict[tuple[str, str], tuple[bool | None, bool]]:
    """(system, address) -> (verifies, encrypted); an updater of whole images has no address here but its server's."""
    (fact,) = heard_of(INSPECTOR, FolderTree(root)).facts
    assert isinstance(fact, UpdateSystems)
    found = {(s.system, f.url): (f.verifies.known, f.encrypted) for s in fact.systems for f in s.sources}
    alone = {(s.system, ""): (s.holds("verifies"), False) for s in fact.systems if not s.sources}
    unread = {(text.partition(":")[0], ""): (None, False) for text in fact.unread}
    return {**found, **alone, **unread}


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        (
            "etc/opkg.conf",
            "src/gz base http://feed.example/base\n",
            {("opkg", "http://feed.example/base"): (False, False)},
        ),
        (
            "etc/opkg/feeds.conf",
            "option check_signature\nsrc/gz base https://feed.example/base\n",
            {("opkg", "https://feed.example/base"): (True, True)},
        ),
        (
            "etc/apt/sources.list",
            "deb [arch=arm64 trusted=yes] https://user:pw@deb.example/d stable main\n",
            {("apt", "https://deb.example/d"): (False, True)},
        ),
        (
            "etc/apt/sources.list",
            "deb http://deb.example/d stable main\n",
            {("apt", "http://deb.example/d"): (True, False)},
        ),
        (
            "etc/apt/sources.list.d/x.sources",
            "Types: deb\nURIs: https://deb.example/d\nTrusted: yes\n",
            {("apt", "https://deb.example/d"): (False, True)},
        ),
        ("etc/apk/repositories", "https://apk.example/main\n", {("apk", "https://apk.example/main"): (True, True)}),
        (
            "etc/yum.repos.d/x.repo",
            "[x]\nbaseurl=https://y.example\ngpgcheck=0\n",
            {("dnf", "https://y.example"): (False, True)},
        ),
        (
            "etc/rauc/system.conf",
            "[system]\ncompatible=x\n[keyring]\npath=/etc/rauc/ca.pem\n",
            {("rauc", ""): (True, False)},
        ),
        ("etc/rauc/system.conf", "[system]\ncompatible=x\n", {("rauc", ""): (False, False)}),
        ("etc/swupdate.cfg", 'globals : { public-key-file = "/etc/k.pem"; };', {("swupdate", ""): (None, False)}),
        ("etc/swupdate.cfg", "globals : { };", {("swupdate", ""): (False, False)}),
        (
            "etc/mender/mender.conf",
            '{"ServerURL": "https://m.example", "ArtifactVerifyKey": "/k", "SkipVerify": true}',
            {("mender", "https://m.example"): (False, True)},
        ),
        ("etc/mender/mender.conf", "{torn", {("mender", ""): (None, False)}),
        (
            "etc/ostree/remotes.d/r.conf",
            '[remote "r"]\nurl=https://o.example\ngpg-verify=false\n',
            {("ostree", "https://o.example"): (False, True)},
        ),
        ("sbin/sysupgrade", "#!/bin/sh", {("sysupgrade", ""): (None, False)}),
        ("etc/hostname", "gw", {}),
    ],
)
def test_update_sources(rootfs: Path, path: str, content: str, expected: dict) -> None:
    write(rootfs, path, content)
    assert verdicts(rootfs) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"etc/swupdate.cfg": 'globals : {\n/* public-key-file = "/etc/k.pem"; */\n};\n'}, {("swupdate", ""): False}),
        ({"etc/swupdate.cfg": 'globals : { public-key-file = ""; };\n'}, {("swupdate", ""): False}),
        (
            {"etc/swupdate.cfg": "globals : { };\n", "etc/swupdate/conf.d/09": 'SWUPDATE_ARGS="-v -k /etc/k.pem"\n'},
            {("swupdate", ""): None},
        ),
        (
            {"etc/swupdate.cfg": "globals : { };\n", "etc/swupdate/conf.d/09": 'SWUPDATE_ARGS="-v"\n'},
            {("swupdate", ""): False},
        ),
        (
            {"etc/swupdate.cfg": "globals : { };\n", "etc/rc.local": "#!/bin/sh\nswupdate --key /etc/k.pem -w ''\n"},
            {("swupdate", ""): None},
        ),
        (
            {
                "etc/mender/mender.conf": '{"ServerURL":"https://m.example","ArtifactVerifyKey":"/etc/k.pem"}',
                "var/lib/mender/mender.conf": '{"RootfsPartA":"/dev/mmcblk0p2"}',
            },
            {("mender", "https://m.example"): True},
        ),
        (
            {
                "etc/mender/mender.conf": '{"ServerURL":"https://m.example","ArtifactVerifyKey":"/etc/k.pem"}',
                "var/lib/mender/mender.conf": '{"SkipVerify":true}',
            },
            {("mender", "https://m.example"): False},
        ),
        ({"etc/yum.repos.d/x.repo": "[x]\nbaseurl=https://y.example\nenabled=0\ngpgcheck=0\n"}, {}),
        (
            {
                "etc/yum.repos.d/x.repo": "[x]\nbaseurl=https://y.example\n",
                "etc/dnf/dnf.conf": "[main]\ngpgcheck=True\n",
            },
            {("dnf", "https://y.example"): True},
        ),
        (
            {"etc/yum.repos.d/x.repo": "[x]\nbaseurl=https://y.example\n", "etc/dnf/dnf.conf": "[main]\ngpgcheck=0\n"},
            {("dnf", "https://y.example"): False},
        ),
        (
            {"etc/apk/repositories.d/feeds.list": "https://apk.example/main\n"},
            {("apk", "https://apk.example/main"): True},
        ),
        (
            {"etc/apt/sources.list": "deb [allow-insecure=yes] https://deb.example/d stable main\n"},
            {("apt", "https://deb.example/d"): False},
        ),
        (
            {
                "etc/apt/sources.list": "deb https://deb.example/d stable main\n",
                "etc/apt/apt.conf.d/99": '/*\nAPT::Get::AllowUnauthenticated "true";\n*/\n',
            },
            {("apt", "https://deb.example/d"): True},
        ),
        (
            {
                "etc/apt/sources.list.d/x.sources": (
                    "Types: deb\nURIs: https://a.example/d\n\nTypes: deb\nURIs:\n https://b.example/d\nTrusted: yes\n\n"
                    "Types: deb\nURIs: https://c.example/d\nEnabled: no\nTrusted: yes\n"
                )
            },
            {("apt", "https://a.example/d"): True, ("apt", "https://b.example/d"): False},
        ),
    ],
)
def test_what_switches_verification_on_and_off(
    rootfs: Path, files: dict[str, str], expected: dict[tuple[str, str], bool | None]
) -> None:
    for path, content in files.items():
        write(rootfs, path, content)
    assert {name: verifies for name, (verifies, _) in verdicts(rootfs).items()} == expected


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_a_configuration_that_is_out_of_reach_is_no_absence(rootfs: Path, kind: str) -> None:
    place = rootfs / "etc/mender/mender.conf"
    place.parent.mkdir()
    if kind == "link":
        place.symlink_to("/data/mender/mender.conf")
    else:
        place.mkdir()
    assert verdicts(rootfs) == {("mender", ""): (None, False)}
