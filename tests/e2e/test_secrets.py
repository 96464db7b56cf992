"""No password leaves the engine that tries it: not in a file, not on a screen, not in a process list."""

import base64
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from iotscan.data.credential_records import read_records
from iotscan.lab.state import LabState
from iotscan.report.registry import FORMATS
from iotscan.shipped import PACKAGE
from iotscan.store.runs import read_run
from tests.e2e import talkative
from tests.e2e.canaries import CANARIES, is_it_in, leaks
from tests.e2e.conftest import Scanned
from tests.e2e.test_interruption import lines_of
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


def test_the_disguises_are_seen_through() -> None:
    for before in (b"", b"admin:", b"x"):
        assert is_it_in(base64.b64encode(before + CANARY.encode() + b"!"), CANARY)
    assert is_it_in(CANARY.encode().hex().encode(), CANARY)
    assert not is_it_in(b"cAnary", CANARY)


def files_below(*places: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for place in places for p in place.rglob("*") if p.is_file()}


def watched(
    *words: str | Path, home: Path, cwd: Path, output: Path | None = None, lines: int = 0, **env: str
) -> tuple[int, bytes, set[bytes]]:
    """Run ``iotscan WORDS`` in its most talkative mode: its code, all it said, and what ``/proc`` showed of it.

    With ``lines`` it is asked to stop when so many are in the journal below ``output``.
    """
    process = subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        cwd=cwd,
        env=environment(home, **{"IOTSCAN_DEBUG": "1", "PYTHONASYNCIODEBUG": "1", **env}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    watched = psutil.Process(process.pid)
    seen: set[bytes] = set()
    said = b""
    while process.returncode is None:
        with suppress(psutil.Error, OSError):
            for one in (watched, *watched.children(recursive=True)):
                seen.update(Path(f"/proc/{one.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
        if output and lines and lines_of(output) >= lines:
            lines = 0
            process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            said = b"".join(process.communicate(timeout=0.05))
    return process.returncode, said, seen


@pytest.mark.timeout(240)
def test_a_password_that_was_tried_is_written_nowhere(home: Path, practice_network: LabState, tmp_path: Path) -> None:
    records = tmp_path / "given" / "records.yaml"
    records.parent.mkdir()
    records.write_text(RECORD)
    state, output = tmp_path / "state", tmp_path / "out"
    grant = ("--default-creds", "--credentials", records, "--ports", "20080,20023")
    formats = ("-f", "text", "-f", f"json:{output}.json")
    words = ("scan", f"{practice_network.prefix}.10", *grant, "-o", output, *formats)
    code, said, seen = watched(*words, home=state, cwd=tmp_path)
    assert code == 0, said

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


LEVELS = ("strict", "standard", "off")


def all_formats(folder: Path) -> list[str]:
    folder.mkdir(parents=True)
    return [word for name in FORMATS for word in ("-f", f"{name}:{folder}/report.{name}")]


@pytest.mark.timeout(400)
def test_what_devices_say_in_secret_is_written_nowhere(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    home, output = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    said: dict[str, bytes] = {}

    def run(
        name: str, *words: str | Path, codes: tuple[int, ...] = (0, 1, 3), lines: int = 0, asyncio: str = "1"
    ) -> None:
        env = {"GITHUB_STEP_SUMMARY": str(home / "step-summary.md"), "PYTHONASYNCIODEBUG": asyncio}
        code, text, seen = watched(*words, home=home, cwd=home, output=output, lines=lines, **env)
        said[name] = text
        said.update({f"/proc {name} {n}": one for n, one in enumerate(seen)})
        assert code in codes, text.decode()[-3000:]

    with talkative.devices(tmp_path / "server") as devices:
        addresses = [d.address for d in devices]
        ports = ("--ports", ",".join(map(str, talkative.ports())))
        scan = ("scan", *addresses, *ports, "-o", output)
        run("cut short", *scan, codes=(130,), lines=120)
        (folder,) = (p for p in output.iterdir() if p.is_dir())
        # What asyncio says of its own has been heard; it doubles the time.
        run("resumed", "scan", "--resume", folder, "-o", output, *all_formats(home / "resumed"), asyncio="")
    kept = read_run(str(folder), output)
    assert len(kept.devices) == len(devices)
    kinds = {o.fact.__struct_config__.tag for o in kept.observations}
    assert kinds >= {"http-server", "open-service", "telnet-server", "certificate-chain", "well-known", "update-server"}
    shown = (folder / "run.json").read_bytes()
    assert shown.count(b"***") > 60, "the canaries were not heard: this proves nothing"
    drawn = ("--show-passed", "--color", "always", "--width", "200")
    for level in LEVELS:
        run(f"report {level}", "report", folder, "--redact", level, *drawn, *all_formats(home / f"r {level}"))
    run("assess", "assess", folder, *all_formats(home / "assess"))
    run("gate", "gate", folder)
    run("quiet", "assess", folder, "-q")
    run("to a pipe", "report", folder, "-f", "json")
    run("diff", "diff", home / "resumed" / "report.json", folder, "--format", "json")
    assert (home / "step-summary.md").stat().st_size > 1000
    no_canary_in(files_below(home, output) | said)


@pytest.mark.timeout(300)
def test_the_secrets_of_an_image_are_written_nowhere(tmp_path: Path) -> None:
    root = talkative.image(tmp_path / "rootfs")
    home, output = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    said: dict[str, bytes] = {}
    for level in LEVELS:
        words = ("image", root, "-o", output, "--redact", level, "--show-passed", *all_formats(home / level))
        code, text, seen = watched(*words, home=home, cwd=home)
        assert code in (0, 1, 3), text.decode()[-3000:]
        said |= {level: text} | {f"/proc {level} {n}": one for n, one in enumerate(seen)}
    run = read_run("latest", output)
    kinds = {o.fact.__struct_config__.tag for o in run.observations}
    assert kinds >= {"accounts", "private-keys", "update-systems"}
    assert b"***" in (output / run.id / "run.json").read_bytes()
    no_canary_in(files_below(home, output) | said)


def no_canary_in(written: dict[str, bytes]) -> None:
    assert len(written) > 10
    once = {text: path for path, text in written.items()}
    different = {path: text for text, path in once.items()}
    found = {(c.kind, c.secret): where for c in CANARIES if (where := leaks(different, c.secret))}
    assert found == {}


def test_there_are_forty_canaries_of_many_kinds() -> None:
    assert len({c.secret for c in CANARIES}) == 40
    assert len({c.kind for c in CANARIES}) >= 10
    assert all(is_it_in(c.said.encode(), c.secret) for c in CANARIES)
