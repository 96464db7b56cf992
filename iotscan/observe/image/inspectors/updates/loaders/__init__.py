"""What boot loaders count: U-Boot, GRUB, barebox and systemd-boot, as far as an image holds what they read."""

from collections.abc import Iterator

from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.inspectors.updates.loaders import barebox, grub, systemd_boot, uboot
from iotscan.observe.image.inspectors.updates.loaders.counting import Counting
from iotscan.observe.image.tree import Tree


def counts_of(chain: Chain, tree: Tree) -> Iterator[Counting]:
    """One for each boot loader of which there is something, as a root file system sees it. Raises Unreadable."""
    for read in (uboot.read, grub.read, barebox.read, systemd_boot.read):
        found = read(chain, tree)
        if found is not None:
            yield found
