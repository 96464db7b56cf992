"""The LAN for questions, started once, and its scans, each made once."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from tests.authorised import write_scope
from tests.lan.conftest import give_up
from tests.lan.network import Lan, why_not
from tests.lan.scanning import Finished, Scanner
from tests.questions.lan import QuestionLan, tools
from tests.questions.truth import NETWORK, QuestionDevice

JSON = ("-f", "json", "--no-progress")


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """A scan that has ended, the log-in attempts that the machines' logs show of it, and what it harmed."""

    finished: Finished
    logins: dict[str, Mapping[str, int]]
    harm: dict[str, str]


@pytest.fixture(scope="session")
def questions_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the LAN; skips loudly, or fails, where no network of namespaces can be made."""
    if reason := why_not(tools()):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    return tmp_path_factory.mktemp("questions")


@pytest.fixture(scope="session")
def questions(questions_folder: Path) -> Iterator[QuestionLan]:
    """All machines of the truth with their daemons, each ready."""
    with Lan(questions_folder) as network:
        yield QuestionLan(network)


class Scans:
    """Scans of the LAN, by what was granted."""

    def __init__(self, lan: QuestionLan, folder: Path) -> None:
        self._lan = lan
        folder.mkdir()
        self._scanner = Scanner(lan, folder)
        self._scope = write_scope(folder / "scope.yaml", NETWORK)

    def all(self, *words: str) -> Scan:
        """Scan the whole network."""
        return self._scan(NETWORK, *words)

    def only(self, devices: list[QuestionDevice], *words: str) -> Scan:
        """Scan some devices of it."""
        return self._scan(*(a for d in devices for a in d.addresses), *words)

    def since(self, earlier: Finished) -> Finished:
        """The whole network again, with the run of an earlier scan of it to go back to."""
        (run,) = (p for p in (earlier.folder / "iotscan-out").iterdir() if p.is_dir())
        return self._scanner("scan", NETWORK, "--since", str(run), "--scope", str(self._scope), "--yes", *JSON)

    def _scan(self, *words: str) -> Scan:
        before = self._lan.logins()
        finished = self._scanner("scan", *words, "--scope", str(self._scope), "--yes", *JSON)
        after = self._lan.logins()
        return Scan(
            finished=finished,
            logins={host: _more(before[host], now) for host, now in after.items()},
            harm=self._lan.harm(),
        )


def _more(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    more = {account: count - before.get(account, 0) for account, count in after.items()}
    return {account: count for account, count in more.items() if count}


@pytest.fixture(scope="session")
def scans(questions: QuestionLan, questions_folder: Path) -> Scans:
    """The command line, where the scanner stands."""
    return Scans(questions, questions_folder / "scans")


@pytest.fixture(scope="session")
def plain(scans: Scans) -> Scan:
    """A scan that may do nothing but read."""
    return scans.all()


@pytest.fixture(scope="session")
def granted(scans: Scans) -> Scan:
    """A scan that may try default logins."""
    return scans.all("--default-creds")


@pytest.fixture(scope="session", params=["plain", "granted"])
def scan(request: pytest.FixtureRequest) -> Scan:
    """Each of both, for what has to hold of any scan."""
    made = request.getfixturevalue(request.param)
    assert isinstance(made, Scan)
    return made
