"""The Zigbee network of zigbee2mqtt: its key (``advanced.network_key``).

Source: zigbee2mqtt documentation, "Zigbee network": without a word the key is the documented one, ``GENERATE`` makes
one at the first start.
"""

from collections.abc import Iterator
from typing import Literal

from iotscan.model.facts import WirelessNetwork
from iotscan.observe.image.inspectors.admin.zigbee2mqtt import CONFIGURATIONS, is_started
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.yaml_values import Value, at, document, items

_PUBLISHED = (1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 13)


def networks(tree: Tree) -> Iterator[WirelessNetwork]:
    """The network of a started zigbee2mqtt. Raises Unreadable."""
    path = next((path for path in CONFIGURATIONS if tree.find(path) is not None), "")
    if not path or not is_started(tree):
        return
    found = document(tree, path)
    key = at(found, "advanced", "network_key")
    numbers = tuple(_number(item.text) for item in items(key))
    kind: Literal["published", "fixed", "generated"] = "fixed"
    if key is None or numbers == _PUBLISHED:
        kind = "published"
    elif key.text.upper() == "GENERATE" or not _is_in_image(tree, path, key):
        kind = "generated"
    yield WirelessNetwork(
        path=tree.show(path),
        line=key.line if key is not None else 0,
        system="zigbee2mqtt",
        role="opens",
        protections=("zigbee",),
        key=kind,
    )


def _is_in_image(tree: Tree, path: str, key: Value) -> bool:
    """False for ``!secret.yaml network_key`` (with or without quotes) where that file comes from elsewhere."""
    word = (key.tag or key.text).partition(" ")[0]
    file = f"{path.rpartition('/')[0]}/{word.lstrip('!').removesuffix('.yaml')}.yaml"
    return not word.startswith("!") or tree.find(file) is not None


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return -1
