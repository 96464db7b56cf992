"""Each update system by itself: which trait holds, is missing, or cannot be told."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from iotscan.model.facts import UpdateSystems
from iotscan.model.facts.update_systems import TraitName
from iotscan.observe.image.inspectors.updates import INSPECTOR
from iotscan.observe.image.opening import open_image
from tests.hostile_images.raw import uimage
from tests.observe.image.looking import a_root
from tests.observe.image.updates.systems import BUSYBOX, fact_of, system_of

RAUC = "[system]\ncompatible=gw\nbootloader=uboot\n[keyring]\npath=/etc/rauc/ca.pem\n"
SWU = {"etc/swupdate.cfg": 'globals : { public-key-file = "/etc/k.pem"; };', "etc/k.pem": "k"}
SIGNED = b"\x7fELF" + bytes(1 << 20) + b"Error: SWUpdate is built for signed images, provide a public key file."
MENDER = '{"ServerURL":"https://m.example","ArtifactVerifyKey":"/etc/k.pem"}'
APT = {"etc/apt/sources.list": "deb https://d.example stable main\n"}
DAILY = {"etc/crontabs/root": "0 3 * * * apt-get -y upgrade\n"}
UNATTENDED = {
    "usr/bin/unattended-upgrade": "x",
    "etc/cron.daily/apt-compat": "x",
    "etc/apt/apt.conf.d/20auto-upgrades": 'APT::Periodic::Unattended-Upgrade "1";\n',
}
DNF = {"etc/yum.repos.d/a.repo": "[a]\nbaseurl=https://d.example\ngpgcheck=1\n"}
OSTREE = {"ostree/repo/config": '[core]\nmode=bare\n[remote "r"]\nurl=https://o.example\n'}
CASES: list[tuple[str, Mapping[str, str | bytes], dict[TraitName, bool | None]]] = [
    ("rauc", {"etc/rauc/system.conf": RAUC, "etc/rauc/ca.pem": "c"}, {"verifies": True, "key-present": True}),
    ("rauc", {"etc/rauc/system.conf": RAUC, "etc/rauc/other": "c"}, {"verifies": True, "key-present": False}),
    ("rauc", {"etc/rauc/system.conf": RAUC.replace("/etc/rauc/ca", "/data/ca")}, {"key-present": None}),
    (
        "rauc",
        {"etc/rauc/system.conf": RAUC.replace("/etc/rauc/ca", "ca"), "etc/rauc/ca.pem": "c"},
        {"key-present": True},
    ),
    ("rauc", {"etc/rauc/system.conf": "[system]\ncompatible=x\n"}, {"verifies": False}),
    ("rauc", {"etc/rauc/system.conf": RAUC}, {"reads-verified": False, "refuses-older": False, "compatibility": True}),
    (
        "rauc",
        {"etc/rauc/system.conf": RAUC.replace("[key", "bundle-formats=verity plain\n[key")},
        {"reads-verified": False},
    ),
    (
        "rauc",
        {"etc/rauc/system.conf": RAUC.replace("[key", "bundle-formats=verity crypt\n[key")},
        {"reads-verified": True},
    ),
    ("rauc", {"etc/rauc/system.conf": RAUC.replace("[key", "bundle-formats=-plain\n[key")}, {"reads-verified": True}),
    ("rauc", {"etc/rauc/system.conf": RAUC + "[handlers]\npre-install=/usr/lib/rauc/pre\n"}, {"refuses-older": None}),
    ("rauc", {"etc/rauc/system.conf": RAUC, "etc/rc.local": "rauc install --no-verify /tmp/x\n"}, {"verifies": False}),
    (
        "rauc",
        {"etc/rauc/system.conf": RAUC, "etc/rc.local": "rauc install --ignore-compatible /tmp/x\n"},
        {"compatibility": False},
    ),
    (
        "rauc",
        {"etc/rauc/system.conf": RAUC.replace("uboot", "noop")},
        {"boot-counter": False, "fallback-target": False},
    ),
    ("rauc", {"etc/rauc/system.conf": RAUC}, {"boot-counter": None, "redundant-environment": None}),
    ("rauc", {**BUSYBOX, "etc/rauc/system.conf": RAUC}, {"confirmed": False}),
    (
        "rauc",
        {**BUSYBOX, "etc/rauc/system.conf": RAUC, "etc/init.d/rcS": "#!/bin/sh\nrauc status mark-good\n"},
        {"confirmed": True, "health-check": False},
    ),
    (
        "rauc",
        {
            **BUSYBOX,
            "etc/rauc/system.conf": RAUC,
            "etc/init.d/rcS": "#!/bin/sh\nping -c1 gw && rauc status mark-good\n",
        },
        {"health-check": True},
    ),
    (
        "rauc",
        {**BUSYBOX, "etc/rauc/system.conf": RAUC, "etc/init.d/rcS": "#!/bin/sh\nping -c1 gw\nrauc status mark-good\n"},
        {"health-check": False},
    ),
    *(
        (
            "rauc",
            {**BUSYBOX, "etc/rauc/system.conf": RAUC, "etc/init.d/rcS": f"#!/bin/sh\n{script}\n"},
            {"health-check": is_checked},
        )
        for script, is_checked in (
            ("/usr/sbin/gatewayd --is-well && rauc status mark-good", True),
            ("if gatewayd --is-well\nthen\n  rauc status mark-good\nfi", True),
            ("if gatewayd --is-well; then rauc status mark-good; fi", True),
            ("if ! gatewayd --is-well; then\n  reboot\nelse\n  rauc status mark-good\nfi", True),
            ("if ! gatewayd --is-well; then\n  rauc status mark-good\nfi", False),
            ("if gatewayd --is-well; then\n  reboot\nelse\n  rauc status mark-good\nfi", False),
            ("gatewayd --is-well || exit 1\nrauc status mark-good", True),
            ("gatewayd --is-well || echo ill\nrauc status mark-good", False),
            ("if gatewayd --is-well; then\n  echo well\nfi\nrauc status mark-good", False),
            ("[ -x /usr/bin/rauc ] && rauc status mark-good", False),
            ("sleep 30 && rauc status mark-good", False),
            ("gatewayd --is-well || rauc status mark-good", False),
        )
    ),
    ("swupdate", {**SWU, "usr/bin/swupdate": SIGNED}, {"verifies": True, "key-present": True}),
    ("swupdate", {**SWU, "usr/bin/swupdate": b"\x7fELF"}, {"verifies": False}),
    ("swupdate", SWU, {"verifies": None, "compatibility": False, "refuses-older": False, "slots": None}),
    ("swupdate", {"etc/swupdate.cfg": "globals : { };"}, {"verifies": False}),
    ("swupdate", {"usr/bin/swupdate": b"\x7fELF"}, {"verifies": False}),
    ("swupdate", {"etc/swupdate.cfg": 'globals : {\n/* public-key-file = "/etc/k.pem"; */\n};\n'}, {"verifies": False}),
    ("swupdate", {**SWU, "etc/hwrevision": "gw 1.0\n"}, {"compatibility": True}),
    (
        "swupdate",
        {
            "etc/swupdate.cfg": 'globals : { };\nsuricatta : { url = "http://h.example"; polldelay = 3600; };',
            "usr/bin/swupdate": SIGNED,
            "etc/swupdate/conf.d/09": 'SWUPDATE_ARGS="-v -k /etc/k.pem -N 1.2 -H gw:1.0 -e stable,copy1"\n',
            "etc/k.pem": "k",
        },
        {
            "verifies": True,
            "key-present": True,
            "refuses-older": True,
            "compatibility": True,
            "slots": True,
            "automatic": True,
        },
    ),
    ("mender", {"etc/mender/mender.conf": MENDER, "etc/k.pem": "k"}, {"verifies": True, "key-present": True}),
    ("mender", {"etc/mender/mender.conf": MENDER}, {"key-present": False, "slots": None, "compatibility": None}),
    ("mender", {"etc/mender/mender.conf": '{"ServerURL":"https://m.example"}'}, {"verifies": False, "automatic": True}),
    (
        "mender",
        {"etc/mender/mender.conf": MENDER, "var/lib/mender/mender.conf": '{"SkipVerify":true}'},
        {"verifies": False},
    ),
    (
        "mender",
        {"etc/mender/mender.conf": '{"RootfsPartA":"/dev/mmcblk0p2","RootfsPartB":"/dev/mmcblk0p2"}'},
        {"slots": False, "atomic-write": False, "automatic": None},
    ),
    ("opkg", {**BUSYBOX, "etc/opkg.conf": "src/gz a https://f.example\n"}, {"slots": False, "automatic": False}),
    (
        "opkg",
        {**BUSYBOX, "etc/opkg.conf": "src/gz a https://f.example\n", "etc/crontabs/root": "0 3 * * 0 opkg upgrade\n"},
        {"automatic": True},
    ),
    (
        "ostree",
        {"etc/ostree/remotes.d/r.conf": '[remote "r"]\nurl=https://o.example\n', "etc/rpm-ostreed.conf": "[Daemon]\n"},
        {"slots": True, "refuses-older": True, "confirmed": None, "automatic": None},
    ),
    ("apt", {**BUSYBOX, **APT}, {"durable-write": True, "automatic": False}),
    ("apt", {**BUSYBOX, **APT, **DAILY}, {"automatic": True, "recovers": False}),
    (
        "apt",
        {**BUSYBOX, **APT, **DAILY, "etc/init.d/rcS": "#!/bin/sh\ndpkg --configure -a\n"},
        {"automatic": True, "recovers": True},
    ),
    ("apt", {**APT, "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "# x\nforce-unsafe-io\n"}, {"durable-write": False}),
    ("apt", {**APT, "etc/dpkg/dpkg.cfg": "no-debsig\nforce-unsafe-io\n"}, {"durable-write": False}),
    # dpkg reads no file of such a name, and no comment.
    ("apt", {**APT, "etc/dpkg/dpkg.cfg.d/x.bak": "force-unsafe-io\n"}, {"durable-write": True}),
    ("apt", {**APT, "etc/dpkg/dpkg.cfg.d/x": "# force-unsafe-io\n"}, {"durable-write": True}),
    ("apt", {**APT, "etc/apt/apt.conf": 'DPkg::Options { "--force-unsafe-io"; };\n'}, {"durable-write": False}),
    ("apt", {**BUSYBOX, **APT, **UNATTENDED}, {"automatic": True, "recovers": True}),
    (
        "apt",
        {
            **BUSYBOX,
            **APT,
            **UNATTENDED,
            "etc/apt/apt.conf.d/50u": 'Unattended-Upgrade::AutoFixInterruptedDpkg "false";\n',
        },
        {"recovers": False},
    ),
    (
        "apt",
        {
            **BUSYBOX,
            **APT,
            **UNATTENDED,
            "etc/apt/apt.conf.d/50u": '//Unattended-Upgrade::AutoFixInterruptedDpkg "no";\n',
        },
        {"recovers": True},
    ),
    (
        "apt",
        {
            **BUSYBOX,
            **APT,
            **UNATTENDED,
            "etc/apt/apt.conf.d/50u": 'Unattended-Upgrade {\n  AutoFixInterruptedDpkg "off";\n};\n',
            "etc/apt/apt.conf.d/90u": 'Unattended-Upgrade::AutoFixInterruptedDpkg "true";\n',
        },
        {"recovers": None},
    ),
    ("dnf", {**BUSYBOX, **DNF, "etc/crontabs/root": "0 3 * * * yum -y upgrade\n"}, {"automatic": True}),
    ("ostree", OSTREE, {"slots": True, "durable-write": True}),
    (
        "ostree",
        {"ostree/repo/config": OSTREE["ostree/repo/config"].replace("mode", "fsync=false\nmode")},
        {"slots": True, "durable-write": False},
    ),
    ("swupdate", {**BUSYBOX, **SWU, "etc/init.d/rcS": "#!/bin/sh\nswupdate -M -w x\n"}, {"recovers": False}),
    (
        "swupdate",
        {**SWU, "etc/swupdate/conf.d/09": 'SWUPDATE_ARGS="-v --no-transaction-marker"\n'},
        {"recovers": False},
    ),
    ("sysupgrade", {"sbin/sysupgrade": "#!/bin/sh"}, {"verifies": None, "slots": None}),
    (
        "sysupgrade",
        {"sbin/sysupgrade": "#!/bin/sh", "lib/upgrade/fwtool.sh": "fwtool_check_signature() {\n}\n"},
        {"verifies": False, "slots": False, "compatibility": False, "refuses-older": False},
    ),
    (
        "sysupgrade",
        {
            "sbin/sysupgrade": "#!/bin/sh",
            "usr/bin/ucert": "x",
            "lib/upgrade/platform.sh": "REQUIRE_IMAGE_SIGNATURE=1\nREQUIRE_IMAGE_METADATA=1\n",
        },
        {"verifies": True, "compatibility": True},
    ),
    (
        "aktualizr",
        {"usr/lib/sota/conf.d/20.toml": '[tls]\nserver = "https://a.example"\n[uptane]\npolling_sec = 600\n'},
        {"verifies": True, "refuses-older": True, "automatic": None},
    ),
    (
        "sysupgrade",
        {
            "sbin/sysupgrade": "#!/bin/sh",
            "usr/bin/ucert": "x",
            "lib/upgrade/platform.sh": "#REQUIRE_IMAGE_SIGNATURE=1\n",
        },
        {"verifies": False},
    ),
    ("fwupd", {"usr/libexec/fwupd/fwupd": "x"}, {"verifies": None}),
    ("snap", {"usr/lib/snapd/snapd": "x"}, {"verifies": None}),
    ("balena", {"usr/bin/balenad": "x"}, {"verifies": None}),
    ("greengrass", {"greengrass/v2/config/x": ""}, {"verifies": None}),
    ("systemd-sysupdate", {"usr/lib/sysupdate.d/50-root.conf": "[Transfer]\n"}, {"verifies": None}),
]


@pytest.mark.parametrize(("name", "files", "expected"), CASES)
def test_traits(name: str, files: Mapping[str, str | bytes], expected: dict[TraitName, Any], tmp_path: Path) -> None:
    system = system_of(tmp_path, name, files)
    known = {trait: system.trait(trait) for trait in expected}
    assert {trait: found.holds.known for trait, found in known.items() if found is not None} == expected


ENV = "bootcmd=run slot_a\nslot_a=bootm 0x1000\n"
COUNTS = {
    ENV + "bootlimit=3\naltbootcmd=run slot_b\nslot_b=bootm 0x2000\n": (True, True),
    ENV + "bootlimit=0\naltbootcmd=run slot_b\nslot_b=bootm 0x2000\n": (False, True),
    ENV + "bootlimit=3\n": (True, False),
    ENV + "bootlimit=3\naltbootcmd=run bootcmd\n": (True, False),
    ENV + "bootlimit=3\naltbootcmd=run slot_b\n": (True, False),
    ENV: (False, False),
    "bootcmd=run distro_bootcmd\n": (None, None),
    "bootcmd=source 0x1000\nBOOT_ORDER=A B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n": (None, True),
    "bootcmd=setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1; bootm\nBOOT_ORDER=A B\n": (False, True),
    "bootcmd=setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1; saveenv; bootm\nBOOT_ORDER=A B\n": (True, True),
    "bootcmd=setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1; saveenv; bootm\nBOOT_ORDER=A\n": (True, False),
    "bootcmd=setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1; if run up; then bootm; else env save; echo again; reset; fi\n"
    "BOOT_ORDER=A B\n": (False, True),
    "bootcmd=setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1; env save; bootm; reset\nBOOT_ORDER=A B\n": (True, True),
}


@pytest.mark.parametrize("environment", COUNTS)
def test_what_u_boot_counts_and_starts_instead(environment: str, tmp_path: Path) -> None:
    files = {"etc/swupdate.cfg": 'globals : { bootloader = "uboot"; };', "etc/u-boot-initial-env": environment}
    system = system_of(tmp_path, "swupdate", files)
    assert (system.holds("boot-counter"), system.holds("fallback-target")) == COUNTS[environment]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("bootlimit=3\naltbootcmd=run slot_b\nslot_b=bootm 0x2000\n", (None, None)),
        ("bootlimit=0\naltbootcmd=run slot_b\nslot_b=bootm 0x2000\n", (False, None)),
        ("bootlimit=3\naltbootcmd=run bootcmd\n", (None, False)),
    ],
)
def test_rauc_does_not_switch_by_u_boots_own_count(
    environment: str, expected: tuple[bool | None, bool | None], tmp_path: Path
) -> None:
    files = {"etc/rauc/system.conf": RAUC, "etc/u-boot-initial-env": ENV + environment}
    system = system_of(tmp_path, "rauc", files)
    assert (system.holds("boot-counter"), system.holds("fallback-target")) == expected


SCRIPT = "setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1\nsetexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1\nsaveenv\nbootm\n"


@pytest.mark.parametrize(
    ("script", "counted"),
    [
        (SCRIPT, True),
        (SCRIPT.replace("saveenv", "# saveenv"), False),
        (SCRIPT.replace("setexpr", "#setexpr"), False),
        (SCRIPT.replace("saveenv", "test -n x || saveenv && reset"), False),
    ],
)
def test_what_a_script_of_u_boot_counts(script: str, counted: bool | None, tmp_path: Path) -> None:
    packed = uimage(struct.pack(">II", len(script), 0) + script.encode(), kind=6)
    files = {"etc/rauc/system.conf": RAUC, "etc/u-boot-initial-env": "bootcmd=source 1\n", "boot/boot.scr": packed}
    a_root(tmp_path, files)
    assert INSPECTOR.survey is not None
    (fact,) = INSPECTOR.survey(open_image(tmp_path)).facts
    assert isinstance(fact, UpdateSystems)
    assert fact.systems[0].holds("boot-counter") is counted


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        ("/dev/mtd1 0x0 0x4000\n/dev/mtd2 0x0 0x4000\n", True),
        ("/dev/mtd1 0x0 0x4000\n#/dev/mtd2 0x0 0x4000\n", False),
        ("/dev/mtd1 0x0 0x4000\n/dev/mtd1 0x0 0x4000\n", False),
        ("# nothing\n", None),
    ],
)
def test_copies_of_the_environment(lines: str, holds: bool | None, tmp_path: Path) -> None:
    system = system_of(tmp_path, "rauc", {"etc/rauc/system.conf": RAUC, "etc/fw_env.config": lines})
    assert system.holds("redundant-environment") is holds


def test_slots_are_told_by_component(tmp_path: Path) -> None:
    slots = "".join(
        f"[slot.{name}]\ndevice=/dev/x\n{more}"
        for name, more in {
            "rootfs.0": "bootname=A\n",
            "rootfs.1": "bootname=B\n",
            "appfs.0": "parent=rootfs.0\n",
            "appfs.1": "parent=rootfs.1\n",
            "bootloader.0": "type=raw\n",
            "config.0": "",
            "factory.0": "readonly=true\nbootname=F\n",
        }.items()
    )
    system = system_of(tmp_path, "rauc", {"etc/rauc/system.conf": RAUC + slots})
    told = {t.component: t.holds.known for t in system.traits if t.name == "slots"}
    assert told == {"rootfs": True, "packages": True, "bootloader": False, "configuration": False}


@pytest.mark.parametrize(
    ("names", "counter", "alternative"),
    [
        (("a+3.conf", "b.conf"), True, True),
        (("a+0-3.conf",), True, False),
        (("a.conf", "b.conf"), False, True),
    ],
)
def test_systemd_boot_counts_by_names(names: tuple[str, ...], counter: bool, alternative: bool, tmp_path: Path) -> None:
    files = {f"boot/loader/entries/{name}": "title x\nlinux /x\n" for name in names}
    conf = RAUC.replace("bootloader=uboot", "bootloader=systemd-boot")
    system = system_of(
        tmp_path, "rauc", {**files, "boot/loader/loader.conf": "timeout 0\n", "etc/rauc/system.conf": conf}
    )
    assert (system.holds("boot-counter"), system.holds("fallback-target")) == (counter, alternative)


@pytest.mark.parametrize(
    "files",
    [
        {"etc/rauc/system.conf": "no section = here\n"},
        {"etc/mender/mender.conf": "{torn"},
        {"etc/mender/mender.conf": "[" * 100_000},
        {"etc/swupdate.cfg": "globals : {"},
        {"etc/yum.repos.d/x.repo": "torn\n"},
        {"usr/lib/sota/conf.d/1.toml": "= ="},
        {"etc/rauc/system.conf": b"[system]\n" + b"#" * (300 << 10)},
    ],
)
def test_a_configuration_that_cannot_be_read_is_named_and_the_others_are_read(
    files: Mapping[str, str | bytes], tmp_path: Path
) -> None:
    fact = fact_of(tmp_path, {**files, "etc/opkg.conf": "src/gz a https://f.example\n"})
    assert len(fact.unread) == 1
    assert [system.system for system in fact.systems] == ["opkg"]


def test_of_a_swupdate_that_nothing_configures_or_starts_only_its_build_is_known(tmp_path: Path) -> None:
    system = system_of(tmp_path, "swupdate", {"usr/bin/swupdate": SIGNED})
    assert ([t.name for t in system.traits], system.is_read) == (["verifies"], False)


def test_more_feeds_than_people_write_are_not_read(tmp_path: Path) -> None:
    fact = fact_of(tmp_path, {"etc/opkg.conf": "src/gz a http://f.example\n" * 501})
    assert (fact.systems, len(fact.unread)) == ((), 1)


@pytest.mark.parametrize(("name", "runs"), [("renew", True), ("renew.sh", False)])
def test_programs_of_a_folder_that_cron_runs(name: str, runs: bool, tmp_path: Path) -> None:
    """As Alpine and Debian have it; run-parts leaves out a name with a dot in it."""
    files = {
        **BUSYBOX,
        "etc/init.d/rcS": "#!/bin/sh\ncrond\n",
        "etc/crontabs/root": "0 2 * * * run-parts /etc/periodic/daily\n",
        "etc/apk/repositories": "https://a.example/main\n",
        "etc/apk/keys/a.pub": "k",
        f"etc/periodic/daily/{name}": "#!/bin/sh\napk upgrade --allow-untrusted\n",
    }
    a_root(tmp_path, files)
    (tmp_path / f"etc/periodic/daily/{name}").chmod(0o755)
    system = system_of(tmp_path, "apk", {})
    assert system.holds("automatic") is runs
    assert [source.verifies.known for source in system.sources] == [not runs]


def test_aktualizr_confirms_what_it_has_pulled(tmp_path: Path) -> None:
    files = {
        **BUSYBOX,
        "usr/bin/aktualizr": "x",
        "etc/init.d/rcS": "#!/bin/sh\naktualizr &\n",
        "usr/lib/sota/conf.d/50-rollback.toml": '[bootloader]\nrollback_mode = "uboot_masked"\n',
        "ostree/repo/config": '[remote "aktualizr-remote"]\nurl=https://o.example\ngpg-verify=false\n',
    }
    system = system_of(tmp_path / "a", "ostree", files)
    assert (system.holds("confirmed"), system.holds("health-check")) == (True, None)
    assert [source.verifies.known for source in system.sources] == [True]
    none = files | {"usr/lib/sota/conf.d/50-rollback.toml": '[bootloader]\nrollback_mode = "none"\n'}
    assert system_of(tmp_path / "b", "ostree", none).holds("confirmed") is False
    (tmp_path / "a/usr/bin/aktualizr").unlink()
    assert [source.verifies.known for source in system_of(tmp_path / "a", "ostree", {}).sources] == [False]


def test_the_client_of_rauc_is_told_with_rauc(tmp_path: Path) -> None:
    files = {"etc/rauc/system.conf": RAUC, "usr/bin/rauc-hawkbit-updater": "x"}
    assert [s.system for s in fact_of(tmp_path, files).systems] == ["rauc", "hawkbit"]
    conf = {"etc/rauc-hawkbit-updater/config.conf": "[client]\nhawkbit_server=h.example\nssl=true\n"}
    assert [s.system for s in fact_of(tmp_path, files | conf).systems] == ["rauc"]


@pytest.mark.parametrize(
    ("path", "image", "found"),
    [
        ("opt/app/docker-compose.yml", "containrrr/watchtower:1.7", True),
        ("srv/compose.yaml", "ghcr.io/nicholas-fedor/watchtower", True),
        ("opt/app/docker-compose.yml", "acme/app:latest", False),
        ("opt/app/docker-compose.yml", "acme/app # not watchtower", False),
    ],
)
def test_a_container_that_renews_containers(path: str, image: str, found: bool, tmp_path: Path) -> None:
    files = {path: f"services:\n  x:\n    image: {image}\n", "usr/bin/dockerd": "x"}
    systems = [(s.system, s.is_read) for s in fact_of(tmp_path, files).systems]
    assert systems == ([("docker", False)] if found else [])


def test_watchtower_that_a_script_starts(tmp_path: Path) -> None:
    files = {**BUSYBOX, "etc/init.d/rcS": "#!/bin/sh\ndocker run -d containrrr/watchtower --interval 300\n"}
    assert [s.system for s in fact_of(tmp_path, files).systems] == ["docker"]
