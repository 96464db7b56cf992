"""Login accounts and the kind of password hash each has.

Read from /etc/passwd, /etc/shadow, /etc/group and /etc/gshadow (passwd(5), shadow(5), gshadow(5)), from the password
files of web servers and brokers, and from what systemd knows besides (see :mod:`..passwords.records`). Those that lie
elsewhere in the image count, too (see :mod:`..elsewhere`).
"""

from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import Account, Accounts
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.budget import OverBudget
from iotscan.observe.image.elsewhere import elsewhere
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.passwords.field import Field, read_field
from iotscan.observe.image.passwords.guessing import Guess, Guessing
from iotscan.observe.image.passwords.records import records
from iotscan.observe.image.passwords.stores import stored_passwords
from iotscan.observe.image.texts import lines_of, not_beyond
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_MOST = 20_000
"""Lines of one account file; more is no device's."""
_ELSEWHERE: Answer[bool] = Answer.missing(
    Reason.NOT_OBSERVABLE,
    "its hash is in /etc/shadow, and the image holds no such file: it may come with the first start",
)
_LATER = "the image holds no account: they are made with the first start (sysusers.d(5))"
_AGEING = ("/etc/pam.d/login", "/etc/pam.d/common-account", "/etc/pam.d/sshd", "/etc/pam.d/system-auth")


def _inspect(tree: Tree) -> Heard:
    try:
        passwd = lines_of(tree, "/etc/passwd")
        shadow = lines_of(tree, "/etc/shadow")
        if passwd is None and (shadow is not None or tree.is_named("/etc/passwd")):
            raise Unreadable("/etc/passwd is missing, or a link that leads nowhere")
        if passwd is not None and not any(_fields(passwd, 4)):
            raise Unreadable("/etc/passwd holds no account")
        guessing = tree.budget.shared(Guessing)
        accounts = (
            *_accounts(tree, passwd or [], shadow, guessing),
            *_damage(tree.show("/etc/passwd"), passwd, 4),
            *_damage(tree.show("/etc/shadow"), shadow, 2),
            *_groups(tree, guessing),
            *_recorded(tree, guessing),
            *_stored(tree, guessing),
            *_elsewhere(tree, guessing),
        )
        is_made_later = any(tree.children("/usr/lib/sysusers.d"))
        ageing = any(tree.find(path) is not None for path in _AGEING)
    except Unreadable as error:
        return all_missed((Accounts,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"account files: {error}")
    if not accounts and is_made_later:
        return all_missed((Accounts,), AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, _LATER)
    return Heard(facts=(Accounts(accounts=accounts, enforces_ageing=ageing),)) if accounts else Heard()


def _damage(path: str, lines: list[str] | None, least: int) -> Iterator[Account]:
    """The first line that is no account, as one that could not be read: what else is damaged nobody knows."""
    whole = {number for number, _ in _fields(lines or [], least)}
    for number, line in enumerate(lines or [], start=1):
        # Empty lines, comments and the compat entries of NIS (nsswitch.conf(5)) say nothing of a password.
        if number not in whole and line.strip() and line[0] not in "#+-":
            # Nothing of the line is shown: it may be a hash.
            yield _unread(path, number, f"{path}:{number} is no account")
            return


def _unread(path: str, line: int, why: str) -> Account:
    problem = Answer[bool].missing(Reason.UNREADABLE, why)
    return Account(path=path, line=line, name="?", scheme="other", default_password=problem)


def _accounts(tree: Tree, passwd: list[str], shadow: list[str] | None, guessing: Guessing) -> Iterator[Account]:
    """``shadow`` is None where there is no such file: what it would say is then open, not good."""
    # The first line of a name is the one that holds (getspnam(3)).
    hidden = {fields[0]: (number, fields) for number, fields in reversed(list(_fields(shadow or [], 2)))}
    for number, fields in _fields(passwd, 4):
        name, text, uid = fields[0], fields[1], fields[2]
        if name[0] in "+-" and not uid:
            continue
        path, line, ages = "/etc/passwd", number, (-1, -1)
        if text == "x":
            text = "*"
            if name in hidden:
                path, (line, shadowed) = "/etc/shadow", hidden[name]
                text, ages = shadowed[1], (_day(shadowed, 2), _day(shadowed, 7))
        is_elsewhere = fields[1] == "x" and shadow is None
        field = read_field(text)
        guess = Guess(known=_ELSEWHERE) if is_elsewhere else guessing.guess(text, field, name)
        yield Account(
            path=tree.show(path),
            line=line,
            name=safe_text(name, 64),
            uid=int(uid) if uid.isascii() and uid.isdecimal() and len(uid) < 11 else -1,
            shell=safe_text(fields[6].strip(), 80) if len(fields) > 6 else "",
            scheme="other" if is_elsewhere else field.scheme,
            rounds=field.rounds,
            default_password=guess.known,
            tried=guess.tried,
            expires=ages[1],
            must_change=ages[0] == 0,
        )


def _groups(tree: Tree, guessing: Guessing) -> Iterator[Account]:
    """Groups with a password of their own: newgrp(1) lets in whoever knows it."""
    for path in ("/etc/group", "/etc/gshadow"):
        for number, fields in _fields(lines_of(tree, path) or [], 3):
            field = read_field(fields[1])
            # An empty one lets in members alone (gshadow(5)).
            if field.scheme not in ("locked", "empty"):
                guess = guessing.guess(fields[1], field, fields[0])
                yield _account(tree, path, number, "group", fields[0], field.scheme, field.rounds, guess)


def _elsewhere(tree: Tree, guessing: Guessing) -> Iterator[Account]:
    """Accounts with a password, or with none at all, in files that a device may have in the place of these."""
    try:
        for other, path in elsewhere(tree, "shadow", "passwd"):
            is_shadow = path.endswith("/shadow")
            for number, fields in _fields(lines_of(other, path) or [], 2 if is_shadow else 7):
                field = read_field(fields[1])
                if field.scheme != "locked" and fields[1] != "x" and (is_shadow or fields[2].isdecimal()):
                    guess = guessing.guess(fields[1], field, fields[0])
                    yield _account(other, path, number, "system", fields[0], field.scheme, field.rounds, guess)
    except OverBudget:
        raise
    except Unreadable as error:
        # What the root file system itself says is not lost for that.
        yield _unread(tree.show("/etc/shadow"), 0, f"another file system: {error}")


def _recorded(tree: Tree, guessing: Guessing) -> Iterator[Account]:
    """Accounts in the user records and credentials of systemd."""
    for record in records(tree):
        path = tree.show(record.path)
        if record.problem:
            yield _unread(path, record.line, f"{path}: {record.problem}")
            continue
        text = "*" if record.text is None else record.text
        field = Field(scheme="plain" if text else "empty") if record.is_plain else read_field(text)
        guess = guessing.guess(text, field, record.name)
        account = _account(tree, record.path, record.line, "system", record.name, field.scheme, field.rounds, guess)
        yield msgspec.structs.replace(account, uid=record.uid, shell=safe_text(record.shell, 80))


def _stored(tree: Tree, guessing: Guessing) -> Iterator[Account]:
    for found in stored_passwords(tree):
        guess = guessing.guess(found.text, found.field, found.name)
        yield _account(
            tree, found.path, found.line, found.store, found.name, found.field.scheme, found.field.rounds, guess
        )


def _account(
    tree: Tree, path: str, line: int, store: str, name: str, scheme: str, rounds: int, guess: Guess
) -> Account:
    return Account(
        path=tree.show(path),
        line=line,
        name=safe_text(name, 64),
        store=store,
        scheme=scheme,
        rounds=rounds,
        default_password=guess.known,
        tried=guess.tried,
    )


def _fields(lines: list[str], least: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(not_beyond(lines, _MOST, "lines of an account file"), start=1):
        fields = line.split(":")
        if len(fields) >= least and fields[0]:
            yield number, fields


def _day(fields: list[str], place: int) -> int:
    """A day of shadow(5), -1 where none is said."""
    text = fields[place] if len(fields) > place else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


INSPECTOR = Inspector(name="accounts", version=3, gives=(Accounts,), inspect=_inspect)
