"""Three reading requests of ONVIF's device service, and their answers. No other request can be made here.

ONVIF knows nothing but POST: what a request does, its name says. Sources: ONVIF Core Specification 23.12, "Access
classes for service requests" (PRE_AUTH, READ_SYSTEM, READ_SYSTEM_SECRET; default access policy), "Generic faults"
(ter:NotAuthorized), and the device management service; SOAP 1.2 part 2 §7 (HTTP binding).
"""

import re
from typing import Final, Literal

import msgspec

from iotscan import __version__
from iotscan.model.text import safe_text
from iotscan.wire.plain_xml import Refused, read_xml

Question = Literal["GetSystemDateAndTime", "GetDeviceInformation", "GetUsers"]
QUESTIONS: Final[tuple[Question, ...]] = ("GetSystemDateAndTime", "GetDeviceInformation", "GetUsers")
"""The first is answered to anybody; a login has to come before the others."""
BODY_CAP: Final = 64 * 1024
_NAMESPACE: Final = "http://www.onvif.org/ver10/device/wsdl"
_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    '<{name} xmlns="{namespace}"/></s:Body></s:Envelope>'
)
_NOT_LETTERS: Final = re.compile(r"[^a-z]")
_DENIALS: Final = ("notauthorized", "unauthorized", "failedauthentication", "accessdenied", "authorityfailure")
"""Of fault codes and reasons, letters alone: ter:NotAuthorized, wsse:FailedAuthentication, and what else is said."""

Kind = Literal["answered", "refused", "fault", "other"]


class OnvifReply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: the answer to the very question, a demand for a login, another SOAP fault, or something else.

    ``is_soap`` is true for whatever came in a SOAP envelope. Texts are safe.
    """

    kind: Kind
    is_soap: bool = False
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    accounts: int = 0


def envelope(question: Question) -> str:
    """The body of a request."""
    return _ENVELOPE.format(name=question, namespace=_NAMESPACE)


def request(question: Question, path: str, host: str) -> bytes:
    """A request without credentials; ``host`` is the Host field."""
    body = envelope(question).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: iotscan/{__version__}\r\n"
        f'Content-Type: application/soap+xml; charset=utf-8; action="{_NAMESPACE}/{question}"\r\n'
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode("ascii", "replace") + body


def read_reply(question: Question, status: int, body: bytes) -> OnvifReply:
    """What a response to ``question`` says. Never raises."""
    seen: set[str] = set()
    texts: dict[str, str] = {}
    faults: list[str] = []
    answer = ("Envelope", "Body", f"{question}Response")
    counted = {"Username": 0}

    def closed(path: tuple[str, ...], text: str) -> None:
        if path[:2] == ("Envelope", "Body"):
            seen.add("soap")
        if path[:3] == answer:
            seen.add(path[-1])
            counted["Username"] += path[-1] == "Username" and bool(text)
            if len(path) == 4 and text:
                texts.setdefault(path[-1], safe_text(text))
        elif path[:3] == ("Envelope", "Body", "Fault"):
            seen.add("fault")
            faults.append(_NOT_LETTERS.sub("", text.lower()[:200]))

    try:
        read_xml(body, closed)
    except Refused:
        seen.clear()
    is_denied = status in (401, 403) or any(word in fault for fault in faults for word in _DENIALS)
    if is_denied or "soap" not in seen:
        return OnvifReply(kind="refused" if is_denied else "other", is_soap="soap" in seen)
    if status != 200 or "fault" in seen:
        return OnvifReply(kind="fault", is_soap=True)
    if not _tells(question, seen, texts, counted["Username"]):
        return OnvifReply(kind="other", is_soap=True)
    return OnvifReply(
        kind="answered",
        is_soap=True,
        manufacturer=texts.get("Manufacturer", ""),
        model=texts.get("Model", ""),
        firmware=texts.get("FirmwareVersion", ""),
        accounts=counted["Username"],
    )


def _tells(question: Question, seen: set[str], texts: dict[str, str], accounts: int) -> bool:
    """Whether the answer holds what was asked for: some stacks answer everything with an empty one."""
    if question == "GetUsers":
        return accounts > 0
    return bool(texts) if question == "GetDeviceInformation" else "SystemDateAndTime" in seen
