"""What would answer a question is said of the thing that was looked at."""

import pytest

from iotscan.assess.remedies import remedy
from iotscan.model.facts import Accounts, DefaultLogin, FtpServer, TlsAttacks, TlsEndpoint, TrafficProfile, kind_of
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Reason


@pytest.mark.parametrize("kind", [kind_of(Accounts), kind_of(TlsEndpoint)])
def test_what_cannot_be_read_in_an_image_is_no_service(kind: str) -> None:
    """A TLS server, too, may be a configuration that nobody could read."""
    said = remedy(Reason.UNREADABLE, kind, Subject(image="gw", path="p3"))
    assert said == "give that part in a form that iotscan reads, or mended: iotscan image PATH"


def test_what_a_device_answered_is() -> None:
    said = remedy(Reason.UNREADABLE, kind_of(TlsEndpoint), Subject(device="d", service="tcp/443"))
    assert said.startswith("look at the service by hand")


def test_every_reason_has_one() -> None:
    assert all(remedy(reason, kind_of(Accounts), Subject(image="gw")) for reason in Reason)


@pytest.mark.parametrize(
    ("kind", "grant"),
    [
        (kind_of(DefaultLogin), "--default-creds"),
        (kind_of(FtpServer), "--default-creds"),
        (kind_of(TlsAttacks), "--intrusive"),
    ],
)
def test_the_grant_that_is_named_is_the_one_that_is_missing(kind: str, grant: str) -> None:
    assert f"--scope FILE {grant} " in remedy(Reason.CONSENT, kind, Subject(device="d", service="tcp/21"))


def test_a_product_that_nobody_knows_is_told_by_a_record() -> None:
    said = remedy(Reason.NOT_OBSERVABLE, kind_of(DefaultLogin), Subject(device="d", service="tcp/23"))
    assert "--credentials FILE" in said


def test_what_was_not_seen_in_traffic_takes_more_of_it() -> None:
    said = remedy(Reason.NOT_OBSERVABLE, kind_of(TrafficProfile), Subject(device="d"))
    assert said.startswith("capture for longer")
