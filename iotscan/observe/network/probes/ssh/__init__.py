"""What an SSH server offers before anybody logs in, which host keys it holds, and how one may log in.

RFC 4253, RFC 4419 and RFC 4252. What is asked when, :mod:`.interview` says.
"""

from iotscan.model.facts import SshServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed
from iotscan.observe.network.probes.ssh.conclusions import conclude
from iotscan.observe.network.probes.ssh.interview import Interview
from iotscan.observe.network.probes.ssh.session import Ended, Garbled, TurnedAway


async def ask_ssh(door: Door) -> Heard:
    """A conversation for each type of host key, the rest along with them: 3 to 5 of most servers, 8 at most."""
    interview = Interview(door)
    try:
        await interview.run()
    except DialError as error:
        return Heard(missed=(missed(SshServer, error),))
    except (Ended, Garbled, TurnedAway) as error:
        unreadable = Missed(
            need=kind_of(SshServer), status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=str(error)
        )
        return Heard(missed=(unreadable,))
    fact = conclude(interview.heard)
    return Heard(facts=(fact,), excerpt=f"SSH-{fact.protocol}-{fact.software}")


PROBE = Probe(name="ssh", version=2, speaks=frozenset({"ssh"}), gives=(SshServer,), ask=ask_ssh, shows=True)
