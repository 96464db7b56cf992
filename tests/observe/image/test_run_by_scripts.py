"""Daemons that no file of the init system declares: scripts run them, or a unit runs them beside its own program."""

from pathlib import Path

import pytest

from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.startup.reading import startup_of
from tests.observe.image.started_roots import buildroot, debian, openwrt


def started(tree: FolderTree, *names: str) -> list[tuple[str, int, str]]:
    return [(s.path, s.line, " ".join((s.program, *s.arguments))) for s in startup_of(tree).running(*names)]


@pytest.mark.parametrize(
    ("script", "line", "words"),
    [
        ("/bin/busybox telnetd -l /bin/sh", 2, "/usr/sbin/telnetd -l /bin/sh"),
        ("busybox httpd -h /www &", 2, "httpd -h /www"),
        ("(telnetd -l /bin/sh &)", 2, "/usr/sbin/telnetd -l /bin/sh"),
        ("[ -e /etc/x ] || exit 0\nsetsid telnetd", 3, "/usr/sbin/telnetd"),
    ],
)
def test_a_daemon_on_a_line_of_a_script(tmp_path: Path, script: str, line: int, words: str) -> None:
    tree = buildroot(tmp_path, {"etc/init.d/S50x": f"#!/bin/sh\n{script}\n"})
    assert started(tree, "telnetd", "httpd") == [("/etc/init.d/S50x", line, words)]


TABLE = {"etc/crontabs/root": "* * * * * telnetd -l /bin/sh\n", "usr/sbin/crond": b"\x7fELF\0"}


@pytest.mark.parametrize(
    "script", ["crond -c /etc/crontabs", "/usr/sbin/crond", "start-stop-daemon -S -x /usr/sbin/crond", "busybox crond"]
)
def test_a_table_of_cron_runs_where_cron_does(tmp_path: Path, script: str) -> None:
    tree = buildroot(tmp_path, {**TABLE, "etc/init.d/S50x": f"#!/bin/sh\n{script}\n"})
    assert started(tree, "telnetd") == [("/etc/crontabs/root", 1, "/usr/sbin/telnetd -l /bin/sh")]


def test_a_table_of_cron_that_nobody_reads_runs_nothing(tmp_path: Path) -> None:
    assert started(buildroot(tmp_path, TABLE), "telnetd") == []


def test_a_unit_of_cron_runs_its_tables(tmp_path: Path) -> None:
    unit = {"usr/lib/systemd/system/cron.service": "[Service]\nExecStart=/usr/sbin/crond -n\n"}
    assert started(debian(tmp_path / "a", {**TABLE, **unit}), "telnetd") == []
    tree = debian(tmp_path / "b", {**TABLE, **unit}, wants=("cron.service",))
    assert [path for path, *_ in started(tree, "telnetd")] == ["/etc/crontabs/root"]


@pytest.mark.parametrize(
    "script",
    ["#telnetd", "echo telnetd -l /bin/sh", "sshd -t", "rsync a b", "vsftpd", "busybox --install -s", "which telnetd"],
)
def test_what_starts_nothing(tmp_path: Path, script: str) -> None:
    tree = buildroot(tmp_path, {"etc/init.d/S50x": f"#!/bin/sh\n{script}\n"})
    assert started(tree, "telnetd", "sshd", "rsync", "vsftpd", "busybox") == []


@pytest.mark.parametrize("first", ["#!/bin/sh\n", "# no sign of what it is\n"])
def test_a_script_that_a_script_has_a_shell_read(tmp_path: Path, first: str) -> None:
    files = {"etc/init.d/S50x": "#!/bin/sh\nsh /usr/share/x/go\n", "usr/share/x/go": f"{first}telnetd\n"}
    assert started(buildroot(tmp_path, files), "telnetd") == [("/usr/share/x/go", 2, "/usr/sbin/telnetd")]


def test_an_applet_in_inittab(tmp_path: Path) -> None:
    tree = buildroot(tmp_path, {"etc/inittab": "::respawn:/bin/busybox telnetd -F\n"})
    (tmp_path / "usr/sbin/telnetd").unlink()
    assert started(tree, "telnetd") == [("/etc/inittab", 1, "telnetd -F")]


def test_beside_the_program_of_a_unit(tmp_path: Path) -> None:
    unit = "[Service]\nExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/bin/app\nExecStartPost=/usr/sbin/telnetd\n"
    files = {"usr/lib/systemd/system/app.service": unit, "usr/bin/app": "#!/bin/sh\ndropbear -R\n"}
    tree = debian(tmp_path, files, wants=("app.service",))
    assert started(tree, "telnetd", "dropbear", "sshd") == [
        ("/usr/lib/systemd/system/app.service", 4, "/usr/sbin/telnetd"),
        ("/usr/bin/app", 2, "/usr/sbin/dropbear -R"),
    ]


def test_what_a_file_declares_is_there_once(tmp_path: Path) -> None:
    script = "#!/bin/sh\nstart-stop-daemon -S -x /usr/sbin/telnetd -- -F\ntelnetd\n"
    tree = buildroot(tmp_path, {"etc/init.d/S50x": script})
    assert started(tree, "telnetd") == [("/etc/init.d/S50x", 2, "/usr/sbin/telnetd -F")]


def test_the_rescue_of_openwrt_is_no_start(tmp_path: Path) -> None:
    files = {"lib/preinit/99_10_failsafe_dropbear": "failsafe_dropbear() {\n\tdropbear -r /tmp/key\n}\n"}
    assert started(openwrt(tmp_path, files), "dropbear") == []


def test_a_script_of_the_network(tmp_path: Path) -> None:
    tree = buildroot(tmp_path, {"etc/network/if-up.d/door": "#!/bin/sh\ntelnetd -l /bin/sh\n"})
    assert started(tree, "telnetd") == [("/etc/network/if-up.d/door", 2, "/usr/sbin/telnetd -l /bin/sh")]
