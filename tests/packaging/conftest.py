"""Builds of ours, and environments that hold nothing of this checkout."""

import fcntl
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.shipped import PACKAGE

ROOT = PACKAGE.parent
SAMPLE_PACK = Path(__file__).with_name("sample_pack")
SECONDS = 180


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual environment, and how to run what is installed there."""

    root: Path
    home: Path

    @property
    def packages(self) -> Path:
        """Where it keeps its packages."""
        return next((self.root / "lib").glob("python*/site-packages"))

    def run(self, program: str, *words: str | Path, cwd: Path = Path("/")) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, far from the checkout."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IOTSCAN_", "VIRTUAL_ENV"))}
        return subprocess.run(
            [str(self.root / "bin" / program), *map(str, words)],
            cwd=cwd,
            env={**kept, "XDG_STATE_HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def iotscan(self, *words: str | Path, cwd: Path = Path("/")) -> str:
        """What ``iotscan WORDS`` prints; it has to succeed."""
        ended = self.run("iotscan", *words, cwd=cwd)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def install(self, wheel: Path) -> None:
        """Install one wheel and nothing that it requires."""
        command = [sys.executable, "-m", "pip", "--python", str(self.root / "bin" / "python"), "install"]
        work([*command, "--quiet", "--no-deps", "--no-index", str(wheel)])


Make = Callable[[Path], Place]


def work(command: list[str], cwd: Path | None = None) -> str:
    """Run a tool that has to succeed."""
    ended = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def build(source: Path, output: Path, *words: str) -> Path:
    """The wheel of ``source``, built with the tools of this environment."""
    work([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(output), *words, str(source)])
    (wheel,) = output.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel, built from the sdist, which lies beside it."""
    return build(ROOT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``pip install -e .`` installs."""
    output = tmp_path_factory.mktemp("editable")
    work([sys.executable, "-c", f"from hatchling.build import build_editable; build_editable({str(output)!r})"], ROOT)
    (made,) = output.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def sample_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody else's pack of checks."""
    return build(SAMPLE_PACK, tmp_path_factory.mktemp("pack"), "--wheel")


@pytest.fixture(scope="session")
def make_place(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """``make_place(wheel)`` makes an environment with the wheel; what that requires is lent by this one.

    Lending adds a directory to the path and no more: what is installed here as editable stays out, for
    the ``.pth`` files in that directory are not read.
    """

    def make(wheel: Path) -> Place:
        root = tmp_path_factory.mktemp("environment")
        venv.create(root, symlinks=True)
        place = Place(root=root, home=tmp_path_factory.mktemp("home"))
        place.install(wheel)
        lent = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
        (place.packages / "zz-lent.pth").write_text("".join(f"{path}\n" for path in lent))
        return place

    return make


@pytest.fixture(scope="session")
def place(make_place: Make, wheel: Path) -> Place:
    """An environment with our wheel."""
    return make_place(wheel)


@pytest.fixture
def only_one() -> Iterator[None]:
    """No other test of any process starts the practice network at its own addresses meanwhile."""
    with (Path(tempfile.gettempdir()) / "iotscan-tests-practice-network.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
