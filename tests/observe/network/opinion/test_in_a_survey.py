"""Asked last, of unknown services alone; and not again when a run goes on."""

import socket
from pathlib import Path

import anyio

from iotscan.model.facts import ServiceOpinion
from iotscan.model.scope import Scope
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.opinion.asking import PROBE
from iotscan.observe.network.opinion.installed import Nmap
from iotscan.observe.network.probes import all_probes
from iotscan.observe.network.survey import Survey
from iotscan.observe.network.unit import Unit
from tests.observe.network.daemons import HOST, PACE, serving
from tests.observe.network.opinion.fakes import fake, report


def survey(ports: tuple[int, ...], nmap: Nmap, done: tuple[Unit, ...] = ()) -> list[Unit]:
    units: list[Unit] = []

    async def keep(unit: Unit) -> None:
        units.append(unit)

    async def go() -> None:
        line = Dialer(Scope(include=(HOST,), pace=PACE)).line(HOST)
        questions = Questions(tcp=ports, probes=(PROBE,), tools={"nmap": nmap})
        await Survey(line, questions, keep, done=done).run()

    anyio.run(go)
    return units


def test_it_is_none_of_the_questions_that_are_always_asked() -> None:
    assert PROBE not in all_probes()
    assert max(probe.stage for probe in all_probes()) < PROBE.stage


def test_unknown_services_alone_are_asked_and_once(tmp_path: Path) -> None:
    def rubbish(guest: socket.socket) -> None:
        guest.sendall(b"\x7fqx and sixteen more\n")

    def ssh(guest: socket.socket) -> None:
        guest.sendall(b"SSH-2.0-dropbear_2022.83\r\n")

    with serving(rubbish) as unknown, serving(ssh) as known:
        (tmp_path / "document").write_text(report(unknown))
        nmap = fake(tmp_path, 'echo "$@" >> "$HERE/ran"; cat "$HERE/document"')
        units = survey((unknown, known), nmap)
        assert [u.name for u in units][-1] == f"nmap tcp/{unknown}"
        assert [type(o.fact) for o in units[-1].observations] == [ServiceOpinion]
        (words,) = (tmp_path / "ran").read_text().splitlines()
        assert words.endswith(f"-p {unknown} {HOST}")
        assert survey((unknown, known), nmap, tuple(units)) == []
        assert len((tmp_path / "ran").read_text().splitlines()) == 1
