"""The kernel's neighbours, as it told them of a bridge with five."""

import pytest

from iotscan.wire.rtnetlink import Neighbour, read_neighbours

TOLD = bytes.fromhex(
    "4c0000001c00020001000000c6720000020000000200000004000001080001000a0000090a00020000408c00000b0000080004000000000014"
    "000300c71700005700000057000000000000004c0000001c00020001000000c672000002000000020000004000000508000100e00000160a00"
    "020001005e0000160000080004000000000014000300cf1700005f0000005f00000000000000580000001c00020001000000c67200000a0000"
    "00020000000400000114000100fd0000000000000000000000000000090a00020000408c00000a0000080004000000000014000300ca170000"
    "5a0000005a00000000000000580000001c00020001000000c67200000a000000020000008000000114000100fe800000000000000000000000"
    "0000090a00020000408c00000900000800040000000000140003005c0000005c0000005c00000000000000140000000300020001000000c672"
    "000000000000"
)
KNOWN = (
    Neighbour("10.0.0.9", "00:40:8c:00:00:0b", 2),
    Neighbour("fd00::9", "00:40:8c:00:00:0a", 2),
    Neighbour("fe80::9", "00:40:8c:00:00:09", 2),
)


def test_neighbours_of_both_versions_and_no_groups() -> None:
    assert read_neighbours(TOLD) == (KNOWN, False)


@pytest.mark.parametrize("state", [0x00, 0x01, 0x20, 0x40])
def test_who_did_not_answer_is_no_neighbour(state: int) -> None:
    told = bytearray(TOLD)
    assert told[24] == 0x04
    told[24] = state
    assert read_neighbours(bytes(told))[0] == KNOWN[1:]


def test_what_is_cut_short_is_left_out() -> None:
    for length in range(len(TOLD)):
        found, goes_on = read_neighbours(TOLD[:length])
        assert found == KNOWN[: len(found)]
        assert goes_on == (length > 0)


def test_lengths_of_nothing_end_it() -> None:
    assert read_neighbours(bytes(64)) == ((), True)
