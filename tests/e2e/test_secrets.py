"""No password leaves the engine that tries it: not in a file, not on a screen, not in a process list."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

import psutil
import pytest

from iotscan.data.credential_records import read_records
from iotscan.lab.state import LabState
from iotscan.shipped import PACKAGE
from iotscan.store.runs import read_run
from tests.e2e.conftest import Scanned
from tests.program import PROGRAM, environment

CANARY = "cAnary-7pX/q+ß=42"
RECORD = f"""
schema: iotscan/credentials@1
records:
  - id: canary
    vendor: Acme
    product: IPCam 100 of another year
    protocols: [http, telnet]
    match: {{realm: Acme IPCam 100, banner: Acme IPCam}}
    pairs:
      - {{user: admin, password: "{CANARY}"}}
    source: nowhere
"""


def base64_cores(secret: bytes) -> Iterator[bytes]:
    """What base64 makes of ``secret`` in the middle of something, whatever stands before it."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret)
        # The first and the last group also hold what stands around.
        yield whole[4 if before else 0 : len(whole) // 4 * 4 - 4]


def disguises(secret: str) -> dict[str, bytes]:
    """The ways a secret may be written."""
    raw = secret.encode()
    plain = {
        "raw": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "hex with colons": raw.hex(":").encode(),
        "url": quote(secret, safe="").encode(),
        "form": quote_plus(secret).encode(),
        "utf-16": secret.encode("utf-16-le"),
        "latin-1": secret.encode("latin-1"),
        "json": secret.encode("ascii", "backslashreplace"),
        "python": repr(raw)[2:-1].encode(),
        "backwards": secret[::-1].encode(),
    }
    cores = [*base64_cores(raw), *base64_cores(secret.encode("latin-1"))]
    return plain | {f"base64 {n}": core for n, core in enumerate(cores)}


def is_it_in(text: bytes, secret: str) -> list[str]:
    return [name for name, written in disguises(secret).items() if written in text]


def test_the_disguises_are_seen_through() -> None:
    for before in (b"", b"admin:", b"x"):
        assert is_it_in(base64.b64encode(before + CANARY.encode() + b"!"), CANARY)
    assert is_it_in(CANARY.encode().hex().encode(), CANARY)
    assert not is_it_in(b"cAnary", CANARY)


def leaks(written: dict[str, bytes], secret: str) -> dict[str, list[str]]:
    return {path: found for path, text in written.items() if (found := is_it_in(text, secret))}


def files_below(*places: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for place in places for p in place.rglob("*") if p.is_file()}


@pytest.mark.timeout(240)
def test_a_password_that_was_tried_is_written_nowhere(home: Path, practice_network: LabState, tmp_path: Path) -> None:
    records = tmp_path / "given" / "records.yaml"
    records.parent.mkdir()
    records.write_text(RECORD)
    state, output = tmp_path / "state", tmp_path / "out"
    grant = ("--default-creds", "--credentials", records, "--ports", "20080,20023")
    formats = ("-f", "text", "-f", f"json:{output}.json")
    seen: set[bytes] = set()
    process = subprocess.Popen(
        [*PROGRAM, "scan", f"{practice_network.prefix}.10", *grant, "-o", output, *formats],
        cwd=tmp_path,
        env=environment(state, IOTSCAN_DEBUG="1", PYTHONASYNCIODEBUG="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    watched = psutil.Process(process.pid)
    said = b""
    while not said and process.returncode is None:
        with suppress(psutil.Error, OSError):
            for one in (watched, *watched.children(recursive=True)):
                seen.update(Path(f"/proc/{one.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
        with suppress(subprocess.TimeoutExpired):
            said = b"".join(process.communicate(timeout=0.05))
    assert process.returncode == 0, said

    run = read_run("latest", output)
    tried = [r for r in run.results if r.check == "default-credentials"]
    assert {r.outcome for r in tried} == {"pass"}, "the canary was not tried, or taken: this proves nothing"
    (ledger,) = state.rglob("login-tries.jsonl")
    assert ledger.read_text().count('"account":"admin"') == 2
    written = files_below(output, state) | {f"/proc {n}": text for n, text in enumerate(seen)}
    written |= {"screen": said, "report": output.with_suffix(".json").read_bytes()}
    assert len(written) >= 7
    assert leaks(written, CANARY) == {}


def test_a_password_that_was_found_is_written_nowhere(home: Path, scanned: Scanned) -> None:
    assert any(r.check == "default-credentials" and r.variant == "accepted" for r in scanned.run.results)
    (record,) = read_records(PACKAGE / "lab" / "credentials.yaml")
    written = files_below(scanned.folder) | {"out": scanned.out.encode(), "err": scanned.err.encode()}
    assert len(written) >= 5
    assert leaks(written, record.pairs[0].password.reveal()) == {}
