"""The file of credentials: what it must say, and that no message repeats a word of it."""

from pathlib import Path

import pytest

from iotscan.data.backend_credential_file import is_filter, read_backend_credentials
from iotscan.model.errors import BadInput

SECRET = "wX9-first-device"
GOOD = f"""\
schema: iotscan/backend-credentials@1
credentials:
  - backend: broker.acme.example:8883
    user: device-1
    password: {SECRET}
    may_hear: [devices/device-1/#, news]
    must_not_hear: [devices/device-2/#]
    certificate_sha256: "{"ab" * 32}"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "credentials.yaml"
    path.write_text(text)
    return path


def test_a_credential_is_read_and_its_password_is_a_secret(tmp_path: Path) -> None:
    (one,) = read_backend_credentials(written(tmp_path, GOOD))
    assert (one.backend, one.user, one.may_hear) == (
        "broker.acme.example:8883",
        "device-1",
        ("devices/device-1/#", "news"),
    )
    assert one.password.reveal() == SECRET
    assert SECRET not in repr(one)


def test_where_nothing_is_said_every_topic_is_that_of_others(tmp_path: Path) -> None:
    file = "schema: iotscan/backend-credentials@1\ncredentials: [{backend: b.example, user: a, password: b%s}]\n"
    (one,) = read_backend_credentials(written(tmp_path, file % ", may_hear: [own]"))
    assert (one.may_hear, one.must_not_hear) == (("own",), ("#", "+/+/#"))
    # The device itself may be talking: nothing tells its words from those of others.
    with pytest.raises(BadInput, match="may_hear"):
        read_backend_credentials(written(tmp_path, file % ""))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("user: device-1", "user: ''"),
        (f"password: {SECRET}", "password: ''"),
        ("[devices/device-2/#]", "[devices/#/device-2]"),
        ("[devices/device-2/#]", "[]"),
        ("[devices/device-2/#]", "devices/device-2/#"),
        (f"password: {SECRET}", f"pasword: {SECRET}"),
        ("ab" * 32, "abc"),
        ("credentials@1", "credentials@9"),
        (f"password: {SECRET}", f"password: [{SECRET}]"),
        (f"password: {SECRET}", f"password: {SECRET}: {SECRET}"),
    ],
)
def test_what_is_wrong_is_one_line_without_a_secret(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(BadInput) as told:
        read_backend_credentials(written(tmp_path, GOOD.replace(old, new)))
    assert SECRET not in str(told.value)
    assert "\n" not in str(told.value)


def test_line_ends_of_windows_are_no_part_of_a_password(tmp_path: Path) -> None:
    path = tmp_path / "credentials.yaml"
    path.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert read_backend_credentials(path)[0].password.reveal() == SECRET


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, True) for text in ("#", "+", "a/#", "a/+/b", "/", "a//b", "$SYS/#")),
        *((text, False) for text in ("", "a#", "a/#/b", "a+/b", "#/a", "a" * 201, "a\x1b[2J")),
    ],
)
def test_filters(text: str, expected: bool) -> None:
    assert is_filter(text) is expected
