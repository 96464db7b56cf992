"""What a telnet service shows before anything is typed (RFC 854)."""

from iotscan.model.facts import TelnetServer, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.dialogue import Dialogue, Utterance
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed

_MARGIN = 1.0
_BANNER = 400


async def ask_telnet(door: Door) -> Heard:
    """Read the banner, refuse every option, type nothing, close."""
    try:
        async with door.tcp() as connection:
            patience = max(door.line.pace.conversation_timeout - _MARGIN, _MARGIN)
            said = await Dialogue(connection).hear(patience)
    except DialError as error:
        return Heard(missed=(missed(TelnetServer, error),))
    if not said.spoke:
        return Heard(missed=(_silence(said),))
    banner = safe_text(said.text, _BANNER)
    return Heard(facts=(TelnetServer(banner=banner, asks=said.asks),), excerpt=banner)


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


PROBE = Probe(name="telnet", version=1, speaks=frozenset({"telnet"}), gives=(TelnetServer,), ask=ask_telnet, shows=True)
