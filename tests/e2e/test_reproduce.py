"""The command beside each finding shows what the finding says."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from iotscan.data.credential_records import read_records
from iotscan.model.result import Result
from iotscan.shipped import PACKAGE
from tests.e2e.conftest import Scanned

SECONDS = 30
NOBODY = "127.123.45.67"
PLACEHOLDER = "PASSWORD_FROM_THE_DOCUMENT"
PACKAGES = {
    "adb": "adb",
    "curl": "curl",
    "mosquitto_pub": "mosquitto-clients",
    "mosquitto_sub": "mosquitto-clients",
    "nc": "netcat-openbsd",
    "openssl": "openssl",
    "snmpget": "snmp",
    "snmpwalk": "snmp",
    "ssh": "openssh-client",
    "ssh-keyscan": "openssh-client",
    "sshpass": "sshpass",
    "telnet": "inetutils-telnet",
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and what its command printed; ``missing`` are the apt packages that it would need."""

    result: Result
    output: str
    missing: tuple[str, ...] = ()

    @property
    def is_proof(self) -> bool:
        return self.result.shows in self.output

    def __str__(self) -> str:
        about = f"{self.result.check} {self.result.variant} on {self.result.subject}"
        return f"{about}\n  $ {self.result.reproduce}\n  wanted: {self.result.shows!r}\n  got: {self.output[-1500:]!r}"


def run(result: Result, password: str) -> Shown:
    words = set(re.findall(r"[\w.-]+", result.reproduce))
    missing = tuple(sorted({p for name, p in PACKAGES.items() if name in words and shutil.which(name) is None}))
    if missing:
        return Shown(result=result, output="", missing=missing)
    try:
        ended = subprocess.run(
            ["bash", "-c", result.reproduce.replace(PLACEHOLDER, password)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return Shown(result=result, output=f"no end within {SECONDS} s; so far: {(late.stdout or b'')!r}")
    return Shown(result=result, output=ended.stdout.decode(errors="replace"))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("which", ["scanned", "scanned_politely"])
def test_each_command_shows_its_finding(which: str, request: pytest.FixtureRequest) -> None:
    scanned: Scanned = request.getfixturevalue(which)
    (record,) = read_records(PACKAGE / "lab" / "credentials.yaml")
    password = record.pairs[0].password.reveal()
    findings = [r for r in scanned.run.results if r.is_finding]
    if which == "scanned_politely":
        # What the grant does not change was shown above; here only what it may.
        findings = [r for r in findings if r.element == "keys"]
    assert all(r.reproduce and r.shows for r in findings)
    with ThreadPoolExecutor(3) as pool:
        shown = list(pool.map(lambda r: run(r, password), findings))
    failed = [str(s) for s in shown if not s.missing and not s.is_proof]
    assert not failed, "\n".join(failed)
    missing = sorted({p for s in shown for p in s.missing})
    if missing:
        pytest.skip(f"{sum(bool(s.missing) for s in shown)} commands not run: apt install {' '.join(missing)}")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_command_shows_a_finding_where_nobody_answers(scanned: Scanned) -> None:
    """Or it would show it of anything."""
    findings = {(r.check, r.variant): r for r in scanned.run.results if r.is_finding}.values()
    nobody = [
        msgspec.structs.replace(r, reproduce=re.sub(r"\b127\.77\.\d+\.\d+\b", NOBODY, r.reproduce)) for r in findings
    ]
    assert all(NOBODY in r.reproduce for r in nobody)
    with ThreadPoolExecutor(3) as pool:
        shown = list(pool.map(lambda r: run(r, "nothing"), nobody))
    assert not [str(s) for s in shown if s.is_proof]


def test_no_command_holds_a_password(scanned: Scanned) -> None:
    (record,) = read_records(PACKAGE / "lab" / "credentials.yaml")
    assert all(record.pairs[0].password.reveal() not in r.reproduce for r in scanned.run.results)
    assert not [r.reproduce for r in scanned.run.results if "***" in r.reproduce], "a command of ours is no secret"
