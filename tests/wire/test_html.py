import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.html import Form, read_page


def test_a_login_page() -> None:
    page = read_page(
        b"<!DOCTYPE html><HTML><head><title>\n R&amp;D <b>cam</b>\n</title></head>"
        b"<form action='/login?a=1&amp;b=2' METHOD=post><input type=text><INPUT TYPE='Password' name=p></form>"
    )
    assert page.title == "R&D <b>cam</b>"
    assert page.forms == (Form(action="/login?a=1&b=2", has_password=True),)
    assert page.has_password


def test_an_upload_page() -> None:
    page = read_page(b'<form action="/do" enctype="Multipart/Form-Data"><input type="file" name=f></form>')
    assert page.forms[0].is_upload
    assert not page.has_password


def test_a_file_field_that_would_not_be_sent_is_no_upload() -> None:
    assert not read_page(b'<form><input type="file"></form><input type=file>').forms[0].is_upload


@pytest.mark.parametrize(
    "body",
    [
        b"<!-- <input type=password> -->",
        b"<!-- <input type=password>",
        b"<script>document.write('<input type=password>')</script>",
        b"<textarea><input type=password></textarea>",
        b"<p title='<input type=password>'>",
        b"<input name=type value=password>",
        b"input type=password",
    ],
)
def test_what_is_no_field(body: bytes) -> None:
    assert not read_page(body).has_password


@pytest.mark.parametrize(
    "body",
    [
        b"<input type=password>",
        b'<input\ntype = "password"/>',
        b"<form><input/type=password",
        b"<form><div><input name='a>b' type=password></div>",
        b"</p><p a='1'b=2><input disabled type=PASSWORD>",
        b"<script>if (a < b) {}</script><input type=password>",
    ],
)
def test_what_is_a_field(body: bytes) -> None:
    assert read_page(body + b">").has_password


@pytest.mark.parametrize(
    ("body", "target"),
    [
        (b'<meta http-equiv="Refresh" content="0; URL=/cgi-bin/luci/">', "/cgi-bin/luci/"),
        (b"<meta http-equiv=refresh content='5;url=\"a.htm\"'>", "a.htm"),
        (b"<meta http-equiv=refresh content=30>", ""),
        (b'<frameset><frame src="menu.htm"><frame src="main.htm"></frameset>', "menu.htm"),
    ],
)
def test_where_a_page_leads(body: bytes, target: str) -> None:
    assert read_page(body).onward == target


def test_links() -> None:
    assert read_page(b"<a href='/fw.bin'>x</a><a name=y><link href=z.css>").links == ("/fw.bin", "z.css")


def test_hostile_text_is_safe_in_the_title() -> None:
    title = read_page(b"<title>\x1b]0;x\x07&#x202e;&#27;[2J</title>").title
    assert "\x1b" not in title
    assert "\u202e" not in title


@pytest.mark.parametrize(
    "piece",
    [b"<", b"<a", b"<a ", b"<a =", b"<a b='", b'<a b="', b"<!--", b"<!", b"</", b"<?", b"<![", b"&#", b"<title>"],
)
@pytest.mark.timeout(20)
def test_a_megabyte_of_anything_ends(piece: bytes) -> None:
    read_page((piece * 1_048_576)[:1_048_576])


@given(st.binary(max_size=500) | st.lists(st.sampled_from("<>='\"/ abform!-").map(str.encode)).map(b"".join))
def test_any_bytes_give_a_page(body: bytes) -> None:
    read_page(body)
