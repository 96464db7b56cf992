"""``iotscan credentials`` tells which products are known, and no password."""

import json
from pathlib import Path

from iotscan.data.credential_records import load_records
from tests.cli.conftest import Cli

RECORD = """schema: iotscan/credentials@1
records:
  - id: acme
    vendor: Acme
    product: Cam
    protocols: [snmp]
    match: {product: acme cam}
    pairs: [{user: "", password: "hush-1234"}]
    source: its manual
"""


def test_records_are_listed_without_their_passwords(cli: Cli, tmp_path: Path) -> None:
    given = tmp_path / "records.yaml"
    given.write_text(RECORD)
    ended = cli("credentials", "list", "acme cam", "--credentials", str(given))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "acme  Acme Cam: snmp; (no user); its manual\n"
    everything = json.loads(cli("credentials", "list", "-f", "json", "--credentials", str(given)).out)
    assert len(everything) == len(load_records()) + 1
    (acme,) = (r for r in everything if r["id"] == "acme")
    assert (acme["accounts"], acme["source"]) == ([""], "its manual")
    assert "hush-1234" not in json.dumps(everything)
    assert not any("pairs" in r for r in everything)


def test_that_nothing_is_known_is_said(cli: Cli) -> None:
    ended = cli("credentials", "list", "no such product")
    assert (ended.code, ended.out) == (0, "")
    assert "no record has 'no such product'" in ended.err


def test_an_unknown_format_is_said(cli: Cli) -> None:
    ended = cli("credentials", "list", "-f", "csv")
    assert ended.code == 2
    assert "text and json" in ended.err
