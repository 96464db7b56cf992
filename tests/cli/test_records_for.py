"""Which credential records a scan reads."""

from pathlib import Path

import pytest

from iotscan.cli.recipe import records_for
from iotscan.data.credential_records import load_records
from iotscan.model.errors import BadInput
from iotscan.model.scope import Grants, Scope


def test_ours_are_read_for_a_scan_that_may_try_them_and_for_no_other() -> None:
    assert records_for(Scope(include=(), grants=Grants(default_creds=True)), ()) == load_records()
    assert records_for(Scope(include=()), ()) == ()


def test_a_file_that_was_given_is_read_without_the_grant_too(tmp_path: Path) -> None:
    file = tmp_path / "records.yaml"
    file.write_text("schema: other\n")
    with pytest.raises(BadInput, match="schema must be"):
        records_for(Scope(include=()), [str(file)])
