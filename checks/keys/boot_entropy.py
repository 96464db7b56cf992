"""Nothing that has to differ from device to device is fixed in the image, and randomness has a source.

## What it looks at
Seed files of the random number generator that are shipped with the image, a `machine-id` that is set already, and
what feeds the kernel with randomness: `rngd`, `jitterentropy-rngd`, `haveged`, `urngd` among what the image starts, and
`RANDOM_TRUST_*` and `HW_RANDOM` in `/boot/config-*`. Whether the processor has a generator cannot be seen in an image.

## Why it matters
The first start makes the keys for the life of the device, at a time when nothing random has happened yet. With one
seed for all, or none, many devices make the same keys. One `machine-id` for all makes DHCP, logs and fleet tools
take them for one device.

## How to fix
Delete `/var/lib/systemd/random-seed` (and `/var/lib/urandom/random-seed`, `/etc/urandom.seed`) at the end of the build,
leave `/etc/machine-id` empty or `uninitialized`. Enable the driver of the hardware generator (`CONFIG_HW_RANDOM_*`),
or start `jitterentropy-rngd` before keys are made.

## References
- machine-id(5), systemd-random-seed.service(8)
- N. Heninger et al., "Mining Your Ps and Qs", USENIX Security 2012
- the kernel's `drivers/char/Kconfig`
"""

from iotscan.sdk import Entropy, Returned, Subject, Target, bad, check, clause, good, unknown


@check(
    id="boot-entropy",
    aliases=("KEY-011",),
    title="No seed or machine id is shared by all devices",
    element="keys",
    variants={
        "seed": ("low", "The image ships a random seed that every device starts with"),
        "machine-id": ("low", "The image ships a machine id that every device has"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "2.4.3"),
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("EN 18031-1", "2024", "CCK-2"),
    ),
    tags=("crypto", "image", "shared-keys"),
    since="0.1",
    effort="low",
)
def boot_entropy(found: Entropy, target: Target) -> Returned:
    """Fail on what is fixed; pass where nothing is and a source of randomness was seen."""
    image = target.subject.image
    verdicts = []
    for seed in found.seeds:
        place = Subject(image=image, path=seed.path)
        text = "a random seed in the image is the same on every device"
        seen = f"{place}: {seed.size} bytes"
        verdicts.append(bad("seed", text, observed=seen, expected="no such file", about=place, part=seed.path))
    for machine_id in found.machine_ids:
        if machine_id.state == "fixed":
            place = Subject(image=image, path=machine_id.path)
            text = "the machine id in the image is the same on every device"
            seen = f"{place} is set"
            want = "empty, or 'uninitialized'"
            verdicts.append(bad("machine-id", text, observed=seen, expected=want, about=place, part=machine_id.path))
    if verdicts:
        return verdicts
    sources = (*found.feeders, *(o for o in found.kernel_options if o != "CONFIG_HW_RANDOM"))
    if sources:
        return good(f"no seed and no machine id in the image; randomness is fed by {', '.join(sources[:4])}")
    return unknown("no seed and no machine id in the image; what feeds the kernel with randomness cannot be seen")
