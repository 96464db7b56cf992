"""A device is not silent because we were not there to hear it."""

import time

import anyio
import pytest

from iotscan.model.scope import Pace
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.line import Knock
from iotscan.observe.network.patience import patience
from tests.observe.network.test_dial import HERE, dialer, server


def test_a_wait_ends() -> None:
    async def main() -> float:
        began = time.monotonic()
        with pytest.raises(TimeoutError), patience(0.2):
            await anyio.sleep_forever()
        return time.monotonic() - began

    assert 0.15 < anyio.run(main) < 2


def test_what_is_done_in_time_is_no_time_out() -> None:
    async def main() -> None:
        with patience(0.05):
            pass
        await anyio.sleep(0.1)

    anyio.run(main)


def test_a_machine_that_is_always_busy_ends_a_wait_too() -> None:
    async def stall() -> None:
        while True:
            time.sleep(0.1)
            await anyio.sleep(0)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(stall)
            with pytest.raises(TimeoutError), patience(0.1):
                await anyio.sleep_forever()
            group.cancel_scope.cancel()

    anyio.run(main)


@pytest.mark.parametrize("turns", range(6))
def test_a_port_is_open_though_we_were_held_up_while_it_answered(turns: int) -> None:
    async def knock(dialed: Dialer, port: int, said: list[Knock]) -> None:
        said.append(await dialed.line(HERE).knock(port))

    async def stall() -> None:
        for _ in range(turns):
            await anyio.sleep(0)
        time.sleep(0.4)

    async def main(port: int) -> list[Knock]:
        said: list[Knock] = []
        dialed = dialer(Pace(connect_timeout=0.2))
        async with anyio.create_task_group() as group:
            group.start_soon(knock, dialed, port, said)
            group.start_soon(stall)
        return said

    with server(lambda connection: None) as port:
        assert anyio.run(main, port) == ["open"]
