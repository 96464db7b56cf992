"""The whole program against the practice network of this test process."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from iotscan.lab.state import LabState, state_directory
from iotscan.model.run import Run
from iotscan.store.runs import read_run
from tests.program import run_iotscan

SCAN_SECONDS = 150.0


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """A finished scan: what the program said, and its run as kept."""

    code: int
    out: str
    err: str
    folder: Path
    run: Run


Scan = Callable[..., Scanned]


@pytest.fixture(scope="session")
def home(practice_network: LabState, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory in which ``iotscan scan --lab`` finds this process's practice network up."""
    root = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(root))
        lab = state_directory()
    lab.parent.mkdir(parents=True)
    lab.symlink_to(practice_network.directory)
    return root


@pytest.fixture(scope="session")
def scan(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """``scan("--check", "tls-*")`` scans the practice network and reads the run back."""

    def call(*words: str | Path) -> Scanned:
        output = tmp_path_factory.mktemp("scan")
        ended = run_iotscan("scan", "--lab", "-o", output, *words, home=home, seconds=SCAN_SECONDS)
        assert ended.returncode in (0, 1, 3), ended.stderr
        (folder,) = (p for p in output.iterdir() if p.is_dir())
        return Scanned(
            code=ended.returncode,
            out=ended.stdout,
            err=ended.stderr,
            folder=folder,
            run=read_run(str(folder), output),
        )

    return call


@pytest.fixture(scope="session")
def quick(practice_network: LabState) -> tuple[str, ...]:
    """Options that leave out the device that only takes time."""
    return ("--exclude", f"{practice_network.prefix}.18")


@pytest.fixture(scope="session")
def scanned(scan: Scan) -> Scanned:
    """One scan as ``iotscan scan --lab`` does it: default logins granted."""
    return scan()


@pytest.fixture(scope="session")
def scanned_politely(scan: Scan) -> Scanned:
    """One scan without the grant for default logins, as of any other network."""
    return scan("--no-default-creds")
