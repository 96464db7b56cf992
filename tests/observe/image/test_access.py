"""Public keys that let somebody in, and rules that let somebody become root."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import AuthorizedKeys, PrivilegeRules
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.image.inspectors import authorized_keys, privileges
from iotscan.observe.image.inspectors.authorized_keys import read_key
from iotscan.observe.image.privilege.sudo_grammar import sentences
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool

PASSWD = "root:x:0:0::/root:/bin/sh\nadmin:x:1000:1000::/home/admin:/bin/sh\ntoor:x:0:0::/srv/t:/bin/sh\n"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("key") / "id"
    words = [tool("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-C", "me@build", "-f", str(place)]
    subprocess.run(words, check=True)
    return place.with_suffix(".pub").read_text().strip()


def keys_of(tree: FolderTree) -> AuthorizedKeys:
    (fact,) = heard_of(authorized_keys.INSPECTOR, tree).facts
    assert isinstance(fact, AuthorizedKeys)
    return fact


def test_every_place_of_authorized_keys(tmp_path: Path, public: str) -> None:
    tree = a_root(
        tmp_path,
        {
            "etc/passwd": PASSWD,
            "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile .ssh/other\n",
            "etc/ssh/sshd_config.d/10-keys.conf": "authorizedkeysfile /etc/keys/%u %h/more\n",
            "root/.ssh/authorized_keys": f"# a note\n\n{public}\n",
            "home/admin/.ssh/authorized_keys2": f'command="/bin/x a,b \\"c",no-pty {public}\n',
            "home/admin/.ssh/other": f"{public}\n",
            "etc/keys/toor": f'cert-authority,principals="a" {public}\n',
            "srv/t/more": f"{public[:60]}\nssh-ed25519 AAAAB3NzaC1yc2EAAAADAQABAAAA\nnonsense\n",
            "etc/dropbear/authorized_keys": f"restrict {public}",
        },
    )
    fact = keys_of(tree)
    assert {(k.path, k.line, k.user, k.uid, k.options, k.is_authority) for k in fact.keys} == {
        ("/root/.ssh/authorized_keys", 3, "root", 0, (), False),
        ("/home/admin/.ssh/authorized_keys2", 1, "admin", 1000, ("command", "no-pty"), False),
        ("/etc/keys/toor", 1, "toor", 0, ("cert-authority", "principals"), True),
        ("/etc/dropbear/authorized_keys", 1, "root", 0, ("restrict",), False),
    }
    assert {k.algorithm for k in fact.keys} == {"ssh-ed25519"}
    assert len({k.sha256 for k in fact.keys}) == 1
    assert fact.damaged == ("/srv/t/more:1", "/srv/t/more:2", "/srv/t/more:3")


def test_whom_a_program_or_an_authority_lets_in_is_not_known(tmp_path: Path) -> None:
    settings = "TrustedUserCAKeys /etc/ssh/ca\nAuthorizedKeysCommand none\nMatch User x\nauthorizedkeyscommand /x %u\n"
    tree = a_root(tmp_path, {"etc/passwd": PASSWD, "etc/ssh/sshd_config": settings})
    places = ("/etc/ssh/sshd_config:1 (TrustedUserCAKeys)", "/etc/ssh/sshd_config:4 (AuthorizedKeysCommand)")
    assert keys_of(tree) == AuthorizedKeys(keys=(), damaged=places)


def test_keys_for_some_count_and_files_are_included_from_any_folder(tmp_path: Path, public: str) -> None:
    files = {
        "etc/passwd": PASSWD,
        "etc/ssh/sshd_config": "Include /etc/ssh/*.d/*/x.conf\n",
        "etc/ssh/a.d/b/x.conf": "Match User toor\n  AuthorizedKeysFile /etc/keys/%u\n",
        "etc/keys/toor": public,
    }
    assert [(key.path, key.user) for key in keys_of(a_root(tmp_path, files)).keys] == [("/etc/keys/toor", "toor")]


def test_files_that_are_included_too_deep_are_a_gap(tmp_path: Path) -> None:
    files = {f"etc/ssh/{n}": f"Include {n + 1}\n" for n in range(20)} | {"etc/ssh/sshd_config": "Include 0\n"}
    heard = heard_of(authorized_keys.INSPECTOR, a_root(tmp_path, files))
    assert (heard.facts, [gap.status for gap in heard.missed]) == ((), [AttemptStatus.UNREADABLE])


def test_no_key_is_said_too(tmp_path: Path) -> None:
    assert keys_of(a_root(tmp_path, {"etc/passwd": PASSWD})) == AuthorizedKeys(keys=())


@settings(max_examples=150)
@given(st.text(max_size=200) | st.text(st.sampled_from('ssh-rsa ,="\\ AAAA'), max_size=200))
def test_any_line_of_authorized_keys(line: str) -> None:
    read_key(line, path="/x", number=1, user="a", uid=0)


def rules_of(tree: FolderTree) -> PrivilegeRules:
    (fact,) = heard_of(privileges.INSPECTOR, tree).facts
    assert isinstance(fact, PrivilegeRules)
    return fact


def test_sudoers_with_includes(tmp_path: Path) -> None:
    tree = a_root(
        tmp_path,
        {
            "etc/sudoers": "# sudoers\nDefaults env_reset\nCmnd_Alias NET = /sbin/ip, /sbin/iw\n"
            "root ALL=(ALL:ALL) ALL\n%wheel ALL=(ALL) NOPASSWD: ALL # all\n"
            "app ALL=(root) NOPASSWD: NET, \\\n  PASSWD: /sbin/reboot -f\n#1000 ALL = ALL\nbroken line\n"
            "@includedir /etc/sudoers.d\n#include extra\n",
            "etc/sudoers.d/10-me": "me ALL=(www) /bin/x\n",
            "etc/sudoers.d/off.bak": "you ALL=(ALL) NOPASSWD: ALL\n",
            "etc/extra": "them gw = (ALL) SETENV: NOPASSWD: /bin/y\n",
            "usr/bin/sudo": "\x7fELF",
        },
    )
    fact = rules_of(tree)
    assert [(r.path, r.line, r.who, r.becomes, r.commands, r.asks_password, r.is_for_all) for r in fact.rules] == [
        ("/etc/sudoers", 5, "%wheel", "ALL", ("ALL",), False, True),
        ("/etc/sudoers", 6, "app", "root", ("/sbin/ip", "/sbin/iw"), False, False),
        ("/etc/sudoers", 6, "app", "root", ("/sbin/reboot",), True, False),
        ("/etc/sudoers", 8, "#1000", "root", ("ALL",), True, True),
        ("/etc/sudoers.d/10-me", 1, "me", "www", ("/bin/x",), True, False),
        ("/etc/extra", 1, "them", "ALL", ("/bin/y",), False, False),
    ]
    assert fact.not_understood == ("/etc/sudoers:9",)
    assert fact.programs == ("sudo",)


def test_doas_and_polkit(tmp_path: Path) -> None:
    body = "    return polkit.Result.YES;\n});\n"
    open_rule = f"// nothing\npolkit.addRule(function(action, subject) {{\n  if (subject.isInGroup('wheel'))\n{body}"
    condition = 'action.id == "org.x.reboot" && s.user == "web"'
    one = f"polkit.addRule(function(a, s) {{\n  if ({condition})\n{body}"
    tree = a_root(
        tmp_path,
        {
            "etc/doas.conf": "# doas\npermit nopass :wheel\npermit persist setenv { A B } web as www cmd /bin/x\n"
            "deny eve\npermit root\nwhat\n",
            "etc/polkit-1/rules.d/10-open.rules": open_rule,
            "etc/polkit-1/rules.d/20-one.rules": one,
            "etc/polkit-1/rules.d/30-none.rules": "/* return polkit.Result.YES */ polkit.addRule(function() { });\n",
            "var/lib/polkit-1/localauthority/50-local.d/x.pkla": "[Net]\nIdentity=unix-group:net\n"
            "Action=org.x.*;org.y\nResultAny=yes\n",
        },
    )
    fact = rules_of(tree)
    assert {(r.system, r.line, r.who, r.becomes, r.commands, r.asks_password, r.is_for_all) for r in fact.rules} == {
        ("doas", 2, "%wheel", "ALL", ("ALL",), False, True),
        ("doas", 3, "web", "www", ("/bin/x",), True, False),
        ("polkit", 4, "%wheel", "root", ("ALL",), False, True),
        ("polkit", 3, "web", "root", ("org.x.reboot",), False, False),
        ("polkit", 4, "unix-group:net", "root", ("org.x.*", "org.y"), False, False),
    }
    assert fact.not_understood == ("/etc/doas.conf:6",)


@settings(max_examples=150)
@given(st.text(max_size=200) | st.text(st.sampled_from('aALL%=():,\\" NOPASSWD!#@+^$\n'), max_size=200))
def test_any_line_of_sudoers(line: str) -> None:
    list(sentences(line))


@settings(max_examples=40)
@given(st.binary(max_size=300))
def test_any_bytes_as_rules_and_keys(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    names = ("etc/sudoers", "etc/doas.conf", "etc/polkit-1/rules.d/x.rules", "root/.ssh/authorized_keys", "etc/passwd")
    tree = a_root(tmp_path_factory.mktemp("any"), dict.fromkeys(names, data))
    heard_of(privileges.INSPECTOR, tree)
    heard_of(authorized_keys.INSPECTOR, tree)
