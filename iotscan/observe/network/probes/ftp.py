"""Whether an FTP server offers TLS, and with the grant ``default_creds`` whether it lets ``anonymous`` in.

AUTH TLS is no login, and asked of everybody. USER begins one: first in a name that nobody has and without a password,
which shows whether it takes names in the clear; then ``anonymous`` with a word of ours, once, noted in the ledger of
tries like any other; and where that is let in, PWD, which nobody answers to who has not logged in. No file is read.
In a dry run (``rehearse`` in ``door.tools``) no name is said, and what would be tried is told.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import FtpServer, kind_of
from iotscan.model.rehearsal import PlannedLogin
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.credentials.engine import MOST_MISSES, left_alone
from iotscan.observe.network.credentials.whose import tried_at
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.ftp_control import FtpControl
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.wire.starttls.lines import Numbered

_CAP: Final = 64 * 1024
_TEXT: Final = 200
_READY, _IN, _PASSWORD, _FOLDER = 220, 230, 331, 257
_AGREED: Final = (234, 334)
_WANTS_TLS: Final = ("tls", "ssl", "encrypt", "secure")
_ACCOUNT: Final = "anonymous"
_UNGRANTED: Final[Answer[bool]] = Answer.missing(Reason.CONSENT, "needs --default-creds")
_USED_UP: Final[Answer[bool]] = Answer.missing(Reason.BUDGET, "anonymous has seen its tries for these 24 hours")


class _Learnt(msgspec.Struct, kw_only=True):
    """What the conversations have told so far."""

    greeting: str = ""
    offers_tls: Answer[bool]
    tls_reply: str = ""
    clear_logins: Answer[bool]
    anonymous: Answer[bool]


Step = Callable[[Door, FtpControl, _Learnt], Awaitable[bool]]
"""One question; False where the conversation ends with it."""


async def ask_ftp(door: Door) -> Heard:
    """One conversation; with the grant at most two more, where a server ends one after AUTH or after a strange name."""
    is_behind_tls = speaks_tls(door.service)
    learnt = _Learnt(
        offers_tls=Answer.of(True) if is_behind_tls else Answer.missing(Reason.UNREADABLE, "AUTH TLS was not answered"),
        clear_logins=Answer.of(False) if is_behind_tls else _UNGRANTED,
        anonymous=_UNGRANTED,
    )
    steps = [*(() if is_behind_tls else (_ask_for_tls,)), *((_be_a_stranger, _be_anonymous) if _may(door) else ())]
    try:
        await _talk(door, learnt, steps)
        while steps and learnt.greeting.startswith(str(_READY)):
            await _talk(door, learnt, steps)
    except DialError as error:
        if not learnt.greeting:
            return Heard(missed=(missed(FtpServer, error),))
    if not learnt.greeting.startswith(str(_READY)):
        return Heard(missed=(_unready(learnt.greeting),))
    if _rehearses(door):
        learnt.anonymous = _rehearsed(door)
    fact = FtpServer(
        tls=is_behind_tls,
        greeting=learnt.greeting,
        offers_tls=learnt.offers_tls,
        tls_reply=learnt.tls_reply,
        clear_logins=learnt.clear_logins,
        anonymous=learnt.anonymous,
    )
    return Heard(facts=(fact,), excerpt=fact.greeting)


def _may(door: Door) -> bool:
    return door.grants.default_creds and "rehearse" not in door.tools


def _rehearses(door: Door) -> bool:
    return door.grants.default_creds and "rehearse" in door.tools


def _rehearsed(door: Door) -> Answer[bool]:
    """Tell that ``anonymous`` would be tried, where its tries of the day are not used up."""
    ledger, device = door.tools["ledger"], tried_at(door)
    if not ledger.note(device, _ACCOUNT, misses=MOST_MISSES):
        return _USED_UP
    ledger.note_taken(device, _ACCOUNT)
    door.tools["rehearse"](
        PlannedLogin(
            device=door.address,
            service=door.service.name,
            protocol="ftp",
            product="any FTP server, without a password of its own",
            records=(),
            accounts=(_ACCOUNT,),
            most_tries=2,
            sources=("RFC 1635 (anonymous FTP)",),
        )
    )
    return Answer.missing(Reason.CONSENT, "a dry run: anonymous would be tried")


def _unready(greeting: str) -> Missed:
    return Missed(
        need=kind_of(FtpServer),
        status=AttemptStatus.UNREADABLE,
        reason=Reason.UNREADABLE,
        detail=f"it greets with {greeting}",
    )


async def _talk(door: Door, learnt: _Learnt, steps: list[Step]) -> None:
    """One conversation: it takes away the steps that it goes, one at least. Raises DialError before the first."""
    async with door.plain_or_tls(cap=_CAP) as connection:
        control = FtpControl(connection)
        greeting = await control.next()
        learnt.greeting = _said(greeting)
        if greeting.number != _READY:
            return
        try:
            while steps and await steps.pop(0)(door, control, learnt):
                continue
        except PeerClosed:
            return
        await control.quit()


async def _ask_for_tls(door: Door, control: FtpControl, learnt: _Learnt) -> bool:
    answer = await control.ask("AUTH TLS")
    if answer.number in _AGREED:
        learnt.offers_tls = Answer.of(True)
        return False
    learnt.tls_reply = _said(answer)
    if answer.is_refusal:
        learnt.offers_tls = Answer.of(False)
    return True


async def _be_a_stranger(door: Door, control: FtpControl, learnt: _Learnt) -> bool:
    reply = await control.ask(f"USER iotscan-{secrets.token_hex(4)}")
    if not speaks_tls(door.service):
        learnt.clear_logins = _takes_names(reply)
    return not reply.is_refusal  # vsftpd says a last word to whoever has to come back with TLS


async def _be_anonymous(door: Door, control: FtpControl, learnt: _Learnt) -> bool:
    learnt.anonymous = await _why_not(door) or Answer.missing(Reason.UNREADABLE, "the login was not answered")
    if learnt.anonymous.reason is Reason.UNREADABLE:
        learnt.anonymous = await _anonymous(door, control)
    return True


def _takes_names(reply: Numbered) -> Answer[bool]:
    if reply.number in (_IN, _PASSWORD):
        return Answer.of(True)
    if reply.is_refusal and _wants_tls(reply):
        return Answer.of(False)
    return Answer.missing(Reason.NOT_OBSERVABLE, f"answers a name that nobody has with {_said(reply)}")


async def _why_not(door: Door) -> Answer[bool] | None:
    """Why ``anonymous`` is not to be tried; None once the try is written down."""
    ledger, device = door.tools["ledger"], tried_at(door)
    try:
        await left_alone(ledger, device, door.tools["login_gap"])
        if ledger.note(device, _ACCOUNT, misses=MOST_MISSES):
            return None
    except OSError:
        return Answer.missing(Reason.PROBE_ERROR, "the ledger of tries cannot be written")
    return _USED_UP


async def _anonymous(door: Door, control: FtpControl) -> Answer[bool]:
    reply = await control.ask(f"USER {_ACCOUNT}")
    if reply.number == _PASSWORD:
        reply = await control.ask("PASS iotscan@")
    if reply.number == _IN:
        door.tools["ledger"].note_taken(tried_at(door), _ACCOUNT)
        return await _is_in(control)
    # Behind TLS such words mean the contrary: vsftpd may let in anonymous in the clear alone.
    if reply.is_refusal and (speaks_tls(door.service) or not _wants_tls(reply)):
        return Answer.of(False)
    return Answer.missing(Reason.NOT_OBSERVABLE, f"answers anonymous with {_said(reply)}")


async def _is_in(control: FtpControl) -> Answer[bool]:
    """Whether a login was one: a server that says yes to everything names no folder."""
    reply = await control.ask("PWD")
    if reply.number == _FOLDER:
        return Answer.of(True)
    return Answer.missing(Reason.NOT_OBSERVABLE, f"lets anonymous in, and answers PWD with {_said(reply)}")


def _wants_tls(reply: Numbered) -> bool:
    words = b" ".join(reply.lines).decode("utf-8", "replace").lower()
    return any(word in words for word in _WANTS_TLS)


def _said(reply: Numbered) -> str:
    """The last line of a reply: the one that does not say ``user number 1 of 50`` or what time it is."""
    return safe_text(reply.lines[-1], _TEXT)


PROBE = Probe(name="ftp", version=1, speaks=frozenset({"ftp", "ftps"}), gives=(FtpServer,), ask=ask_ftp, shows=True)
