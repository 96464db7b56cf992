"""A walk through one table of an SNMPv2c agent: GETBULK, and its rows (RFC 3416 section 4.2.3).

What a row holds is the table's matter: see :mod:`~.arp_table`. A hostile agent may answer for ever, go round in a
circle or send what was not asked: a walk takes only names that come after the last one and lie below its own.
"""

from typing import Final, Literal

import msgspec

from iotscan.wire.ber import NULL, OCTETS, OID, SEQUENCE, Malformed, element, integer, take, take_integer
from iotscan.wire.snmp import object_id

Oid = tuple[int, ...]
_VERSION_2C: Final = 1
_GET_BULK, _RESPONSE = 0xA5, 0xA2
_ARCS: Final = 128
_LARGEST_ARC: Final = (1 << 32) - 1
"""RFC 2578 section 3.5: at most 128 arcs of at most 32 bits."""
_EXCEPTIONS: Final = frozenset({0x80, 0x81, 0x82})
"""noSuchObject, noSuchInstance, endOfMibView."""
_TOO_BIG: Final = 1


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """One variable of a response: its name, the tag of its value and the value's octets."""

    name: Oid
    tag: int
    value: bytes


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """A response to GETBULK."""

    community: bytes
    request_id: int
    error_status: int
    variables: tuple[Variable, ...]


def get_bulk(community: str, request_id: int, after: Oid, rows: int) -> bytes:
    """The question for the ``rows`` variables that follow ``after``."""
    variable = element(SEQUENCE, object_id(after) + element(NULL, b""))
    body = integer(request_id) + integer(0) + integer(rows) + element(SEQUENCE, variable)
    message = integer(_VERSION_2C) + element(OCTETS, community.encode()) + element(_GET_BULK, body)
    return element(SEQUENCE, message)


def read_bulk(data: bytes, rows: int) -> Bulk | None:
    """The response that ``data`` is, ``rows`` of its variables at most; None for anything else. Never raises."""
    try:
        message, _ = take(data, SEQUENCE)
        version, rest = take_integer(message)
        community, rest = take(rest, OCTETS)
        pdu, _ = take(rest, _RESPONSE)
        request_id, rest = take_integer(pdu)
        error_status, rest = take_integer(rest)
        _, rest = take_integer(rest)
        left, _ = take(rest, SEQUENCE)
        variables: list[Variable] = []
        while left and len(variables) < rows:
            variable, left = take(left, SEQUENCE)
            name, value = take(variable, OID)
            if not value:
                raise Malformed
            variables.append(Variable(name=_arcs(name), tag=value[0], value=take(value, value[0])[0]))
    except Malformed:
        return None
    if version != _VERSION_2C:
        return None
    return Bulk(community=community, request_id=request_id, error_status=error_status, variables=tuple(variables))


def _arcs(octets: bytes) -> Oid:
    """An object identifier (X.690 section 8.19). Raises Malformed."""
    arcs: list[int] = []
    arc, goes_on = 0, False
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        goes_on = bool(octet & 0x80)
        if arc > _LARGEST_ARC or len(arcs) >= _ARCS:
            raise Malformed
        if not goes_on:
            arcs += (arc,) if arcs else (min(arc // 40, 2), arc - 40 * min(arc // 40, 2))
            arc = 0
    if goes_on or not arcs:
        raise Malformed
    return tuple(arcs)


State = Literal["goes on", "ended", "goes round", "refused"]


class Walk:
    """Where a walk below ``root`` is: what to ask for next, and whether it has ended, and how."""

    def __init__(self, root: Oid, rows: int) -> None:
        self._root = root
        self.after = root
        self.rows = rows
        """Rows to ask for: fewer, once an agent cannot send as many."""
        self.state: State = "goes on"

    def take(self, said: Bulk) -> tuple[Variable, ...]:
        """The rows of the table in a response, in order; :attr:`state` says whether there may be more."""
        if said.error_status == _TOO_BIG and self.rows > 1:
            self.rows //= 2
            return ()
        if said.error_status:
            self.state = "refused"
            return ()
        taken: list[Variable] = []
        for variable in said.variables:
            if variable.tag in _EXCEPTIONS or variable.name[: len(self._root)] != self._root:
                self.state = "ended"
                break
            if variable.name <= self.after:
                self.state = "goes round"
                break
            self.after = variable.name
            taken.append(variable)
        if not said.variables:
            self.state = "ended"
        return tuple(taken)
