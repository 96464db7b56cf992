"""Scans of the same network say the same."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import Scan, Scanned
from tests.e2e.likeness import differences

SCANS = 10
AT_ONCE = 3


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_scans_give_the_same_results(scanned: Scanned, scan: Scan) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        again = [done.run for done in pool.map(lambda _: scan(), range(SCANS - 1))]
    assert [differences(scanned.run, run) for run in again] == [[]] * len(again)
