"""Randomness of the first start: shipped seeds, machine ids, what feeds the kernel.

Sources: systemd-random-seed.service(8), seedrng of BusyBox and OpenRC, machine-id(5), the kernel's
``drivers/char/Kconfig`` (RANDOM_TRUST_CPU, RANDOM_TRUST_BOOTLOADER) and ``drivers/char/hw_random``.
"""

import re
from collections.abc import Iterator

from iotscan.model.facts import Entropy, MachineId, SeedFile
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.startup.boot_commands import start_of
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_SEEDS = (
    "/var/lib/systemd/random-seed",
    "/var/lib/urandom/random-seed",
    "/var/lib/random-seed",
    "/var/lib/misc/random-seed",
    "/var/lib/seedrng/seed.credit",
    "/var/lib/seedrng/seed.no-credit",
    "/etc/random-seed",
    "/etc/urandom.seed",
    "/etc/seedrng/seed.credit",
    "/boot/loader/random-seed",
    "/efi/loader/random-seed",
    "/boot/efi/loader/random-seed",
)
_FEEDERS = ("rngd", "jitterentropy-rngd", "haveged", "urngd", "egd", "ekeyd", "clrngd")
_OPTION = re.compile(
    r"(CONFIG_(?:RANDOM_TRUST_(?:CPU|BOOTLOADER)|HW_RANDOM(?:_[A-Z0-9_]{1,40})?|CRYPTO_JITTERENTROPY))=[ym]"
)
_MOST_OPTIONS = 40


def _inspect(tree: Tree) -> Heard:
    try:
        configs = [e.path for e in tree.children("/boot") if e.name.startswith("config-")][:4]
        options = dict.fromkeys(o for path in configs for o in _options(tree, path))
        fact = Entropy(
            seeds=tuple(_seeds(tree)),
            machine_ids=tuple(_machine_ids(tree)),
            start=start_of(tree),
            feeders=tuple(dict.fromkeys(s.called for s in startup_of(tree).running(*_FEEDERS))),
            kernel_options=tuple(options)[:_MOST_OPTIONS],
            has_kernel_config=bool(configs),
        )
    except Unreadable as error:
        return all_missed((Entropy,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"randomness: {error}")
    return Heard(facts=(fact,))


def _seeds(tree: Tree) -> Iterator[SeedFile]:
    seen = set()
    for path in _SEEDS:
        found = tree.find(path)
        if found is not None and found.kind == "file" and found.size and found.path not in seen:
            seen.add(found.path)
            yield SeedFile(path=tree.show(path), size=found.size)


def _machine_ids(tree: Tree) -> Iterator[MachineId]:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        entry = tree.entry(path) if tree.find(path.rpartition("/")[0]) else None
        # A link to the other one is no second id.
        if entry is None or entry.kind != "file":
            continue
        text = tree.read(path, 256).decode("ascii", "replace").strip()
        if re.fullmatch(r"[0-9a-fA-F]{32}", text):
            yield MachineId(path=tree.show(path), state="fixed")
        elif text == "uninitialized":
            yield MachineId(path=tree.show(path), state="uninitialized")
        elif not text:
            yield MachineId(path=tree.show(path), state="empty")


def _options(tree: Tree, path: str) -> Iterator[str]:
    yield from (match[1] for line in lines_of(tree, path) or [] if (match := _OPTION.fullmatch(line.strip())))


INSPECTOR = Inspector(name="entropy", version=1, boots=True, gives=(Entropy,), inspect=_inspect)
