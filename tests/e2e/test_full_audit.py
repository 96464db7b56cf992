"""An engagement from the signed scope to the retest, as a consultant does it, command after command.

The practice network stands for the client's. Between the two audits a day of maintenance comes (``lab maintain``): two
devices have new keys, one is mended. What the second audit says of that is compared with what was done, both ways.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import html5lib
import msgspec
import pytest
import yaml
from markdown_it import MarkdownIt

from iotscan.lab.network import maintain, start, stop
from iotscan.lab.state import LabState
from iotscan.model.comparison import Comparison
from iotscan.model.run import Run
from iotscan.store.runs import read_run
from tests.program import PROGRAM, environment, run_iotscan
from tests.report.browser import browser, why_not
from tests.report.word import converted, needs_libreoffice

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

PREFIX = f"127.79.{1 + os.getpid() % 254}"
TARPIT = f"{PREFIX}.18"
PATIENCE = 120.0
FORMATS = ("html", "pdf", "docx", "md")


class Audits(msgspec.Struct, frozen=True, kw_only=True):
    """Two audits of one client: what each left behind."""

    home: Path
    output: Path
    plan: str
    interrupted: Run
    first: Run
    second: Run


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audits]:
    home = tmp_path_factory.mktemp("engagement")
    network = start(tmp_path_factory.mktemp("client"), prefix=PREFIX)
    try:
        yield _engage(home, network)
    finally:
        stop(network)


def _engage(home: Path, network: LabState) -> Audits:
    scope, output = home / "acme.scope.yaml", home / "iotscan-out"
    words = ("--scope", scope.name, "--ports", ",".join(str(p) for p in sorted(set(network.ports.values()))))
    write_scope(scope)
    run(home, "scope", "check", "--scope", scope.name)
    plan = run(home, "plan", *words)
    assert not output.exists(), "a plan leaves nothing behind"

    interrupt(home, output, *words)
    (folder,) = (p for p in output.iterdir() if p.is_dir())
    interrupted = read_run(str(folder), output)
    run(home, "report", folder.name, "-f", "md:interrupted.md")
    run(home, "scan", "--resume", folder.name, "--scope", scope.name, "-q")
    first = read_run(str(folder), output)
    run(home, "report", first.id, "-f", ",".join(FORMATS), "--final")

    maintain(network)
    run(home, "scan", *words, "-q")
    second = read_run("latest", output)
    assert second.id != first.id
    run(home, "report", second.id, "-f", ",".join(FORMATS), "--previous", first.id)
    return Audits(home=home, output=output, plan=plan, interrupted=interrupted, first=first, second=second)


def write_scope(path: Path) -> None:
    now = datetime.now(UTC)
    said = {
        "schema": "iotscan/scope@1",
        "engagement": "ACME-2026-11",
        "client": {"name": "Acme Pumps GmbH", "contact": "it@acme.example"},
        "assessor": {"name": "Example Security Ltd", "people": ["Jane Doe"]},
        "authorization": {"authorized_by": "Max Muster, Head of IT", "reference": "SOW-2026-118"},
        "window": {
            "not_before": (now - timedelta(hours=1)).isoformat(),
            "not_after": (now + timedelta(days=6)).isoformat(),
        },
        "expires": (now + timedelta(days=30)).date().isoformat(),
        "in_scope": [{"range": f"{PREFIX}.10-{PREFIX}.22", "note": "IoT VLAN"}],
        "out_of_scope": [{"ip": TARPIT, "reason": "medical device"}],
        "permissions": {"default_credentials": {"allowed": False}},
        "emergency_contact": "+49 30 0000000",
    }
    path.write_text(yaml.safe_dump(said, sort_keys=False))


def run(home: Path, *words: str, codes: tuple[int, ...] = (0,)) -> str:
    ended = run_iotscan(*words, home=home, seconds=PATIENCE)
    assert ended.returncode in codes, (words, ended.stdout[-2000:], ended.stderr[-2000:])
    assert "Traceback" not in ended.stderr
    return ended.stdout


def interrupt(home: Path, output: Path, *words: str) -> None:
    """Begin a scan, and end it as Ctrl-C does once a part of it is done."""
    process = subprocess.Popen(
        [*PROGRAM, "scan", *words],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + PATIENCE
        while sum(p.read_bytes().count(b"\n") for p in output.glob("*/journal.jsonl")) < 60:
            assert process.poll() is None, "ended before it was interrupted"
            assert time.monotonic() < until, "nothing was done"
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 130, told
    assert "iotscan scan --resume" in told


# What was agreed


def test_the_plan_names_whom_it_would_ask_and_who_is_left_out(audits: Audits) -> None:
    assert f"12: {PREFIX}.10 … {PREFIX}.22" in audits.plan
    assert "ACME-2026-11" in audits.plan
    assert TARPIT in audits.plan


def test_who_is_out_of_scope_was_not_touched(audits: Audits) -> None:
    for scan in (audits.first, audits.second):
        assert TARPIT not in {a for d in scan.devices for a in d.addresses}
        log = (audits.output / scan.id / "audit.jsonl").read_text()
        assert f'"{TARPIT}"' not in log
        verified = run_iotscan("audit", "verify", scan.id, "--root", scan.audit_root, home=audits.home)
        assert verified.returncode == 0, verified.stdout


def test_interrupted_and_resumed_it_is_whole(audits: Audits) -> None:
    assert (audits.interrupted.status, audits.first.status) == ("interrupted", "complete")
    assert audits.interrupted.id == audits.first.id
    addresses = {f"{PREFIX}.{host}" for host in range(10, 23)} - {TARPIT}
    assert {d.address for d in audits.first.devices} == addresses
    assert {d.address for d in audits.second.devices} == addresses
    text = (audits.home / "interrupted.md").read_text()
    assert "INCOMPLETE RUN" in text


# What the second says beside the first


def test_diff_says_what_was_done_and_nothing_else(audits: Audits) -> None:
    said = run(audits.home, "diff", audits.first.id, audits.second.id, "-f", "json", codes=(1,))
    told = msgspec.json.decode(said, type=Comparison)
    assert {(c.check, c.subject.address) for c in told.of("fixed")} == {
        ("tls-key-uniqueness", f"{PREFIX}.13"),
        ("tls-key-uniqueness", f"{PREFIX}.14"),
        ("firmware-upload", f"{PREFIX}.17"),
    }
    assert [told.of(what) for what in ("added", "changed", "no_longer_assessed")] == [(), (), ()]
    changed = {m.address: {s.what for s in m.shifts} for m in told.members if m.shifts}
    assert changed == {f"{PREFIX}.12": {"certificate"}, f"{PREFIX}.14": {"certificate"}}
    assert {m.what for m in told.members} == {"kept"}


def test_trend_counts_the_rotated_keys_and_what_was_fixed(audits: Audits) -> None:
    first, second = json.loads(run(audits.home, "history", "trend", "-f", "json"))["points"]
    assert (first["run"], second["run"]) == (audits.first.id, audits.second.id)
    # The gateway shows its key over https and over MQTT; that the plug is the same, nothing proves but its address.
    assert (second["rotated"], second["rotated_perhaps"]) == (2, 1)
    assert (second["fixed"], second["added"]) == (3, 0)


def test_the_history_of_a_device_shows_its_keys_with_their_time(audits: Audits) -> None:
    (gateway,) = json.loads(run(audits.home, "history", "show", f"{PREFIX}.12", "-f", "json"))
    seen = {(k["service"], k["kind"]): [] for k in gateway["keys"]}
    for key in gateway["keys"]:
        seen[key["service"], key["kind"]].append((key["first_run"], key["last_run"]))
    first, second = audits.first.id, audits.second.id
    turned = [(first, first), (second, second)]
    assert {place: sorted(runs) for place, runs in seen.items()} == {
        ("tcp/20022", "ssh"): [(first, second)],
        ("tcp/20443", "tls"): turned,
        ("tcp/28883", "tls"): turned,
    }


# The reports, as their readers open them


@pytest.fixture(scope="module")
def texts(audits: Audits, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """(``first`` or ``second``, format) -> what the report says, each read by a program of others."""
    needs_libreoffice()
    folder = tmp_path_factory.mktemp("texts")
    read = {}
    for which, scan in (("first", audits.first), ("second", audits.second)):
        place = audits.output / scan.id
        (folder / which).mkdir()
        for name in FORMATS:
            read[which, name] = READERS[name](place / f"report.{name}", folder / which)
    return {key: " ".join(text.split()) for key, text in read.items()}


def paper_text(paper: Path, folder: Path) -> str:
    return subprocess.run(["pdftotext", paper, "-"], capture_output=True, text=True, check=True).stdout


def word_text(document: Path, folder: Path) -> str:
    return converted(document, "txt", folder).read_text()


def page_text(page: str) -> str:
    """What a browser shows of it."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    for inert in [*tree.iter("style"), *tree.iter("script")]:
        inert.text = ""
    return " ".join(tree.itertext())


READERS: dict[str, Callable[[Path, Path], str]] = {
    "pdf": paper_text,
    "docx": word_text,
    "md": lambda file, _: page_text(MarkdownIt("gfm-like").render(file.read_text())),
    "html": lambda file, _: page_text(file.read_text()),
}


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_says_who_allowed_what_and_what_was_found(
    audits: Audits, texts: dict[tuple[str, str], str], format: str
) -> None:
    text = texts["first", format]
    for words in ("Acme Pumps GmbH", "Example Security Ltd", "Max Muster", "SOW-2026-118", "ACME-2026-11"):
        assert words in text
    assert "medical device" in text
    assert "FINAL" in text
    for title in ("Executive summary", "Scope and authorisation", "What was not assessed", "Roadmap", "Standards"):
        assert title in text
    for device in audits.first.devices:
        assert device.address in text
    infos = {c.id: c for c in audits.first.checks}
    for result in audits.first.results:
        if result.is_finding:
            assert infos[result.check].variants[result.variant].title in text, result.check


@pytest.mark.parametrize("format", FORMATS)
def test_the_retest_tells_what_was_fixed(texts: dict[tuple[str, str], str], format: str) -> None:
    text = texts["second", format]
    assert "DRAFT" in text
    since = text.rpartition("Since the last audit")[2][:4000]
    assert "The same TLS key is on several devices" in since
    assert "A firmware upload form is shown without a login" in since


def test_the_page_opens_without_a_word_on_the_console(audits: Audits, tmp_path: Path) -> None:
    if why := why_not():
        pytest.skip(why)
    page = audits.output / audits.first.id / "report.html"
    assert page.exists()
    with browser(tmp_path) as chromium:
        chromium.open(page)
        assert chromium.requests() == [page.as_uri()]
        assert chromium.complaints() == []


def test_no_page_on_paper_is_blank(audits: Audits, tmp_path: Path) -> None:
    paper = audits.output / audits.first.id / "report.pdf"
    subprocess.run(["pdftoppm", "-r", "20", "-gray", paper, tmp_path / "page"], check=True)
    pages = sorted(tmp_path.glob("page-*.pgm"))
    assert len(pages) > 10
    # Header, size, depth; then a byte a point.
    assert [p.name for p in pages if min(p.read_bytes()[20:]) > 160] == []
