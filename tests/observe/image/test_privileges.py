"""Who becomes root without a password: sudoers after its defaults and last rules, doas.conf, rules of polkit."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from iotscan.observe.image.inspectors import privileges
from iotscan.observe.image.privilege.doas import doas_permits
from iotscan.observe.image.privilege.people import People
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.tree import Entry
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.test_access import rules_of
from tests.observe.network.daemons import tool

PASSWD = "root:x:0:0::/:/bin/sh\nal:x:1001:1001::/:/bin/sh\nbo:x:1002:10::/:/bin/sh\nwww:x:33:33::/:/bin/false\n"
GROUP = "root:x:0:\nwheel:x:10:al\nadm:x:4:www\nsudo:x:27:\n"
# The answers are those of sudo 1.9.13 itself (`sudo -n -u root` as each user, in a mount namespace).
FREE = [
    ("al ALL=(ALL) NOPASSWD: ALL\nal ALL=(ALL) ALL", {}),
    ("al ALL=(ALL) ALL\n%wheel ALL=(ALL) NOPASSWD: ALL", {"ALL": "al bo"}),
    ("%wheel, !bo ALL = NOPASSWD: /bin/a, PASSWD: /bin/b, (root) NOPASSWD: /bin/c", {"/bin/a": "al", "/bin/c": "al"}),
    ("User_Alias A = al, B : B = !al, www\nA ALL = NOPASSWD: ALL", {"ALL": "www"}),
    ("X ALL = NOPASSWD: N\nUser_Alias X = #1002\nCmnd_Alias N = M, !/bin/b : M = /bin/a", {"/bin/a": "bo"}),
    ("Defaults !authenticate\nDefaults:al authenticate\nal,bo ALL = ALL\nwww ALL = PASSWD: ALL", {"ALL": "bo"}),
    ("Defaults exempt_group=adm\nwww,al ALL = PASSWD: ALL", {"ALL": "www"}),
    ("Defaults runas_default=bo\nal ALL = NOPASSWD: ALL\nwww ALL = (root) NOPASSWD: /bin/a", {"/bin/a": "www"}),
    ("Defaults!/bin/a !authenticate\nal ALL = ALL", {"/bin/a": "al"}),
    ("Defaults>bo !authenticate\nDefaults>root authenticate\nal ALL = (ALL) ALL", {}),
    ("al ALL = (bo) NOPASSWD: ALL\nbo ALL = (ALL, !root) NOPASSWD: ALL\nwww ALL = (:adm) NOPASSWD: ALL", {}),
    ("al ALL = NOPASSWD: ALL, !ALL\nbo ALL = NOPASSWD: /usr/bin/a, PASSWD: /usr/bin/", {}),
    ("%sudo ALL = NOPASSWD: ALL\nghost ALL = NOPASSWD: ALL\n%#10 ALL = NOPASSWD: sudoedit", {"sudoedit": "al bo"}),
]


@pytest.mark.parametrize(("text", "free"), FREE)
def test_who_is_asked_for_no_password(text: str, free: dict[str, str], tmp_path: Path) -> None:
    fact = rules_of(a_root(tmp_path, {"etc/sudoers": text, "etc/passwd": PASSWD, "etc/group": GROUP}))
    open_to = [r for r in fact.rules if r.accounts and r.becomes_root and not r.asks_password]
    assert {command.program: " ".join(rule.accounts) for rule in open_to for command in rule.allowed} == free
    assert fact.not_understood == ()


def test_included_files_are_those_that_sudo_takes(tmp_path: Path) -> None:
    names = ("10-a", "20-b.conf", "30-c~", "README", ".d")
    files = {f"etc/sudoers.d/{name}": f"u{place} ALL = NOPASSWD: ALL\n" for place, name in enumerate(names)}
    files["etc/sudoers"] = '@includedir /etc/sudoers.d\n@include "more %h"\n#include gone\n#includes are none\n'
    files["etc/more gw"] = "last gw = NOPASSWD: /bin/a\nlast other = NOPASSWD: /bin/b\n"
    files["etc/hostname"] = "gw\n"
    fact = rules_of(a_root(tmp_path, files))
    assert [(r.who, r.unsettled) for r in fact.rules] == [
        ("u0", ""),
        ("u3", ""),
        ("last", ""),
        ("last", "only on other"),
    ]
    assert fact.not_understood == ("/etc/sudoers:3: another file that is not there",)


class Owned(FolderTree):
    """A folder whose owners and modes are those of a device, whoever made it."""

    def listed(self, path: str) -> Iterable[Entry]:
        for entry in super().listed(path):
            uid = 1001 if entry.path == "/home/al" else 0
            yield msgspec.structs.replace(entry, uid=uid, gid=0, mode=0o777 if entry.path == "/opt/open" else 0o755)


def test_a_program_that_its_user_may_replace(tmp_path: Path) -> None:
    files = {f"{place}/x": "#!/bin/sh\n" for place in ("home/al", "opt/open", "opt/shut")}
    files |= {"etc/passwd": PASSWD, "etc/group": GROUP}
    files["etc/sudoers"] = "al, bo ALL = NOPASSWD: /home/al/x, /opt/open/x, /opt/shut/x, /opt/open/none\n"
    a_root(tmp_path, files)
    (rule,) = rules_of(Owned(tmp_path)).rules
    assert {command.program: command.changed_by for command in rule.allowed} == {
        "/home/al/x": ("al",),
        "/opt/open/x": ("al", "bo"),
        "/opt/shut/x": (),
        "/opt/open/none": ("al", "bo"),
    }


def test_aliases_in_a_circle_and_very_many(tmp_path: Path) -> None:
    circle = "User_Alias A = B : B = A, A\nA ALL = NOPASSWD: ALL\n"
    fact = rules_of(a_root(tmp_path, {"etc/sudoers": circle, "etc/passwd": PASSWD}))
    assert [r.accounts for r in fact.rules] == [()]
    lines = [
        f"{kind}_Alias A{place} = {', '.join([f'A{place + 1}'] * 50)}"
        for place in range(30)
        for kind in ("User", "Cmnd", "Host")
    ]
    text = "\n".join([*lines, "User_Alias A30 = al", "Cmnd_Alias A30 = /bin/a", "A0 A0 = NOPASSWD: A0\n"])
    fact = rules_of(a_root(tmp_path, {"etc/sudoers": text, "etc/passwd": PASSWD}))
    assert fact.not_understood == ("sudoers: aliases of aliases, further than is looked at",)


DOAS = [
    "permit nopass ME",
    "permit ME as root cmd true",
    "permit nopass ME cmd true args\ndeny ME cmd id",
    "permit nopass keepenv setenv { A=b -C } ME\npermit ME as 0",
    "permit nopass ME cmd",
    "permit nolog nopass ME as bo # x",
    'permit "nopass"',
    "permit nopass ME\ndeny ME as root",
    "permit nopass \\\n ME",
]


@pytest.mark.parametrize("text", DOAS)
def test_doas_as_doas_itself_decides(text: str, tmp_path: Path) -> None:
    own = os.getuid()
    place = tmp_path / "doas.conf"
    place.write_text(text.replace("ME", str(own)) + "\n")
    passwd = f"root:x:0:0::/:/bin/sh\nme:x:{own}:1::/:/bin/sh\n"
    tree = a_root(tmp_path, {"etc/doas.conf": place.read_text(), "etc/passwd": passwd})
    said: list[str] = []
    permits = [p for p in doas_permits(tree, People(tree), said) if p.people and p.becomes_root]
    for command in ("true", "id"):
        words = [tool("doas", "opendoas"), "-C", str(place), command]
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
        asks = [p.asks_password for p in permits if p.program in ("ALL", command)]
        ours = "" if said else "deny" if not asks else "permit" if asks[-1] else "permit nopass"
        assert ours == ran.stdout.strip()


def test_rules_of_polkit(tmp_path: Path) -> None:
    begin, units = "polkit.addRule(function(a, s) {", 'a.id == "org.freedesktop.systemd1.manage-units"'
    shapes = {
        "all": f"{begin} return polkit.Result.YES; }});",
        "group": f'{begin}\n if (s.isInGroup("wheel") || s.user == "www")\n {{ return "yes"; }}\n}});',
        "units": f'{begin} if ({units} && s.user == "www") return polkit.Result.YES; }});',
        "one-unit": f'{begin} if ({units} && a.lookup("unit") == "x.service") return polkit.Result.YES; }});',
        "session": f"{begin} if (s.active && s.local) return polkit.Result.YES; }});",
        "program": f"{begin} if (f(s)) return polkit.Result.YES; }});",
        "not": f'{begin} if (!s.isInGroup("wheel")) return polkit.Result.YES; }});',
        "ask": f"{begin} return polkit.Result.AUTH_ADMIN; }});",
    }
    files = {f"etc/polkit-1/rules.d/{name}.rules": text for name, text in shapes.items()}
    fact = rules_of(a_root(tmp_path, {**files, "etc/passwd": PASSWD, "etc/group": GROUP}))
    assert {
        (r.path.rpartition("/")[2][:-6], r.commands[0], r.allowed[0].arguments, r.is_for_everyone, *r.accounts)
        for r in fact.rules
    } == {
        ("all", "ALL", "any", True, "al", "bo", "www"),
        ("group", "ALL", "any", False, "al", "bo", "www"),
        ("units", "org.freedesktop.systemd1.manage-units", "any", False, "www"),
        ("one-unit", "org.freedesktop.systemd1.manage-units", "fixed", True, "al", "bo", "www"),
    }
    assert fact.not_understood == ("/etc/polkit-1/rules.d/not.rules:1", "/etc/polkit-1/rules.d/program.rules:1")


def test_who_logs_in_and_whom_a_service_is(tmp_path: Path) -> None:
    unit = "[Service]\nUser=www\nExecStart=/usr/sbin/nginx\n[Install]\nWantedBy=multi-user.target\n"
    files = {"etc/sudoers": "al, www ALL = NOPASSWD: ALL\n", "etc/passwd": PASSWD, "usr/lib/systemd/systemd": "\x7fELF"}
    files["usr/sbin/nginx"] = "\x7fELF"
    files["etc/systemd/system/web.service"] = unit
    a_root(tmp_path, files)
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    (wants / "web.service").symlink_to("../web.service")
    (tmp_path / "usr/lib/systemd/system").mkdir()
    (tmp_path / "usr/lib/systemd/system/multi-user.target").write_text("[Unit]\n")
    (tmp_path / "etc/systemd/system/default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    (rule,) = rules_of(FolderTree(tmp_path)).rules
    assert (rule.accounts, rule.logins, rule.services) == (("al", "www"), ("al",), ("www",))


def test_accounts_that_cannot_be_read_matter_where_there_are_rules(tmp_path: Path) -> None:
    tree = a_root(tmp_path)
    (tmp_path / "etc/passwd").mkdir()
    assert rules_of(tree).rules == ()
    (tmp_path / "etc/sudoers").write_text("al ALL = NOPASSWD: ALL\n")
    assert not heard_of(privileges.INSPECTOR, FolderTree(tmp_path)).facts
