"""``iotscan lab``: the practice network."""

import typer

lab = typer.Typer(
    help="The practice network: small devices on this machine.\n\nThey speak real protocols on 127.0.0.0/8. No root.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@lab.command("up")
def up() -> None:
    """Start the network; it stops by itself after two idle hours."""
    from iotscan.lab import network

    state = network.start()
    print(f"{len(state.addresses)} devices are up on {state.addresses[0]} to {state.addresses[-1]}")
    print("next: iotscan scan --lab, iotscan lab list, iotscan lab down")


@lab.command("down")
def down() -> None:
    """Stop the practice network."""
    from iotscan.lab import network

    state = network.current()
    if state is None:
        print("the practice network is not up")
        return
    network.stop(state)
    print("the practice network is stopped")


@lab.command("maintain")
def maintain() -> None:
    """Half a year passes: two devices get new keys, one is mended.

    To see what a second audit says: iotscan scan --lab, iotscan lab maintain, iotscan scan --lab, iotscan diff. The
    network has to be up (iotscan lab up); stopped and started, it is as before.
    """
    from iotscan.lab import network
    from iotscan.lab.devices import MAINTAINED

    state = network.current()
    if state is None:
        raise network.LabError("the practice network is not up: iotscan lab up")
    network.maintain(state)
    for host, what in MAINTAINED.items():
        print(f"{state.prefix}.{host} {what}")


@lab.command("list")
def list_devices() -> None:
    """List its devices: address, what each is, which services it has."""
    from iotscan.lab import network
    from iotscan.lab.truth import load_truth

    state = network.current()
    print(f"up (process {state.pid})" if state else "down; start it with: iotscan lab up")
    for device in load_truth().devices:
        services = " ".join(f"{name}={protocol}" for name, protocol in device.services.items())
        print(f"{device.address}  {device.title}: {device.about}")
        print(f"             {services}")
