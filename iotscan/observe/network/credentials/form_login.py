"""The login form of a web page: whether it lets in shows at a page that wanted it before, and shows without it after.

Nothing that a page says of a success counts, nor a redirect: a login page may hold the words, and some hosts answer
everything alike.
"""

import re
from typing import Final

import msgspec

from iotscan.data.credential_records import Pair
from iotscan.observe.network.credentials.reaction import Reaction, Sign, is_stranger, speaks_of_lockout
from iotscan.observe.network.credentials.web_talk import WebPage, WebTalk
from iotscan.observe.network.probe import Door
from iotscan.wire.html import read_page
from iotscan.wire.login_form import LoginForm, asks_for_code, login_form

_LOCK_STATUS: Final = frozenset({423, 429})
_WAY_OUT: Final = re.compile(r"(?:.*[/?&=])?(?:log|sign)[-_ ]?(?:out|off)(?:\.\w{1,8})?/?", re.IGNORECASE)
"""The address of a page that ends a session, and does nothing else."""

_VARYING: Final = re.compile(r"[0-9]+|[\w+/=-]{16,}")
"""Numbers, times, tokens and made-up names, which differ from answer to answer."""


class FormLogin:
    """The login form at ``path``, or where that redirects."""

    protocol: Final = "http"

    def __init__(self, door: Door, path: str = "/") -> None:
        self._door = door
        self._path = path
        self.form: LoginForm | None = None
        self.action = ""
        self._has_script = False
        self._of_a_stranger: _Told | None = None

    @property
    def sole_account(self) -> str:
        """A form without a user guards one account, whatever name a record gives it."""
        return "(web)" if self.form is not None and not self.form.user else ""

    @property
    def may_differ(self) -> bool:
        """Whether a script may change what the form sends: then a refusal proves nothing."""
        return self._has_script

    async def offer(self, pair: Pair | None) -> Reaction:
        """One visit. Raises DialError."""
        async with WebTalk(self._door) as talk:
            front = await talk.get(self._path)
            if front.status in _LOCK_STATUS:
                return Reaction(sign=Sign.LOCKED, detail=f"it answers {front.status} before anything was tried")
            form = login_form(front.body)
            if form is None:
                return _no_form(front, offered=pair is not None)
            action = talk.site.resolve(form.action, front.path) if form.action.strip() else front.path
            if form.obstacle or action is None or form.sets_at(action):
                is_elsewhere = action is None and not form.obstacle
                why = form.obstacle or ("it is sent to another host" if is_elsewhere else "it may set something")
                return Reaction(sign=Sign.UNSUITED, detail=f"a login form that is not filled in here: {why}")
            self.form, self.action = form, action
            self._has_script |= read_page(front.body).has_script
            return Reaction(sign=Sign.REFUSED) if pair is None else await self._fill_in(talk, front, form, pair)

    async def _fill_in(self, talk: WebTalk, front: WebPage, form: LoginForm, pair: Pair) -> Reaction:
        user = ((form.user, pair.user),) if form.user else ()
        fields = (*form.hidden, *form.chosen, *user, (form.password, pair.password.reveal()))
        answer = await talk.post(self.action, fields, sent_from=front.path)
        if answer.status in _LOCK_STATUS:
            return Reaction(sign=Sign.LOCKED, detail=f"it answered {answer.status}")
        if _speaks_of_lockout(answer, front):
            return Reaction(sign=Sign.LOCKED, detail="it answered with words of a lock-out")
        landed = await talk.get(answer.onward) if answer.onward else answer
        if landed is not answer and _speaks_of_lockout(landed, front):
            return Reaction(sign=Sign.LOCKED, detail="it answered with words of a lock-out")
        told = _Told(answer=answer, landed=landed)
        if landed is not answer and login_form(landed.body) is not None:
            return self._contrasted(_judge(landed, is_stranger=False), told, pair)
        shown = landed if answer.onward == self._path else await talk.get(self._path)
        reaction = _judge(shown, is_stranger=is_stranger(pair))
        if reaction.sign is Sign.ACCEPTED:
            await _leave(talk, shown)
        return self._contrasted(reaction, told, pair)

    def _contrasted(self, reaction: Reaction, told: "_Told", pair: Pair) -> Reaction:
        if is_stranger(pair):
            self._of_a_stranger = told
        elif reaction.sign is Sign.REFUSED and not told.is_like(self._of_a_stranger, pair.user):
            # Some front pages are the login page for everybody, who is in, too.
            detail = "it answers another thing than to a made-up user, and shows the same login page"
            return Reaction(sign=Sign.UNCLEAR, detail=detail)
        return reaction


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a form was answered with, and the page that led to."""

    answer: WebPage
    landed: WebPage

    def is_like(self, other: "_Told | None", user: str) -> bool:
        """Whether another was told the same, but for names, numbers and tokens."""
        return other is not None and self._gist(user) == other._gist(user)

    def _gist(self, user: str) -> tuple[object, ...]:
        cookies = sorted({field.partition("=")[0].strip() for field in self.answer.fields("set-cookie")})
        shows_form = login_form(self.landed.body) is not None
        words = "" if shows_form else _VARYING.sub("", self.landed.text.replace(user, "") if user else self.landed.text)
        return self.answer.status, self.answer.onward.partition("?")[0], cookies, shows_form, words


def _no_form(page: WebPage, *, offered: bool) -> Reaction:
    if offered:
        return Reaction(sign=Sign.UNCLEAR, detail="it shows no login form this time")
    read = read_page(page.body)
    if read.has_password or read.has_script:
        return Reaction(sign=Sign.UNSUITED, detail="only a script on the page makes a login of it")
    if not 200 <= page.status < 300:
        return Reaction(sign=Sign.UNSUITED, detail=f"the page answers {page.status}: it asks for no login we can try")
    return Reaction(sign=Sign.NO_LOGIN, detail="asks for no login on the page we know of this product")


def _speaks_of_lockout(page: WebPage, before: WebPage) -> bool:
    """Words of a lock-out that did not stand on the login page already, and are none of a page for who is in."""
    return speaks_of_lockout(page.text) and not speaks_of_lockout(before.text) and not _ways_out(page)


def _judge(page: WebPage, *, is_stranger: bool) -> Reaction:
    """What a page that wants a login shows now."""
    form = login_form(page.body)
    if form is not None:
        if "new password" in form.obstacle:
            return Reaction(sign=Sign.UNCLEAR, detail="it wants the password changed before it shows more")
        return Reaction(sign=Sign.REFUSED)
    if page.status in (401, 403):
        return Reaction(sign=Sign.REFUSED)
    if page.status != 200 or page.onward or read_page(page.body).has_password or not page.body.strip():
        return Reaction(sign=Sign.UNCLEAR, detail=f"the page that wants a login answers {page.status} after it")
    if asks_for_code(page.body):
        return Reaction(sign=Sign.UNCLEAR, detail="it asks for a code before it shows more")
    if is_stranger and not _ways_out(page):
        # A page of its own for who failed looks the same.
        return Reaction(
            sign=Sign.UNCLEAR, detail="a made-up user is shown another page, and nothing on it ends a session"
        )
    return Reaction(sign=Sign.ACCEPTED, by_contrast=not _ways_out(page))


def _ways_out(page: WebPage) -> list[str]:
    return [link for link in read_page(page.body).links if _WAY_OUT.fullmatch(link.strip())]


async def _leave(talk: WebTalk, page: WebPage) -> None:
    """End the session by the link that says so, where there is one on this site."""
    for link in _ways_out(page)[:1]:
        if target := talk.site.resolve(link, page.path):
            await talk.get(target)
