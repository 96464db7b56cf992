"""JSON schemas of our files, generated from the types as they are written.

``make schema`` writes them down in ``reports/schemas/``; tests hold the files and the types together.
"""

import json
import sys
from typing import Any

import msgspec

from iotscan.model.run import SCHEMA, Run

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def written_schema(written: type[msgspec.Struct], schema: str, *, is_open: bool) -> dict[str, Any]:
    """The schema of a file whose key ``schema`` says ``schema`` and whose other keys are the fields of ``written``.

    Where it is not ``is_open``, an unknown key is refused at every level, as our readers refuse it.
    """
    (referred,), definitions = msgspec.json.schema_components([written], ref_template="#/$defs/{name}")
    top: dict[str, Any] = definitions[written.__name__]
    top["properties"] = {"schema": {"const": schema}} | {k: v for k, v in top["properties"].items() if k != "schema"}
    top["required"] = ["schema", *top.get("required", ())]
    if not is_open:
        for definition in definitions.values():
            if "properties" in definition:
                definition["additionalProperties"] = False
    return {"$schema": DIALECT, "title": schema, **referred, "$defs": dict(sorted(definitions.items()))}


def run_schema() -> dict[str, Any]:
    """The schema of ``iotscan/run@1``: what must be there, and of which type. More fields are allowed."""
    return written_schema(Run, SCHEMA, is_open=True)


def schema_text(schema: dict[str, Any] | None = None) -> str:
    """A schema (the run's unless another is given) as it is checked in: indented, ending in a newline."""
    return json.dumps(schema or run_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
