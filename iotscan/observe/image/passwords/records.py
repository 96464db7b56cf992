"""Accounts that systemd takes from elsewhere than passwd(5): user records in JSON and credentials of the first start.

Sources: nss-systemd(8) (``*.user``, ``*.user-privileged``), systemd's JSON User Records, systemd-homed.service(8)
(``*.identity``), systemd-sysusers(8) (``passwd.hashed-password.USER``), systemd.exec(5) (``SetCredential=``).
What sysusers.d(5) itself makes is locked: without such a credential nobody logs in to it by a password.
"""

import json
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.startup.units import Units
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_USERDB = ("/etc/userdb", "/usr/local/lib/userdb", "/usr/lib/userdb", "/lib/userdb", "/var/lib/systemd/home")
_CREDSTORES = ("/etc/credstore", "/usr/local/lib/credstore", "/usr/lib/credstore")
_ENCRYPTED = tuple(f"{folder}.encrypted" for folder in _CREDSTORES)
_READS = ("systemd-sysusers.service", "systemd-firstboot.service")
_HASHED, _PLAIN = "passwd.hashed-password.", "passwd.plaintext-password."
KEYS = ("ssh.authorized_keys.root", "ssh.ephemeral-authorized_keys-all")
"""Credentials that are an authorized_keys file (systemd-tmpfiles, systemd-ssh-generator(8))."""
_LIMIT = 256 * 1024


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One password, or with ``problem`` what could not be read; ``keys`` are lines of authorized_keys.

    ``text`` is the field of shadow(5), or the password itself where ``is_plain``; None where there is none.
    """

    path: str
    name: str
    line: int = 0
    uid: int = -1
    shell: str = ""
    text: str | None = None
    is_plain: bool = False
    keys: tuple[str, ...] = ()
    problem: str = ""


def records(tree: Tree) -> tuple[Record, ...]:
    """Every user record and every password among the credentials. Raises Unreadable where a folder cannot be listed."""
    return tree.once(_read)


def key_files(tree: Tree) -> Iterator[str]:
    """The credentials that are files of authorized keys. Raises Unreadable."""
    for folder in _CREDSTORES:
        yield from (entry.path for entry in tree.children(folder) if entry.name in KEYS)


def _read(tree: Tree) -> tuple[Record, ...]:
    return (*_users(tree), *_credentials(tree), *_in_units(tree))


def _users(tree: Tree) -> Iterator[Record]:
    done = set()
    for folder in _USERDB:
        for entry in tree.children(folder):
            found = tree.find(entry.path)
            name, _, ending = entry.name.rpartition(".")
            if found is None or found.path in done or ending not in ("user", "user-privileged", "identity"):
                continue
            done.add(found.path)
            yield from _user(tree, entry.path, name)


def _user(tree: Tree, path: str, name: str) -> Iterator[Record]:
    try:
        said = json.loads(tree.whole(path, _LIMIT))
    except (ValueError, RecursionError):
        yield Record(path=path, name=name, problem="it is no record of a user")
        return
    except Unreadable as error:
        yield Record(path=path, name=name, problem=str(error))
        return
    said = said if isinstance(said, dict) else {}
    private = said.get("privileged", said)
    private = private if isinstance(private, dict) else {}
    uid, shell = said.get("uid"), said.get("shell")
    name = next(_texts([said.get("userName")]), name)
    known = Record(
        path=path,
        name=name,
        uid=uid if isinstance(uid, int) and 0 <= uid < 1 << 32 else -1,
        shell=next(_texts([shell]), ""),
        keys=tuple(_texts(private.get("sshAuthorizedKeys"))),
    )
    hashes = list(_texts(private.get("hashedPassword"))) if said.get("locked") is not True else []
    # A record without a password is one that is locked, and may have keys all the same (nss-systemd(8)).
    yield msgspec.structs.replace(known, text=hashes[0] if hashes else None)
    yield from (msgspec.structs.replace(known, text=text, keys=()) for text in hashes[1:])


def _texts(value: object) -> Iterator[str]:
    for text in value if isinstance(value, list) else []:
        if isinstance(text, str):
            # JSON can write what no UTF-8 can (a lone surrogate).
            yield text.encode("utf-8", "replace").decode()


def _credentials(tree: Tree) -> Iterator[Record]:
    for folder in (*_CREDSTORES, *_ENCRYPTED):
        for entry in tree.children(folder):
            name = entry.name
            user = name.removeprefix(_HASHED).removeprefix(_PLAIN)
            if user == name:
                continue
            if folder in _ENCRYPTED:
                yield Record(path=entry.path, name=user, problem="it is encrypted with a key of the device")
            else:
                yield _stored(tree, entry.path, user, is_plain=name.startswith(_PLAIN))


def _stored(tree: Tree, path: str, user: str, *, is_plain: bool) -> Record:
    try:
        text = tree.whole(path, _LIMIT).decode("utf-8", "replace").rstrip("\n")
    except Unreadable as error:
        return Record(path=path, name=user, problem=str(error))
    return Record(path=path, name=user, text=text, is_plain=is_plain)


def _in_units(tree: Tree) -> Iterator[Record]:
    units = Units(tree)
    for name in _READS:
        for key in ("SetCredential", "LoadCredential", "SetCredentialEncrypted", "LoadCredentialEncrypted"):
            for setting in units.load(name).listed("Service", key):
                credential, _, value = setting.value.partition(":")
                user = credential.removeprefix(_HASHED).removeprefix(_PLAIN)
                if user == credential:
                    continue
                place, is_plain = setting.path, credential.startswith(_PLAIN)
                if key == "SetCredential":
                    text = value.replace("%%", "%")
                    yield Record(path=place, line=setting.line, name=user, text=text, is_plain=is_plain)
                elif key == "LoadCredential" and tree.find(value) is not None and value.startswith("/"):
                    yield _stored(tree, value, user, is_plain=is_plain)
                elif key.endswith("Encrypted"):
                    problem = "it is encrypted with a key of the device"
                    yield Record(path=place, line=setting.line, name=user, problem=problem)
