"""Public keys that log somebody in: every home, Dropbear's own file, and where sshd_config says.

Sources: sshd(8) "AUTHORIZED_KEYS FILE FORMAT", sshd_config(5) ``AuthorizedKeysFile`` with its tokens, Dropbear
(/etc/dropbear/authorized_keys is OpenWrt's for root).
"""

import base64
import binascii
import hashlib
import posixpath
import re
import struct
from collections.abc import Iterator

from iotscan.model.facts import AuthorizedKey, AuthorizedKeys
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.budget import OverBudget
from iotscan.observe.image.elsewhere import elsewhere
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.passwords.records import key_files, records
from iotscan.observe.image.sshd_settings import every_sshd_setting
from iotscan.observe.image.texts import lines_of, not_beyond
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_USUAL = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_OTHERS = {"trustedusercakeys": "TrustedUserCAKeys", "authorizedkeyscommand": "AuthorizedKeysCommand"}
_MOST_HOMES, _MOST_LINES = 2000, 2000
_KEY = re.compile(r"((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w.@-]{1,60})[ \t]+([A-Za-z0-9+/]{16,16000}={0,2})(?:\s|$)")
_OPTIONS = re.compile(r"((?:[^\s\",]|\"(?:[^\"\\]|\\.)*\"|,)+)[ \t]+")


def _inspect(tree: Tree) -> Heard:
    keys: list[AuthorizedKey] = []
    damaged: list[str] = []
    try:
        files = [(tree, *file) for file in dict.fromkeys(_files(tree))]
        try:
            files += _elsewhere(tree)
        except OverBudget:
            raise
        except Unreadable as error:
            damaged.append(str(error))
        damaged += dict.fromkeys(_others_who_say(tree))
        for holder, path, user, uid in files:
            for number, line in enumerate(
                not_beyond(lines_of(holder, path) or [], _MOST_LINES, holder.show(path)), start=1
            ):
                if not line.strip() or line.lstrip().startswith("#"):
                    continue
                key = read_key(line, path=holder.show(path), number=number, user=user, uid=uid)
                if key is None:
                    damaged.append(f"{holder.show(path)}:{number}")
                else:
                    keys.append(key)
        for record in records(tree):
            place = tree.show(record.path)
            damaged += [f"{place}: {record.problem}"] if record.problem else []
            for line in record.keys:
                user = safe_text(record.name, 64)
                key = read_key(line, path=place, number=record.line, user=user, uid=record.uid)
                keys += [key] if key is not None else []
                damaged += [place] if key is None else []
    except Unreadable as error:
        return all_missed((AuthorizedKeys,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"authorized keys: {error}")
    return Heard(facts=(AuthorizedKeys(keys=tuple(keys), damaged=tuple(damaged[:50])),))


def _files(tree: Tree) -> Iterator[tuple[str, str, int]]:
    """(path, user, uid), each file as sshd(8) would look for it."""
    said = (setting for setting in every_sshd_setting(tree) if setting.keyword == "authorizedkeysfile")
    patterns = dict.fromkeys((*_USUAL, *(word for setting in said for word in setting.words)))
    for name, uid, home in _homes(tree):
        for pattern in patterns:
            if pattern.lower() == "none":
                continue
            named = pattern.replace("%%", "\0").replace("%h", home).replace("%u", name).replace("%U", str(uid))
            path = posixpath.normpath(posixpath.join(home, named.replace("\0", "%")))
            yield path, safe_text(name, 64), uid
    yield "/etc/dropbear/authorized_keys", "root", 0
    yield from ((path, "root", 0) for path in key_files(tree))


def _others_who_say(tree: Tree) -> Iterator[str]:
    """Settings by which a program, or whoever holds the key of an authority, says who may log in."""
    for setting in every_sshd_setting(tree):
        name, value = setting.keyword, setting.words[0].lower()
        if name in _OTHERS and value != "none":
            yield f"{tree.show(setting.path)}:{setting.line} ({_OTHERS[name]})"


def _elsewhere(tree: Tree) -> Iterator[tuple[Tree, str, str, int]]:
    """Files of other file systems: whose they are says the folder, and only of root it is certain."""
    uids = {name: uid for name, uid, _ in _homes(tree)}
    for holder, path in elsewhere(tree, "dropbear/authorized_keys", "authorized_keys2", "authorized_keys"):
        *_, above, folder, _ = ("", "", *path.split("/"))
        user = "root" if folder == "dropbear" else above
        yield holder, path, safe_text(user, 64), uids.get(user, -1)


def _homes(tree: Tree) -> Iterator[tuple[str, int, str]]:
    seen = {"root"}
    yield "root", 0, "/root"
    lines = lines_of(tree, "/etc/passwd") or []
    for line in not_beyond(lines, _MOST_HOMES, "lines of /etc/passwd"):
        fields = line.split(":")
        if len(fields) < 6 or not fields[5].startswith("/"):
            continue
        uid = int(fields[2]) if fields[2].isascii() and fields[2].isdecimal() and len(fields[2]) < 11 else -1
        if fields[0] not in seen or fields[5] != "/root":
            seen.add(fields[0])
            yield fields[0], uid, fields[5]


def read_key(line: str, *, path: str, number: int, user: str, uid: int) -> AuthorizedKey | None:
    """One line of an authorized_keys file; None where it is no key."""
    text, options = line.strip()[:20_000], ""
    match = _KEY.match(text)
    if match is None:
        before = _OPTIONS.match(text)
        if before is None:
            return None
        options, match = before[1], _KEY.match(text, before.end())
    if match is None:
        return None
    try:
        blob = base64.b64decode(match[2] + "=" * (-len(match[2]) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
    if not _is_of(blob, match[1]):
        return None
    names = [n.partition("=")[0].lower() for n in re.sub(r"\"(?:[^\"\\]|\\.)*\"", "", options).split(",") if n]
    return AuthorizedKey(
        path=path,
        line=number,
        user=user,
        uid=uid,
        algorithm=safe_text(match[1], 64),
        sha256=hashlib.sha256(blob).hexdigest(),
        options=tuple(safe_text(name, 40) for name in names[:20]),
        is_authority="cert-authority" in names,
    )


def _is_of(blob: bytes, algorithm: str) -> bool:
    """A blob is a row of SSH strings, the first its algorithm (RFC 4253 §6.6): what is cut short is none."""
    fields, at = [], 0
    while at + 4 <= len(blob):
        (length,) = struct.unpack_from(">I", blob, at)
        fields.append(blob[at + 4 : at + 4 + length])
        at += 4 + length
    return at == len(blob) and len(fields) > 1 and fields[0] == algorithm.encode()


INSPECTOR = Inspector(name="authorized-keys", version=2, gives=(AuthorizedKeys,), inspect=_inspect)
