"""``python -m tests.fuzz TARGET [libFuzzer options]``: coverage-guided, for as long as you like.

Needs atheris, which is in no group of ours (it has no wheel for every Python): ``pip install atheris`` first. For a
million executions: ``python -m tests.fuzz tls-stream -runs=1000000``. What it finds goes into ``seeds.py``.
"""

import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Fuzz one target, from its seeds."""
    try:
        import atheris  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        sys.exit("fuzzing needs atheris: pip install atheris")
    with atheris.instrument_imports(include=["iotscan"]):
        from tests.fuzz.seeds import SEEDS
        from tests.fuzz.targets import TARGETS
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"which target? One of: {', '.join(TARGETS)}")
    name = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="iotscan-fuzz-") as folder:
        for number, seed in enumerate(SEEDS[name]):
            (Path(folder) / str(number)).write_bytes(seed)
        atheris.Setup([f"fuzz {name}", *sys.argv[2:], folder], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
