"""``python -m iotscan.cli.schemas DIR``: write the JSON schemas of our files from their types."""

import sys
from pathlib import Path

from iotscan.cli.kinds import KINDS, Kind
from iotscan.report.schema import schema_text, written_schema


def text_of(kind: Kind) -> str:
    """The JSON schema of a kind of file."""
    return schema_text(written_schema(kind.struct(), kind.schema, is_open=kind.is_open))


def file_names() -> dict[str, Kind]:
    """The name of each schema file: ``run-1.schema.json`` for ``iotscan/run@1``."""
    return {
        f"{kind.schema.partition('/')[2].replace('@', '-')}.schema.json": kind
        for kind in KINDS.values()
        if kind.written
    }


def write_schemas(folder: Path) -> int:
    """Write one file a kind below ``folder``; the number of files."""
    for name, kind in file_names().items():
        (folder / name).write_text(text_of(kind), "utf-8")
    return len(file_names())


if __name__ == "__main__":
    print(f"{write_schemas(Path(sys.argv[1]))} schemas in {sys.argv[1]}")
