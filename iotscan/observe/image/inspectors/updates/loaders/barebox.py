"""barebox's bootchooser: targets with tries left in its state, which a device tree describes.

Sources: barebox user manual, "Bootchooser" and "State framework" (which keeps several copies by itself).
"""

from collections.abc import Iterator

from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.inspectors.updates.loaders.counting import Counting, Said, unseen
from iotscan.observe.image.readers.fit import read_tree
from iotscan.observe.image.tree import Tree
from iotscan.wire.fdt import Node

_TOOL = "/usr/bin/barebox-state"


def read(chain: Chain, tree: Tree) -> Counting | None:
    """What barebox counts; None where the image holds neither its state nor its tool. Raises Unreadable."""
    for shown, state in _states(chain):
        targets = [
            node.name for node in state.nodes if any(n.name.startswith("remaining_attempts") for n in node.nodes)
        ]
        said = f"bootstate counts the tries of {', '.join(targets[:4])}" if targets else "bootstate counts no tries"
        copies = "the state framework keeps copies by itself"
        return Counting(
            loader="barebox",
            counter=Said(holds=bool(targets), detail=said, path=shown),
            alternative=Said(holds=len(targets) > 1, detail=f"{len(targets)} targets", path=shown),
            redundant=Said(holds=True, detail=copies, path=shown),
        )
    return unseen("barebox", "no device tree with a bootstate is in the image") if tree.find(_TOOL) else None


def _states(chain: Chain) -> Iterator[tuple[str, Node]]:
    for place, blob in chain.places("dtb"):
        for _, node in read_tree(blob).root.walk():
            if node.name.partition("@")[0] == "bootstate":
                yield place.shown or place.format, node
