"""aktualizr: TUF and Uptane on the device (its configuration in TOML, ``/usr/lib/sota/conf.d``, ``/etc/sota/conf.d``).

Source: aktualizr documentation, "Configuration options": ``[tls] server``, ``[uptane] polling_sec``, ``[pacman] type``.
Targets are taken only with metadata that the roles' keys signed; versions of metadata may not fall.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateSource, UpdateSystem
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.unreadable import Unreadable

_FOLDERS = ("/usr/lib/sota/conf.d", "/etc/sota/conf.d", "/var/sota")
_PROGRAMS = ("aktualizr", "aktualizr-lite", "aktualizr-primary", "aktualizr-torizon")
REMOTE = "aktualizr-remote"
"""The remote of OSTree that it makes for itself: it pulls what signed targets name, by its digest."""
_CONFIRMING = ("uboot_generic", "uboot_masked", "fiovb")
_LONGEST, _LONGEST_LINE = 64 << 10, 4000
_POLLED = 10
"""Seconds: ``polling_sec`` where nothing is said."""


def confirming(root: Root) -> tuple[str, str] | None:
    """The setting by which it sets the boot loader's count back, and its file. Raises Unreadable."""
    files = _files(root)
    mode = _together(files).get("bootloader", {}).get("rollback_mode")
    if mode not in _CONFIRMING or not root.runs(*_PROGRAMS).known:
        return None
    path = next(p for p, each in files if isinstance(b := each.get("bootloader"), dict) and "rollback_mode" in b)
    return f"rollback_mode={mode}", path


def pulls_by_digest(root: Root) -> bool:
    """Whether it is in the image."""
    return bool(root.program(*_PROGRAMS))


def _files(root: Root) -> list[tuple[str, dict[str, Any]]]:
    """Its configuration, in the order in which the later ones count. Raises Unreadable."""
    found = [(path, _toml(path, text)) for f in _FOLDERS for path, text in root.texts(folder=f, ending=".toml")]
    return sorted(found, key=lambda f: f[0].rpartition("/")[2])


def _together(files: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    conf: dict[str, Any] = {}
    for _, each in files:
        for section, values in each.items():
            conf.setdefault(section, {}).update(values if isinstance(values, dict) else {})
    return conf


def read(root: Root) -> Iterator[UpdateSystem]:
    """aktualizr, where it is or is configured. Raises Unreadable."""
    files = _files(root)
    program = root.program(*_PROGRAMS)
    if not files and not program:
        return
    conf = _together(files)
    path = files[0][0] if files else program
    period = conf.get("uptane", {}).get("polling_sec", _POLLED)
    runs = root.runs(*_PROGRAMS)
    seconds = period if isinstance(period, int) and 0 < period < 1 << 31 else _POLLED
    yield UpdateSystem(
        system="aktualizr",
        path=root.tree.show(path),
        runs=runs,
        components=("rootfs",),
        sources=tuple(_sources(root, path, conf)),
        traits=(
            root.trait("verifies", True, "targets are taken only with signed metadata", path=path),
            root.trait("automatic", runs.known, f"asks every {seconds} s", path=path, period=seconds),
            root.trait("refuses-older", True, "versions of metadata may not fall", path=path),
            root.trait("compatibility", True, "targets name the hardware that they are for", path=path),
        ),
    )


def _toml(path: str, text: str) -> dict[str, Any]:
    # The time of tomllib grows with the square of a key's parts.
    if len(text) > _LONGEST or any(len(line) > _LONGEST_LINE for line in text.splitlines()):
        raise Unreadable(f"{path} is longer than people write one")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unreadable(f"{path} does not parse") from error


def _sources(root: Root, path: str, conf: dict[str, Any]) -> Iterator[UpdateSource]:
    for section, key in (
        ("tls", "server"),
        ("uptane", "director_server"),
        ("uptane", "repo_server"),
        ("pacman", "ostree_server"),
    ):
        url = conf.get(section, {}).get(key)
        if isinstance(url, str) and url:
            yield root.source(url, path, 0, Answer.of(True))
