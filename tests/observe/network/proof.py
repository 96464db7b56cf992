"""What the reproduce line of a default login shows when it is run."""

import subprocess

from checks.keys.default_credentials import PLACEHOLDER, default_credentials
from iotscan.model.facts import DefaultLogin
from iotscan.model.subject import Subject
from iotscan.sdk import Target
from tests.observe.network.daemons import HOST


def proves(found: DefaultLogin, port: int, password: str, *, transport: str = "tcp") -> bool:
    """Whether the line, with ``password`` in its place, shows the finding."""
    subject = Subject(device="d", address=HOST, service=f"{transport}/{port}")
    returned = default_credentials.question(found, Target(subject=subject))
    line = returned.reproduce.replace(PLACEHOLDER, password)  # type: ignore[union-attr]  # a finding
    ended = subprocess.run(["bash", "-c", line], capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
    return returned.shows in (ended.stdout + ended.stderr).decode()  # type: ignore[union-attr]  # a finding
