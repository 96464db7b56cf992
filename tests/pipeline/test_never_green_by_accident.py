"""Nothing reachable, nothing readable, nothing asked: none of it is ever exit code 0."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from iotscan.model.run import Run
from iotscan.store.runs import read_run
from tests.cli.conftest import Cli, cli
from tests.lan.conftest import give_up
from tests.pipeline import images
from tests.program import PROGRAM, environment

__all__ = ["cli"]
GATES = [(), ("--fail-on", "high"), ("--exit-zero",), ("--incomplete", "warn", "--exit-zero")]


def can_unshare() -> bool:
    done = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture(scope="module")
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str, Run]:
    """A scan in a network namespace without any interface that is up: nobody can be reached."""
    if not can_unshare():
        give_up("no right to make a namespace", is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    home = tmp_path_factory.mktemp("nobody")
    words = ("scan", "10.99.0.0/29", "--fail-on", "high", "-o", str(home / "out"), "-q")
    ended = subprocess.run(
        ["unshare", "--net", *PROGRAM, *words], env=environment(home), capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout, read_run("latest", home / "out")


def test_an_unreachable_lan_is_incomplete(unreachable: tuple[int, str, Run]) -> None:
    code, out, run = unreachable
    assert code == 3
    assert out == "gate holds; incomplete: no target answered\n"
    assert run.verdict
    assert (run.verdict.complete, run.verdict.exit_code) == (False, 3)


@pytest.mark.parametrize("gate", GATES, ids=" ".join)
def test_an_unreachable_lan_stays_incomplete(
    cli: Cli, unreachable: tuple[int, str, Run], tmp_path: Path, gate: tuple[str, ...]
) -> None:
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(unreachable[2]))
    assert cli("gate", tmp_path / "run.json", *gate).code == 3


def emptied(root: Path) -> None:
    shutil.rmtree(root)
    root.mkdir()


def without_etc(root: Path) -> None:
    shutil.rmtree(root / "etc")


def a_folder_for_shadow(root: Path) -> None:
    (root / "etc/shadow").unlink()
    (root / "etc/shadow").mkdir()


def a_pipe_for_shadow(root: Path) -> None:
    (root / "etc/shadow").unlink()
    os.mkfifo(root / "etc/shadow")


def a_loop_for_passwd(root: Path) -> None:
    (root / "etc/passwd").unlink()
    (root / "etc/passwd").symlink_to("passwd")


def a_link_out_of_the_image(root: Path) -> None:
    (root / "etc/shadow").unlink()
    (root / "etc/shadow").symlink_to("../../nowhere")


def noise_for_shadow(root: Path) -> None:
    (root / "etc/shadow").write_bytes(bytes(range(256)) * 40)


def noise_for_passwd(root: Path) -> None:
    (root / "etc/passwd").write_bytes(bytes(range(256)) * 40)


def noise_for_the_updater(root: Path) -> None:
    (root / "etc/rauc/system.conf").write_bytes(bytes(range(256)) * 40)


def a_hash_cut_off(root: Path) -> None:
    (root / "etc/shadow").write_text("root:$6$salt$tooshort:19000:0:99999:7:::\n")


def nothing_in_passwd(root: Path) -> None:
    (root / "etc/passwd").write_text("")
    (root / "etc/shadow").write_text("")


CORRUPTIONS: tuple[Callable[[Path], None], ...] = (
    emptied,
    without_etc,
    a_folder_for_shadow,
    a_pipe_for_shadow,
    a_loop_for_passwd,
    noise_for_shadow,
    noise_for_passwd,
    noise_for_the_updater,
    a_hash_cut_off,
    nothing_in_passwd,
)


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda f: f.__name__.replace("_", " "))
@pytest.mark.parametrize("gate", [(), ("--fail-on", "high")], ids=["no gate", "gate"])
def test_a_corrupt_image_is_never_clean(
    cli: Cli, tmp_path: Path, corrupt: Callable[[Path], None], gate: tuple[str, ...]
) -> None:
    root = images.good(tmp_path / "gw")
    assert cli("image", root, *gate, "-o", tmp_path / "out", "-qq").code == 0, "or this proves nothing"
    corrupt(root)
    ended = cli("image", root, *gate, "-o", tmp_path / "out", "-q")
    assert ended.code != 0, ended
    assert "Traceback" not in ended.err


def test_what_a_profile_requires_has_to_be_answered(cli: Cli, tmp_path: Path) -> None:
    """Hashes that come with the first start are no flaw of the image, and no answer to who requires one."""
    root = images.good(tmp_path / "gw")
    a_link_out_of_the_image(root)
    profile = tmp_path / "strict.yaml"
    profile.write_text("schema: iotscan/profile@1\nid: s\nversion: '1'\ntitle: S\nrequired: [password-hashes]\n")
    gated = ("image", root, "--fail-on", "high", "-o", tmp_path / "out", "-q")
    assert cli(*gated).code == 0
    assert cli(*gated, "--profile", profile).code == 3


def test_a_question_that_an_image_cannot_answer_is_no_pass(cli: Cli, tmp_path: Path) -> None:
    root = images.good(tmp_path / "gw")
    ended = cli("image", root, "--check", "tls-versions", "--fail-on", "high", "-o", tmp_path / "out", "-q")
    assert ended.code == 3
    assert "nothing could be assessed" in ended.out
