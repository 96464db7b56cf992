"""``--fingerprints``: its rules are in force, also in a scan that goes on, and those that cannot be are named."""

from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.cli.launch import Wish
from iotscan.cli.prepare import prepare
from iotscan.cli.recipe import NAME, Recipe

RULES = """<fingerprints matches="ssh.banner">
<fingerprint pattern="^mine$"><param pos="0" name="hw.vendor" value="Me"/></fingerprint>
<fingerprint pattern="^(.)\\1$"><param pos="1" name="hw.model"/></fingerprint></fingerprints>"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.xml").write_text(RULES)
    return tmp_path / "rules"


def test_rules_of_a_folder_join_ours_and_what_cannot_be_used_is_a_notice(rules: Path, tmp_path: Path) -> None:
    wish = Wish(command="discover", targets=("127.0.0.1",), fingerprints=(rules,), output=tmp_path / "out", yes=True)
    request = anyio.run(prepare, wish).request
    assert request.library is not None
    assert request.library.match("ssh.banner", "mine") is not None
    assert request.library.match("ssh.banner", "dropbear_2022.83") is not None
    (notice,) = [n for n in request.header.notices if n.about == "fingerprints"]
    assert "mine.xml:3" in notice.text
    recipe = msgspec.json.decode((request.folder / NAME).read_bytes(), type=Recipe)
    assert recipe.plan.fingerprints == (str(rules),)
