import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.banner import recognise
from iotscan.wire.http2 import is_server_preface

NGHTTPD = bytes.fromhex("000006040000000000000300000064")


def test_what_nghttpd_opens_with() -> None:
    assert is_server_preface(NGHTTPD)
    found = recognise(NGHTTPD)
    assert found is not None
    assert found.protocol == "h2c"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        NGHTTPD[:-1],
        bytes(9),
        bytes.fromhex("000000040000000000"),  # empty, and alone
        bytes.fromhex("000000040100000000"),  # an acknowledgement
        bytes.fromhex("000006040000000001000300000064"),  # of a stream
        bytes.fromhex("000005040000000000000300000064"),  # no whole entries
        bytes.fromhex("00000604000000000000ff00000064"),  # a setting that nobody knows
    ],
)
def test_what_opens_no_http2(data: bytes) -> None:
    assert not is_server_preface(data)


@given(st.binary(max_size=40))
def test_any_bytes_tell_or_do_not(data: bytes) -> None:
    assert is_server_preface(data) in (True, False)
