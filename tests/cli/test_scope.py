"""``iotscan scope``, and what a scan does with a scope file: nothing is sent that it does not allow."""

import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iotscan.cli import consent
from iotscan.model.errors import BadInput
from tests.authorised import NOW, write_scope
from tests.cli.conftest import Cli


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_scope(tmp_path / "scope.yaml", "10.0.0.0/28", out_of_scope=[{"ip": "10.0.0.3", "reason": "medical"}])


def test_a_template_is_refused_until_it_is_filled_in(cli: Cli, tmp_path: Path, silent_network: list[str]) -> None:
    printed = cli("scope", "init", "--cidr", "192.0.2.0/24", "--engagement", "ACME-7")
    path = tmp_path / "made.yaml"
    path.write_text(printed.out)
    refused = cli("scope", "check", "--scope", path)
    assert refused.code == 2
    assert "FILL-IN still stands here" in refused.err
    path.write_text(printed.out.replace("FILL-IN", "Somebody"))
    assert cli("scope", "check", "192.0.2.7", "--scope", path).code == 0
    shown = cli("scope", "show", path)
    assert "ACME-7, for Somebody, by Somebody" in shown.out
    assert "open now" in shown.out
    assert silent_network == []


@pytest.mark.parametrize("words", [("--cidr", "10.0.0.1/24"), ("--engagement", 'a"b'), ("--engagement", "a\nb")])
def test_a_template_of_nothing_sensible(cli: Cli, words: tuple[str, ...]) -> None:
    ended = cli("scope", "init", *words)
    assert (ended.code, ended.out) == (2, "")


def test_check_says_in_and_out_with_the_reason(cli: Cli, file: Path, silent_network: list[str]) -> None:
    ended = cli("scope", "check", "10.0.0.0/29", "10.0.0.3", "10.0.0.14-17", "--scope", file)
    assert ended.code == 2
    assert ended.out.splitlines()[1:] == [
        "in   10.0.0.1-10.0.0.2",
        "out  10.0.0.3  is out of scope: medical",
        "in   10.0.0.4-10.0.0.6",
        "out  10.0.0.3  is out of scope: medical",
        "in   10.0.0.14",
        "out  10.0.0.15  is out of scope: the network or broadcast address of a network in scope",
        "out  10.0.0.16-10.0.0.17  is not in the scope file",
    ]
    assert cli("scope", "check", "10.0.0.0/29", "--scope", file).code == 0
    assert silent_network == []


def test_names_are_looked_up_only_when_allowed(cli: Cli, file: Path) -> None:
    ended = cli("scope", "check", "camera.example", "--scope", file)
    assert ended.code == 2
    assert "add --resolve" in ended.err


GRANT = ("--default-creds", "--yes")
REFUSED = {
    "outside": (("10.0.1.1",), "10.0.1.1 is not in the scope file"),
    "forbidden": (("10.0.0.3",), "10.0.0.3 is out of scope: medical"),
    "partly outside": (("10.0.0.0/24",), "10.0.0.16 is not in the scope file"),
    "nobody to confirm": (("10.0.0.1", "--default-creds"), "agree with --yes"),
    "nobody to confirm what is intrusive": (("10.0.0.1", "--intrusive"), "agree with --yes"),
    "practice network": (("--lab",), "takes no scope file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_scan_is_refused_before_anything_is_sent(cli: Cli, file: Path, silent_network: list[str], name: str) -> None:
    words, says = REFUSED[name]
    ended = cli("scan", *words, "--scope", file)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert silent_network == []
    assert not Path("iotscan-out").exists()


def test_a_closed_window_and_a_missing_permission(cli: Cli, file: Path, silent_network: list[str]) -> None:
    past = {"not_before": "2026-01-01T00:00:00Z", "not_after": "2026-01-02T00:00:00Z"}
    write_scope(file, "10.0.0.0/28", window=past, expires="2026-01-31")
    ended = cli("scan", "10.0.0.1", "--scope", file)
    assert (ended.code, "window of ACME-1 closed" in ended.err) == (2, True)
    write_scope(file, "10.0.0.0/28", permissions={})
    ended = cli("scan", "10.0.0.1", "--scope", file, *GRANT)
    assert (ended.code, "--default-creds is not permitted by scope.yaml" in ended.err) == (2, True)
    ended = cli("scan", "10.0.0.1", "--scope", file, "--intrusive", "--yes")
    assert (ended.code, "--intrusive is not permitted by scope.yaml" in ended.err) == (2, True)
    ended = cli("scan", "10.0.0.1", "--intrusive", "--yes")
    assert (ended.code, "--intrusive on 10.0.0.1/32 needs a scope file" in ended.err) == (2, True)
    ended = cli("scan", "10.0.0.1", *GRANT)
    assert (ended.code, "needs a scope file that permits it" in ended.err) == (2, True)
    assert silent_network == []


def test_no_authority_comes_from_a_file_that_is_found(cli: Cli, file: Path, silent_network: list[str]) -> None:
    Path("iotscan.yaml").write_text("schema: iotscan/config@1\nscope: scope.yaml\n")
    ended = cli("scan", "10.0.0.1", *GRANT)
    assert ended.code == 2
    assert silent_network == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "is_confirmed"), [("ACME-1\n", True), ("y\n", False), ("", False)])
def test_grants_are_confirmed_by_typing_the_engagement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, is_confirmed: bool
) -> None:
    from iotscan.data.scope_file import read_scope
    from iotscan.model.scope import Grants, Scope

    mandate = read_scope(write_scope(tmp_path / "scope.yaml", "10.0.0.0/28")).mandate
    scope = Scope(include=("10.0.0.0/28",), grants=Grants(default_creds=True), mandate=mandate)
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    if is_confirmed:
        consent.confirm(scope, yes=False)
    else:
        with pytest.raises(BadInput, match="not confirmed"):
            consent.confirm(scope, yes=False)


def test_the_window_of_the_tests_is_open() -> None:
    assert NOW - timedelta(days=1) < datetime.now(UTC) < NOW + timedelta(days=1)


def test_whoever_confirms_intrusive_questions_reads_that_keys_are_tried() -> None:
    from iotscan.model.scope import Grants

    assert "pre-shared keys of public examples are tried" in consent.describe(Grants(intrusive=True))
    assert "tried" not in consent.describe(Grants())
