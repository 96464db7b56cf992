"""The whole posture of one root file system in four formats, beside others on the same files."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.images.peers import NothingDone, cost_of, peers_of, why_not
from bench.images.rootfs import images_of, root_file_system, size_of
from bench.images.spending import OURS_MAY_END, Spent, middle, ours, spend
from bench.table import Row, times

TURNS, SLOW_TURNS = 3, 1
_MOST_SECONDS, _MOST_MEMORY = 10, 300


def images(env: Mapping[str, str], home: Path, slow_turns: int = SLOW_TURNS) -> list[Row]:
    """The rows about a gateway's image."""
    root = root_file_system(home)
    files, size = size_of(root)
    rows = [Row(what=f"{files:,} files, {size / 1e6:.0f} MB", measured="", target="")]
    for form, image in images_of(root, home).items():
        if isinstance(image, str):
            rows.append(Row(what=f"iotscan image, {form}", measured="not measured", against=image))
            continue
        command = ours(str(image), str(home / "image-out"))
        cost = middle([spend(command, env, may_end=OURS_MAY_END) for _ in range(TURNS)])
        target = f"<= {_MOST_SECONDS} s cpu, {_MOST_MEMORY} MiB"
        rows.append(Row(what=f"iotscan image, {form}", measured=cost.shown(), target=target))
        rows.extend(_beside(form, image, cost, env, home, slow_turns, files))
    return rows


def _beside(
    form: str, image: Path, cost: Spent, env: Mapping[str, str], home: Path, slow_turns: int, files: int
) -> Iterator[Row]:
    for peer in peers_of(form):
        if reason := why_not(peer):
            yield Row(what=f"  {peer.name}", measured="not measured", against=reason)
            continue
        turns = slow_turns if peer.is_slow else TURNS
        try:
            other = cost_of(peer, image, env, home, turns=turns, files=files)
        except NothingDone as why:
            yield Row(what=f"  {peer.name}", measured="not measured", against=str(why))
            continue
        yield Row(
            what=f"  {peer.name}",
            measured=other.shown(),
            against="once" if turns == 1 else "",
            ratio=f"{times(other.cpu, cost.cpu)} cpu, {times(other.wall, cost.wall)} clock",
            target=peer.target,
        )
