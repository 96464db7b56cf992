"""OSTree: remotes and their verification, deployments, greenboot.

Sources: ostree.repo-config(5), ostree-admin-upgrade(1), rpm-ostreed.conf(5); greenboot's README (``check/required.d``).
A repository's own ``core`` section is not a remote.
"""

from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateSource, UpdateSystem, UpdateTrait
from iotscan.observe.image.inspectors.updates.clock import DAY, turns
from iotscan.observe.image.inspectors.updates.ini import KeyFile, read_ini
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.inspectors.updates.systems import aktualizr
from iotscan.observe.image.inspectors.updates.traits import loader_of, of_loader, slot

_REPOSITORIES = ("/ostree/repo/config", "/sysroot/ostree/repo/config")
_REMOTES = "/etc/ostree/remotes.d"
_HEALTH = ("/etc/greenboot/check/required.d", "/usr/lib/greenboot/check/required.d")
_RPM = "/etc/rpm-ostreed.conf"
_PROGRAMS = ("ostree", "rpm-ostree", "bootc")


def read(root: Root) -> Iterator[UpdateSystem]:
    """OSTree, where it has a remote. Raises Unreadable."""
    paths = tuple(dict.fromkeys(e.path for p in _REPOSITORIES if (e := root.tree.find(p)) is not None))
    files = [(path, read_ini(text, path)) for path, text in root.texts(*paths, folder=_REMOTES, ending=".conf")]
    sources = tuple(source for path, conf in files for source in _sources(root, path, conf))
    if not sources:
        return
    loader = loader_of(root, "")
    yield UpdateSystem(
        system="ostree",
        path=sources[0].path,
        line=sources[0].line,
        runs=root.runs(*_PROGRAMS),
        components=("kernel", "rootfs"),
        sources=sources,
        traits=(
            *slot(root, True, "another deployment is kept beside the one that runs", "rootfs", "", 0),
            *_durable(root, [(path, conf) for path, conf in files if path in paths]),
            *of_loader(root, loader.loader if loader else ""),
            *_health(root),
            _refuses(root),
            *_automatic(root),
        ),
    )


def _sources(root: Root, path: str, conf: KeyFile) -> Iterator[UpdateSource]:
    for section in conf.named("remote "):
        gpg = conf.value(section, "gpg-verify", "true").lower() not in ("false", "0")
        signed = conf.value(section, "sign-verify", "false").lower() not in ("false", "0")
        by_digest = not gpg and not signed and aktualizr.REMOTE in section and aktualizr.pulls_by_digest(root)
        url = conf.value(section, "url")
        source = root.source(url, path, conf.line(section), Answer.of(gpg or signed or by_digest))
        detail = "gpg-verify or sign-verify is on" if gpg or signed else "gpg-verify=false and no sign-verify"
        if by_digest:
            detail = "aktualizr pulls what signed targets name"
        yield msgspec.structs.replace(source, detail=detail)


def _durable(root: Root, repositories: list[tuple[str, KeyFile]]) -> Iterator[UpdateTrait]:
    """``fsync`` of the system's repository (ostree.repo-config(5)); nothing where that is not in the image."""
    for path, conf in repositories[:1]:
        setting = conf.find("core", "fsync")
        holds = conf.says("core", "fsync", default=True)
        said = f"fsync={setting.value}" if setting is not None else "fsync is on unless it is switched off"
        yield root.trait("durable-write", holds, said, path=path, line=setting.line if setting else 0)


def _health(root: Root) -> Iterator[UpdateTrait]:
    """What looks is greenboot, which sets ``boot_success``; without it nothing confirms a deployment."""
    called = next(root.calls("greenboot", "greenboot-status", "greenboot-grub2-set-success"), None)
    scripts = [e.path for folder in _HEALTH for e in root.tree.children(folder) if e.name.endswith(".sh")]
    by_aktualizr = aktualizr.confirming(root) if called is None else None
    if by_aktualizr is not None:
        said, path = by_aktualizr
        yield root.trait("confirmed", True, f"aktualizr with {said}", path=path)
        why = "aktualizr says that a start was good; what looks at the system before is not told"
        yield root.trait("health-check", None, why)
        return
    if called is None:
        why = root.start_problem
        yield root.trait("confirmed", None if why else False, why or "greenboot is not started")
        return
    yield root.trait("confirmed", True, called.name, path=called.path, line=called.line)
    said = f"{len(scripts)} scripts in check/required.d" if scripts else "greenboot has no script in check/required.d"
    yield root.trait("health-check", bool(scripts), said, path=scripts[0] if scripts else called.path)


def _refuses(root: Root) -> UpdateTrait:
    told = next((c for c in root.calls(*_PROGRAMS) if "--allow-downgrade" in c.argv), None)
    if told is not None:
        return root.trait("refuses-older", False, "--allow-downgrade is given", path=told.path, line=told.line)
    return root.trait("refuses-older", True, "an upgrade to an older time stamp is refused")


def _automatic(root: Root) -> Iterator[UpdateTrait]:
    turn = next(turns(root, *_PROGRAMS), None)
    text = root.text(_RPM)
    policy = read_ini(text, _RPM).value("Daemon", "AutomaticUpdatePolicy") if text is not None else ""
    if turn is not None and policy in ("", "stage", "apply"):
        yield root.trait("automatic", True, turn.when, path=turn.path, line=turn.line, period=turn.period or DAY)
    elif policy in ("none", "check"):
        yield root.trait("automatic", False, f"AutomaticUpdatePolicy={policy}", path=_RPM)
    else:
        yield root.trait("automatic", None, "no timer that we know; a program of its own may look for updates")
