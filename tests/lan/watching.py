"""Watches where it is run, a round for each line that it is given: ``watching.py OUTPUT ROUNDS TARGET …``."""

import sys
from pathlib import Path

import anyio.to_thread

from iotscan.cli import prepare
from iotscan.cli.launch import Wish, launch
from iotscan.cli.output import Display
from iotscan.cli.watch import Pacing


async def rest(_: float) -> None:
    """Until somebody says that the next round may begin."""
    await anyio.to_thread.run_sync(sys.stdin.readline)


if __name__ == "__main__":
    # What asks all on a link is tested elsewhere, and takes six seconds a round.
    prepare.may_ask_all = lambda attached, mandate: ((), ())
    output, rounds, *targets = sys.argv[1:]
    wish = Wish(
        command="discover",
        targets=tuple(targets),
        ports="22,80",
        timeout=0.4,
        formats=("jsonl",),
        output=Path(output),
    )
    sys.exit(launch(wish, Display(), progress=True, pacing=Pacing(rounds=int(rounds), pause=rest)))
