"""One key changes, nothing else does."""

import tomllib

import pytest

from escalate_daemon import toml_edit

FILE = """\
# mine
[me]  # about me
name = "Ana"   # not Anna
phone = '#12'

# the daemon
[daemon]
peers = [
  "a:1",  # first
  "b:2",
]
port = 0
"""


@pytest.mark.parametrize(
    ("section", "key", "value", "before", "after"),
    [
        ("me", "name", "Eve", 'name = "Ana"   # not Anna', 'name = "Eve"   # not Anna'),
        ("me", "phone", "1", "phone = '#12'", 'phone = "1"'),
        ("daemon", "port", 4000, "port = 0", "port = 4000"),
        ("daemon", "peers", ["c:3"], 'peers = [\n  "a:1",  # first\n  "b:2",\n]', 'peers = ["c:3"]'),
        ("me", "url", "tel:1", "phone = '#12'\n", "phone = '#12'\nurl = \"tel:1\"\n"),
        ("daemon", "x", 1, "port = 0\n", "port = 0\nx = 1\n"),
        ("notify", "sound", False, "port = 0\n", "port = 0\n\n[notify]\nsound = false\n"),
    ],
)
def test_only_that_line_changes(section: str, key: str, value: toml_edit.TomlValue, before: str, after: str) -> None:
    assert toml_edit.set_key(FILE, section, key, value) == FILE.replace(before, after)


def test_empty_text_gets_the_section() -> None:
    assert toml_edit.set_key("", "me", "name", "Ana") == '[me]\nname = "Ana"\n'


def test_text_without_last_newline_stays_well_formed() -> None:
    assert toml_edit.set_key("[me]", "me", "name", "Ana") == '[me]\nname = "Ana"\n'


def test_dotted_key_is_changed_in_place() -> None:
    assert toml_edit.set_key('me.name = "a" # x\n', "me", "name", "b") == 'me.name = "b" # x\n'


def test_windows_line_endings_stay() -> None:
    text = '[me]\r\nname = "a" # x\r\n[daemon]\r\n'
    assert toml_edit.set_key(text, "me", "name", "b") == '[me]\r\nname = "b" # x\r\n[daemon]\r\n'
    assert tomllib.loads(toml_edit.set_key(text, "me", "url", "c"))["me"] == {"name": "a", "url": "c"}
    assert "\n" not in toml_edit.set_key(text, "daemon", "port", 1).replace("\r\n", "")


def test_header_inside_a_multi_line_value_is_not_a_header() -> None:
    text = '[me]\nlocation = """\n[daemon]\n"""\n[daemon]\nport = 1\n'
    assert toml_edit.set_key(text, "daemon", "port", 2) == text.replace("port = 1", "port = 2")


@pytest.mark.parametrize("text", ["[me", "me = 1", 'me = { name = "a" }\n'])
def test_what_cannot_be_edited_is_refused(text: str) -> None:
    with pytest.raises(toml_edit.EditError):
        toml_edit.set_key(text, "me", "name", "b")


@pytest.mark.parametrize("value", ['a"b\\c', "tab\tnew\nline\x7f\0", "\U0001f600é", "", ["a", 'b"'], True, 7])
def test_every_value_reads_back(value: toml_edit.TomlValue) -> None:
    assert tomllib.loads(f"x = {toml_edit.format_value(value)}") == {"x": value}
