"""What GRUB counts, where its configuration is made of functions."""

from pathlib import Path

import pytest

from iotscan.observe.image.inspectors.updates.loaders.grub_functions import executed
from tests.image_lab.mender_gateway import GRUB
from tests.observe.image.updates.systems import system_of

CALL = "        mender_save_env\n"


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        (("", ""), True),
        ((CALL, "        true\n"), False),
        ((CALL, "        # mender_save_env\n"), False),
        (("mender_load_env_with_rollback\nregexp", "regexp"), False),
        (("mender_check_and_restore_env\nmender_load", "mender_load"), True),
    ],
)
def test_a_count_is_saved_by_what_is_called(change: tuple[str, str], counted: bool, tmp_path: Path) -> None:
    assert change[0] in GRUB
    files = {"etc/mender/mender.conf": "{}", "boot/efi/EFI/BOOT/grub.cfg": GRUB.replace(*change)}
    assert system_of(tmp_path, "mender", files).holds("boot-counter") is counted


def test_lines_keep_their_numbers_and_functions_of_one_line_end_there() -> None:
    text = b"# a\nfunction b { true; }\nfunction c {\n  save_env d\n}\nc\nsave_env e\n"
    assert executed(text) == b"\n\n\n  save_env d\n}\nc\nsave_env e\n"
