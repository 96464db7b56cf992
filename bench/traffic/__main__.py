"""``python -m bench.traffic FILE``: read one capture as the program's own process does, and say which names it holds.

``python -m bench.traffic``: the figures.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.table import show
from bench.traffic.figures import TURNS, traffic
from iotscan.model.facts import HttpExchange, NameQuestion, TlsSession
from iotscan.observe.traffic.conversation import Told
from iotscan.observe.traffic.following import Following
from iotscan.observe.traffic.ledger import Ledger
from iotscan.observe.traffic.readers import all_choosers


class _Naming(Ledger):
    """The ledger, and beside it the names that tshark prints, too."""

    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    def told(self, said: Told) -> None:
        super().told(said)
        item = said.item
        if isinstance(item, TlsSession):
            self.names[f"sni {item.server_name}"] += 1
        elif isinstance(item, HttpExchange):
            self.names[f"host {item.host}"] += 1
        elif isinstance(item, NameQuestion):
            self.names[f"dns {item.name}"] += 1


def read(path: Path) -> None:
    """Read a capture; print frames and names."""
    ledger = _Naming()
    following = Following(ledger, all_choosers())
    with path.open("rb") as stream:
        capture = following.read(stream, path.name, lambda _: None)
    following.close()
    ledger.settle()
    kept = len(ledger.observations())
    print(json.dumps({"frames": capture.frames, "names": ledger.names, "kept": kept}))


def main() -> None:
    """Read what is given, or measure."""
    if len(sys.argv) > 1:
        read(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory(prefix="iotscan-bench-") as folder:
        show(f"a capture read (median of {TURNS})", traffic(os.environ, Path(folder)))


if __name__ == "__main__":
    main()
