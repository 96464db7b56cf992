import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from iotscan.model.facts import FACT_TYPES
from iotscan.model.run import Run
from iotscan.report import json as run_json
from iotscan.report.schema import run_schema

from .example import example_run, image_run, interrupted_run


def test_the_schema_is_one_and_knows_every_fact() -> None:
    schema = run_schema()
    Draft202012Validator.check_schema(schema)
    kinds = {
        d["properties"]["kind"].get("const") for d in schema["$defs"].values() if "kind" in d.get("properties", {})
    }
    tags = {tag for d in schema["$defs"].values() for tag in d.get("properties", {}).get("kind", {}).get("enum", [])}
    assert set(FACT_TYPES) <= kinds | tags


@pytest.mark.parametrize("make", [example_run, interrupted_run, image_run])
def test_a_written_run_is_valid(make: Callable[[], Run]) -> None:
    Draft202012Validator(run_schema()).validate(json.loads(run_json.render(make())))


def _written() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(run_json.render(example_run()))
    return loaded


def test_more_fields_are_welcome() -> None:
    written = _written() | {"from_the_future": 1}
    Draft202012Validator(run_schema()).validate(written)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda run: run.update(schema="iotscan/run@2"),
        lambda run: run.pop("schema"),
        lambda run: run.pop("scope"),
        lambda run: run["results"][0].update(outcome="maybe"),
        lambda run: run["results"][0].update(severity="bad"),
        lambda run: run["observations"][0]["fact"].update(kind="rumour"),
    ],
)
def test_another_thing_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    written = copy.deepcopy(_written())
    spoil(written)
    with pytest.raises(ValidationError):
        Draft202012Validator(run_schema()).validate(written)
