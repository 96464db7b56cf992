"""``iotscan report``: what a person adds to the audit report, and what is wrong in it."""

import hashlib
import os
import re
import time
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from iotscan.data.brand import read_brand
from iotscan.model.audit import Begin, Caller, Entry
from iotscan.model.facts import Claim
from iotscan.model.run import Notice, Run
from iotscan.shipped import PACKAGE
from iotscan.store.audit import NAME as LOG
from iotscan.store.runs import NAME, write_run
from tests.cli.conftest import Cli
from tests.e2e.canaries import CANARIES, is_it_in, leaks
from tests.report.audit.runs import counted_run, discovered, mandated

HEAD = "schema: iotscan/config@1\n"
SECRET = "hunter2-hunter2"


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A whole run in ``iotscan-out``, and nobody's settings."""
    for name in [n for n in os.environ if n.startswith("IOTSCAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795737600")
    (tmp_path / "home/.config/iotscan").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return keep(replace(mandated(), id="20261122T180000Z-aaaaaa"))


def keep(run: Run) -> Run:
    folder = Path("iotscan-out") / run.id
    folder.mkdir(parents=True)
    write_run(folder, run)
    return run


def told(cli: Cli, *words: object) -> str:
    ended = cli("report", "20261122T180000Z-aaaaaa", "-f", "md", *words)
    assert ended.code == 0, ended
    return ended.out


def refused(cli: Cli, *words: object) -> str:
    """The one line that says what is wrong; nothing is written."""
    ended = cli("report", "20261122T180000Z-aaaaaa", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("iotscan: ")
    assert ended.err.count("\n") == 1
    assert not list(Path("iotscan-out").glob("*/report.*"))
    return ended.err


@pytest.fixture
def brand(stored: Run) -> Path:
    folder = Path("acme")
    folder.mkdir()
    (folder / "brand.yaml").write_text(
        "schema: iotscan/brand@1\ncompany: Example Security\nauthors: [Jane Doe]\nclassification: TLP:AMBER\n"
        "legal: Our terms apply.\n"
    )
    return folder


def test_four_formats_at_once_beside_the_run(cli: Cli, stored: Run) -> None:
    ended = cli("report", "latest", "-f", "html,pdf,docx,md")
    assert (ended.code, ended.out) == (0, "")
    folder = Path("iotscan-out") / stored.id
    assert {p.name for p in folder.glob("report.*")} == {"report.html", "report.pdf", "report.docx", "report.md"}
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert (folder / "report.docx").read_bytes().startswith(b"PK")
    assert stored.id in (folder / "report.html").read_text()
    assert (folder / "report.md").read_text() == told(cli)
    assert ended.err.count("wrote ") == 4


def test_what_a_person_adds(cli: Cli, stored: Run, brand: Path) -> None:
    Path("words.txt").write_text("The cameras\ncome first.\n\n\n  The rest can wait.  \n")
    said = told(
        cli, "--title", "Plant 4", "--recipient", "A. Client", "--recipient", "B. Board",
        "--edition", "0.9;2026-11-25;Jane Doe;Draft", "--edition", "1.0;2026-11-27;Jane Doe;First; and last",
        "--judgement", "words.txt", "--brand", brand,
    )  # fmt: skip
    assert said.startswith("# Plant 4\n")
    assert "- A. Client\n- B. Board\n" in said
    assert "| 1.0 | 2026-11-27 | Jane Doe | First; and last |" in said
    assert "- Version: 1.0\n" in said
    assert "\nThe cameras come first.\n\nThe rest can wait.\n" in said
    assert "Replace this paragraph with your own words" not in said
    for word in ("Example Security", "TLP:AMBER", "Our terms apply."):
        assert word in said


def test_the_hash_is_of_the_file_that_was_read(cli: Cli, stored: Run) -> None:
    raw = (Path("iotscan-out") / stored.id / NAME).read_bytes()
    assert hashlib.sha256(raw).hexdigest() in told(cli)


def test_final_is_for_whole_runs(cli: Cli, stored: Run) -> None:
    assert "**INCOMPLETE RUN**" in told(cli, "--final")
    keep(replace(counted_run(2, 0), id="20261123T180000Z-bbbbbb"))
    assert "**FINAL**" in cli("report", "20261123T180000Z-bbbbbb", "-f", "md", "--final").out
    assert "**DRAFT**" in cli("report", "20261123T180000Z-bbbbbb", "-f", "md").out


def test_the_audit_before(cli: Cli, stored: Run) -> None:
    root = Path("rootfs")
    for folder in ("etc", "bin"):
        (root / folder).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    (root / "etc/shadow").write_text("root::1:::::::\n")
    assert cli("image", root, "-qq", "-o", "runs").code == 0
    (first,) = Path("runs").glob("*/run.json")
    (root / "etc/shadow").write_text("root:*:1:::::::\n")
    time.sleep(1)  # a run is known by its second
    assert cli("image", root, "-qq", "-o", "runs").code == 0
    said = cli("report", "latest", "-o", "runs", "-f", "md", "--previous", first).out
    assert re.search(
        r"Since the audit of \d+ \w+ \d{4}, (one finding was|\d+ findings were) repaired, none is new", said
    )
    assert "Since the audit of" not in cli("report", "latest", "-o", "runs", "-f", "md").out


def log(run: Run, *argv: str, of: str = "") -> None:
    """The first line of an audit log."""
    begin = Begin(
        schema="iotscan/audit@1", run=of or run.id, tool="0.1.0", scope_sha256="", scope_file_sha256="",
        profile_sha256="", caller=Caller(argv=argv),
    )  # fmt: skip
    entry = Entry(seq=0, previous="", at="2026-11-22T18:00:00Z", monotonic=0.0, begin=begin)
    (Path("iotscan-out") / run.id / LOG).write_bytes(msgspec.json.encode(entry) + b"\n")


def test_how_the_scan_was_started(cli: Cli, stored: Run) -> None:
    assert "Command line of the scan" not in told(cli)
    log(stored, "scan", "192.0.2.0/26", f"--header=password={SECRET}")
    said = told(cli)
    assert "iotscan scan 192.0.2.0/26" in said.replace("`", "")
    assert SECRET not in said
    assert "Command line of the scan" not in told(cli, "--redact", "strict"), "it may name what is private"
    log(stored, "scan", "192.0.2.0/26", of="another run")
    assert "Command line of the scan" not in told(cli)
    (Path("iotscan-out") / stored.id / LOG).write_bytes(b"\xff{]\n")
    assert "Command line of the scan" not in told(cli)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--edition", "1.0"), "--edition '1.0' has 1 of 4 parts: write it as '1.0;2026-11-27;Jane Doe;First issue'"),
        (("--edition", "1.0;soon;J;x"), "--edition has 'soon' for its date"),
        (("--edition", ";2026-11-27;J;x"), "parts"),
        (("--title", "x" * 300), "--title has 300 characters, and room for 200"),
        (("--title", "a\x1b[2J"), "--title holds control characters"),
        (("--recipient", "\u202eevil"), "--recipient holds control characters"),
        (("--judgement", "nowhere.txt"), "--judgement nowhere.txt cannot be read (No such file or directory)"),
        (("--judgement", "."), "cannot be read (Is a directory)"),
        (("--judgement", "binary"), "is no UTF-8"),
        (("--judgement", "huge"), "is larger than 64 KiB"),
        (("--judgement", "empty"), "is empty: write what the results mean"),
        (("--brand", "nowhere"), "a brand is a folder with a brand.yaml"),
        (("--previous", "nowhere"), "there is no run 'nowhere'"),
        (("--previous", "latest"), "--previous is run 20261122T180000Z-aaaaaa itself: name the audit before it"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(cli: Cli, stored: Run, words: tuple[str, ...], said: str) -> None:
    Path("binary").write_bytes(b"\xff\xfe")
    Path("huge").write_bytes(b"x" * (65 * 1024))
    Path("empty").write_bytes(b" \n\n ")
    assert said in refused(cli, "-f", "md", *words)


def test_what_shapes_a_document_needs_one(cli: Cli, stored: Run) -> None:
    for words in (("--title", "x"), ("--final",), ("--previous", "x")):
        for wanted in ((), ("-f", "json")):
            assert f"{words[0]} shapes the audit report, and none is asked for" in refused(cli, *wanted, *words)


def test_the_audit_before_has_to_be_one(cli: Cli, stored: Run) -> None:
    keep(replace(mandated(), id="20261201T180000Z-dddddd", started="2026-12-01T18:00:00Z"))
    keep(replace(discovered(), id="20261001T180000Z-eeeeee", started="2026-10-01T18:00:00Z"))
    assert "is later than" in refused(cli, "-f", "md", "--previous", "20261201T180000Z-dddddd")
    assert "is a list of devices" in refused(cli, "-f", "md", "--previous", "20261001T180000Z-eeeeee")


def test_a_brand_in_the_users_own_settings(cli: Cli, brand: Path) -> None:
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "iotscan/config.yaml"
    own.write_text(HEAD + f"report: {{brand: {brand.absolute()}}}\n")
    assert "Example Security" in told(cli)
    # Whoever only looks is not stopped by it.
    brand.joinpath("brand.yaml").unlink()
    assert cli("report", "latest").code == 0
    assert cli("report", "latest", "-f", "json").code == 0


def test_a_variable_names_a_brand(cli: Cli, brand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOTSCAN_BRAND", "acme")
    assert "Example Security" in told(cli)


def test_a_checkout_gives_no_brand(cli: Cli, brand: Path) -> None:
    Path("iotscan.yaml").write_text(HEAD + "report: {brand: acme}\n")
    assert "a brand is not taken from a file that was found" in refused(cli, "-f", "md")
    Path("named.yaml").write_text(HEAD + "report: {brand: acme}\n")
    ended = cli("--config", "named.yaml", "--no-config", "report", "latest", "-f", "md")
    assert ended.code == 0
    assert "Example Security" in ended.out


@pytest.mark.parametrize("format", ["html", "pdf", "docx", "md"])
def test_a_list_of_devices_can_be_a_document(cli: Cli, stored: Run, format: str) -> None:
    keep(replace(discovered(), id="20261124T180000Z-ffffff"))
    ended = cli("report", "20261124T180000Z-ffffff", "-f", f"{format}:list.{format}")
    assert ended.code == 0, ended
    assert Path(f"list.{format}").stat().st_size > 500


def test_strict_names_nobody_of_the_run(cli: Cli, stored: Run) -> None:
    said = told(cli, "--redact", "strict")
    for private in ("cam-front", "gw-edge", "00:00:5e:00:53:15"):
        assert private in told(cli)
        assert private not in said


@pytest.mark.parametrize("level", ["standard", "strict"])
def test_no_document_repeats_a_secret(cli: Cli, stored: Run, level: str) -> None:
    run, said = mandated(), [c.said for c in CANARIES]
    seen = tuple(replace(o, excerpt=f"{o.excerpt} {said[n]}") for n, o in enumerate(run.observations))
    findings = [r for r in run.results if r.is_finding]
    told_of = {
        r.fingerprint: replace(r, observed=said[n + 10], observations=tuple(o.id for o in seen))
        for n, r in enumerate(findings)
    }
    devices = tuple(
        replace(d, claims=(Claim(what="name", value=f"cam {said[n + 25]}", how="mdns"),))
        for n, d in enumerate(run.devices)
    )
    notices = tuple(Notice(about="capture", text=text) for text in said[31:])
    results = tuple(told_of.get(r.fingerprint, r) if r.is_finding else r for r in run.results)
    keep(
        replace(
            run, id="20261125T180000Z-abcdef", devices=devices, results=results, observations=seen, notices=notices,
            audit_root="",
        )
    )  # fmt: skip
    raw = (Path("iotscan-out/20261125T180000Z-abcdef") / NAME).read_bytes()
    assert sum(bool(is_it_in(raw, c.secret)) for c in CANARIES) > 30, "they were to be hidden"
    page = cli("report", "20261125T180000Z-abcdef", "-f", "md", "--redact", level).out
    assert "Evidence" in page
    written = {"report.md": page.replace("\\", "").encode(), "as it is": page.encode()}
    assert {c.kind: found for c in CANARIES if (found := leaks(written, c.secret))} == {}


def test_the_brand_of_the_guide_can_be_read(tmp_path: Path) -> None:
    guide = PACKAGE.parent / "docs/guide/audit-report.md"
    if not guide.exists():
        pytest.skip("a wheel has no guides")
    (example,) = re.findall(r"```yaml\n(.*?)```", guide.read_text(), re.DOTALL)
    (tmp_path / "brand.yaml").write_text(example)
    brand = read_brand(tmp_path)
    assert (brand.company, brand.notes) == ("Example Security", ())
    assert brand.primary == "#1d4e89"


def test_a_private_key_is_no_judgement(tmp_path: Path) -> None:
    from iotscan.cli.authorship import read_judgement
    from iotscan.model.errors import BadInput

    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nMIIBVAIBADANBgkq\n-----END PRIVATE KEY-----\n")
    with pytest.raises(BadInput, match="holds a private key") as error:
        read_judgement(tmp_path / "key.pem")
    assert "MIIB" not in str(error.value)
