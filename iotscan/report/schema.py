"""The JSON schema of a run file, generated from the model.

``make schema`` (``python -m iotscan.report.schema > reports/schemas/run-1.schema.json``) writes it down;
a test holds the file and the model together.
"""

import json
import sys
from typing import Any

import msgspec

from iotscan.model.run import SCHEMA, Run

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def run_schema() -> dict[str, Any]:
    """The schema of ``iotscan/run@1``: what must be there, and of which type. More fields are allowed."""
    (referred,), definitions = msgspec.json.schema_components([Run], ref_template="#/$defs/{name}")
    run: dict[str, Any] = definitions["Run"]
    run["properties"]["schema"] = {"const": SCHEMA}
    run["required"] = ["schema", *run["required"]]
    return {"$schema": DIALECT, "title": SCHEMA, **referred, "$defs": dict(sorted(definitions.items()))}


def schema_text() -> str:
    """The schema as it is checked in: indented, ending in a newline."""
    return json.dumps(run_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
