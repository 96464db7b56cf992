"""A profile as the YAML that says it: what a person then edits. Whatever stands in it, nothing of it becomes markup."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from iotscan.assess.profile.effective import Profile
from iotscan.assess.profile.written import SCHEMA


def write_profile(profile: Profile, *notes: str) -> str:
    """The file that says what a profile of one layer says, after ``notes`` as comments, a line each."""
    return "\n".join(_lines(profile, notes)) + "\n"


def write_extension(
    *, id: str, title: str, says: str, extends: str, values: Mapping[str, Mapping[str, object]], notes: Iterable[str]
) -> str:
    """The file of a profile that extends another and tells checks some ``values``, after ``notes`` as comments."""
    lines = [f"# {_printable(note)}" for note in notes]
    lines += [f"schema: {SCHEMA}", f"id: {_text(id)}", 'version: "1"', f"title: {_text(title)}"]
    lines += [f"extends: [{_text(extends)}]", "changelog:", f'  - {{version: "1", says: {_text(says)}}}']
    return "\n".join([*lines, *_mappings("values", values.items())]) + "\n"


def _lines(profile: Profile, notes: tuple[str, ...]) -> Iterator[str]:
    yield from (f"# {_printable(note)}" for note in notes)
    yield f"schema: {SCHEMA}"
    for name in ("id", "version", "title"):
        yield f"{name}: {_text(getattr(profile, name))}"
    yield "changelog:"
    yield from (f"  - {{version: {_text(c.version)}, says: {_text(c.says)}}}" for c in profile.changelog)
    yield f"policy: {profile.policy}"
    yield "select:"
    yield "  include:"
    yield from (f"    - {_text(word)}" for word in profile.select.include)
    if profile.required:
        yield "required:"
        yield from (f"  - {_text(word)}" for word in profile.required)
    yield from _mappings("values", [(c, v) for layer in profile.values for c, v in layer.items()])
    for layer in profile.severities:
        yield "severities:"
        yield from (f"  {_text(check)}: {_value(severity)}" for check, severity in layer.items())
    yield from _mappings("", [("gate", msgspec.structs.asdict(profile.gate))])


def _mappings(name: str, entries: Iterable[tuple[str, Mapping[str, object]]]) -> Iterator[str]:
    filled = [(key, {k: v for k, v in values.items() if v is not None}) for key, values in entries]
    given = [(key, values) for key, values in filled if values]
    if name and given:
        yield f"{name}:"
    margin = "  " if name else ""
    for key, values in given:
        yield f"{margin}{key}:"
        yield from (f"{margin}  {_text(k)}: {_value(v)}" for k, v in values.items())


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_text(k)}: {_value(v)}' for k, v in value.items())}}}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else _text(str(value))


def _text(text: str) -> str:
    """A text that YAML reads back as itself: bare where it is a plain word, else in quotes with escapes."""
    if text.replace("-", "").replace("_", "").isalnum() and text.isascii() and text[0].isalpha():
        return text if text not in ("true", "false", "null") else f'"{text}"'
    return f'"{_printable(text)}"'


def _printable(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped)
