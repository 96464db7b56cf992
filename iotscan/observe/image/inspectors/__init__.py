"""The concerns iotscan reads off an image, one a file. A new inspector is listed here and nowhere else."""

from iotscan.observe.image.inspector import Inspector


def all_inspectors() -> tuple[Inspector, ...]:
    """Every inspector."""
    from iotscan.observe.image.configuration import all_configurations
    from iotscan.observe.image.inspectors import accounts, boot, keys, modules, startup, updaters

    inspectors = (
        accounts.INSPECTOR,
        boot.INSPECTOR,
        keys.INSPECTOR,
        modules.INSPECTOR,
        startup.INSPECTOR,
        updaters.INSPECTOR,
    )
    return (*inspectors, *all_configurations())
