"""``--known-keys``: a list of the user's, or the block list that badkeys keeps on this machine."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iotscan.model.answer import Answer
from iotscan.model.facts import Certificate, CertificateChain, PortSweep
from iotscan.model.observation import observe
from iotscan.store.runs import write_run
from tests.assess.comparisons import run_of
from tests.assess.making import at, device
from tests.program import run_iotscan

KEY = rsa.generate_private_key(65537, 2048).public_key()
SPKI = KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
DIGEST = hashlib.sha256(SPKI).hexdigest()
LIST = """schema: iotscan/keys@1
records:
  - id: acme-1
    product: Acme
    spki_sha256: ["{}"]
    sources: ["our own firmware"]
"""
ONLY = ("--check", "tls-key-secrecy", "-f", "json")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A stored scan of one device with an RSA key."""
    leaf = Certificate(
        subject="CN=gw",
        issuer="CN=gw",
        serial="1",
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2036, 1, 1, tzinfo=UTC),
        key_type="rsa",
        key_bits=2048,
        signature_hash="sha256",
        sha256="a" * 64,
        spki_sha256=DIGEST,
        spki=base64.b64encode(SPKI).decode(),
    )
    chain = CertificateChain(
        certificates=(leaf,), trusted=Answer.of(False), ocsp_stapled=Answer.of(False), engine="sslyze"
    )
    seen = (
        observe(chain, at("tcp/443"), probe="certificate/3"),
        observe(PortSweep(open=(443,), closed=(1,)), at(), probe="sweep/1"),
    )
    place = tmp_path / "run"
    place.mkdir()
    write_run(place, run_of(devices=[device()], seen=seen, id="run"))
    return place


def judged(home: Path, *words: str | Path, **environment: str) -> tuple[str, str]:
    ended = run_iotscan("assess", *words, *ONLY, home=home, env=environment)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    (result,) = told["results"]
    return result.get("variant", ""), result["summary"]


def test_a_list_of_the_user(tmp_path: Path, run: Path) -> None:
    assert judged(tmp_path, run)[0] == ""
    (tmp_path / "ours.yaml").write_text(LIST.format(DIGEST))
    assert judged(tmp_path, run, "--known-keys", tmp_path / "ours.yaml") == (
        "published",
        "its key is published: Acme (ours.yaml)",
    )


def test_what_the_list_said_stays_in_the_run(tmp_path: Path, run: Path) -> None:
    (tmp_path / "ours.yaml").write_text(LIST.format(DIGEST))
    ended = run_iotscan("assess", run, *ONLY, "--known-keys", tmp_path / "ours.yaml", home=tmp_path)
    (tmp_path / "again.json").write_text(ended.stdout)
    (tmp_path / "ours.yaml").unlink()
    assert judged(tmp_path, tmp_path / "again.json")[0] == "published"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema: iotscan/keys@1\nrecords: [{id: x, product: y, sources: [z], spki_sha256: [abc]}]\n", "digest"),
        ("schema: iotscan/psks@1\nrecords: []\n", "iotscan/keys@1"),
        ("\t", "ours.yaml"),
    ],
)
def test_a_list_that_is_none_is_one_line(tmp_path: Path, run: Path, text: str, said: str) -> None:
    (tmp_path / "ours.yaml").write_text(text)
    for command in (("assess", run), ("scan", "127.0.0.1"), ("image", tmp_path)):
        ended = run_iotscan(*command, "--known-keys", tmp_path / "ours.yaml", home=tmp_path)
        assert (ended.returncode, ended.stderr.count("\n"), said in ended.stderr) == (2, 1, True), ended.stderr


def test_the_block_list_of_badkeys(tmp_path: Path, run: Path) -> None:
    ended = run_iotscan("assess", run, "--known-keys", "badkeys", home=tmp_path, env={"XDG_CACHE_HOME": str(tmp_path)})
    assert (ended.returncode, "badkeys --update-bl" in ended.stderr) == (2, True), ended.stderr
    kept = tmp_path / "badkeys"
    kept.mkdir()
    number = KEY.public_numbers().n
    line = hashlib.sha256(number.to_bytes((number.bit_length() + 7) // 8, "big")).digest()[:15] + b"\x07"
    (kept / "blocklist.dat").write_bytes(b"".join(sorted([line, bytes(15) + b"\1", b"\xff" * 15 + b"\1"])))
    lists = [{"id": 7, "name": "firmware/acme"}]
    (kept / "badkeysdata.json").write_text(json.dumps({"date": "2026-11-01", "blocklists": lists}))
    found = judged(tmp_path, run, "--known-keys", "badkeys", XDG_CACHE_HOME=str(tmp_path))
    assert found == ("published", "its key is published: firmware/acme (badkeys 2026-11-01)")
