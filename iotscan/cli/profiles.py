"""``iotscan profiles``: which there are, what each comes down to, how two differ, and one from a golden device."""

from typing import Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_profile, complete_run

profiles = typer.Typer(
    help="List, show, check, compare and write profiles.", no_args_is_help=True, rich_markup_mode=None
)

_LONGEST = 4000
"""Characters of a line: a list of ports may be long."""
Named = Annotated[
    str,
    typer.Argument(
        metavar="PROFILE", autocompletion=complete_profile, help="One of iotscan's profiles by name, or a file."
    ),
]


@profiles.command("list")
def list_profiles(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="With what each version brought.")] = False,
) -> None:
    """List the profiles of iotscan: name, version, title."""
    from iotscan.assess.profile import load_profile, profile_names

    width = max(map(len, profile_names()))
    for name in profile_names():
        profile = load_profile(name)
        print(f"{name:{width}}  {profile.version:>3}  {profile.title}")
        for change in profile.changelog if verbose else ():
            print(f"{'':{width}}  {change.version:>3}: {change.says}")


@profiles.command("show")
def show(profile: Named, folders: shared.CheckFolders = None) -> None:
    """Show what a profile comes down to, and which line says so.

    With all that it extends.
    """
    from iotscan.assess.profile import load_profile
    from iotscan.assess.profile.comparing import effects
    from iotscan.assess.registry import load_checks
    from iotscan.model.text import safe_text

    found = load_profile(profile)
    brought = effects(found, load_checks(tuple(folders or ())))
    print(safe_text(f"{found.id} {found.version}: {found.title}", _LONGEST))
    for name, words in (("extends", found.extends), ("evidence relevant to", found.maps_to)):
        if words:
            print(safe_text(f"{name}: {', '.join(words)}", _LONGEST))
    for effect in brought:
        was = f" (was {effect.before})" if effect.before else ""
        said = "" if effect.now == "yes" else f": {effect.now}{was}"
        line = safe_text(f"{effect.about}{said}", _LONGEST)
        print(f"{line:<60}  {effect.place}".rstrip())


@profiles.command("validate")
def validate(
    files: Annotated[list[str], typer.Argument(metavar="PROFILE", help="Profiles by name or file.")],
    folders: shared.CheckFolders = None,
) -> None:
    """Read profiles and look up every word. Exits 2 on a mistake.

    With all they extend: checks, tags, parameters, variants.
    """
    from iotscan.assess.profile import check_words, load_profile
    from iotscan.assess.registry import load_checks
    from iotscan.cli.pipe import tell
    from iotscan.model.errors import BadInput

    pack = load_checks(tuple(folders or ()))
    broken = 0
    for name in files:
        try:
            profile = load_profile(name)
            check_words(profile, pack)
        except BadInput as error:
            tell(f"iotscan: {error}")
            broken += 1
        else:
            print(f"{name}: valid")
    raise typer.Exit(2 if broken else 0)


@profiles.command("diff")
def diff(old: Named, new: Named, folders: shared.CheckFolders = None) -> None:
    """Compare what two profiles select, require and set. Exits 0 where nothing differs, 1 where something does."""
    from iotscan.assess.profile import load_profile
    from iotscan.assess.profile.comparing import compare
    from iotscan.assess.registry import load_checks
    from iotscan.model.text import safe_text

    found = compare(load_profile(old), load_profile(new), load_checks(tuple(folders or ())))
    for one in found:
        sign = "~" if one.old and one.new else "-" if one.old else "+"
        words = {"~": f": {one.old} → {one.new}", "-": f": {one.old}", "+": f": {one.new}"}[sign]
        print(safe_text(f"{sign} {one.about}{'' if words == ': yes' else words}", _LONGEST))
    raise typer.Exit(1 if found else 0)


@profiles.command("new")
def new(
    from_run: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="RUN",
            autocompletion=complete_run,
            help="A run of the golden one: file, folder, id or 'latest'.",
        ),
    ],
    device: Annotated[
        str, typer.Option(metavar="ID", help="Which device or image, where the run has several: id, address or name.")
    ] = "",
    name: Annotated[str, typer.Option("--id", metavar="NAME", help="The id of the new profile.")] = "golden",
    title: Annotated[str, typer.Option(metavar="TEXT", help="Its title.")] = "",
    folders: shared.CheckFolders = None,
    output_dir: shared.OutputDir = shared.OUTPUT,
) -> None:
    """Print a policy made from a golden device or image.

    Open ports, signers and key sizes as they were seen. The golden one passes it. Another of its kind with one more
    open port, or a certificate from elsewhere, fails.

    Example: iotscan profiles new --from latest --id acme-cam > acme-cam.yaml
    """
    from iotscan.assess.golden import golden_profile, one_subject
    from iotscan.assess.profile import load_profile, profile_names
    from iotscan.assess.profile.writing import write_profile
    from iotscan.assess.registry import load_checks
    from iotscan.model.errors import BadInput
    from iotscan.store.runs import read_run

    if not name.strip():
        raise BadInput("--id must not be empty: give the profile a name")
    run = one_subject(read_run(from_run, output_dir), device)
    policy = load_profile(run.profile.id).policy if run.profile.id in profile_names() else "gateway"
    golden = golden_profile(
        run,
        load_checks(tuple(folders or ())),
        id=name,
        title=title or f"As the golden one of run {run.id}",
        policy=policy,
    )
    notes = (
        f"A policy from run {run.id}, judged as of {run.as_of}: what it showed is what others of its kind may show.",
        "Ports are a set that may be used in part. A signer that begins with sha256: is the key of a certificate that",
        "signs itself: another device has another one, so name there the CA that you enrol with.",
    )
    print(write_profile(golden, *notes), end="")


@profiles.command("import-ssh")
def import_ssh(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A policy file of ssh-audit, for servers.")],
    name: Annotated[str, typer.Option("--id", metavar="NAME", help="The id of the new profile.")] = "ssh-policy",
    extends: Annotated[
        str, typer.Option(metavar="PROFILE", autocompletion=complete_profile, help="The profile that it adds to.")
    ] = "default",
) -> None:
    """Print a profile made of a policy of ssh-audit.

    Lists, sizes of host keys and groups become values of ssh-policy. What is not taken over is told.

    Example: iotscan profiles import-ssh hardened.txt --id acme-ssh > acme-ssh.yaml
    """
    from pathlib import Path

    from iotscan.assess.profile.ssh_audit import CHECK, LONGEST, read_ssh_audit
    from iotscan.assess.profile.writing import write_extension
    from iotscan.cli.pipe import tell
    from iotscan.model.errors import BadInput

    if not name.strip():
        raise BadInput("--id must not be empty: give the profile a name")
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(LONGEST + 1)
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror or error}") from None
    if len(data) > LONGEST:
        raise BadInput(f"{file}: longer than {LONGEST} bytes: is this a policy of ssh-audit?")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{file}: not UTF-8 text: is this a policy of ssh-audit?") from None
    policy = read_ssh_audit(text, file)
    if policy.left_out:
        tell(f"iotscan: not taken over: {', '.join(policy.left_out)}")
    print(
        write_extension(
            id=name,
            title=policy.name,
            says=f"From {policy.name}, version {policy.version}.",
            extends=extends,
            values={CHECK: policy.values},
            notes=("Made from a policy file of ssh-audit; an ordinary profile now: read it, version it, edit it.",),
        ),
        end="",
    )
