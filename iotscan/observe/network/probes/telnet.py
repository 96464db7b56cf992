"""What a telnet service shows before anything is typed (RFC 854), and whether what looks like a shell is one.

Where the last line looks like the prompt of a shell, an empty line is sent, once: a shell runs nothing and shows its
prompt again, a banner that ends in ``#`` does not, and a login that is slow asks for a name. It leaves no trace in a
history either. Boot loaders repeat their last command at an empty line: at a prompt like theirs nothing is typed.
"""

import anyio

from iotscan.model.facts import TelnetServer, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.dialogue import Dialogue, Utterance
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed
from iotscan.wire import telnet

_MARGIN = 1.0
_BANNER = 400
_PATIENCE = 2.5
"""Seconds that a shell may take to show its prompt again."""
_QUIET = 0.3
"""Seconds of silence after which it has: the first prompt was waited for longer."""


async def ask_telnet(door: Door) -> Heard:
    """Read the banner, refuse every option, type an empty line where a shell seems to be open, close."""
    try:
        async with door.tcp() as connection:
            patience = max(door.line.pace.conversation_timeout - _MARGIN, _MARGIN)
            dialogue = Dialogue(connection)
            ends = anyio.current_time() + patience
            said = await dialogue.hear(patience)
            asks, is_confirmed = await _control(dialogue, said, min(_PATIENCE, ends - anyio.current_time()))
    except DialError as error:
        return Heard(missed=(missed(TelnetServer, error),))
    if not said.spoke:
        return Heard(missed=(_silence(said),))
    banner = safe_text(said.text, _BANNER)
    return Heard(facts=(TelnetServer(banner=banner, asks=asks, confirmed=is_confirmed),), excerpt=banner)


async def _control(dialogue: Dialogue, said: Utterance, patience: float) -> tuple[telnet.Asks, bool]:
    """What it asks for, and whether a prompt of a shell came again."""
    prompt = telnet.last_line(said.text)
    if said.asks != "shell" or telnet.may_repeat(prompt):
        return said.asks, False
    try:
        await dialogue.say("")
        again = await dialogue.hear(patience, quiet=_QUIET)
    except PeerClosed:
        return "unknown", False
    if again.asks == "shell" and telnet.last_line(again.text) == prompt and not again.closed:
        return "shell", True
    return (again.asks if again.asks in ("login", "password") else "unknown"), False


def _silence(said: Utterance) -> Missed:
    if said.closed:
        return Missed(
            need=kind_of(TelnetServer),
            status=AttemptStatus.UNREADABLE,
            reason=Reason.UNREADABLE,
            detail="it closed the connection without a word",
        )
    return Missed(
        need=kind_of(TelnetServer),
        status=AttemptStatus.TIMED_OUT,
        reason=Reason.TIMEOUT,
        detail="it accepted the connection and said nothing",
    )


PROBE = Probe(name="telnet", version=2, speaks=frozenset({"telnet"}), gives=(TelnetServer,), ask=ask_telnet, shows=True)
