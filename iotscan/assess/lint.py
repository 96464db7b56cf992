"""The house rules for checks, ours and other people's: prose, names, clauses, purity."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from iotscan.assess.check import HEADINGS, Check
from iotscan.assess.purity import find_impurities
from iotscan.assess.registry import PackError, check_files, gather, read_file
from iotscan.data.typed_yaml import nearest
from iotscan.model.vocabulary import TAGS, Element

LIFECYCLES = ("experimental", "stable", "deprecated")
EFFORTS = ("low", "medium", "high")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PARAMETER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_VARIANT = re.compile(r"[a-z0-9]+([-.][a-z0-9]+)*")


def lint_folder(folder: Path) -> tuple[str, ...]:
    """Every complaint about the checks of a folder, each with its file; empty when all is well.

    Raises PackError where the folder is none or holds no check file.
    """
    complaints: list[str] = []
    checks: list[Check] = []
    for file in check_files(folder):
        try:
            check = read_file(file, folder.name)
        except PackError as error:
            complaints.append(str(error))
            continue
        checks.append(check)
        complaints += (f"{file}: {said}" for said in lint_check(check, file))
        complaints += (f"{file}:{said}" for said in find_impurities(file.read_text(encoding="utf-8")))
    try:
        gather(checks)
    except PackError as error:
        complaints.append(str(error))
    return tuple(complaints)


def lint_check(check: Check, file: Path) -> Iterator[str]:
    """Complaints about one check's prose, names and metadata."""
    info = check.info
    prose = (info.looks_at, info.matters, info.fix, info.references)
    yield from (f"'## {title}' is missing or empty" for title, text in zip(HEADINGS, prose, strict=True) if not text)
    if not inspect.getdoc(check.question):
        yield "the function has no docstring"
    if not _ID.fullmatch(info.id):
        yield f"the id '{info.id}' is not in kebab-case"
    if file.stem != info.id.replace("-", "_"):
        yield f"the file must be named for the id: {info.id.replace('-', '_')}.py"
    if file.parent.name in set(Element) and file.parent.name != info.element:
        yield f"it lies under {file.parent.name}, but its element is {info.element.value}"
    if info.title.endswith((".", "?", "!")) or len(info.title.split()) < 3:
        yield "the title must be a sentence without a full stop that says what is the case when it is good"
    if not info.clauses or not all(c.standard and c.edition and c.id for c in info.clauses):
        yield "it names no clause with standard, edition and id"
    for tag in info.tags:
        if tag not in TAGS:
            yield f"the tag '{tag}' is unknown{nearest(tag, tuple(TAGS))}"
    if info.effort not in EFFORTS:
        yield f"effort is one of {', '.join(EFFORTS)}"
    if info.lifecycle not in LIFECYCLES:
        yield f"lifecycle is one of {', '.join(LIFECYCLES)}"
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?", info.since):
        yield "since is a version such as 0.1"
    for name, variant in info.variants.items():
        if not _VARIANT.fullmatch(name):
            yield f"the variant '{name}' is not in kebab-case"
        if not variant.title or variant.title.endswith("."):
            yield f"the variant '{name}' needs a sentence without a full stop"
    for name, parameter in info.parameters.items():
        if not _PARAMETER.fullmatch(name):
            yield f"the parameter '{name}' is not in snake_case"
        if not parameter.title or parameter.title.endswith("."):
            yield f"the parameter '{name}' needs a sentence without a full stop"
