"""The child process in which the whole practice network lives. Started by :mod:`iotscan.lab.network`."""

import asyncio
import logging
import os
import resource
import signal
import sys
import uuid
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

import msgspec

from iotscan.lab.devices import DEVICES, MAINTAINED
from iotscan.lab.place import Place, PortTaken, Watch
from iotscan.lab.ports import load_ports
from iotscan.lab.state import LabState, Report, birth_of, forget_state, write_state
from iotscan.lab.workshop import Workshop

OPEN_FILES = 4096
LOG_BYTES = 500_000


async def settle(directory: Path, prefix: str, watch: Watch, workshop: Workshop) -> LabState:
    """Let every device listen. Raises PortTaken."""
    ports = load_ports()
    (directory / "ca.pem").write_bytes(workshop.authority_pem())
    places = {host: Place(f"{prefix}.{host}", ports, workshop, watch) for host in DEVICES}
    for host, place in places.items():
        await DEVICES[host](place)
    return LabState(
        pid=os.getpid(),
        birth=birth_of(os.getpid()),
        instance=uuid.uuid4().hex,
        directory=str(directory),
        prefix=prefix,
        addresses=tuple(place.address for place in places.values()),
        ports=ports.tcp,
        udp=ports.udp,
    )


async def maintain(state: LabState, watch: Watch, workshop: Workshop) -> LabState:
    """Let the devices that are looked after listen anew, as they are from now on; all others stay as they were."""
    ports = load_ports()
    for host in MAINTAINED:
        place = Place(f"{state.prefix}.{host}", ports, workshop, watch, is_maintained=True)
        watch.close(place.address)
        await DEVICES[host](place)
    return msgspec.structs.replace(state, is_maintained=True)


async def live(directory: Path, prefix: str, idle_seconds: float, pipe: int) -> None:
    """Serve until SIGTERM, or until nobody has called for ``idle_seconds``; SIGUSR1 is the day of maintenance."""
    told, ended = asyncio.Event(), False
    loop = asyncio.get_running_loop()

    def end() -> None:
        nonlocal ended
        ended = True
        told.set()

    loop.add_signal_handler(signal.SIGTERM, end)
    loop.add_signal_handler(signal.SIGUSR1, told.set)
    watch, workshop = Watch(), Workshop(datetime.now(UTC))
    try:
        state = await settle(directory, prefix, watch, workshop)
    except PortTaken as error:
        tell(pipe, Report(error=str(error)))
        return
    write_state(state)
    tell(pipe, Report(state=state))
    try:
        while not ended and (left := idle_seconds - watch.idle_seconds) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await told.wait()
            if told.is_set() and not ended and not state.is_maintained:
                state = await maintain(state, watch, workshop)
                write_state(state)
            told.clear()
    finally:
        watch.close_all()
        forget_state(state)


def tell(pipe: int, report: Report) -> None:
    """Say how starting went, once, and close the pipe: its end is the end of the message."""
    with open(pipe, "wb") as writer:
        writer.write(msgspec.json.encode(report))


def main(arguments: list[str]) -> None:
    """``serve DIRECTORY PREFIX IDLE_SECONDS PIPE``: fork away from the caller, then live."""
    directory, prefix, idle_seconds, pipe = Path(arguments[0]), arguments[1], float(arguments[2]), int(arguments[3])
    # The caller waits for this process only: its child belongs to init and leaves the caller no zombie.
    if os.fork():
        os._exit(0)
    logging.basicConfig(handlers=[RotatingFileHandler(directory / "lab.log", maxBytes=LOG_BYTES, backupCount=1)])
    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    # Old TLS is deprecated, and exactly what some of these devices are for.
    warnings.simplefilter("ignore", DeprecationWarning)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(OPEN_FILES, hard)), hard))
    try:
        asyncio.run(live(directory, prefix, idle_seconds, pipe))
    except Exception:
        logging.exception("the practice network ended")
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
