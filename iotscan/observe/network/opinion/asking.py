"""nmap asked what an unknown service is: one run a service, in our scope, at our pace, through our own door.

nmap sends by itself one connection that it closes at once (its own port scan of this one port). All that its version
detection says goes through a proxy that the dialer serves (``--proxies``): so each of its conversations is let out by
the scope, waits its turn, counts, and is written down. Source: nmap(1), "Service and Version Detection", "Timing and
Performance", ``--proxies``; tried with nmap 7.93.
"""

from collections.abc import Sequence
from typing import Final

from iotscan.model.errors import BadInput
from iotscan.model.facts import Announcement, ServiceOpinion
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, Missed, all_missed
from iotscan.observe.network.connect_proxy import ConnectProxy, connect_proxy
from iotscan.observe.network.failures import BudgetSpent, DeadlinePassed, DialError
from iotscan.observe.network.opinion.installed import Nmap, environment
from iotscan.observe.network.opinion.reading import NotAsked, read_opinion
from iotscan.observe.network.opinion.running import Failed, run
from iotscan.observe.network.ports import OWN_WORDS_ONLY
from iotscan.observe.network.probe import Door, Probe, missed
from iotscan.wire.nmap_xml import NotNmap

INTENSITY: Final = 2
"""Of 0 to 9: the likeliest questions, and those that the port suggests (``--version-light``)."""
LONGEST: Final = 60.0
"""Seconds of one run: a service that answers nothing takes nmap 40."""
_LEAST: Final = 10.0
"""Seconds without which nmap would not come to its second question."""
_GRACE: Final = 3.0
"""Seconds after nmap's own clock until it is killed."""
_CONVERSATIONS: Final = 2
"""Without as many left in the device's budget a run shows nothing."""
_PAUSE: Final = 0.05
"""nmap 7.93 loses what comes together with the proxy's answer: the greeting of a service, which is all it has."""
_FRAGILE_CLAIMS: Final = frozenset({"bacnet-device", "knx-address"})
_FRAGILE_SERVICES: Final = ("_pdl-datastream._tcp", "_printer._tcp", "_ipp._tcp", "_ipps._tcp")


def command(nmap: Nmap, address: str, port: int, *, rate: float, seconds: float, proxy: int) -> tuple[str, ...]:
    """Nmap's command line, made of a parsed address and numbers alone."""
    return (
        nmap.path,
        *(("-6",) if ":" in address else ()),
        *("-Pn", "-n", "--noninteractive", "--unprivileged", "-sT", "-sV"),
        *("--version-intensity", str(INTENSITY), "--max-parallelism", "1", "--max-retries", "0"),
        *("--max-rate", f"{max(rate, 0.1):.1f}", "--host-timeout", f"{int(seconds)}s"),
        *("--proxies", f"http://127.0.0.1:{proxy}", "--no-stylesheet", "-oX", "-"),
        *("-p", str(port), address),
    )


async def ask(door: Door) -> Heard:
    """What nmap holds the service to be. Raises a :class:`DialError`."""
    if why := _left_alone(door):
        return all_missed((ServiceOpinion,), AttemptStatus.NOT_TRIED, Reason.EXCLUDED, why)
    if min(door.share, door.line.left) < _CONVERSATIONS:
        raise BudgetSpent(f"of {door.line.pace.connections} connections for this device too few are left")
    if door.line.seconds_left < _LEAST:
        raise DeadlinePassed(f"of {door.line.pace.device_timeout:g} s for this device too few are left")
    nmap: Nmap = door.tools["nmap"]
    seconds = min(LONGEST, door.line.seconds_left)
    ended, failure = Heard(), None
    async with connect_proxy(door, asks_password=False, pause=_PAUSE) as proxy:
        words = command(
            nmap, door.address, door.port, rate=door.line.pace.attempts_per_second, seconds=seconds, proxy=proxy.at
        )
        try:
            await door.line.admit(door.port, words)
            ended = await _asked(door, nmap, words, seconds + _GRACE, proxy)
        except DialError as error:
            ended = Heard(missed=(missed(ServiceOpinion, error),))
        except BadInput as error:
            # For the user to mend; what leaves the block of the proxy by itself comes out as a group.
            failure = error
    if failure is not None:
        raise failure
    return ended


async def _asked(door: Door, nmap: Nmap, words: Sequence[str], seconds: float, proxy: ConnectProxy) -> Heard:
    try:
        document = await run(words, seconds, environment())
        said = read_opinion(document, door.port, by=nmap.name, argv=tuple(words))
    except TimeoutError:
        return _nothing(AttemptStatus.TIMED_OUT, Reason.TIMEOUT, f"{nmap.name} did not end in {seconds:.0f} s: killed")
    except NotAsked as error:
        return _nothing(AttemptStatus.TIMED_OUT, Reason.TIMEOUT, f"{nmap.name}: {error}")
    except Failed as error:
        return _nothing(AttemptStatus.BROKEN, Reason.PROBE_ERROR, f"{nmap.name}: {error}")
    except NotNmap as error:
        return _nothing(AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"what {nmap.name} wrote cannot be read: {error}")
    if said is not None:
        return Heard(facts=(said,), excerpt=said.says)
    if proxy.error is not None:
        # It was not let through, or the service did not keep up: nmap has not heard all that it wished to.
        return Heard(missed=(missed(ServiceOpinion, proxy.error),))
    return _nothing(AttemptStatus.ABSENT, None, f"{nmap.name} does not know it either")


def _nothing(status: AttemptStatus, reason: Reason | None, detail: str) -> Heard:
    return Heard(missed=(Missed(need="service-opinion", status=status, reason=reason, detail=detail),))


def _left_alone(door: Door) -> str:
    """Why nmap is not asked here: printers print what it says, controllers have stopped at it. Else empty."""
    if door.port in OWN_WORDS_ONLY:
        return "a port of printers or controllers, which nmap's questions can harm"
    claims = (c for _, fact in door.known if isinstance(fact, Announcement) for c in fact.claims)
    if any(c.what in _FRAGILE_CLAIMS or any(s in c.how for s in _FRAGILE_SERVICES) for c in claims):
        return "the device announces itself as a printer or controller, which nmap's questions can harm"
    return ""


PROBE = Probe(name="nmap", version=1, speaks=frozenset({"unknown"}), gives=(ServiceOpinion,), ask=ask, stage=99)
"""Asked last, and only where the user wished it: it is none of ``all_probes``."""
