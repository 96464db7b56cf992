"""Whether an SNMP agent answers the community ``public`` (RFC 1157, RFC 3416). Reads two values, writes none."""

import secrets
from typing import Final

from iotscan.model.facts import SnmpAgent, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError, Refused, TimedOut
from iotscan.observe.network.probe import Door, FirstWord, Heard, Missed, Probe, missed
from iotscan.wire import snmp

_ASKED: Final[tuple[snmp.Version, ...]] = ("2c", "1")
_TRIES = 2
_SECONDS = 1.0
_DESCRIPTION = 300
_AUTHORIZATION_ERROR = 16
"""RFC 3416 section 3: an answer, but not to somebody of this community."""


async def ask_snmp(door: Door) -> Heard:
    """GET sysDescr.0 with ``public``; where it is answered, with a community nobody configured, then sysObjectID.0."""
    answer: snmp.Response | None = None
    try:
        for version in _ASKED:
            answer = await _get(door, "public", version)
            if answer is not None:
                stranger = await _get(door, f"iotscan-{secrets.token_hex(6)}", version)
                kind = await _get(door, "public", version, oid=snmp.SYS_OBJECT_ID, tries=1)
                return _heard(answer, kind.object_id if kind else "", answers_any_community=stranger is not None)
    except Refused as error:
        if answer is not None:
            return Heard(missed=(missed(SnmpAgent, error),))
        # Nobody has knocked before: an ICMP refusal is the answer that there is no agent.
        closed = Missed(need=kind_of(SnmpAgent), status=AttemptStatus.ABSENT, detail="the port is closed")
        return Heard(missed=(closed,))
    except DialError as error:
        return Heard(missed=(missed(SnmpAgent, error),))
    silent = Missed(
        need=kind_of(SnmpAgent),
        status=AttemptStatus.TIMED_OUT,
        reason=Reason.TIMEOUT,
        detail="no answer to SNMP with community public: closed, filtered or another community",
    )
    return Heard(missed=(silent,))


async def _get(
    door: Door, community: str, version: snmp.Version, *, oid: tuple[int, ...] = snmp.SYS_DESCR, tries: int = _TRIES
) -> snmp.Response | None:
    """The response to one question of its own socket; None for silence or anything that answers another question."""
    request_id = secrets.randbelow(0x7FFFFFFF)
    request = snmp.get_request(community, request_id, version=version, oid=oid)
    async with door.udp() as peer:
        for _ in range(tries):
            try:
                response = snmp.read_response(await peer.ask(request, seconds=_SECONDS, tries=1))
            except TimedOut:
                continue
            if response is not None and _is_granted(response, request_id, community):
                return response
    return None


def _is_granted(response: snmp.Response, request_id: int, community: str) -> bool:
    is_ours = response.request_id == request_id and response.community == community.encode()
    return is_ours and response.error_status != _AUTHORIZATION_ERROR


def _heard(answer: snmp.Response, object_id: str, *, answers_any_community: bool) -> Heard:
    description = safe_text(answer.value or b"", _DESCRIPTION)
    fact = SnmpAgent(
        version=answer.version,
        description=description,
        object_id=object_id,
        answers_any_community=answers_any_community,
    )
    return Heard(facts=(fact,), excerpt=description)


def _first_words() -> tuple[FirstWord, ...]:
    numbers = (secrets.randbelow(0x7FFFFFFF) for _ in _ASKED)
    return tuple(
        FirstWord(payload=snmp.get_request("public", number, version=version))
        for version, number in zip(_ASKED, numbers, strict=True)
    )


PROBE = Probe(
    name="snmp",
    version=2,
    speaks=frozenset({"snmp"}),
    gives=(SnmpAgent,),
    ask=ask_snmp,
    first_words=_first_words,
)
