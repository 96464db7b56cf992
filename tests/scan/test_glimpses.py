"""What is judged in between: the newest alone, and nothing once it is over."""

import threading

from iotscan.model.run import Run
from iotscan.scan.glimpses import Glimpses
from tests.report.example import empty_run


def test_what_is_older_is_left_out() -> None:
    judged: list[int] = []
    begun, go_on, shown = threading.Event(), threading.Event(), threading.Semaphore(0)

    def judge(number: int) -> Run:
        judged.append(number)
        begun.set()
        assert go_on.wait(10)
        return empty_run()

    with Glimpses(judge, lambda _: shown.release()) as glimpses:
        glimpses.see(1)
        assert begun.wait(10)
        for number in (2, 3, 4):
            glimpses.see(number)
        go_on.set()
        assert shown.acquire(timeout=10)
        assert shown.acquire(timeout=10)
    assert judged == [1, 4]


def test_once_it_is_over_nothing_is_shown() -> None:
    begun, go_on = threading.Event(), threading.Event()
    shown: list[Run] = []

    def judge(_: int) -> Run:
        begun.set()
        assert go_on.wait(10)
        return empty_run()

    glimpses = Glimpses(judge, shown.append)
    with glimpses:
        glimpses.see(1)
        assert begun.wait(10)
        ending = threading.Timer(0.1, go_on.set)
        ending.start()
    assert shown == []
