"""Shell lines that ask industrial equipment the one question that a probe asked, byte by byte, and say what answers."""

import base64
import shlex

from iotscan.assess.check import Target
from iotscan.wire import bacnet, dnp3, ethernet_ip, iso_tsap, knx, modbus

_NUMBER = 0x69
_CONTEXT = b"iotscan1"


def ask_modbus(target: Target) -> str:
    """Read Device Identification; prints a line where Modbus answers, be it that it does not know the question."""
    return _ask(target, modbus.identification_request(_NUMBER), "00690000.{4}ff(2b|ab)", "Modbus answers")


def ask_bacnet(target: Target) -> str:
    """ReadProperty of the name of any device; prints a line where BACnet answers, be it with an error."""
    return _ask(target, bacnet.read_name(_NUMBER), "81.{6}01.*(30|50|60|7.)69", "BACnet answers")


def ask_controller(target: Target, protocol: str) -> str:
    """The question of the controller probe in one protocol; prints a line where that answers."""
    asked, answer = {
        "ethernet-ip": (ethernet_ip.list_identity(_CONTEXT), f"6300.{{20}}{_CONTEXT.hex()}"),
        "iso-tsap": (iso_tsap.CONNECTION_REQUEST, "0300.{6}[d8]"),
        "dnp3": (dnp3.link_status_request(), "0564"),
        "knx": (knx.description_request(), "06100204"),
    }[protocol]
    return _ask(target, asked, answer, "the controller answers")


def _ask(target: Target, request: bytes, answer: str, words: str) -> str:
    said = shlex.join(("echo", base64.b64encode(request).decode()))
    over = ("-u",) if target.subject.transport == "udp" else ()
    heard = shlex.join(("timeout", "6", "nc", *over, "-w", "3", target.host, str(target.port)))
    show = shlex.join(("-e", f"s/^{answer}.*/{words}/p"))
    return f"{said} | base64 -d | {heard} | od -An -v -tx1 | tr -d ' \\n' | sed -nE {show}"
