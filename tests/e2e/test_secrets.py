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
from iotscan.shipped import PACKAGE
from iotscan.store.runs import read_run
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


@pytest.mark.timeout(240)
def test_no_password_is_written_anywhere(home: Path, tmp_path: Path) -> None:
    records = tmp_path / "records.yaml"
    records.write_text(RECORD)
    output = tmp_path / "out"
    # A file of its own lets a core of what was read be told apart from what was written.
    seen: set[bytes] = set()
    process = subprocess.Popen(
        [*PROGRAM, "scan", "--lab", "-o", output, "--credentials", records, "-f", "text", "-f", f"json:{tmp_path}/r.json"],
        cwd=tmp_path,
        env=environment(home, IOTSCAN_DEBUG="1", PYTHONASYNCIODEBUG="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with (tmp_path / "screen").open("wb") as screen:
        watched = psutil.Process(process.pid)
        while True:
            with suppress(psutil.Error, FileNotFoundError, ProcessLookupError):
                for one in (watched, *watched.children(recursive=True)):
                    seen.add(Path(f"/proc/{one.pid}/cmdline").read_bytes())
                    seen.add(Path(f"/proc/{one.pid}/environ").read_bytes())
            try:
                for stream in process.communicate(timeout=0.05):
                    screen.write(stream)
                break
            except subprocess.TimeoutExpired:
                continue
    assert process.returncode == 0
    assert len(seen) > 2, "the worker was not seen"

    run = read_run("latest", output)
    assert any(r.check == "default-credentials" and r.is_finding for r in run.results)
    tried = (output / run.id / "login-tries.jsonl").read_text()
    assert '"account":"admin"' in tried, "nothing was tried: this proves nothing"

    (record,) = read_records(PACKAGE / "lab" / "credentials.yaml")
    documented = record.pairs[0].password.reveal()
    written = {p: p.read_bytes() for place in (tmp_path, home) for p in place.rglob("*") if p.is_file() and p != records}
    written |= {Path(f"/proc/cmdline/{n}"): text for n, text in enumerate(seen)}
    assert len(written) >= 6
    leaks = {
        str(path): found
        for secret in (CANARY, documented)
        for path, text in written.items()
        if (found := is_it_in(text, secret))
    }
    assert not leaks
