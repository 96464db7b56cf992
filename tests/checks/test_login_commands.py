"""The commands beside login findings, as a report shows them."""

from itertools import product
from typing import Any, get_args

from checks.keys.default_credentials import default_credentials
from iotscan.data.credential_records import Protocol
from iotscan.model.facts import DefaultLogin
from iotscan.model.redaction import hide_secrets
from iotscan.model.subject import Subject
from iotscan.sdk import Target, Verdict


def test_a_report_shows_the_whole_command_of_a_login() -> None:
    """Words that stand for a password are none: a command with ``***`` in it cannot be run."""
    for protocol, outcome, tls, action in product(
        get_args(Protocol), ("accepted", "accepts_any"), (False, True), ("", "/login")
    ):
        ways: dict[str, Any] = {"fields": ("user", "pw"), "action": action} if action else {}
        login = DefaultLogin(protocol=protocol, outcome=outcome, account="admin", tls=tls, path="/live", **ways)
        subject = Subject(device="d", address="192.0.2.7", service="tcp/4000")
        said = default_credentials.question(login, Target(subject=subject))
        assert isinstance(said, Verdict)
        assert hide_secrets(said.reproduce) == said.reproduce
