import pytest

from escalate_daemon.links.address import Address, AddressError, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.0.0.1:4000", "10.0.0.1", 4000),
        (" desk-12.local:1 ", "desk-12.local", 1),
        ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535),
        ("[::1]:80", "::1", 80),
    ],
)
def test_host_and_port_are_read_and_written_back(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host, port)
    assert str(parse_address(text)) == text.strip()


@pytest.mark.parametrize("text", ["desk-12", "::1", "[::1]", "desk-12:"])
def test_missing_port_is_the_default_where_there_is_one(text: str) -> None:
    assert parse_address(text, 4321).port == 4321
    with pytest.raises(AddressError):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    ["", ":80", "a:0", "a:65536", "a:99999999999999999999", "a:-1", "a:x", "a:\u0661", "[::1", "[::1]80", "[]:80",
     "a b:80", "-a:80", "user@a:80", "a/b:80"],
)  # fmt: skip
def test_bad_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_address(text, 4321)
