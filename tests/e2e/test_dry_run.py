"""What a dry run tells, that it tries nothing, and that neither it nor the tries after it leave a password anywhere."""

import json
from pathlib import Path

import pytest

from iotscan.store.runs import read_run
from tests.e2e.canaries import leaks
from tests.e2e.test_secrets import CANARY, files_below, watched
from tests.observe.network.daemons import HOST, serving
from tests.observe.network.login_site import LoginSite, login_site
from tests.observe.network.test_stream_logins import ftp

RECORD = f"""
schema: iotscan/credentials@1
records:
  - id: canary
    vendor: Acme
    product: Cam
    protocols: [http, ftp]
    match: {{title: Acme Cam, banner: Acme}}
    pairs:
      - {{user: admin, password: "{CANARY}"}}
    source: nowhere at all
"""


@pytest.mark.timeout(120)
def test_a_dry_run_tells_what_the_scan_then_tries(tmp_path: Path) -> None:
    records, output, state = tmp_path / "records.yaml", tmp_path / "out", tmp_path / "state"
    records.write_text(RECORD)
    state.mkdir()
    site = LoginSite("changed")
    heard: list[bytes] = []
    talk = ftp(password="changed", heard=heard)
    with login_site(site) as web, serving(talk) as files:
        grant = ("--default-creds", "--credentials", records, "--ports", f"{web},{files}")
        scan = ("scan", HOST, *grant, "--check", "default-credentials", "-o", output, "--no-progress")
        code, said, shown = watched(*scan, "--dry-run", "-f", f"json:{tmp_path}/told.json", home=state, cwd=tmp_path)
        assert code == 0, said
        assert not site.tried, "it tried a login"
        assert not heard, "it tried a login"
        assert not list(state.rglob("login-tries.jsonl"))
        told = json.loads((tmp_path / "told.json").read_bytes())
        again, text, seen = watched(*scan, "-f", "json", home=state, cwd=tmp_path)
    assert again == 0, text
    assert told["schema"] == "iotscan/dry-run@1"
    assert told["left_alone"] == []
    planned = {(t["device"], t["service"], t["protocol"]): t for t in told["tries"]}
    assert planned.keys() == {(HOST, f"tcp/{web}", "http"), (HOST, f"tcp/{files}", "ftp")}
    for each in planned.values():
        assert (each["product"], each["records"], each["accounts"]) == ("Acme Cam", ["canary"], ["admin"])
        assert (each["most_tries"], each["sources"]) == (3, ["nowhere at all"])
    assert b"2 services would see logins tried" in said
    assert b"accounts admin; at most 3 tries" in said
    assert site.tried.count("admin") == heard.count(b"admin") == 1, "what was told was then tried"

    run = read_run("latest", output)
    assert {r.outcome for r in run.results if r.check == "default-credentials"} == {"pass"}
    written = files_below(output, state) | {f"/proc {n}": one for n, one in enumerate(shown | seen)}
    written |= {"said": said, "text": text, "told": (tmp_path / "told.json").read_bytes()}
    assert leaks(written, CANARY) == {}
