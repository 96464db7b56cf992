"""What cannot be used is said in one line, with exit code 2, before anything is sent."""

import json
import os
import re
from io import StringIO
from pathlib import Path

import pytest

from iotscan.model.run import SCHEMA
from tests.cli.conftest import Cli

TARGET = "127.99.0.1"
SCAN: dict[str, tuple[tuple[str, ...], str]] = {
    "no address": (("192.0.2.300",), "192.0.2.300"),
    "no network": (("10.0.0.0/33",), "10.0.0.0/33"),
    "range backwards": (("10.0.0.9-3",), "ends before it begins"),
    "neither name nor address": (("living room",), "living room"),
    "escape codes": (("\x1b]0;owned\x07",), "neither an address"),
    "link-local": (("fe80::1",), "say on which link, like fe80::1%eth0"),
    "another-machine's-link": (("fe80::1%no-such0",), "this machine has no interface 'no-such0'"),
    "too many": (("10.0.0.0/8",), "--max-hosts"),
    "too many together": (("10.0.0.0/29", "10.0.1.0/29", "--max-hosts", "10"), "--max-hosts"),
    "public IPv4": (("192.88.99.1",), "public"),
    "public network": (("9.9.9.0/24",), "public"),
    "public IPv6": (("2620:fe::fe",), "public"),
    "public beside private": (("10.0.0.1", "9.9.9.9"), "public"),
    "missing file": (("file:nothing.txt",), "nothing.txt"),
    "empty file": (("file:empty.txt",), "empty.txt"),
    "only comments": (("file:comments.txt",), "comments.txt"),
    "binary file": (("file:binary.txt",), "binary.txt"),
    "folder as file": (("file:folder",), "folder"),
    "bad line in file": (("file:bad.txt",), "10.0.0.256"),
    "nothing on standard input": (("-",), "standard input"),
    "all excluded": (("10.0.0.1", "--exclude", "10.0.0.0/24"), "exclu"),
    "bad exclusion": (("10.0.0.1", "--exclude", "10.0.0.0/99"), "10.0.0.0/99"),
    "nobody to ask": ((), "--yes|private network"),
    "credentials that are missing": ((TARGET, "--credentials", "nothing.yaml"), "nothing.yaml: cannot be read"),
    "credentials in a folder without any": ((TARGET, "--credentials", "folder"), r"holds no \*.yaml file"),
    "a dry run of nothing": ((TARGET, "--dry-run"), "give --default-creds"),
    "a dry run as a page": ((TARGET, "--dry-run", "--default-creds", "-f", "html"), "as text or as json"),
    "a dry run with names hidden": ((TARGET, "--dry-run", "--default-creds", "--redact", "strict"), "--redact"),
    "fingerprints that are none": ((TARGET, "--fingerprints", "fingerprints"), "a.xml:2 is no fingerprint file"),
    "fingerprints with a DOCTYPE": ((TARGET, "--fingerprints", "entities"), "a.xml:1 has a DOCTYPE"),
    "fingerprints of no folder": ((TARGET, "--fingerprints", "nothing"), "is no folder"),
    "no fingerprints": ((TARGET, "--fingerprints", "folder"), r"holds no \*.xml"),
    "unknown check": ((TARGET, "--check", "tls-version"), "tls-versions"),
    "unknown skipped check": ((TARGET, "--skip-check", "nope"), "nope"),
    "no check left": ((TARGET, "--check", "tls-versions", "--skip-check", "tls-*"), "no check is left"),
    "unknown element": ((TARGET, "--check", "element:clouds"), "element:cloud"),
    "unknown profile": ((TARGET, "--profile", "defalt"), "default"),
    "missing profile": ((TARGET, "--profile", "./none.yaml"), "none.yaml"),
    "profile that is none": ((TARGET, "--profile", "./bad.txt.yaml"), r"bad\.txt\.yaml:1"),
    "missing check folder": ((TARGET, "--checks", "nowhere"), "nowhere"),
    "check folder without checks": ((TARGET, "--checks", "folder"), "folder"),
    "check that does not load": ((TARGET, "--checks", "broken"), r"broken\.py"),
    "missing credentials": ((TARGET, "--default-creds", "--credentials", "none.yaml"), "none.yaml"),
    "credentials that are none": ((TARGET, "--default-creds", "--credentials", "bad.txt.yaml"), r"bad\.txt\.yaml"),
    "missing trust store": ((TARGET, "--trust-store", "none.pem"), r"--trust-store \S*none\.pem cannot be read"),
    "trust store that is none": ((TARGET, "--trust-store", "bad.txt.yaml"), "holds no certificates that can be read"),
    "missing CRL": ((TARGET, "--crl", "none.crl"), r"--crl \S*none\.crl cannot be read"),
    "CRL that is none": ((TARGET, "--crl", "bad.txt.yaml"), "holds no readable CRL"),
    "CRL that is a folder": ((TARGET, "--crl", "folder"), r"--crl \S*folder cannot be read"),
    "CRL that is a pipe": ((TARGET, "--crl", "pipe"), r"--crl \S*pipe cannot be read: it is no regular file"),
    "CRL without an end": ((TARGET, "--crl", "/dev/zero"), r"--crl /dev/zero cannot be read: it is no regular file"),
    "trust store that is a pipe": ((TARGET, "--trust-store", "pipe"), "it is no regular file"),
    "OCSP response that is a pipe": ((TARGET, "--ocsp-response", "pipe"), "it is no regular file"),
    "missing OCSP response": ((TARGET, "--ocsp-response", "none"), r"--ocsp-response \S*none cannot be read"),
    "OCSP response that is none": ((TARGET, "--ocsp-response", "bad.txt.yaml"), "holds no readable OCSP response"),
    "revocation fetched without leave": (("192.168.7.7", "--fetch-revocation", "--yes"), "--fetch-revocation on"),
    "unknown format": ((TARGET, "-f", "jsn"), "json"),
    "two formats, one output": ((TARGET, "-f", "json", "-f", "text"), "standard output"),
    "format to nowhere": ((TARGET, "-f", "json:/nonexistent/x"), "/nonexistent"),
    "format to a folder": ((TARGET, "-f", "json:folder"), "folder"),
    "output under a file": ((TARGET, "-o", "empty.txt/out"), "empty.txt/out"),
    "output where none can be": ((TARGET, "-o", "/proc/out"), "/proc/out"),
    "format where none can be": ((TARGET, "-f", "json:/proc/x"), "/proc/x"),
    "unreadable file": (("file:/proc/self/mem",), "/proc/self/mem"),
    "ports that are none": ((TARGET, "--ports", "80,http"), "80,443,8000-8100"),
    "port zero": ((TARGET, "--ports", "0"), "between 1 and 65535"),
    "port too high": ((TARGET, "--ports", "80-70000"), "between 1 and 65535"),
    "no port": ((TARGET, "--ports", ","), "no port list"),
    "superscript port": ((TARGET, "--ports", "8²"), "no port list"),
    "printer port": ((TARGET, "--ports", "80,9100"), "9100"),
    "industrial port in a range": ((TARGET, "--ports", "500-510"), "502"),
    "empty threshold": ((TARGET, "--fail-on", ""), "--fail-on is empty"),
    "unknown threshold": ((TARGET, "--fail-on", "severe"), "critical, high"),
    "threshold misspelt": ((TARGET, "--warn-on", "hgih"), "--warn-on hgih is unknown: did you mean 'high'"),
    "no such grade": ((TARGET, "--min-grade", "G"), "A, B, C, D, E or F"),
    "unknown way to be incomplete": ((TARGET, "--incomplete", "fial"), "did you mean 'fail'"),
    "new without a baseline": ((TARGET, "--fail-on-new", "low"), "--baseline RUN"),
    "no such baseline": ((TARGET, "--fail-on-new", "low", "--baseline", "gone"), "there is no run 'gone'"),
    "baseline that is none": ((TARGET, "--baseline", "cut.json"), "cut.json"),
    "unknown colour": ((TARGET, "--color", "pink"), "auto, always or never"),
    "negative width": ((TARGET, "--width", "-1"), "--width"),
    "lab and targets": (("--lab", TARGET), "--lab"),
    "lab and no port": (("--lab", "--ports", "none"), "no port list"),
    "lab and unknown profile": (("--lab", "--profile", "none"), "there is no profile"),
    "lab and unknown threshold": (("--lab", "--fail-on", "none at all"), "did you mean 'none'"),
    "lab and unknown check": (("--lab", "--check", "nope"), "nope"),
    "nothing to resume": (("--resume", "nothing"), "nothing"),
    "resume a whole run file": (("--resume", "cut.json"), "resume"),
    "resume and targets": (("--resume", "x", TARGET), "--resume"),
    "resume on other terms": (
        ("--resume", "x", "--fail-on", "high", "--check", "tls-*"),
        "leave out --check, --fail-on",
    ),
    "resume and lab": (("--resume", "x", "--lab"), "--resume"),
}
OTHERS: dict[str, tuple[tuple[str, ...], str]] = {
    "discover nothing": (("discover", "10.0.0.0/8"), "--max-hosts"),
    "discover in public": (("discover", "9.9.9.9"), "public"),
    "discover a fragile port": (("discover", TARGET, "--ports", "102"), "102"),
    "no such run": (("assess", "nothing"), "nothing"),
    "no latest run": (("report", "latest", "-o", "folder"), "latest"),
    "run file cut off": (("gate", "cut.json"), "cut.json"),
    "run file of another schema": (("report", "other.json"), r"iotscan/run@9"),
    "run file that is text": (("assess", "bad.txt"), r"bad\.txt"),
    "run file that lies": (("report", "lies.json"), r"lies\.json"),
    "run folder without a run": (("report", "folder"), "folder"),
    "no date": (("assess", "whole.json", "--as-of", "yesterday"), "2026-12-31"),
    "gate new without a baseline": (("gate", "whole.json", "--fail-on-new", "low"), "--baseline RUN"),
    "image new without a baseline": (("image", "folder", "--fail-on-new", "low"), "--baseline RUN"),
    "gate without a word": (("gate", "whole.json", "--min-grade="), "--min-grade is empty"),
    "image without a word": (("image", "folder", "--fail-on", ""), "--fail-on is empty"),
    "gate threshold": (("gate", "whole.json", "--fail-on", "worst"), "critical, high"),
    "assess with unknown check": (("assess", "whole.json", "--check", "nope"), "nope"),
    "report in an unknown format": (("report", "whole.json", "-f", "yaml"), "json"),
    "no image": (("image", "nowhere"), "nowhere"),
    "image that is a file": (("image", "empty.txt"), "empty.txt"),
    "image with unknown check": (("image", "folder", "--check", "nope"), "nope"),
    "explain nothing": (("explain", "tls-version"), "tls-versions"),
    "show nothing": (("checks", "show", "quite-unlike-any"), "checks list"),
    "list an unknown element": (("checks", "list", "--element", "clouds"), "cloud"),
    "list as xml": (("checks", "list", "-f", "xml"), "json"),
    "new with a bad name": (("checks", "new", "Bad_Name", "--element", "keys"), "Bad_Name"),
    "new in no element": (("checks", "new", "a-name", "--element", "kes"), "kes"),
    "new in a file": (("checks", "new", "a-name", "--element", "keys", "--dir", "empty.txt"), "empty.txt"),
    "lint nothing": (("checks", "lint", "nowhere"), "nowhere"),
}
USAGE = {
    "unknown command": ("frobnicate",),
    "unknown option": ("scan", "--frobnicate"),
    "word for a number": ("scan", TARGET, "--timeout", "soon"),
    "no time": ("scan", TARGET, "--timeout", "0"),
    "no hosts": ("scan", TARGET, "--max-hosts", "0"),
    "value missing": ("scan", TARGET, "--profile"),
    "too many runs": ("gate", "one", "two"),
    "argument missing": ("explain",),
    "unknown subcommand": ("lab", "sideways"),
}


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", StringIO())
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "comments.txt").write_text("# nothing\n\n   # here\n")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    for name, text in (
        ("fingerprints", "<?xml version='1.0'?>\n<html/>"),
        ("entities", "<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.xml").write_text(text)
    (tmp_path / "bad.txt").write_text("10.0.0.1\n10.0.0.256\n")
    (tmp_path / "bad.txt.yaml").write_text("schema: something/else@1\n")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "broken.py").write_text("this is no Python\n")
    whole = {
        "schema": SCHEMA,
        "id": "r",
        "tool": {"version": "0"},
        "status": "complete",
        "command": "scan",
        "started": "2026-11-22T00:00:00+00:00",
        "as_of": "2026-11-22T00:00:00+00:00",
        "targets": [],
        "scope": {"include": []},
        "scope_sha256": "",
        "profile": {"id": "default", "version": "1"},
    }
    text = json.dumps(whole)
    (tmp_path / "whole.json").write_text(text)
    (tmp_path / "cut.json").write_text(text[: len(text) // 2])
    (tmp_path / "other.json").write_text(json.dumps({**whole, "schema": "iotscan/run@9"}))
    (tmp_path / "lies.json").write_text(json.dumps({**whole, "devices": 7}))


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        *(pytest.param(("scan", *words), says, id=name) for name, (words, says) in SCAN.items()),
        *(pytest.param(words, says, id=name) for name, (words, says) in OTHERS.items()),
    ],
)
def test_one_line_exit_two_nothing_sent(cli: Cli, silent_network: list[str], words: tuple[str, ...], says: str) -> None:
    before = sorted(p.name for p in Path().iterdir())
    ended = cli(*words)
    assert ended.code == 2, ended
    assert silent_network == []
    assert ended.out == ""
    *notices, line = ended.err.splitlines()
    assert all(n.startswith("No target was given.") for n in notices)
    assert line.startswith("iotscan: ")
    assert line.isprintable()
    assert "Traceback" not in line
    assert re.search(says, line), line
    assert sorted(p.name for p in Path().iterdir()) == before, "a refused command left something behind"


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("words", [pytest.param(words, id=name) for name, words in USAGE.items()])
def test_usage_errors(cli: Cli, silent_network: list[str], words: tuple[str, ...]) -> None:
    ended = cli(*words)
    assert ended.code == 2
    assert silent_network == []
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert "Error" in ended.err


@pytest.mark.usefixtures("_folder")
@pytest.mark.skipif(os.geteuid() == 0, reason="root reads and writes everything")
@pytest.mark.parametrize("words", [("file:locked",), (TARGET, "-o", "sealed/out"), (TARGET, "-f", "json:sealed/x")])
def test_without_permission(cli: Cli, silent_network: list[str], words: tuple[str, ...]) -> None:
    Path("locked").write_text("10.0.0.1")
    Path("locked").chmod(0)
    Path("sealed").mkdir(mode=0o500)
    ended = cli("scan", *words)
    assert (ended.code, ended.out, silent_network) == (2, "", [])
    assert ended.err.startswith("iotscan: ")
    assert len(ended.err.splitlines()) == 1
