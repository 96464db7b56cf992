"""What is opened on terminals, per init system."""

from pathlib import Path

import pytest

from iotscan.model.facts import Consoles
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.image.inspectors import consoles
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.started_roots import buildroot, debian, openwrt

GETTY = "[Service]\nExecStart=-/sbin/agetty -o '-p -- \\\\u' --noclear - $TERM\nTTYPath=/dev/%I\n"


def found(tree: FolderTree) -> Consoles:
    (fact,) = heard_of(consoles.INSPECTOR, tree).facts
    assert isinstance(fact, Consoles)
    return fact


def seen(tree: FolderTree) -> list[tuple[str, int, str, str, str]]:
    return [(c.path, c.line, c.terminal, c.login, c.user) for c in found(tree).consoles]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("::askfirst:-/bin/sh", ("", "none", "root")),
        ("ttyS0::respawn:/bin/sh", ("ttyS0", "none", "root")),
        ("console::respawn:/sbin/getty -L console 115200 vt100", ("console", "asks", "")),
        ("ttyS1::respawn:/sbin/getty -n -l /bin/sh 115200 ttyS1", ("ttyS1", "none", "root")),
        ("ttyS0::respawn:/sbin/agetty --autologin root ttyS0 115200", ("ttyS0", "automatic", "root")),
        ("ttyS0::respawn:/sbin/agetty -a pi ttyS0", ("ttyS0", "automatic", "pi")),
        ("tty1::respawn:/bin/login -f root", ("tty1", "automatic", "root")),
        ("::respawn:/bin/login", ("", "asks", "")),
        ("ttyS0::respawn:/sbin/getty -nl /bin/sh 115200 ttyS0", ("ttyS0", "none", "root")),
        ("ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100", ("ttyS0", "asks", "")),
        ("ttyS0::respawn:/bin/su - root", ("ttyS0", "automatic", "root")),
        ("::respawn:/bin/su app -c /usr/bin/app", None),
        ("::respawn:/bin/sh -c 'exec /bin/sh </dev/ttyS0 >/dev/ttyS0 2>&1'", ("ttyS0", "none", "root")),
        ("::respawn:/bin/sh -c 'exec /bin/sh </dev/ttyS0'", ("ttyS0", "none", "root")),
        ("::respawn:/bin/sh /usr/bin/app.sh", None),
        ("::respawn:/usr/bin/gateway --port 80", None),
        ("::sysinit:/bin/mount -a", None),
        ("#::askfirst:-/bin/sh", None),
    ],
)
def test_lines_of_inittab(tmp_path: Path, line: str, expected: tuple[str, str, str] | None) -> None:
    tree = buildroot(tmp_path, {"etc/inittab": f"::sysinit:/etc/init.d/rcS\n{line}\n"})
    assert seen(tree) == ([("/etc/inittab", 2, *expected)] if expected else [])


def test_a_script_in_the_place_of_a_login(tmp_path: Path) -> None:
    script = "#!/bin/sh\n# exec /bin/login\necho /bin/login\nexec /bin/sh\n"
    tree = buildroot(tmp_path, {"etc/inittab": "ttyS0::respawn:/usr/bin/console\n", "usr/bin/console": script})
    assert seen(tree) == [("/etc/inittab", 1, "ttyS0", "none", "root")]


@pytest.mark.parametrize(
    ("script", "login", "user"),
    [
        ("exec /bin/login -f root", "automatic", "root"),
        ("clear\nexec /bin/sh -l", "none", "root"),
        ('exec /bin/login "$@"', "asks", ""),
    ],
)
def test_a_getty_with_a_script_in_the_place_of_login(tmp_path: Path, script: str, login: str, user: str) -> None:
    line = "ttyS0::respawn:/sbin/getty -n -l /usr/sbin/autologin 115200 ttyS0\n"
    tree = buildroot(tmp_path, {"etc/inittab": line, "usr/sbin/autologin": f"#!/bin/sh\n{script}\n"})
    assert seen(tree) == [("/etc/inittab", 1, "ttyS0", login, user)]


@pytest.mark.parametrize(("given", "expected"), [("tty", [("ttyS2", "none")]), ("null", [])])
def test_a_service_that_puts_a_shell_on_a_terminal(tmp_path: Path, given: str, expected: list[tuple[str, str]]) -> None:
    unit = f"[Service]\nExecStart=/bin/sh\nStandardInput={given}\nTTYPath=/dev/ttyS2\n"
    place = "etc/systemd/system/"
    files = {f"{place}panel.service": unit, f"{place}multi-user.target.wants/panel.service": unit}
    found_there = found(debian(tmp_path, files)).consoles
    assert [(c.terminal, c.login) for c in found_there if "panel" in c.path] == expected


def test_busybox_without_inittab_opens_a_shell(tmp_path: Path) -> None:
    tree = buildroot(tmp_path)
    (tmp_path / "etc/inittab").unlink()
    (console,) = found(tree).consoles
    assert (console.started_by, console.login, console.path) == ("default", "none", "/sbin/init")


def test_an_inittab_that_is_elsewhere_is_a_gap(tmp_path: Path) -> None:
    tree = buildroot(tmp_path)
    (tmp_path / "etc/inittab").unlink()
    (tmp_path / "etc/inittab").symlink_to("/data/etc/inittab")
    (gap,) = heard_of(consoles.INSPECTOR, tree).missed
    assert gap.status is AttemptStatus.UNREADABLE


@pytest.mark.parametrize(
    ("option", "login"), [("", "none"), ("\toption ttylogin '0'\n", "none"), ("\toption ttylogin '1'\n", "asks")]
)
def test_openwrt_asks_where_it_is_told_to(tmp_path: Path, option: str, login: str) -> None:
    script = '#!/bin/sh\n[ "$(uci -q get system.@system[0].ttylogin)" = 1 ] || exec /bin/ash --login\nexec /bin/login\n'
    files = {
        "etc/inittab": "::sysinit:/etc/init.d/rcS S boot\n::askconsole:/usr/libexec/login.sh\n",
        "usr/libexec/login.sh": script,
        "etc/config/system": f"config system\n{option}",
    }
    assert [c.login for c in found(openwrt(tmp_path, files)).consoles] == [login]


def test_gettys_of_systemd_and_their_drop_ins(tmp_path: Path) -> None:
    units = "usr/lib/systemd/system"
    files = {
        f"{units}/serial-getty@.service": GETTY,
        f"{units}/getty@.service": GETTY,
        f"{units}/debug-shell.service": "[Service]\nExecStart=/bin/sh\nTTYPath=/dev/tty9\n",
        "etc/systemd/system/serial-getty@ttyS0.service.d/auto.conf": "# root\n[Service]\nExecStart=\n"
        "ExecStart=-/sbin/agetty --autologin root --keep-baud 115200 %I\n",
        "etc/securetty": "# terminals\nconsole\nttyS0\n",
    }
    quiet = debian(tmp_path / "quiet", files)
    conf = "/etc/systemd/system/serial-getty@ttyS0.service.d/auto.conf"
    assert [c for c in seen(quiet) if c[3] != "asks"] == [(conf, 4, "ttyS0", "automatic", "root")]
    assert found(quiet).root_terminals == ("console", "ttyS0")
    loud = debian(tmp_path / "loud", files, wants=("debug-shell.service",))
    assert (f"/{units}/debug-shell.service", 2, "tty9", "none", "root") in seen(loud)


def test_a_script_that_puts_a_shell_on_a_line(tmp_path: Path) -> None:
    script = "#!/bin/sh\n# sh </dev/ttyS1\necho sh </dev/ttyS1\n/bin/sh </dev/ttyS0 >/dev/ttyS0 2>&1 &\n"
    script += "sh /etc/x </dev/ttyS0\n"
    assert seen(buildroot(tmp_path, {"etc/init.d/S99shell": script})) == [
        ("/etc/init.d/S99shell", 4, "ttyS0", "none", "root")
    ]


def test_without_an_init_system_it_says_so(tmp_path: Path) -> None:
    fact = found(a_root(tmp_path))
    assert (fact.consoles, fact.start.is_answered, fact.root_terminals) == ((), False, None)
