import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import telnet

DO, DONT, WILL, WONT = 0xFD, 0xFE, 0xFB, 0xFC


def test_negotiation_is_taken_out_of_the_text() -> None:
    stream = telnet.split(b"\xff\xfd\x01ab\xff\xff\xff\xfa\x18\x01\xff\xf0c\xff\xf1d\xff\xfb\x03")
    assert stream.text == b"ab\xffcd"
    assert [(d.verb, d.option) for d in stream.demands] == [(DO, 1), (WILL, 3)]
    assert stream.rest == b""


def test_refusal_declines_each_option_once() -> None:
    demands = telnet.split(b"\xff\xfd\x01\xff\xfb\x03\xff\xfd\x01\xff\xfe\x05\xff\xfc\x06").demands
    assert telnet.refuse(demands) == bytes((0xFF, WONT, 1, 0xFF, DONT, 3))


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=300))
def test_split_gives_the_same_in_one_piece_or_two(data: bytes, cut: int) -> None:
    whole = telnet.split(data)
    first = telnet.split(data[:cut])
    second = telnet.split(first.rest + data[cut:])
    assert first.text + second.text == whole.text
    assert first.demands + second.demands == whole.demands
    assert second.rest == whole.rest


@given(st.binary(max_size=2000))
def test_classify_never_raises(data: bytes) -> None:
    assert telnet.classify(data) in ("login", "password", "shell", "unknown")


@given(st.text(alphabet="#*=-$%> ", min_size=2, max_size=120))
def test_a_border_is_no_prompt(border: str) -> None:
    signs = border.strip()
    if len(signs) > 3 or (len(signs) > 1 and set(signs) <= {"#", "*", "$", "%", " "}):
        assert telnet.classify(f"Welcome\r\n{border}".encode()) == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "# ",
        "\r\n$ ",
        "\r\n\r\n/ # \x1b[6n",
        "root@cam:~# ",
        "\x1b[1;32mroot@cam\x1b[0m:\x1b[1;34m/tmp\x1b[0m# ",
        "root@cam /tmp # ",
        "[admin@MikroTik] > ",
        "[root@localhost ~]# ",
        "router>",
        "Switch(config)#",
        "~ # ",
        "C:\\Windows\\system32>",
        ">>> ",
        "=> ",
        "bash-5.1$ ",
        "########\r\n# MOTD #\r\n########\r\n# ",
    ],
)
def test_shell_prompts(text: str) -> None:
    assert telnet.classify(text.encode()) == "shell"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "########################",
        "# Welcome to the camera #",
        "## ",
        "########\r\n",
        "root@cam:~# \r\n",
        "Loading 100%",
        "Have a nice day #",
        "Acme Router #",
        "Price: 10 $",
        "Choice>",
        "</html>",
        "<html>",
        "-----*>",
        "login\r\n",
        "Press ENTER to continue",
        "Last login: ",
    ],
)
def test_what_is_no_prompt(text: str) -> None:
    assert telnet.classify(text.encode()) == "unknown"


@pytest.mark.parametrize(
    "text", ["login: ", "cam login:", "Username:", "User Name : ", "login> ", "Login incorrect\r\nlogin: "]
)
def test_login_prompts(text: str) -> None:
    assert telnet.classify(text.encode()) == "login"


@pytest.mark.parametrize(
    "text", ["Password: ", "password:", "Password for admin: ", "admin's password: ", "Enter passcode>"]
)
def test_password_prompts(text: str) -> None:
    assert telnet.classify(text.encode()) == "password"


def test_a_line_doubles_iac_and_ends_like_a_terminal() -> None:
    assert telnet.line("admin") == b"admin\r\n"


@pytest.mark.parametrize(
    "prompt", ["=>", "U-Boot>", "zynq-uboot>", "hisilicon #", "ath>", "Marvell>>", "(gdb)", "mt7621>"]
)
def test_prompts_of_boot_loaders(prompt: str) -> None:
    assert telnet.may_repeat(prompt)


@pytest.mark.parametrize("prompt", ["/ #", "#", "$", "root@cam:~#", "[root@cam /]#", "router>", "[admin@MikroTik] >"])
def test_prompts_of_shells(prompt: str) -> None:
    assert not telnet.may_repeat(prompt)
