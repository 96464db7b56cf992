import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import onvif
from tests.observe.network.onvif_camera import FAULT, answered, envelope
from tests.wire.test_hostile_answers import BOMBS

READING = {"GetSystemDateAndTime": "PRE_AUTH", "GetDeviceInformation": "READ_SYSTEM", "GetUsers": "READ_SYSTEM_SECRET"}


def test_nothing_but_three_reading_requests_can_be_made() -> None:
    assert set(onvif.QUESTIONS) == READING.keys()
    for question in onvif.QUESTIONS:
        head, _, body = onvif.request(question, "/onvif/device_service", "10.0.0.9").partition(b"\r\n\r\n")
        assert head.startswith(b"POST /onvif/device_service HTTP/1.1\r\nHost: 10.0.0.9\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        assert re.findall(rb"<(\w+) xmlns=", body.partition(b"Body>")[2]) == [question.encode()]
        assert b"Security" not in body


def test_answers() -> None:
    assert onvif.read_reply("GetSystemDateAndTime", 200, answered("GetSystemDateAndTime").encode()).kind == "answered"
    told = onvif.read_reply("GetDeviceInformation", 200, answered("GetDeviceInformation").encode())
    assert (told.kind, told.manufacturer, told.model, told.firmware) == ("answered", "Acme", "IPC-2000", "2.1.7")
    users = onvif.read_reply("GetUsers", 200, answered("GetUsers").encode())
    assert (users.kind, users.accounts) == ("answered", 2)


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_fault_that_asks_for_a_login(status: int) -> None:
    assert onvif.read_reply("GetUsers", status, envelope(FAULT).encode()).kind == "refused"
    other = envelope(
        FAULT.replace("ter:NotAuthorized", "wsse:FailedAuthentication").replace("Sender not Authorized", "")
    )
    assert onvif.read_reply("GetUsers", status, other.encode()).kind == "refused"
    unknown = envelope(FAULT.replace("NotAuthorized", "ActionNotSupported").replace("Sender not Authorized", "No"))
    assert onvif.read_reply("GetUsers", status, unknown.encode()).kind == "fault"


@pytest.mark.parametrize("status", [401, 403])
def test_a_status_that_asks_for_a_login(status: int) -> None:
    reply = onvif.read_reply("GetUsers", status, b"")
    assert (reply.kind, reply.is_soap) == ("refused", False)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>GetUsersResponse Username</body></html>",
        "<Body><GetUsersResponse><User><Username>a</Username></User></GetUsersResponse></Body>",
        answered("GetDeviceInformation"),
        envelope("<tds:GetUsersResponse/>"),
        envelope("<tds:GetUsersResponse><tds:User><tt:Username> </tt:Username></tds:User></tds:GetUsersResponse>"),
        onvif.envelope("GetUsers"),
    ],
)
def test_what_is_no_answer_to_the_question(body: str) -> None:
    assert onvif.read_reply("GetUsers", 200, body.encode()).kind == "other"


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(name: str) -> None:
    assert onvif.read_reply("GetUsers", 200, BOMBS[name].encode()) == onvif.OnvifReply(kind="other")


@given(st.sampled_from(onvif.QUESTIONS), st.integers(100, 599), st.binary(max_size=80))
def test_any_bytes_are_read(question: onvif.Question, status: int, data: bytes) -> None:
    onvif.read_reply(question, status, data)


@given(st.text(max_size=40))
def test_any_text_is_made_safe(text: str) -> None:
    shown = text.replace("&", "").replace("<", "")
    body = envelope(
        f"<tds:GetDeviceInformationResponse><tds:Model>{shown}</tds:Model></tds:GetDeviceInformationResponse>"
    )
    assert onvif.read_reply("GetDeviceInformation", 200, body.encode("utf-8", "replace")).model.isprintable()
