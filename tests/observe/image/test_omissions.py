"""What is longer, deeper or more than what is looked at is a gap, or read: it is never left out unsaid."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from iotscan.model.facts import Accounts, RemoteShells, StartedServices
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors import accounts, authorized_keys, mounts, remote_shells, startup
from iotscan.observe.image.texts import texts_below
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.started_roots import buildroot, debian

OPEN = "telnetd -l /bin/sh\n"
STRAY = "it is\0 a text of some length"
LONG = "#" * 99 + "\n"
MANY = "a\n" * 30_000


def is_a_gap(heard: Heard) -> bool:
    for fact in heard.facts:
        if isinstance(fact, RemoteShells):
            # What starts is a question of its own there.
            return fact.start.reason is Reason.UNREADABLE
    return not heard.facts and {gap.status for gap in heard.missed} == {AttemptStatus.UNREADABLE}


def shells(heard: Heard) -> list[tuple[str, int]]:
    (fact,) = heard.facts
    assert isinstance(fact, RemoteShells)
    return [(shell.path, shell.line) for shell in fact.shells]


def test_texts_are_found_however_deep_and_behind_links(tmp_path: Path) -> None:
    files = {"etc/x/1/2/3/4/5/6/a": "deep\n", "usr/share/x/b": "linked\n", "etc/x/c": f"{STRAY}\n"}
    tree = a_root(tmp_path, files)
    (tmp_path / "etc/x/d").symlink_to("../../usr/share/x")
    (tmp_path / "etc/x/circle").symlink_to(".")
    found = {path: lines[0] for path, lines in texts_below(tree, "/etc/x")}
    assert found == {"/etc/x/1/2/3/4/5/6/a": "deep", "/usr/share/x/b": "linked", "/etc/x/c": STRAY}


def test_what_is_no_text_holds_no_settings(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {"etc/x/a": b"\x7fELF\0\0\0\xff" * 400_000, "etc/x/b": bytes(4096)})
    assert list(texts_below(tree, "/etc/x")) == []


@pytest.mark.parametrize("text", [LONG * 11_000, "#!/bin/sh\n" + LONG * 11_000 + "\0"])
def test_a_text_that_is_too_long_is_a_gap(tmp_path: Path, text: str) -> None:
    tree = a_root(tmp_path, {"etc/x/a": text})
    with pytest.raises(Unreadable, match="larger than"):
        list(texts_below(tree, "/etc/x"))


def test_a_long_script_of_the_start_is_read(tmp_path: Path) -> None:
    tree = buildroot(tmp_path, {"etc/init.d/S50x": f"#!/bin/sh\n/usr/bin/x.sh\n{LONG * 4000}{OPEN}"})
    assert shells(heard_of(remote_shells.INSPECTOR, tree)) == [("/etc/init.d/S50x", 4003)]


def test_a_script_that_unpacks_itself_is_read_up_to_what_it_unpacks(tmp_path: Path) -> None:
    tree = buildroot(tmp_path, {"etc/init.d/S50x": f"#!/bin/sh\n{OPEN}exit\n".encode() + b"\0\xff" * 600_000})
    assert shells(heard_of(remote_shells.INSPECTOR, tree)) == [("/etc/init.d/S50x", 2)]


CALLS = "".join(f"/usr/bin/{number}.sh\n" for number in range(500))
TOO_MUCH: list[tuple[Inspector, Mapping[str, str]]] = [
    (remote_shells.INSPECTOR, {"etc/init.d/S50x": f"#!/bin/sh\n{LONG * 11_000}{OPEN}"}),
    (remote_shells.INSPECTOR, {"etc/init.d/S50x": f"#!/bin/sh\n{MANY}{OPEN}"}),
    (remote_shells.INSPECTOR, {"etc/init.d/S50x": f"#!/bin/sh\necho {'$(echo ' * 9}{OPEN}{')' * 9}"}),
    (
        remote_shells.INSPECTOR,
        {"etc/init.d/S50x": f"#!/bin/sh\n{CALLS}"} | {f"usr/bin/{n}.sh": "#!/bin/sh\n" for n in range(500)},
    ),
    (startup.INSPECTOR, {"etc/init.d/S50x": f"#!/bin/sh\n{MANY}"}),
    (startup.INSPECTOR, {"etc/inittab": "#\n" * 3000 + "::respawn:/usr/sbin/telnetd\n"}),
    (startup.INSPECTOR, {"etc/crontab": "#\n" * 3000 + "@reboot root /usr/sbin/telnetd\n"}),
    (mounts.INSPECTOR, {"etc/init.d/a": LONG * 11_000}),
    (accounts.INSPECTOR, {"etc/passwd": "root:x:0:0::/:/bin/sh\n" + "#\n" * 30_000}),
    (accounts.INSPECTOR, {"etc/passwd": "root:x:0:0::/:/bin/sh\n", "etc/nginx/.htpasswd": "a:*\n" * 3000}),
    (authorized_keys.INSPECTOR, {"root/.ssh/authorized_keys": "#\n" * 3000}),
    (authorized_keys.INSPECTOR, {"etc/passwd": "a:x:1:1::/:/bin/sh\n" * 3000}),
]


@pytest.mark.parametrize(("inspector", "files"), TOO_MUCH, ids=range(len(TOO_MUCH)))
def test_more_than_is_looked_at_is_a_gap(tmp_path: Path, inspector: Inspector, files: Mapping[str, str]) -> None:
    assert is_a_gap(heard_of(inspector, buildroot(tmp_path, files)))


def test_units_of_more_settings_than_are_looked_at_are_a_gap(tmp_path: Path) -> None:
    unit = "[Service]\n" + "Environment=a=b\n" * 5000 + "ExecStart=/usr/sbin/telnetd\n"
    tree = debian(tmp_path, {"usr/lib/systemd/system/x.service": unit}, wants=("x.service",))
    assert is_a_gap(heard_of(startup.INSPECTOR, tree))


def test_the_last_account_of_many_is_looked_at(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {"etc/passwd": "#\n" * 2500 + "guest::1:1::/:/bin/sh\n"})
    (fact,) = heard_of(accounts.INSPECTOR, tree).facts
    assert isinstance(fact, Accounts)
    assert [(a.line, a.scheme) for a in fact.accounts] == [(2501, "empty")]


def test_a_program_in_the_place_of_an_init_script_is_what_is_started(tmp_path: Path) -> None:
    tree = buildroot(tmp_path, {"etc/init.d/S50agent": b"\x7fELF\2\1\1\0\0\0\0\0\0\0\0\0"})
    (fact, _) = heard_of(startup.INSPECTOR, tree).facts
    assert isinstance(fact, StartedServices)
    found = {s.path: (s.program, s.runs_once, s.faces_network.known) for s in fact.services}
    assert found["/etc/init.d/S50agent"] == ("/etc/init.d/S50agent", False, None)
