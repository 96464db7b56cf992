"""Whether a controller answers a stranger in EtherNet/IP, ISO transport (S7, MMS), DNP3 or KNX: one request each."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from iotscan.model.facts import ControllerService
from iotscan.observe.network.equipment import ask_datagram, ask_once
from iotscan.observe.network.probe import Door, Heard, Probe
from iotscan.wire import dnp3, ethernet_ip, iso_tsap, knx


async def ask_controller(door: Door) -> Heard:
    """Ask one service in the protocol of its port. Never raises a DialError."""
    return await _ASKS[door.service.protocol](door)


async def _ask_ethernet_ip(door: Door) -> Heard:
    context = secrets.token_bytes(8)
    request = ethernet_ip.list_identity(context)
    return await ask_once(door, ControllerService, request, ethernet_ip.wants_more, partial(_read_identity, context))


async def _ask_iso_tsap(door: Door) -> Heard:
    return await ask_once(door, ControllerService, iso_tsap.CONNECTION_REQUEST, iso_tsap.wants_more, _read_reply)


async def _ask_dnp3(door: Door) -> Heard:
    return await ask_once(door, ControllerService, dnp3.link_status_request(), dnp3.wants_more, _read_status)


async def _ask_knx(door: Door) -> Heard:
    return await ask_datagram(door, ControllerService, knx.description_request(), _read_description)


def _read_identity(context: bytes, got: bytes) -> tuple[ControllerService, str] | None:
    said = ethernet_ip.read_answer(got, context)
    if said is None:
        return None
    fact = ControllerService(
        protocol="ethernet-ip",
        how="ListIdentity",
        vendor=str(said.vendor),
        product=said.product,
        revision=said.revision,
        serial=said.serial,
    )
    return fact, f"{said.product} {said.revision}"


def _read_reply(got: bytes) -> tuple[ControllerService, str] | None:
    reply = iso_tsap.read_reply(got)
    how = f"connection {reply}"
    return (ControllerService(protocol="iso-tsap", how=how), how) if reply else None


def _read_status(got: bytes) -> tuple[ControllerService, str] | None:
    how = "link status"
    return (ControllerService(protocol="dnp3", how=how), how) if dnp3.is_answer(got) else None


def _read_description(got: bytes) -> tuple[ControllerService, str] | None:
    said = knx.read_description(got)
    if said is None:
        return None
    fact = ControllerService(
        protocol="knx",
        how="description",
        product=said.name,
        serial=said.serial,
        is_secured=knx.SECURITY in said.families,
    )
    return fact, said.name


_ASKS: Final[Mapping[str, Callable[[Door], Awaitable[Heard]]]] = MappingProxyType(
    {"dnp3": _ask_dnp3, "ethernet-ip": _ask_ethernet_ip, "iso-tsap": _ask_iso_tsap, "knx": _ask_knx}
)
PROBE = Probe(
    name="controller",
    version=1,
    speaks=frozenset(_ASKS),
    gives=(ControllerService,),
    ask=ask_controller,
    stage=0,
    fragile="industrial",
)
