"""Accounts and password files of root file systems as Debian, OpenWrt and Buildroot lay them out."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import Account, Accounts
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspectors import accounts
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool


def hash_of(password: str, *options: str) -> str:
    words = ["openssl", "passwd", *options, "-salt", "saltsalt", password]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def accounts_of(tree: FolderTree) -> Accounts:
    (fact,) = heard_of(accounts.INSPECTOR, tree).facts
    assert isinstance(fact, Accounts)
    return fact


def by_name(tree: FolderTree) -> dict[str, Account]:
    return {account.name: account for account in accounts_of(tree).accounts}


def test_accounts_of_a_debian_root(tmp_path: Path) -> None:
    tree = a_root(
        tmp_path,
        {
            "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
            "admin:x:1000:0::/:/bin/sh\nopen::2:2::/:/bin/sh\ntoor:x:0:0::/root:\nold:x:1001:1001::/:/bin/sh\n"
            "torn line\ngone:x:3:3::/:/bin/sh\n+::::::\n",
            "etc/shadow": f"root:{hash_of('root', '-6')}:19000:0:99999:7:::\nadmin:{hash_of('x9!kP2', '-1')}:0:0:::::\n"
            "daemon:*:19000:0:99999:7:::\ntoor:!$6$saltsalt$abc:19000::::::\nold:!:19000:0:99999:7::1:\n",
            "etc/group": "root:x:0:\nwheel:*:10:admin\nstaff::50:\n",
            "etc/gshadow": f"root:*::\nstaff:{hash_of('staff', '-1')}::\n",
            "etc/pam.d/login": "auth required pam_unix.so\n",
        },
    )
    found = by_name(tree)
    assert {name: (a.uid, a.scheme, a.has_shell) for name, a in found.items()} == {
        "root": (0, "sha512", True),
        "daemon": (1, "locked", False),
        "admin": (1000, "md5", True),
        "open": (2, "empty", True),
        "toor": (0, "locked", True),
        "old": (1001, "locked", True),
        "gone": (3, "locked", True),
        "?": (-1, "other", True),
        "staff": (-1, "md5", False),
    }
    assert (found["root"].path, found["root"].line, found["root"].rounds) == ("/etc/shadow", 1, 5000)
    assert (found["open"].path, found["open"].line) == ("/etc/passwd", 4)
    assert (found["?"].path, found["?"].line) == ("/etc/passwd", 7)
    assert (found["staff"].path, found["staff"].store) == ("/etc/gshadow", "group")
    assert found["root"].default_password.known is True
    assert found["staff"].default_password.known is True
    assert found["admin"].default_password.known is False
    assert found["admin"].must_change
    assert not found["root"].must_change
    assert found["old"].expires == 1
    fact = accounts_of(tree)
    assert fact.enforces_ageing
    assert "$6$" not in repr(fact)
    assert "$1$" not in repr(fact)


def test_accounts_of_an_openwrt_root(tmp_path: Path) -> None:
    tree = a_root(
        tmp_path,
        {
            "etc/passwd": "root:x:0:0:root:/root:/bin/ash\ndaemon:*:1:1:daemon:/var:/bin/false\n",
            "etc/shadow": "root:::0:99999:7:::\ndaemon:*:0:0:99999:7:::\n",
            "etc/config/rpcd": "config rpcd\n\toption socket /var/run/ubus.sock\n\nconfig login\n"
            "\toption username 'root'\n\toption password '$p$root'\n\nconfig login\n"
            "\toption username 'service'\n\toption password 'support'\n",
            "etc/httpd.conf": "# users\n/cgi-bin:root:$p$root\n/cgi-bin:panel:k2-Xp!e0\nA:192.168.\n",
        },
    )
    found = by_name(tree)
    assert found["root"].scheme == "empty"
    assert not accounts_of(tree).enforces_ageing
    service, panel = found["service"], found["panel"]
    assert (service.store, service.line, service.scheme) == ("rpcd", 10, "plain")
    assert service.default_password.known is True
    assert (panel.store, panel.line, panel.scheme, panel.default_password.known) == (
        "busybox-httpd",
        3,
        "plain",
        False,
    )
    assert "k2-Xp" not in repr(found)


def test_password_files_that_services_are_configured_with(tmp_path: Path) -> None:
    broker = tmp_path / "made"
    words = [tool("mosquitto_passwd", "mosquitto"), "-c", "-b", str(broker), "sensor", "sensor"]
    subprocess.run(words, capture_output=True, check=True)
    digest = "5f4dcc3b5aa765d61d8327deb882cf99"
    tree = a_root(
        tmp_path,
        {
            "etc/passwd": "root:*:0:0::/root:/bin/sh\n",
            "etc/nginx/sites-enabled/gw": 'server {\n  auth_basic_user_file "auth/users";\n}\n',
            "etc/nginx/auth/users": f"web:{hash_of('web', '-apr1')}\n# note\nplain:{{PLAIN}}k2-Xp!e0\n",
            "etc/lighttpd/conf.d/auth.conf": 'auth.backend.htdigest.userfile = "/etc/lighttpd/digest"\n'
            '#auth.backend.plain.userfile = "/etc/lighttpd/off"\n',
            "etc/lighttpd/digest": f"cam:area:{digest}\n",
            "etc/lighttpd/off": "nobody:secret\n",
            "etc/mosquitto/conf.d/auth.conf": "password_file /data/mosquitto/users\n",
            "data/mosquitto/users": broker.read_bytes(),
        },
    )
    found = {n: (a.store, a.path, a.scheme, a.default_password.known) for n, a in by_name(tree).items() if n != "root"}
    assert found == {
        "web": ("htpasswd", "/etc/nginx/auth/users", "apr1", True),
        "plain": ("htpasswd", "/etc/nginx/auth/users", "plain", False),
        "cam": ("htdigest", "/etc/lighttpd/digest", "htdigest", False),
        "sensor": ("mosquitto", "/data/mosquitto/users", "pbkdf2-sha512", True),
    }


def test_no_account_files_are_absent_not_good(tmp_path: Path) -> None:
    assert heard_of(accounts.INSPECTOR, a_root(tmp_path)) == Heard()


@pytest.mark.parametrize(
    "files",
    [
        {"etc/shadow": "root::1::::::\n"},
        {"etc/passwd": "nonsense\n"},
    ],
)
def test_account_files_that_cannot_be_understood_are_a_gap(tmp_path: Path, files: dict[str, str]) -> None:
    heard = heard_of(accounts.INSPECTOR, a_root(tmp_path, files))
    assert [(m.need, m.status) for m in heard.missed] == [("accounts", AttemptStatus.UNREADABLE)]


def test_a_folder_in_place_of_a_file_is_a_gap(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/shadow/x": ""})
    heard = heard_of(accounts.INSPECTOR, tree)
    assert [(m.need, m.status) for m in heard.missed] == [("accounts", AttemptStatus.UNREADABLE)]


def test_a_shadow_file_that_is_not_there_proves_nothing(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {"etc/passwd": "root:x:0:0::/root:/bin/sh\ndaemon:*:1:1::/:/bin/false\n"})
    (tmp_path / "etc/shadow").symlink_to("/data/shadow")
    found = by_name(tree)
    assert not found["root"].default_password.is_answered
    assert found["root"].scheme != "locked"
    assert found["daemon"].scheme == "locked"
    a_root(tmp_path, {"data/shadow": "daemon:*:1::::::\n"})
    found = by_name(FolderTree(tmp_path))
    assert found["root"].scheme == "locked", "an account without a line in shadow(5) cannot log in"


@settings(max_examples=60)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_as_account_files(tmp_path_factory: pytest.TempPathFactory, passwd: bytes, shadow: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    heard = heard_of(accounts.INSPECTOR, a_root(folder, {"etc/passwd": passwd, "etc/shadow": shadow}))
    assert isinstance(heard, Heard)


_FIELD = st.text(st.characters(codec="utf-8", exclude_characters=":\n"), max_size=20)


@settings(max_examples=60)
@given(st.lists(st.lists(_FIELD, min_size=1, max_size=9).map(":".join), max_size=6))
def test_any_lines_as_account_files(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    text = "\n".join(["root:x:0:0::/root:/bin/sh", *lines, ""])
    tree = a_root(tmp_path_factory.mktemp("any"), {"etc/passwd": text, "etc/shadow": text, "etc/gshadow": text})
    assert accounts_of(tree).accounts[0].name == "root"
