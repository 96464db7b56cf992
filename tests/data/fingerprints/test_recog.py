"""The reader of recog's format: what it takes, and that it ends well whatever the file is."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.data.fingerprints import library
from iotscan.data.fingerprints.library import Library, claimed, load_library
from iotscan.data.fingerprints.pattern import Pattern
from iotscan.data.fingerprints.recog import FILE_LIMIT, Database, Rule, parse_database, read_database
from iotscan.model.errors import BadInput

HEAD = '<fingerprints matches="ssh.banner" protocol="ssh" database_type="service" preference="0.9">'


def _parse(body: str, head: str = HEAD) -> Database:
    return parse_database(f'<?xml version="1.0"?>\n{head}\n{body}\n</fingerprints>'.encode(), Path("mine.xml"))


def _only(body: str) -> Rule:
    return _parse(body).rules[0]


def _claims(rule: Rule, text: str) -> dict[str, str]:
    captures = Pattern(rule.pattern, rule.flags).captures(text)
    assert captures is not None
    return claimed(rule, captures)


def test_a_rule_claims_captures_and_fixed_values_and_its_example_says_which() -> None:
    rule = _only(
        r"""<fingerprint pattern="^Acme(\d+)_([\d.]+)$" certainty="0.5"><description>Acme</description>
        <example hw.product="X7" os.version="1.2">Acme7_1.2</example>
        <param pos="0" name="hw.vendor" value="Acme"/><param pos="1" name="_tmp.n"/>
        <param pos="0" name="hw.product" value="X{_tmp.n}"/><param pos="2" name="os.version"/>
        <param pos="0" name="os.cpe23" value="cpe:/o:acme:x{_tmp.n}:{os.version}:{no.such}"/></fingerprint>"""
    )
    assert rule.certainty == 0.5
    assert dict(rule.examples[0].expected) == {"hw.product": "X7", "os.version": "1.2"}
    assert _claims(rule, rule.examples[0].text) == {
        "hw.vendor": "Acme",
        "hw.product": "X7",
        "os.version": "1.2",
        "os.cpe23": "cpe:/o:acme:x7:1.2:-",
    }


def test_text_of_a_device_is_never_read_as_a_reference() -> None:
    rule = _only(
        """<fingerprint pattern="^(.*) by (.*)$"><param pos="1" name="hw.product"/><param pos="2" name="hw.vendor"/>
        <param pos="0" name="hw.model" value="{hw.product}/{hw.vendor}"/></fingerprint>"""
    )
    said = _claims(rule, "{hw.vendor} {0.__class__} {{7*7}} $(id) by {hw.product}")
    assert said["hw.product"] == "{hw.vendor} {0.__class__} {{7*7}} $(id)"
    assert said["hw.model"] == "{hw.vendor} {0.__class__} {{7*7}} $(id)/{hw.product}"


@pytest.mark.parametrize(
    ("flags", "text", "fits"),
    [
        ("", "ACME\nx", False),
        ("REG_ICASE", "ACME", True),
        ("REG_DOT_NEWLINE", "acme\nlast", True),
        ("REG_ICASE,REG_MULTILINE", "ACME\nlast", True),
        ("REG_LINE_ANY_CRLF", "acme", True),
    ],
)
def test_flags(flags: str, text: str, fits: bool) -> None:
    rule = _only(
        f'<fingerprint pattern="^acme(?:.last)?$" flags="{flags}"><param pos="0" name="a" value="b"/></fingerprint>'
    )
    assert (Pattern(rule.pattern, rule.flags).captures(text) is not None) is fits


def test_base64_examples_and_those_kept_in_other_files() -> None:
    rule = _only(
        """<fingerprint pattern="x"><example _encoding="base64"> QUJ
        D </example><example _encoding="base64">/w==</example><example _filename="elsewhere"/>
        <param pos="0" name="a" value="b"/></fingerprint>"""
    )
    assert [e.text for e in rule.examples] == ["ABC", "\xff"]


def test_matches_falls_back_to_the_name_of_the_file() -> None:
    assert _parse("", "<fingerprints>").matches == "mine"


BOMB = '<!DOCTYPE fingerprints [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
BAD = {
    "no XML": (b"rules: []", "mine.xml:1 is no well-formed XML"),
    "cut off": (HEAD.encode() + b"\n<fingerprint pattern='x'>", "mine.xml:2 is no well-formed XML"),
    "another document": (b"<html></html>", "its root has to be <fingerprints>"),
    "an entity bomb": (f"<?xml version='1.0'?>{BOMB}{HEAD}&b;</fingerprints>".encode(), "has a DOCTYPE"),
    "an external entity": (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "has a DOCTYPE"),
    "no pattern": (f"{HEAD}<fingerprint/></fingerprints>".encode(), "without pattern"),
    "an unknown flag": (f"{HEAD}<fingerprint pattern='x' flags='REG_X'/></fingerprints>".encode(), "the flag 'REG_X'"),
    "a param without pos": (
        f"{HEAD}<fingerprint pattern='x'><param name='a'/></fingerprint></fingerprints>".encode(),
        "whole number as its pos",
    ),
    "certainty beyond": (f"{HEAD}<fingerprint pattern='x' certainty='7'/></fingerprints>".encode(), "from 0 to 1"),
    "no base64": (
        f"{HEAD}<fingerprint pattern='x'><example _encoding='base64'>*</example></fingerprint></fingerprints>".encode(),
        "no base64",
    ),
    "deep": (f"{HEAD}{'<a>' * 100_000}".encode(), "nested deeper"),
    "long": (f"{HEAD}<fingerprint pattern='{'x' * 5000}'/></fingerprints>".encode(), "more than 4096 characters"),
    "a huge text": (
        f"{HEAD}<fingerprint pattern='x'><example>{'x' * 70_000}</example></fingerprint></fingerprints>".encode(),
        "more than 65536 characters",
    ),
    "many rules": (
        (HEAD + "<fingerprint pattern='x'/>" * 20_001 + "</fingerprints>").encode(),
        "20000",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_one_clear_line(what: str) -> None:
    document, said = BAD[what]
    with pytest.raises(BadInput) as caught:
        parse_database(document, Path("mine.xml"))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_named_where_it_holds_no_rules(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no folder"):
        load_library([tmp_path / "nothing"])
    with pytest.raises(BadInput, match=r"holds no \*.xml"):
        load_library([tmp_path])
    (tmp_path / "big.xml").write_bytes(b" " * (FILE_LIMIT + 1))
    with pytest.raises(BadInput, match="larger than 4 MiB"):
        read_database(tmp_path / "big.xml")


def test_rules_that_take_more_than_linear_time_or_memory_are_left_out_and_named(tmp_path: Path) -> None:
    patterns = (r"(\w+) \1", "(?=a)b", "(?:a{1000}){1000}", "(", "(?<!x)y")
    rules = "".join(
        f'<fingerprint pattern="{p.replace("<", "&lt;")}"><param pos="1" name="a"/></fingerprint>\n' for p in patterns
    )
    fine = '<fingerprint pattern="^mine$"><param pos="0" name="hw.vendor" value="Me"/></fingerprint>'
    beyond = '<fingerprint pattern="^mine2$"><param pos="3" name="hw.vendor"/></fingerprint>'
    (tmp_path / "a.xml").write_text(f"{HEAD}\n{rules}{fine}{beyond}</fingerprints>")
    loaded, left_out = load_library([tmp_path])
    assert [entry.where for entry in left_out] == ["a.xml:2", "a.xml:3", "a.xml:4", "a.xml:5", "a.xml:6", "a.xml:7"]
    assert "capture 3" in left_out[-1].why
    found = loaded.match("ssh.banner", "mine")
    assert found is not None
    assert found.claims == {"hw.vendor": "Me"}


def test_small_rules_that_grow_are_taken_to_a_limit_of_each_and_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty characters make a pattern of a MiB: 20,000 of them would take all memory, and an hour."""
    monkeypatch.setattr(library, "_SIZE", 100)
    patterns = ("x\\pL{40}", "^one$", r"\pL", "^two$")
    rules = "".join(
        f'<fingerprint pattern="{p}"><param pos="0" name="hw.vendor" value="V"/></fingerprint>' for p in patterns
    )
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).write_text(f"{HEAD}{rules}</fingerprints>")
    _, left_out = load_library([tmp_path])
    assert "instructions, more than 32,768" in left_out[0].why
    assert [entry.why.partition(" have ")[0] for entry in left_out[1:]] == ["the rules before it"] * 7
    monkeypatch.undo()
    _, left_out = load_library([tmp_path])
    assert [entry.where for entry in left_out] == ["a.xml:1", "b.xml:1"]


def test_what_is_no_file_or_too_much_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xml").write_text(f"{HEAD}</fingerprints>")
    monkeypatch.setattr(library, "_BYTES", 10)
    with pytest.raises(BadInput, match="holds more than"):
        load_library([tmp_path])
    os.mkfifo(tmp_path / "b.xml")
    with pytest.raises(BadInput, match=r"b\.xml is no file"):
        load_library([tmp_path])


def test_rules_of_the_user_come_first_and_one_that_claims_nothing_leaves_it_to_ours(tmp_path: Path) -> None:
    mine = '<fingerprint pattern="^dropbear"><param pos="0" name="service.product" value="My own"/></fingerprint>'
    nothing = '<fingerprint pattern="^OpenSSH"><param pos="0" name="service.certainty" value="0.0"/></fingerprint>'
    (tmp_path / "a.xml").write_text(f"{HEAD}{mine}{nothing}</fingerprints>")
    loaded, _ = load_library([tmp_path])
    dropbear, openssh = loaded.match("ssh.banner", "dropbear_2022.83"), loaded.match("ssh.banner", "OpenSSH_9.9")
    assert dropbear is not None
    assert dropbear.claims["service.product"] == "My own"
    assert openssh is not None
    assert openssh.claims["service.version"] == "9.9"


def test_a_text_is_asked_of_rules_of_its_kind_alone() -> None:
    loaded, _ = load_library()
    assert loaded.match("ftp.banner", "dropbear_2022.83") is None
    assert Library(()).match("ssh.banner", "dropbear_2022.83") is None


WHOLE = f"""<?xml version="1.0"?>
{HEAD}
<fingerprint pattern="^Acme ([0-9]+)$" flags="REG_ICASE" certainty="0.5"><description>a</description>
<example hw.model="7">Acme 7</example><example _encoding="base64">QWNtZSA3</example>
<param pos="0" name="hw.vendor" value="Acme"/><param pos="1" name="hw.model"/>
<param pos="0" name="hw.product" value="X {{hw.model}}"/></fingerprint>
</fingerprints>""".encode()


@settings(max_examples=200)
@given(st.data())
def test_a_mutated_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    mutated = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        mutated[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    try:
        database = parse_database(bytes(mutated), Path("mine.xml"))
    except BadInput:
        return
    Library([database]).match(database.matches, "Acme 7")
