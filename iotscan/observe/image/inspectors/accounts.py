"""Login accounts and the kind of password hash each has: /etc/passwd, /etc/shadow (passwd(5), shadow(5), crypt(5))."""

import time
from collections.abc import Iterator

from iotscan.model.answer import Answer
from iotscan.model.facts import Account, Accounts
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_FILE_LIMIT = 1024 * 1024
_SECONDS = 3.0
"""Time for one hash; slow ones (many rounds) are tested against fewer passwords."""
_COMMON = (
    "root",
    "admin",
    "password",
    "1234",
    "12345",
    "123456",
    "toor",
    "default",
    "user",
    "guest",
    "support",
    "pass",
)
_PREFIXES = {
    "$1$": "md5",
    "$2": "bcrypt",
    "$5$": "sha256",
    "$6$": "sha512",
    "$7$": "scrypt",
    "$y$": "yescrypt",
    "$gy$": "gost-yescrypt",
    "$argon2": "argon2",
    "_": "bsdi",
}
_ELSEWHERE: Answer[bool] = Answer.missing(
    Reason.NOT_OBSERVABLE,
    "its hash is in /etc/shadow, and the image holds no such file: it may come with the first start",
)
_TESTABLE = {"md5": "md5_crypt", "sha256": "sha256_crypt", "sha512": "sha512_crypt", "des": "des_crypt"}


def scheme_of(field: str) -> str:
    """The scheme of a password field by its prefix (crypt(5)): ``locked``, ``empty``, ``sha512`` …"""
    if field == "":
        return "empty"
    if field[0] in "!*":
        return "locked"
    named = next((name for prefix, name in _PREFIXES.items() if field.startswith(prefix)), "")
    if named:
        return named
    return "des" if len(field) == 13 and "$" not in field else "other"


def _inspect(tree: Tree) -> Heard:
    try:
        passwd = _lines(tree, "/etc/passwd")
        shadow = _lines(tree, "/etc/shadow")
        if passwd is None and (shadow is not None or tree.is_named("/etc/passwd")):
            raise Unreadable("/etc/passwd is missing, or a link that leads nowhere")
        if passwd is not None and not any(_fields(passwd, 4)):
            raise Unreadable("/etc/passwd holds no account")
    except Unreadable as error:
        return all_missed((Accounts,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"account files: {error}")
    accounts = (
        *_accounts(tree, passwd or [], shadow),
        *_damage(tree.show("/etc/passwd"), passwd, 4),
        *_damage(tree.show("/etc/shadow"), shadow, 2),
    )
    return Heard(facts=(Accounts(accounts=accounts),)) if accounts else Heard()


def _lines(tree: Tree, path: str) -> list[str] | None:
    if tree.find(path) is None:
        return None
    return tree.read(path, _FILE_LIMIT).decode("utf-8", "replace").split("\n")


def _damage(path: str, lines: list[str] | None, least: int) -> Iterator[Account]:
    """The first line that is no account, as one that could not be read: what else is damaged nobody knows."""
    whole = {number for number, _ in _fields(lines or [], least)}
    for number, line in enumerate(lines or [], start=1):
        # Empty lines, comments and the compat entries of NIS (nsswitch.conf(5)) say nothing of a password.
        if number not in whole and line.strip() and line[0] not in "#+-":
            problem = Answer[bool].missing(Reason.UNREADABLE, f"{path}:{number} is no account")
            # Nothing of the line is shown: it may be a hash.
            yield Account(path=path, line=number, name="?", scheme="other", default_password=problem)
            return


def _accounts(tree: Tree, passwd: list[str], shadow: list[str] | None) -> Iterator[Account]:
    """``shadow`` is None where there is no such file: what it would say is then open, not good."""
    hashes = {f[0]: (f[1], number) for number, f in _fields(shadow or [], 2)}
    for number, fields in _fields(passwd, 4):
        name, field, uid = fields[0], fields[1], fields[2]
        path, line = "/etc/passwd", number
        if field == "x":
            field, line = hashes.get(name, ("*", number))
            path = "/etc/shadow" if name in hashes else path
        is_elsewhere = fields[1] == "x" and shadow is None
        scheme = "other" if is_elsewhere else scheme_of(field)
        yield Account(
            path=tree.show(path),
            line=line,
            name=safe_text(name, 64),
            uid=int(uid) if uid.isdecimal() else -1,
            scheme=scheme,
            default_password=_ELSEWHERE if is_elsewhere else _is_default(field, scheme, name),
        )


def _fields(lines: list[str], least: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=1):
        fields = line.split(":")
        if len(fields) >= least and fields[0]:
            yield number, fields


def _is_default(field: str, scheme: str, name: str) -> Answer[bool]:
    if scheme in ("locked", "empty"):
        return Answer.of(False)
    if scheme not in _TESTABLE:
        return Answer.missing(Reason.NOT_OBSERVABLE, f"{scheme} hashes are not tested against default passwords")
    try:
        from passlib import hash as schemes
    except ImportError:
        return Answer.missing(Reason.MISSING_TOOL, "testing hashes needs: pip install 'iotscan[image]'")
    verify = getattr(schemes, _TESTABLE[scheme]).verify
    ends = time.monotonic() + _SECONDS
    for word in dict.fromkeys((name, *_COMMON)):
        if time.monotonic() > ends:
            return Answer.missing(Reason.DEADLINE, "the hash is too slow to test against all default passwords")
        try:
            if verify(word, field):
                return Answer.of(True)
        except (ValueError, TypeError):
            return Answer.missing(Reason.UNREADABLE, "the hash is malformed")
    return Answer.of(False)


INSPECTOR = Inspector(name="accounts", version=1, gives=(Accounts,), inspect=_inspect)
