"""``iotscan checks new``: a check and its samples from a living template."""

import re
from pathlib import Path

from iotscan.model.errors import BadInput
from iotscan.model.vocabulary import Element

_CHECK = '''"""{title}.

## What it looks at
Which facts this check reads, and how they were obtained.

## Why it matters
What an attacker gains when it is not so.

## How to fix
The concrete setting or change on the device.

## References
- The document and section that says so.
"""

from iotscan.sdk import HttpServer, Returned, Target, bad, check, clause, command, good


@check(
    id="{id}",
    title="{title}",
    element="{element}",
    variants={{"wrong": ("medium", "What is the case when it fails")}},
    clauses=(clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),),
    tags=("web", "network"),
    since="0.1",
)
def {function}(page: HttpServer, target: Target) -> Returned:
    """Say in one sentence when this fails."""
    if page.status != 418:
        return good("what was seen is as it should be", observed=f"status {{page.status}}")
    return bad(
        "wrong",
        "one sentence on what is the case here",
        observed=f"status {{page.status}}",
        expected="any other status",
        reproduce=command("curl", "-m", "5", "-s", "-o", "/dev/null", "-w", "%{{http_code}}", target.url("http")),
        shows="418",
    )
'''

_SEEN = """seen:
  - on: 192.0.2.10 tcp/80
    fact: {{kind: http-server, tls: false, status: {status}}}
expect: {expect}
"""
_MISSED = """missed:
  - {on: 192.0.2.10 tcp/80, need: http-server, status: timed_out, reason: timeout}
expect: {outcome: not_assessed}
"""


def read_element(word: str) -> Element:
    """An element's name. Raises BadInput."""
    try:
        return Element(word)
    except ValueError as error:
        raise BadInput(f"there is no element '{word[:40]}': {', '.join(Element)}") from error


def scaffold(name: str, element: str, directory: Path) -> tuple[Path, ...]:
    """Write check and samples below ``directory``; the paths made. Raises BadInput, overwrites nothing."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise BadInput(f"'{name[:60]}' is no check id: lower-case words joined by '-', as tls-versions")
    room = read_element(element)
    function = name.replace("-", "_")
    title = name.replace("-", " ").capitalize() + " is as it should be"
    samples = directory / "tests" / "checks" / name
    files = {
        directory / "checks" / room.value / f"{function}.py": _CHECK.format(
            id=name, title=title, element=room.value, function=function
        ),
        samples / "fires.yaml": _SEEN.format(status=418, expect="{outcome: fail, variant: wrong}"),
        samples / "silent.yaml": _SEEN.format(status=200, expect="{outcome: pass}"),
        samples / "unknown.yaml": _MISSED,
    }
    taken = [path for path in files if path.exists()]
    if taken:
        raise BadInput(f"{taken[0]} exists already: choose another name")
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as error:
            raise BadInput(f"{path} cannot be written ({error.strerror}): choose another --dir") from error
    return tuple(files)
