"""Whoever falls silent at the last question to its equipment is asked nothing else either."""

import anyio
import pytest

from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network import fragile
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.line import Line
from iotscan.observe.network.probes import modbus, telnet
from iotscan.observe.network.survey import Survey
from iotscan.observe.network.unit import Unit
from tests.observe.network.test_dial import HERE, dialer, server

GREETING = b"\xff\xfd\x18\xff\xfd\x20device login: "


@pytest.mark.parametrize(("is_alive", "status"), [(False, AttemptStatus.NOT_TRIED), (True, AttemptStatus.OBSERVED)])
def test_after_the_last_question_it_is_looked_for(
    is_alive: bool, status: AttemptStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Unit] = []
    looked: list[int] = []

    async def keep(unit: Unit) -> None:
        kept.append(unit)

    async def answers(_: Line, port: int) -> bool:
        looked.append(port)
        return is_alive

    monkeypatch.setattr(fragile, "_answers", answers)

    async def main(silent: int, port: int) -> None:
        questions = Questions(
            tcp=(port,),
            likely=(),
            expected={port: "telnet"},
            probes=(modbus.PROBE, telnet.PROBE),
            own={"modbus": f"tcp/{silent}"},
            fragile=("industrial",),
        )
        await Survey(dialer().line(HERE), questions, keep).run()

    with server(lambda c: c.recv(300)) as silent, server(lambda c: c.sendall(GREETING)) as port:
        anyio.run(main, silent, port)
    asked = {a.need: a for unit in kept for a in unit.attempts}
    assert looked == [port]
    assert asked["telnet-server"].status is status
    assert (asked["telnet-server"].reason is Reason.UNREACHABLE) is not is_alive
