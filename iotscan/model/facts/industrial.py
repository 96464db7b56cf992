"""Industrial equipment that answers in its own protocol, and who it says it is."""

from typing import Literal

from iotscan.model.facts.fact import Fact


class ModbusDevice(Fact, frozen=True, kw_only=True, tag="modbus-device"):
    """A Modbus/TCP server that answers; its names where it told them (function 43/14)."""

    vendor: str = ""
    product: str = ""
    revision: str = ""
    exception: int = 0
    """The code of a server that answers to no such question (V1.1b3 section 7); 0 where it told."""


class BacnetDevice(Fact, frozen=True, kw_only=True, tag="bacnet-device"):
    """A BACnet/IP device that lets anybody read its name, or answers that it cannot (ASHRAE 135, 15.5)."""

    name: str = ""
    instance: int = -1
    """Its number; -1 where it did not tell."""
    refusal: str = ""
    """``error``, ``reject`` or ``abort`` where it answered so."""


class ControllerService(Fact, frozen=True, kw_only=True, tag="controller-service"):
    """A controller, or its gateway, that answers to strangers in another protocol of its kind."""

    protocol: Literal["ethernet-ip", "iso-tsap", "dnp3", "knx"]
    how: str
    """What it answered: ``ListIdentity``, ``connection accepted`` …"""
    vendor: str = ""
    """As the protocol gives it: of EtherNet/IP the number that ODVA gave out."""
    product: str = ""
    revision: str = ""
    serial: str = ""
    is_secured: bool = False
    """It says that it can be talked to in a secured form, too: KNX Secure."""
