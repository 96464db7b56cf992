"""The capture that a command reads, by its name: a check sees what was said in it, and not where it lies. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from iotscan.assess.authoring import command
from iotscan.model.capture import Capture
from iotscan.model.result import Result

UNNAMED: Final = "capture.pcap"
"""What a check calls the capture."""
_READS: Final = command("tshark", "-r", UNNAMED) + " "


def name_captures(results: Iterable[Result], captures: Sequence[Capture]) -> tuple[Result, ...]:
    """The results with commands that read the very file. Where there are several, nothing says which it was in."""
    files = [capture.kept or capture.source for capture in captures if capture.sha256 or capture.kept]
    # Quoted within, a name is another text than the one that pseudonyms are looked for.
    if len(captures) != 1 or not files or "'" in files[0]:
        return tuple(results)
    reads = command("tshark", "-r", files[0]) + " "
    return tuple(_reading(result, reads) for result in results)


def _reading(result: Result, reads: str) -> Result:
    if not result.reproduce.startswith(_READS):
        return result
    return msgspec.structs.replace(result, reproduce=reads + result.reproduce.removeprefix(_READS))
