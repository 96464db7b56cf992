"""SNMP v1 and v2c: whether a community is answered (RFC 1157, RFC 3416). A wrong one is met with silence."""

import secrets
from collections.abc import Collection
from typing import Final

import anyio

from iotscan.data.credential_records import Pair
from iotscan.observe.network.conversation import Datagram
from iotscan.observe.network.credentials.reaction import Reaction, Sign
from iotscan.observe.network.failures import TimedOut
from iotscan.observe.network.probe import Door
from iotscan.wire import snmp

_VERSIONS: Final[tuple[snmp.Version, ...]] = ("2c", "1")
_SECONDS: Final = 0.7
_ROUNDS: Final = 2
"""How often is asked: one datagram may be lost, and silence is a refusal here."""
_AUTHORIZATION_ERROR: Final = 16
"""RFC 3416 section 3: an answer, but not to somebody of this community."""


class SnmpLogin:
    """The communities of an SNMP agent. One value is read, none written.

    ``spoken`` is the version in which it has answered before, empty where nobody knows that there is an agent.
    """

    protocol: Final = "snmp"
    sole_account: Final = ""

    def __init__(self, door: Door, spoken: str = "") -> None:
        self._door = door
        self._is_there = spoken != ""
        self._versions = tuple(version for version in _VERSIONS if spoken in ("", version))

    async def offer(self, pair: Pair | None) -> Reaction:
        """GET sysDescr.0, in one UDP exchange. Without a pair the community is empty. Raises DialError."""
        if pair is None:
            is_open = not self._is_there and await self._is_answered("", rounds=1)
            return Reaction(sign=Sign.ACCEPTED if is_open else Sign.REFUSED)
        if await self._is_answered(pair.password.reveal()):
            return Reaction(sign=Sign.ACCEPTED)
        return Reaction(sign=Sign.CLOSED, detail="no answer")

    async def _is_answered(self, community: str, *, rounds: int = _ROUNDS) -> bool:
        """Every version is asked at once: silence is waited for once."""
        asked = {secrets.randbelow(0x7FFFFFFF): version for version in self._versions}
        async with self._door.udp() as peer:
            for _ in range(rounds):
                for request_id, version in asked.items():
                    await peer.send(snmp.get_request(community, request_id, version=version))
                if await _hear(peer, community, asked.keys()):
                    return True
        return False


async def _hear(peer: Datagram, community: str, asked: Collection[int]) -> bool:
    """Whether one of our questions is answered to this community in time."""
    ends = anyio.current_time() + _SECONDS
    while (left := ends - anyio.current_time()) > 0:
        try:
            answer = snmp.read_response(await peer.receive(left))
        except TimedOut:
            return False
        if answer is not None and answer.request_id in asked and answer.community == community.encode():
            return answer.error_status != _AUTHORIZATION_ERROR
    return False
