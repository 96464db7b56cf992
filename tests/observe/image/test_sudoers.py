"""sudoers(5) as we read it against sudo's own parser (cvtsudoers), over files that hypothesis makes up."""

import json
import re
import subprocess
from collections.abc import Iterable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.observe.image.privilege.sudo_grammar import Alias, Broken, Grant, Members, Sentence, sentences
from tests.observe.network.daemons import tool

NAMES = st.sampled_from(["al", "bo", "www-data", "a.b", "x_1", r"DOM\\me", r"a\ b", "ALLx", "Tag", "sha", "7up"])
ALIASES = st.sampled_from(["ADM", "WEB_2", "NET", "A", "ALL_X"])
BLANK = st.sampled_from(["", "", " ", "\t", " \\\n  "])
NOT = st.sampled_from(["", "", "", "!", "!!", "! "])
SOMEBODY = st.one_of(
    NAMES,
    ALIASES,
    st.sampled_from(["ALL", "#1000", "%wheel", "%#10", "%:ad", "%:#12", "+net", '"%domain users"', '"a b"']),
)
HOSTS = st.one_of(NAMES, ALIASES, st.sampled_from(["ALL", "gw*", "10.0.0.0/24", "192.168.1.1", "fe80::1", "+hosts"]))
PATHS = st.sampled_from(
    ["/bin/sh", "/usr/bin/*", "/usr/bin/", r"/opt/a\,b", r"/opt/a\ b", r"/x\:y", "/sbin/ip(8)", "/a!b"]
)
ARGUMENTS = st.sampled_from(
    [
        "",
        "",
        "",
        "",
        ' ""',
        " -f x",
        " *",
        " a=b",
        r" a\,b",
        r" a\:b \\c",
        r" \*",
        " --x=[a-z]",
        " ^a.*$",
        " %h!",
        " \\\n y",
        r" a\=b",
    ]
)
TAGS = st.sampled_from(["", "", "", "NOPASSWD:", "PASSWD :", "NOEXEC: NOPASSWD:", "SETENV:", "EXEC:LOG_INPUT: "])
ENDS = st.sampled_from(["", " ", " # x", "# NOPASSWD"])
SETTINGS = st.sampled_from(
    [
        *("!authenticate", "authenticate", "env_reset", 'badpass_message="a, b"', "umask=022", 'env_keep += "A B"'),
        *("secure_path=/bin:/sbin", "exempt_group = adm", "runas_default=bo", "passwd_tries = 2"),
    ]
)
DIGEST = "sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= "


@st.composite
def lists(draw: st.DrawFn, of: st.SearchStrategy[str]) -> str:
    members = [draw(NOT) + draw(of) for _ in range(draw(st.integers(1, 3)))]
    return f"{draw(BLANK)},{draw(BLANK)}".join(members)


@st.composite
def commands(draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 9))
    if kind < 6:
        path = draw(PATHS)
        return path + ("" if path.endswith("/") else draw(ARGUMENTS))
    return (
        draw(st.sampled_from(["ALL", "sudoedit /etc/x", "sudoedit", "list", DIGEST + "/bin/ls"]))
        if kind < 8
        else draw(ALIASES)
    )


@st.composite
def grants(draw: st.DrawFn) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        specs = []
        for _ in range(draw(st.integers(1, 3))):
            becomes = draw(
                st.sampled_from(
                    ["", "", "(ALL)", "(root)", "(ALL:ALL)", "( : adm)", "()", "(:)", "(al:)", "(al,!%wheel : ADM)"]
                )
            )
            specs.append(f"{becomes}{draw(BLANK)}{draw(TAGS)}{draw(BLANK)}{draw(NOT)}{draw(commands())}")
        parts.append(f"{draw(lists(HOSTS))}{draw(BLANK)}={draw(BLANK)}{f'{draw(BLANK)},{draw(BLANK)}'.join(specs)}")
    return f"{draw(BLANK)}{draw(lists(SOMEBODY))} {' : '.join(parts)}{draw(ENDS)}"


@st.composite
def defaults(draw: st.DrawFn) -> str:
    bound = draw(st.sampled_from(["", ":", "@", ">", "!"]))
    of = {"": "", ":": SOMEBODY, ">": SOMEBODY, "@": HOSTS, "!": PATHS}[bound]
    who = (
        draw(lists(of)).replace("\\\n", "").replace(" ", "").replace("!!", "")
        if isinstance(of, st.SearchStrategy)
        else ""
    )
    return f"Defaults{bound}{who} {', '.join(draw(SETTINGS) for _ in range(draw(st.integers(1, 2))))}"


@st.composite
def aliases(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["User", "Runas", "Host", "Cmnd"]))
    of = {"User": SOMEBODY, "Runas": SOMEBODY, "Host": HOSTS, "Cmnd": commands()}[kind]
    return f"{kind}_Alias{draw(BLANK)} {draw(ALIASES)} ={draw(BLANK)}{draw(lists(of))}"


NOISE = st.text(st.sampled_from('aA/ALL,=:()!# \\"%+@*^$\n'), max_size=12)
LINES = st.one_of(grants(), grants(), grants(), defaults(), aliases(), st.just("# a comment \\"), st.just(""))


def theirs(text: str) -> dict[str, Any] | None:
    """What cvtsudoers makes of it; None where it refuses."""
    words = [tool("cvtsudoers", "sudo"), "-f", "json", "-c", "/dev/null"]
    ran = subprocess.run(words, input=text.encode(), capture_output=True, check=False, timeout=20)
    if ran.returncode or b"syntax error" in ran.stderr or b"expected" in ran.stderr:
        return None
    said = json.loads(ran.stdout or b"{}")
    assert isinstance(said, dict)
    return said


def known(members: Iterable[Any]) -> list[str]:
    """Members of their JSON in our words."""
    signs = {"userid": "#", "usergroup": "%", "usergid": "%#", "nonunixgroup": "%:", "nonunixgid": "%:#"}
    found = []
    for member in members:
        ((kind, value),) = ((k, v) for k, v in member.items() if k != "negated" and not k.startswith("sha"))
        plain = str(value).removeprefix("+") if kind == "netgroup" else str(value).removeprefix("%")
        sign = "+" if kind == "netgroup" else signs.get(kind, "")
        found.append(f"{'!' * member.get('negated', False)}{sign}{plain}")
    return found


def ours(members: Members) -> list[str]:
    found = []
    for member in members:
        text = member.text if member.kind in ("command", "alias") else re.sub(r"\\(.)", r"\1", member.text)
        arguments = f" {member.arguments}" if member.arguments is not None else ""
        found.append(f"{'!' * member.is_negated}{text}{arguments}")
    return found


def told_by_us(said: list[Sentence]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for grant in said:
        if isinstance(grant, Grant):
            becomes = None if grant.becomes is None else ours(grant.becomes) or None
            people = (ours(grant.users), ours(grant.hosts), becomes, ours(grant.groups))
            found.append((*people, grant.asks_password, grant.runs_others, ours((grant.command,))))
    return found


def told_by_them(said: dict[str, Any]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for spec in said.get("User_Specs", ()):
        for commands in spec["Cmnd_Specs"]:
            options = {k: v for option in commands.get("Options", ()) for k, v in option.items()}
            becomes = [name for name in known(commands.get("runasusers", ())) if name] or None
            groups = [name.replace("%", "", 1) for name in known(commands.get("runasgroups", ()))]
            for command in commands["Commands"]:
                people = (known(spec["User_List"]), known(spec["Host_List"]), becomes, groups)
                asks, runs_others = options.get("authenticate"), not options.get("noexec", False)
                found.append((*people, asks, runs_others, known([command])))
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, min_size=1, max_size=6))
def test_as_sudo_reads_it(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    said = list(sentences(text))
    parsed = theirs(text)
    if parsed is None:
        assert any(isinstance(s, Broken) for s in said) or _has_twins(said), text
        return
    assert not any(isinstance(s, Broken) for s in said), text
    assert told_by_us(said) == told_by_them(parsed), text


def _has_twins(said: list[Sentence]) -> bool:
    names = [(s.kind, s.name) for s in said if isinstance(s, Alias)]
    return len(names) != len(set(names))


@settings(max_examples=150, deadline=None)
@given(LINES, st.integers(0, 60), NOISE)
def test_what_sudo_refuses_is_no_sentence(line: str, place: int, noise: str) -> None:
    # An empty line at the end: sudo refuses a file whose last line goes on, and says nothing of the lines before.
    text = f"{line[:place]}{noise}{line[place:]}\n\n"
    said = list(sentences(text))
    if theirs(text) is None:
        assert any(isinstance(s, Broken) for s in said) or _has_twins(said), text
