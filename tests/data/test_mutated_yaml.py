"""Every YAML file that we ship, cut and mutated: one clear complaint with file and line, and never a password."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.data.credential_records import FOLDER, read_records
from iotscan.data.known_psks import FILE, read_known_psks
from iotscan.model.errors import BadInput
from iotscan.shipped import PACKAGE

MUTATIONS = 80
LAB = PACKAGE / "lab"
FILES = (*sorted(FOLDER.glob("*.yaml")), LAB / "credentials.yaml", FILE)
_PASSWORD = re.compile(r'((?:password|text|hex): "?)([^"\n}]*)("?)')
_PIECES = (
    "'",
    '"',
    ":",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!t ",
    "\t",
    "\n",
    "\0",
    "\xff",
    "%",
    "#",
    "? ",
    ", ",
    "|",
    "x",
)


def with_canaries(path: Path) -> tuple[str, list[str]]:
    """The file with every password made recognisable, and those passwords."""
    canaries: list[str] = []

    def replace(found: re.Match[str]) -> str:
        canaries.append(f"cAnary{len(canaries)}pX")
        return f"{found[1]}{canaries[-1]}{found[3]}"

    return _PASSWORD.sub(replace, path.read_text("utf-8")), canaries


def mutated(text: str, dice: random.Random) -> str:
    """Cut it short, or take out, double, swap or put in a piece; more often than not beside a password."""
    beside = [m.start() for m in re.finditer("password|cAnary", text)]
    at = max(
        0,
        min(
            len(text),
            dice.choice(beside) + dice.randrange(-12, 20) if dice.random() < 0.6 else dice.randrange(len(text)),
        ),
    )
    size = dice.randrange(1, 15)
    match dice.randrange(5):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + text[at + size :]
        case 2:
            return text[:at] + text[at : at + size] * 2 + text[at + size :]
        case 3:
            return text[:at] + text[at : at + size][::-1] + text[at + size :]
        case _:
            return text[:at] + dice.choice(_PIECES) + text[at:]


@pytest.mark.parametrize("file", FILES, ids=lambda p: p.name)
def test_a_broken_file_of_records_is_one_line_without_a_password(file: Path, tmp_path: Path) -> None:
    text, canaries = with_canaries(file)
    assert canaries
    dice = random.Random(file.name)
    path = tmp_path / file.name
    read: Callable[[Path], object] = read_known_psks if file == FILE else read_records
    complaints = 0
    for _ in range(MUTATIONS):
        path.write_bytes(mutated(text, dice).encode("utf-8", "surrogatepass"))
        try:
            read(path)
        except BadInput as error:
            complaints += 1
            said = str(error)
            assert re.match(rf"{re.escape(str(path))}:\d+: \S|{re.escape(str(path))}:\d+:\d+: \S", said), said
            assert "\n" not in said
            assert "cAnary" not in said, said
    assert complaints > MUTATIONS // 4, "the mutations broke too little: this proves nothing"


@pytest.mark.parametrize(
    "broken",
    [
        "{user: admin, cAnary}",
        "{user: admin, cAnary: cAnary}",
        "{user: admin, password: !cAnary x}",
        "{user: admin, password: *cAnary}",
        "{user: admin, password: &cAnary x}",
        "{user: admin, password: !cAnary!x x}",
        "{cAnary: 1, cAnary: 2}",
        "{user: admin, password: 'cAnary}",
        '{user: admin, password: "\\cAnary"}',
        "{user: admin, password: [cAnary]}",
        "cAnary",
        "{user: admin, passwordcAnary}",
        "%cAnary",
    ],
)
def test_no_complaint_repeats_a_password(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "records.yaml"
    body = "records:\n  - id: a\n    vendor: a\n    product: a\n    protocols: [http]\n    match: {realm: abc}\n"
    path.write_text(f"schema: iotscan/credentials@1\n{body}    source: a\n    pairs: [{broken}]\n")
    with pytest.raises(BadInput) as error:
        read_records(path)
    assert "cAnary" not in str(error.value)
    assert f"{path}:" in str(error.value)
