"""How words are read and written: what is inserted is read back as meant, and nothing in it is expanded."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate_cli.completing import quoting
from escalate_cli.completing.quoting import Word, split
from support.need import need_tools

NASTY = " '\"$`\\!*?[]{}~#;&|<>()@:=%^,+-_./aÅ\u3000é\U0001f64b"
values = st.text(alphabet=NASTY, min_size=1, max_size=12)
openings = st.sampled_from(["", "'", '"'])


# --- Reading ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("escalate ", Word("", "")),
        ("escalate start", Word("start", "start")),
        ("escalate a\\ b", Word("a\\ b", "a b")),
        ("escalate 'a b", Word("'a b", "a b", "'")),
        ('escalate "a\\"b \\x', Word('"a\\"b \\x', 'a"b \\x', '"')),
        ("escalate 'it'\\''s", Word("'it'\\''s", "it's", "'")),
        ('escalate foo"a b', Word('foo"a b', "fooa b", '"')),
        ("escalate $HOME", Word("$HOME", "$HOME", live=True)),
        ('escalate "$HO', Word('"$HO', "$HO", '"', live=True)),
        ("escalate '$HO", Word("'$HO", "$HO", "'")),
        ('escalate "\\$HO', Word('"\\$HO', "$HO", '"')),
        ("escalate a*", Word("a*", "a*", live=True)),
        ("escalate a\\", Word("a\\", "a", torn=True)),
    ],
)
def test_the_word_under_the_cursor_is_read_as_the_shell_would(line: str, last: Word) -> None:
    words = split(line)
    assert words is not None
    assert words[-1] == last


@pytest.mark.parametrize("line", ["escalate list >", "escalate list; ls ", "escalate list | gr", "escalate list&"])
def test_what_follows_an_operator_is_not_ours(line: str) -> None:
    assert split(line) is None


def test_a_backslash_in_fish_s_single_quotes_escapes_a_quote() -> None:
    words = split("escalate 'it\\'s a\\b", fish=True)
    assert words is not None
    assert (words[-1].text, words[-1].quote) == ("it's a\\b", "'")


# --- bash ------------------------------------------------------------------------------------------
def typed_part(value: str, quote: str) -> str:
    """How a careful person begins to type a value."""
    return quote + (quoting.bash_rest(value, quote, first=True).removesuffix(quote) if value else "")


def closed_by_readline(word: str, quote: str) -> str:
    """Readline closes the quote that is open, unless the last character is one already."""
    return word + quote if quote and not word.endswith(quote) else word


@given(values, openings, st.integers(0, 12))
def test_a_value_completed_in_any_quotes_is_read_back_to_the_letter(value: str, quote: str, cut: int) -> None:
    raw = quote + value[:cut] if quote == "'" and "'" not in value[:cut] else quote
    words = split(raw)
    assert words is not None
    word = words[-1]
    replaced = raw[1:] if quote else raw
    written = quoting.bash(word, replaced, value)
    assert written is not None
    done = closed_by_readline(raw[: len(raw) - len(replaced)] + written, quote)
    read = split(done)
    assert read is not None
    assert [(each.text, each.quote, each.live) for each in read] == [(value, "", False)]


def test_bash_itself_reads_back_what_is_written() -> None:
    need_tools("bash")
    texts = ["~x", "#x", "a#b", "x~y", "$HOME `id` $(id)", 'say "hi"', "it's", "a\\b", "hm!", "{a,b} *", "é à", "  "]
    written = [
        quoted + closed
        for text in texts
        for quote in ("", "'", '"')
        for quoted in [quote + quoting.bash_rest(text, quote, first=True)]
        for closed in ["" if not quote or (len(quoted) > 1 and quoted.endswith(quote)) else quote]
    ]
    script = f"printf '%s\\0' {' '.join(written)}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split("\0")[:-1] == [text for text in texts for _ in range(3)]


def test_what_was_typed_stays_and_only_the_rest_is_added() -> None:
    assert quoting.bash(Word("Sam\\ O", "Sam O"), "Sam\\ O", "Sam O'Neil") == "Sam\\ O\\'Neil"
    assert quoting.bash(Word('"Sam O', "Sam O", '"'), "Sam O", "Sam O'Neil") == "Sam O'Neil"


def test_of_a_word_broken_by_bash_only_the_last_part_is_given_back() -> None:
    assert quoting.bash(Word("@room:B", "@room:B"), "B", "@room:Blue room") == "Blue\\ room"
    assert quoting.bash(Word("--notify=@te", "--notify=@te"), "@te", "--notify=@team") == "@team"


def test_what_the_shell_would_expand_is_written_anew() -> None:
    assert quoting.bash(Word('"$HO', "$HO", '"', live=True), "$HO", "$HOME is full") == "\\$HOME is full"
    assert quoting.bash(Word("$HO", "$HO", live=True), "$HO", "$HOME") == "\\$HOME"


def test_other_capitals_than_typed_are_mended() -> None:
    assert quoting.bash(Word("sam", "sam"), "sam", "Sam O'Neil") == "Sam\\ O\\'Neil"


def test_in_the_midst_of_an_escape_nothing_is_offered() -> None:
    assert quoting.bash(Word("a\\", "a", torn=True), "a\\", "a b") is None


# --- PowerShell ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("start", "start"),
        ("--notify", "--notify"),
        ("@team", "'@team'"),  # bare, it would be splatting
        ("Blue room", "'Blue room'"),
        ("$HOME `id`", "'$HOME `id`'"),
        ("it's", "'it''s'"),
        ("it\u2019s", "'it\u2019\u2019s'"),  # PowerShell takes it for a quote
        ('say "hi"', "'say \"hi\"'"),
        ("a,b", "'a,b'"),
        ("#1", "'#1'"),
        ("Åsa", "'Åsa'"),
        ("", "''"),
    ],
)
def test_powershell_gets_single_quotes_round_whatever_means_something_to_it(value: str, written: str) -> None:
    assert quoting.powershell(value) == written


@given(st.text(alphabet=NASTY + "\u2018\u2019\u201c", max_size=12))
def test_what_is_written_for_powershell_is_read_back(value: str) -> None:
    assert quoting.powershell_text(quoting.powershell(value)) == value


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("'@te", "@te"),
        ("'it''s", "it's"),
        ('"Blue r', "Blue r"),
        ("'", ""),
        ("it''", "it''"),
        ("'a''", "a'"),
        ("a` b", "a b"),
        ('"a`"b', 'a"b'),
    ],
)
def test_an_open_quote_of_powershell_is_read(raw: str, text: str) -> None:
    assert quoting.powershell_text(raw) == text
