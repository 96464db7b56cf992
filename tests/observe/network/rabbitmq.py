"""A real RabbitMQ: one node of its own in a folder, which nobody but this machine can reach or join."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"
PACKAGE = "rabbitmq-server"
SECONDS = 60.0
_ONE_CORE = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"


def environment(folder: Path, lines: str, *, mapper: int, distribution: int) -> Mapping[str, str]:
    """The environment in which the program runs in the foreground: its settings are written to ``folder``.

    ``lines`` are those of ``rabbitmq.conf``; ``mapper`` and ``distribution`` are ports on loopback for Erlang's own
    use. AMQP 1.0 is switched on, as it always is since RabbitMQ 4.
    """
    # It would look for itself in /proc, where it is somebody else in a namespace of processes.
    usual = "log.console = true\nlog.file = false\nvm_memory_calculation_strategy = allocated\n"
    (folder / "rabbitmq.conf").write_text(f"{usual}{lines}\n")
    (folder / "plugins").write_text("[rabbitmq_amqp1_0].\n")
    own = {
        "NODENAME": "iotscan@localhost",
        "MNESIA_BASE": f"{folder}/mnesia",
        "LOG_BASE": f"{folder}/log",
        "CONFIG_FILE": f"{folder}/rabbitmq",
        "ENABLED_PLUGINS_FILE": f"{folder}/plugins",
        "FEATURE_FLAGS_FILE": f"{folder}/flags",
        "PID_FILE": f"{folder}/pid",
        "DIST_PORT": str(distribution),
        "SERVER_ADDITIONAL_ERL_ARGS": f"{_ONE_CORE} -kernel inet_dist_use_interface {{127,0,0,1}}",
    }
    erlang = {"ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(mapper), "HOME": str(folder)}
    return {"PATH": os.environ["PATH"], **erlang, **{f"RABBITMQ_{name}": value for name, value in own.items()}}


@contextmanager
def running(folder: Path, words: Mapping[str, str], ready: Callable[[], bool]) -> Iterator[None]:
    """Run it until the block ends, with all that it starts: its script waits for Erlang, and both for the mapper."""
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            PROGRAM, env=words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    try:
        ends = time.monotonic() + SECONDS
        while not ready():
            if process.poll() is not None or time.monotonic() > ends:
                raise AssertionError(f"RabbitMQ did not start: {(folder / 'daemon.log').read_text()}")
            time.sleep(0.1)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # The port mapper is a daemon: it goes once it has seen that its node did.
        for _ in range(50):
            said = subprocess.run(["epmd", "-kill"], env=words, check=False, capture_output=True)
            if b"Killed" in said.stdout:
                break
            time.sleep(0.05)
