"""``python -m iotscan.report.layout.sandbox SECONDS``: one foreign template, rendered with hands tied.

Reads ``{"name", "sources", "page"}`` as JSON from standard input, writes ``{"markup"}`` or ``{"error", "file",
"line"}`` to standard output. Three walls: Jinja2's immutable sandbox with autoescape that cannot be switched off;
data alone (text, lists, dictionaries) and templates from memory alone; limits of the system on memory, processor
time and files, so that whatever a template builds ends with this process.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import FunctionLoader, StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

MEMORY: Final = 400_000_000
"""Bytes of data beyond which nothing more is given."""
LARGEST: Final = 4_000_000
"""Characters of markup that one block may have."""


def confine(seconds: int) -> None:
    """No more than ``seconds`` of the processor, :data:`MEMORY`, no new file, no core."""
    import resource

    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        # macOS knows the limit and does not keep it; time ends a template there.
        resource.RLIMIT_AS if sys.platform == "linux" else resource.RLIMIT_DATA: MEMORY,
    }
    for which, wanted in limits.items():
        _, most = resource.getrlimit(which)
        allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(which, (allowed, allowed))


class Refused(Exception):
    """The template wants what it may not have."""

    def __init__(self, text: str, file: str, line: int) -> None:
        super().__init__(text)
        self.file, self.line = file, line


def environment(sources: Mapping[str, str]) -> ImmutableSandboxedEnvironment:
    """Where foreign templates are rendered: what they include is among ``sources`` or is not there."""
    made = ImmutableSandboxedEnvironment(
        # A template's name is its file name as well: a traceback shows it.
        loader=FunctionLoader(lambda name: (sources[name], name, None) if name in sources else None),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Text of devices would become markup.
    del made.filters["safe"]
    return made


def require_escaping(made: ImmutableSandboxedEnvironment, sources: Mapping[str, str]) -> None:
    """Raise :class:`Refused` where a template switches autoescape off."""
    for name, text in sources.items():
        for node in made.parse(text, name).find_all(nodes.ScopedEvalContextModifier):
            raise Refused("autoescape is always on", name, node.lineno)


def render(name: str, sources: Mapping[str, str], page: Mapping[str, Any]) -> str:
    """The markup of one template. Raises :class:`Refused` and what Jinja2 raises."""
    made = environment(sources)
    require_escaping(made, sources)
    pieces: list[str] = []
    size = 0
    for piece in made.get_template(name).generate(page=page):
        size += len(piece)
        if size > LARGEST:
            raise Refused(f"it writes more than {LARGEST:,} characters", name, 0)
        pieces.append(piece)
    return "".join(pieces)


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to one request, whatever happens."""
    sources = dict(request["sources"])
    name = str(request["name"])
    try:
        return {"markup": render(name, sources, request["page"])}
    except Refused as error:
        return _told(str(error), error.file, error.line)
    except TemplateSyntaxError as error:
        return _told(str(error.message), error.name or name, error.lineno)
    except (MemoryError, RecursionError) as error:
        what = "too much memory" if isinstance(error, MemoryError) else "templates in templates without an end"
        return _told(f"it was stopped: it takes {what}", *_place(error, name, sources))
    except TemplateError as error:
        text = f"there is no template '{error}'" if type(error).__name__ == "TemplateNotFound" else str(error)
        return _told(text, *_place(error, name, sources))
    except Exception as error:  # a faulty template may raise anything; it is told with its line
        return _told(f"{type(error).__name__}: {error}", *_place(error, name, sources))


def _told(text: str, file: str, line: int) -> dict[str, Any]:
    return {"error": text[:1000], "file": file, "line": line}


def _place(error: BaseException, name: str, sources: Mapping[str, str]) -> tuple[str, int]:
    """(template, line) of the innermost template in a traceback, which Jinja2 has rewritten to name templates."""
    frame, file, line = error.__traceback__, name, 0
    while frame is not None:
        if frame.tb_frame.f_code.co_filename in sources:
            file, line = frame.tb_frame.f_code.co_filename, frame.tb_lineno
        frame = frame.tb_next
    return file, line


def main() -> None:
    """Answer one request and end."""
    given = json.load(sys.stdin)
    confine(int(sys.argv[1]))
    try:
        told = json.dumps(answer(given))
    except MemoryError:
        told = json.dumps(_told("it was stopped: it takes too much memory", str(given["name"]), 0))
    sys.stdout.write(told)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
