"""The concerns iotscan reads off an image, one a file. A new inspector is listed here and nowhere else."""

from iotscan.observe.image.inspector import Inspector


def all_inspectors() -> tuple[Inspector, ...]:
    """Every inspector."""
    from iotscan.observe.image.configuration import all_configurations
    from iotscan.observe.image.inspectors import (
        accounts,
        authorized_keys,
        backends,
        boot,
        consoles,
        container_policy,
        debug_tools,
        entropy,
        first_boot,
        key_stores,
        keys,
        login_guards,
        mandatory_access,
        modules,
        mounts,
        packages,
        permissions,
        preshared,
        privileges,
        programs,
        remote_shells,
        rotation,
        secrets,
        software,
        startup,
        storage,
        trust_store,
        updaters,
        watchdogs,
    )

    inspectors = (
        accounts.INSPECTOR,
        authorized_keys.INSPECTOR,
        backends.INSPECTOR,
        boot.INSPECTOR,
        consoles.INSPECTOR,
        container_policy.INSPECTOR,
        debug_tools.INSPECTOR,
        entropy.INSPECTOR,
        first_boot.INSPECTOR,
        key_stores.INSPECTOR,
        keys.INSPECTOR,
        login_guards.INSPECTOR,
        mandatory_access.INSPECTOR,
        modules.INSPECTOR,
        mounts.INSPECTOR,
        packages.INSPECTOR,
        permissions.INSPECTOR,
        preshared.INSPECTOR,
        privileges.INSPECTOR,
        programs.INSPECTOR,
        remote_shells.INSPECTOR,
        rotation.INSPECTOR,
        secrets.INSPECTOR,
        software.INSPECTOR,
        startup.INSPECTOR,
        storage.INSPECTOR,
        trust_store.INSPECTOR,
        updaters.INSPECTOR,
        watchdogs.INSPECTOR,
    )
    return (*inspectors, *all_configurations())
