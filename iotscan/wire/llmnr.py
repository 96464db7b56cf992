"""LLMNR: the name of one host, asked of it alone, which has to be over TCP (RFC 4795 §2.4)."""

from ipaddress import ip_address
from typing import Final

from zeroconf import DNSIncoming, DNSPointer

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

PORT: Final = 5355
MESSAGE_LIMIT: Final = 512
_PTR_IN: Final = b"\0\x0c\0\1"


def reverse_query(address: str, number: int) -> bytes:
    """Ask the host at ``address`` what it is called, behind a length of two bytes."""
    name = ip_address(address.partition("%")[0]).reverse_pointer
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    message = number.to_bytes(2, "big") + b"\0\0\0\1" + bytes(6) + labels + b"\0" + _PTR_IN
    return len(message).to_bytes(2, "big") + message


def is_short(so_far: bytes) -> bool:
    """Whether more of an answer has to come; what announces more than :data:`MESSAGE_LIMIT` is none."""
    length = int.from_bytes(so_far[:2], "big")
    return len(so_far) < 2 or len(so_far) < 2 + length <= 2 + MESSAGE_LIMIT


def read_name(answer: bytes, address: str, number: int) -> tuple[Claim, ...]:
    """The name in an answer to :func:`reverse_query`; empty for anything else. Never raises."""
    message = DNSIncoming(answer[2 : 2 + MESSAGE_LIMIT])
    if not message.valid or not message.is_response() or message.id != number:
        return ()
    wanted = f"{ip_address(address.partition('%')[0]).reverse_pointer}."
    names = [r.alias for r in message.answers() if isinstance(r, DNSPointer) and r.name.lower() == wanted]
    return tuple(Claim(what="hostname", value=safe_text(name.removesuffix(".")), how="llmnr") for name in names[:1])
