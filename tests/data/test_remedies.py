"""The records of proved changes: ours are whole, others are refused with the place and the reason."""

from pathlib import Path

import pytest

from iotscan.assess.registry import load_checks
from iotscan.data.remedies import FOLDER, load_programs, read_program
from iotscan.data.strict_yaml import BadYaml

GOOD = r"""schema: iotscan/remedies@1
program: acmed
products: [Acme]
paths: ["/etc/acme/*"]
versions: acmed 1.0
remedies:
  - id: acmed-tls
    repairs:
      tls-versions: [tls-1.0-1.1]
      forward-secrecy: [unsupported]
    title: Use TLS
    file: /etc/acme/acme.conf
    remove: ['\s*tls\b.*']
    text: |
      tls <CERTIFICATE>
    fill: {"<CERTIFICATE>": the certificate of the device}
    apply: [acmed -t]
    source: manual of acmed
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "acmed.yaml"
    path.write_text(text)
    return path


def test_one_change_becomes_a_remedy_for_each_check(tmp_path: Path) -> None:
    program = read_program(write(tmp_path, GOOD))
    assert [(r.id, r.check, r.variants, r.versions) for r in program.remedies] == [
        ("acmed-tls", "tls-versions", ("tls-1.0-1.1",), "acmed 1.0"),
        ("acmed-tls", "forward-secrecy", ("unsupported",), "acmed 1.0"),
    ]
    first = program.remedies[0]
    assert first.repairs("tls-versions", "tls-1.0-1.1")
    assert not first.repairs("tls-versions", "ssl")
    assert not first.repairs("forward-secrecy", "unsupported")


def test_ours_speak_of_checks_and_variants_that_there_are() -> None:
    checks = {c.info.id: c.info for c in load_checks().checks}
    for program in load_programs():
        for said in (*program.remedies, *program.absences):
            assert set(said.variants) <= set(checks[said.check].variants), said
    names = [p.name for p in load_programs()]
    assert names == sorted(names) == [p.stem for p in sorted(FOLDER.glob("*.yaml"))]
    ids = {(r.id, r.check) for p in load_programs() for r in p.remedies}
    assert len(ids) == sum(len(p.remedies) for p in load_programs())


@pytest.mark.parametrize(
    ("old", "new", "line", "complaint"),
    [
        ("versions: acmed 1.0", 'versions: ""', 0, "fill them in"),
        ("source: manual of acmed", 'source: ""', 7, "lacks"),
        ("apply: [acmed -t]", "apply: []", 7, "lacks"),
        ("[unsupported]", "[]", 8, "repairs nothing"),
        (r"'\s*tls\b.*'", "'(tls'", 13, "no pattern"),
        (r"'\s*tls\b.*'", "'.*'", 13, "fits an empty line"),
        (r"'\s*tls\b.*'", f"'{'x' * 201}'", 13, "longer than"),
        ('"<CERTIFICATE>"', '"<KEY>"', 7, "<CERTIFICATE>, <KEY>"),
        ("    title:", "    titel: x\n    title:", 11, "did you mean 'title'"),
        ("id: acmed-tls", "id: [acmed]", 7, "str"),
    ],
)
def test_others_are_refused(tmp_path: Path, old: str, new: str, line: int, complaint: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(BadYaml) as raised:
        read_program(path)
    assert complaint in str(raised.value)
    assert not line or f":{line}:" in str(raised.value)


def test_an_id_is_used_once(tmp_path: Path) -> None:
    head, _, record = GOOD.partition("  - ")
    with pytest.raises(BadYaml, match="used before"):
        read_program(write(tmp_path, f"{head}  - {record}  - {record}"))
