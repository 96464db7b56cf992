"""Telnet: user name and password at their prompts, and a shell prompt or none after that."""

from typing import Final

import anyio

from iotscan.data.credential_records import Pair
from iotscan.observe.network.credentials.reaction import Reaction, Sign, speaks_of_lockout
from iotscan.observe.network.dialogue import Dialogue, Utterance
from iotscan.observe.network.failures import PeerClosed
from iotscan.observe.network.probe import Door
from iotscan.wire import telnet

_MARGIN = 0.5
_REFUSALS: Final = (
    "incorrect",
    "invalid",
    "login failed",
    "authentication fail",
    "access denied",
    "permission denied",
    "not authorized",
    "bad password",
    "wrong password",
    "bad username",
    "unknown user",
)
_CHANGE_WORDS: Final = ("new password", "new passwd", "change your password")


class TelnetLogin:
    """The login of a telnet service. Whatever opens, nothing is typed into it."""

    protocol: Final = "telnet"

    def __init__(self, door: Door) -> None:
        self._door = door
        self._asks_for_user = True

    @property
    def sole_account(self) -> str:
        """Where a password alone is asked for, any try is one of the same account."""
        return "" if self._asks_for_user else "(telnet)"

    async def offer(self, pair: Pair | None) -> Reaction:
        """Read the banner and, with a pair, answer its prompts. Raises DialError."""
        async with self._door.tcp() as connection:
            dialogue = Dialogue(connection)
            ends = anyio.current_time() + self._door.line.pace.conversation_timeout - _MARGIN
            banner = await dialogue.hear(ends - anyio.current_time())
            self._asks_for_user = banner.asks != "password"
            if pair is None or banner.asks not in ("login", "password"):
                return _look(banner, offered=pair is not None)
            try:
                return await _log_in(dialogue, banner, pair, ends)
            except PeerClosed:
                return Reaction(sign=Sign.CLOSED, detail="it closed the connection at the login")


async def _log_in(dialogue: Dialogue, banner: Utterance, pair: Pair, ends: float) -> Reaction:
    said = banner
    if said.asks == "login":
        await dialogue.say(pair.user)
        said = await dialogue.hear(ends - anyio.current_time())
        if said.asks != "password":
            reaction = judge(said, typed=pair.user)
            unguarded = reaction.sign is Sign.ACCEPTED and pair.password.reveal() != ""
            return Reaction(sign=Sign.UNGUARDED) if unguarded else reaction
        if speaks_of_lockout(_text(said)):
            return Reaction(sign=Sign.LOCKED, detail="it speaks of a lock-out")
    password = pair.password.reveal()
    await dialogue.say(password)
    return judge(await dialogue.hear(ends - anyio.current_time()), typed=password)


def _look(banner: Utterance, *, offered: bool) -> Reaction:
    """What a banner asks of a stranger."""
    if speaks_of_lockout(_text(banner)):
        return Reaction(sign=Sign.LOCKED, detail="its banner speaks of a lock-out")
    if offered:
        return Reaction(sign=Sign.UNCLEAR, detail="it did not ask for a login this time")
    if banner.asks == "shell":
        # An open one is told, by an empty line, before any login is tried.
        return Reaction(sign=Sign.UNSUITED, detail="its last line looks like a prompt, and none was confirmed")
    if banner.asks in ("login", "password"):
        return Reaction(sign=Sign.REFUSED)
    return Reaction(sign=Sign.UNSUITED, detail="its last line is no login prompt that we know")


def judge(said: Utterance, *, typed: str) -> Reaction:
    """What was said after the last thing typed. Only a shell prompt that is no echo counts as a success."""
    text = _text(said)
    if speaks_of_lockout(text):
        return Reaction(sign=Sign.LOCKED, detail="it speaks of a lock-out")
    refuses = any(words in text.lower() for words in _REFUSALS)
    if said.asks == "shell" and not refuses and telnet.last_line(said.text) != typed.strip():
        return Reaction(sign=Sign.ACCEPTED)
    if said.asks == "password" and any(words in text.lower() for words in _CHANGE_WORDS):
        return Reaction(sign=Sign.UNCLEAR, detail="it wants the password changed before it lets anybody in")
    if said.asks != "shell" and (refuses or said.asks in ("login", "password")):
        return Reaction(sign=Sign.REFUSED)
    if said.closed:
        return Reaction(sign=Sign.CLOSED, detail="it closed the connection after the password")
    return Reaction(sign=Sign.UNCLEAR, detail="what it said after the login is neither a prompt nor a refusal")


def _text(said: Utterance) -> str:
    return said.text.decode("utf-8", "replace")
