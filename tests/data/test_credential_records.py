from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.data.credential_records import fits, load_records, read_records
from iotscan.data.strict_yaml import BadYaml
from iotscan.model.errors import BadInput

GOOD = """schema: iotscan/credentials@1
records:
  - id: acme
    vendor: Acme
    product: Cam
    protocols: [http, telnet]
    match: {realm: Acme Cam}
    pairs: [{user: admin, password: "hush-1234"}]
    source: its manual
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "records.yaml"
    path.write_text(text)
    return path


def test_our_own_records_load_and_say_where_they_come_from() -> None:
    records = load_records()
    assert len(records) >= 40
    assert len({r.id for r in records}) == len(records)
    for record in records:
        assert len(record.source) > 15
        assert not record.verified or record.source.startswith("http")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Login",
        "Authorization required",
        "IP Camera",
        "Router",
        "Web Interface",
        "Index of /",
        "Welcome to nginx!",
        "nginx/1.22.1",
        "lighttpd/1.4.69",
        "Boa/0.94.14rc21",
        "Apache/2.4.57 (Debian)",
        "OpenSSH_9.2p1 Debian-2+deb12u3",
        "dropbear_2022.83",
        "Linux gateway 6.1.0-18-amd64 x86_64",
        "Debian GNU/Linux 12 gateway login:",
        "BusyBox v1.36.1 login:",
        "Restricted",
    ],
)
def test_no_record_claims_what_any_device_may_say(text: str) -> None:
    claims = [(r.id, mark) for r in load_records() for mark in r.match if r.recognises(mark, text)]
    assert claims == []


@pytest.mark.parametrize(
    ("mark", "text", "record"),
    [
        ("banner", "OpenSSH_7.9p1 Raspbian-10+deb10u2", "raspberry-pi-os"),
        ("banner", "ROSSSH", "mikrotik-routeros"),
        ("realm", "NETGEAR R7000", "netgear"),
        ("realm", "DIR-615", "d-link-dir"),
        ("model", "APC Web/SNMP Management Card (MB:v3.9.2 PF:v3.7.3)", "apc-nmc"),
        ("server", "Linux/2.x UPnP/1.0 Avtech/1.0", "avtech"),
    ],
)
def test_products_are_recognised(mark: str, text: str, record: str) -> None:
    assert [r.id for r in load_records() if r.recognises(mark, text)] == [record]  # type: ignore[arg-type]


def test_extra_records_are_added_and_passwords_stay_secret(tmp_path: Path) -> None:
    records = load_records([write(tmp_path, GOOD)])
    acme = records[-1]
    assert (acme.name, acme.match) == ("Acme Cam", {"realm": ("Acme Cam",)})
    assert acme.pairs[0].password.reveal() == "hush-1234"
    assert "hush-1234" not in repr(acme)
    with pytest.raises(TypeError):
        msgspec.json.encode(acme)


def test_a_folder_of_records(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert load_records([tmp_path])[-1].id == "acme"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("schema: iotscan/credentials@1", "schema: other"), ":1: schema must be"),
        (("records:", "record:"), ":2: unknown key (not repeated here): did you mean 'records'?"),
        (("vendor: Acme", "vendor: [Acme"), ":5:"),
        (("protocols: [http, telnet]", "protocols: [gopher]"), ":6: (not repeated here) is not known here"),
        (('password: "hush-1234"', "password: 1234"), ":8: Expected `str`"),
        (("source: its manual", "colour: red"), ":9: unknown key"),
        (("source: its manual", "source: ''"), ":3: lacks its id"),
        (("{realm: Acme Cam}", "{}"), "matches nothing"),
        (("{realm: Acme Cam}", "{realm: 'a*'}"), "fits too much"),
        (("[http, telnet]", "[]"), "names no protocol"),
        (('[{user: admin, password: "hush-1234"}]', "[]"), "has 0 pairs"),
        (("source: its manual", "source: its manual\n    path: http://elsewhere/"), "has a path that is none"),
        (("[http, telnet]", "[snmp]"), "is for SNMP: name no other protocol"),
        (("vendor: Acme", "vendor: &a Acme\n    note: *a"), ":4:13: anchors"),
    ],
)
def test_a_bad_file_says_where_and_what_to_do(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = write(tmp_path, GOOD.replace(*change))
    with pytest.raises(BadYaml) as raised:
        read_records(path)
    assert str(path) in str(raised.value)
    assert says in str(raised.value)
    assert "hush-1234" not in str(raised.value)


def test_a_community_is_a_password_without_a_user(tmp_path: Path) -> None:
    pairs = "[{user: '', password: one}, {user: '', password: two}, {user: '', password: three}]"
    snmp = GOOD.replace("[http, telnet]", "[snmp]").replace("{realm: Acme Cam}", '{product: "acme cam*"}')
    (record,) = read_records(write(tmp_path, snmp.replace('[{user: admin, password: "hush-1234"}]', pairs)))
    assert [(p.user, p.password.reveal()) for p in record.pairs] == [("", "one"), ("", "two"), ("", "three")]
    assert record.recognises("product", "Acme Cam 100")
    for bad in (pairs.replace("one", "''"), pairs.replace("''", "x", 1)):
        with pytest.raises(BadYaml, match="is for SNMP"):
            read_records(write(tmp_path, snmp.replace('[{user: admin, password: "hush-1234"}]', bad)))


def test_three_pairs_of_one_user_would_lock_it(tmp_path: Path) -> None:
    pairs = "[{user: a, password: x}, {user: a, password: y}, {user: a, password: z}]"
    with pytest.raises(BadYaml, match="locks"):
        read_records(write(tmp_path, GOOD.replace('[{user: admin, password: "hush-1234"}]', pairs)))


def test_an_id_is_used_once(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    with pytest.raises(BadInput, match="twice"):
        load_records([path, path])


def test_a_folder_that_holds_nothing_or_too_much(tmp_path: Path) -> None:
    write(tmp_path, GOOD).rename(tmp_path / "records.yml")
    with pytest.raises(BadInput, match=r"holds no \*\.yaml file"):
        load_records([tmp_path])
    for number in range(201):
        (tmp_path / f"{number}.yaml").touch()
    with pytest.raises(BadInput, match="more than 200 files"):
        load_records([tmp_path])


def test_a_file_without_a_record(tmp_path: Path) -> None:
    with pytest.raises(BadYaml, match="holds no record"):
        read_records(write(tmp_path, "schema: iotscan/credentials@1\nrecords: []\n"))


def test_missing_and_huge_files(tmp_path: Path) -> None:
    with pytest.raises(BadYaml, match="cannot be read"):
        read_records(tmp_path / "none.yaml")
    with pytest.raises(BadYaml, match="larger"):
        read_records(write(tmp_path, GOOD + "#" * 300_000))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_bad_record_and_nothing_worse(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(data)
    with pytest.raises(BadYaml):
        read_records(path)


def test_deep_nesting(tmp_path: Path) -> None:
    with pytest.raises(BadYaml):
        read_records(write(tmp_path, "[" * 20_000))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("axis", "An AXIS camera", True),
        ("axis*", "An AXIS camera", False),
        ("axis*", "AXIS_ACCC8E", True),
        ("*cam*100", "Acme Cam 100", True),
        ("*cam*100", "Acme Cam 100b", False),
        ("ab*ba", "aba", False),
        ("[a-z]", "b", False),
    ],
)
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert fits(pattern, text) is expected


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_text_fits_itself(text: str, more: str) -> None:
    if "*" not in text:
        assert fits(text, more + text)
        assert fits(f"{text}*", text + more)
