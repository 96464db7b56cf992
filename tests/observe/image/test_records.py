"""Accounts in the user records and credentials of systemd: they let in as those of /etc/passwd do."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import Account, Accounts, AuthorizedKeys
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.image.inspectors import accounts, authorized_keys
from iotscan.observe.image.passwords.records import records
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool

HASH = "$1$abcdefgh$G//4keteveJp0qb8z2DxG/"
PASSWD = {"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/shadow": "root:*:1::::::\n"}


def found(folder: Path, files: dict[str, str]) -> dict[str, Account]:
    (fact,) = heard_of(accounts.INSPECTOR, a_root(folder, {**PASSWD, **files})).facts
    assert isinstance(fact, Accounts)
    return {f"{a.path}:{a.line}": a for a in fact.accounts if a.path != "/etc/shadow"}


def record(**more: object) -> str:
    return json.dumps({"userName": "svc", "uid": 0, "shell": "/bin/sh", **more})


@pytest.mark.parametrize("folder", ["etc/userdb", "usr/lib/userdb", "var/lib/systemd/home"])
def test_a_user_record_is_an_account(tmp_path: Path, folder: str) -> None:
    ending = "identity" if folder.endswith("home") else "user"
    text = record(privileged={"hashedPassword": [HASH]})
    (account,) = found(tmp_path, {f"{folder}/svc.{ending}": text}).values()
    assert (account.name, account.uid, account.scheme, account.has_shell) == ("svc", 0, "md5", True)


def test_the_private_half_of_a_record_lies_beside_it(tmp_path: Path) -> None:
    private = json.dumps({"privileged": {"hashedPassword": [HASH, "$6$" + "a" * 8 + "$" + "b" * 86]}})
    got = found(tmp_path, {"etc/userdb/svc.user": record(), "etc/userdb/svc.user-privileged": private})
    assert got["/etc/userdb/svc.user:0"].scheme == "locked"
    assert got["/etc/userdb/svc.user-privileged:0"].scheme == "sha512"


def test_a_locked_record_lets_nobody_in_by_a_password(tmp_path: Path) -> None:
    text = record(locked=True, privileged={"hashedPassword": [HASH]})
    (account,) = found(tmp_path, {"etc/userdb/svc.user": text}).values()
    assert account.scheme == "locked"


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "x" * 300_000, '"a" \0'])
def test_a_record_that_cannot_be_read_is_open(tmp_path: Path, text: str) -> None:
    (account,) = found(tmp_path, {"etc/userdb/svc.user": text}).values()
    assert (account.scheme, account.default_password.reason) == ("other", Reason.UNREADABLE)


def test_credentials_of_the_first_start(tmp_path: Path) -> None:
    unit = (
        f"[Service]\nSetCredential=passwd.hashed-password.root:{HASH}\nLoadCredential=passwd.plaintext-password.b:/c\n"
    )
    got = found(
        tmp_path,
        {
            "etc/credstore/passwd.hashed-password.root": f"{HASH}\n",
            "usr/lib/credstore/passwd.plaintext-password.adm": "letmein",
            "etc/credstore.encrypted/passwd.hashed-password.x": "a",
            "etc/credstore/passwd.shell.root": "/bin/sh",
            "usr/lib/systemd/system/systemd-sysusers.service": "[Service]\nExecStart=systemd-sysusers\n",
            "etc/systemd/system/systemd-sysusers.service.d/a.conf": unit,
            "c": "",
        },
    )
    assert {place: (a.name, a.scheme) for place, a in got.items()} == {
        "/etc/credstore/passwd.hashed-password.root:0": ("root", "md5"),
        "/usr/lib/credstore/passwd.plaintext-password.adm:0": ("adm", "plain"),
        "/etc/credstore.encrypted/passwd.hashed-password.x:0": ("?", "other"),
        "/etc/systemd/system/systemd-sysusers.service.d/a.conf:2": ("root", "md5"),
        "/c:0": ("b", "empty"),
    }


def test_accounts_that_the_first_start_makes_are_no_absence(tmp_path: Path) -> None:
    heard = heard_of(accounts.INSPECTOR, a_root(tmp_path, {"usr/lib/sysusers.d/basic.conf": "u root 0 - /root\n"}))
    assert [(gap.status, gap.reason) for gap in heard.missed] == [(AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE)]


def test_keys_of_records_and_credentials(tmp_path: Path) -> None:
    words = [tool("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")]
    subprocess.run(words, check=True)
    public = (tmp_path / "id.pub").read_text().strip()
    files = {
        "etc/userdb/svc.user": record(privileged={"sshAuthorizedKeys": [public, "none"]}),
        "etc/credstore/ssh.authorized_keys.root": public,
    }
    (fact,) = heard_of(authorized_keys.INSPECTOR, a_root(tmp_path / "root", files)).facts
    assert isinstance(fact, AuthorizedKeys)
    assert [(key.path, key.user, key.uid) for key in fact.keys] == [
        ("/etc/credstore/ssh.authorized_keys.root", "root", 0),
        ("/etc/userdb/svc.user", "svc", 0),
    ]
    assert fact.damaged == ("/etc/userdb/svc.user",)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("$1$\\ud800$a"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["userName", "uid", "shell", "locked", "privileged", "hashedPassword", "sshAuthorizedKeys"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(_JSON)
def test_any_record_ends(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    tree = a_root(tmp_path_factory.mktemp("any"), {"etc/userdb/a.user": json.dumps(value).replace("\\\\u", "\\u")})
    assert records(tree)
    for module in (accounts, authorized_keys):
        heard_of(module.INSPECTOR, tree)
