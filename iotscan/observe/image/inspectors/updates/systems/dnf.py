"""dnf and yum: repositories and ``gpgcheck`` (dnf.conf(5)), dnf-automatic."""

from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateSource, UpdateSystem, UpdateTrait
from iotscan.observe.image.inspectors.updates.clock import turns
from iotscan.observe.image.inspectors.updates.ini import read_ini
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.inspectors.updates.systems.feed import package_system

_AUTOMATIC = "/etc/dnf/automatic.conf"


def read(root: Root) -> Iterator[UpdateSystem]:
    """dnf, where a repository is enabled. Raises Unreadable."""
    mains = [read_ini(text, path) for path, text in root.texts("/etc/dnf/dnf.conf", "/etc/yum.conf")]
    default = any(main.says("main", "gpgcheck", default=False) for main in mains[:1])
    sources = tuple(_sources(root, default))
    yield from package_system(
        root, "dnf", sources, upgrade=("upgrade", "update", "distro-sync"), more=tuple(_automatic(root))
    )


def _sources(root: Root, default: bool) -> Iterator[UpdateSource]:
    for path, text in root.texts(folder="/etc/yum.repos.d", ending=".repo"):
        conf = read_ini(text, path)
        for section in conf.sections:
            url = conf.value(section, "baseurl") or conf.value(section, "metalink") or conf.value(section, "mirrorlist")
            if not conf.says(section, "enabled", default=True):
                continue
            checked = conf.says(section, "gpgcheck", default=default)
            source = root.source(url.partition(" ")[0], path, conf.line(section), Answer.of(checked))
            yield msgspec.structs.replace(source, detail="gpgcheck=1" if checked else "gpgcheck is not 1")


def _automatic(root: Root) -> Iterator[UpdateTrait]:
    text = root.text(_AUTOMATIC)
    turn = next(turns(root, "dnf-automatic", "dnf5-automatic"), None)
    if text is None or turn is None:
        return
    conf = read_ini(text, _AUTOMATIC)
    applies = conf.says("commands", "apply_updates", default=False) or "--installupdates" in turn.when
    said = f"dnf-automatic: {turn.when}" + ("" if applies else ", apply_updates is off")
    yield root.trait("automatic", applies, said, path=turn.path, line=turn.line, period=turn.period)
