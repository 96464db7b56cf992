"""Connections that turn to TLS: what was said before is in the clear, and no login is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.model.facts import Exposure
from tests.traffic_lab.scenes.starttls_clients import PASSWORD
from tests.traffic_lab.test_mutated import findings
from tests.traffic_lab.understanding import understood

CaptureOf = Callable[[str], Path]
DEVICE = "02:77:00:00:00:15"
IN_CLEAR = ("backend-encryption", "cleartext-logins", "token-encryption")

pytestmark = pytest.mark.lan


def test_no_login_is_told_as_one_in_clear(capture_of: CaptureOf) -> None:
    heard = understood(capture_of("starttls_clients"))
    assert not heard.items(Exposure)
    assert PASSWORD not in heard.shown()
    # What only opened the port said nothing.
    assert {c.protection for c in heard.conversations if c.bytes_up} == {"encrypted"}


def test_who_takes_an_expired_certificate_of_a_mail_server_is_found(capture_of: CaptureOf, tmp_path: Path) -> None:
    found = findings(tmp_path / "run", capture_of("starttls_clients").read_bytes())
    assert ("server-certificate-validation", "dates", DEVICE) in found
    assert not [each for each in found if each[0] in IN_CLEAR]
