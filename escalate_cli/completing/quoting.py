"""How shells read a word and how one is written so that it is read back: nothing in it is ever expanded. Pure.

The typed part stays as the person typed it wherever that is safe; only the rest is added, in the quotes that are open.
"""

from typing import Final, NamedTuple

# Unquoted, these mean themselves in bash wherever they stand; of the rest `~` and `#` only after the first place.
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-")
_NOT_FIRST: Final = frozenset("~#")
_IN_DOUBLE: Final = '\\"$`'
_LIVE: Final = frozenset("$`*?[]{}!")  # typed bare, the shell may make something else of them; of ~ in front too
_LIVE_IN_DOUBLE: Final = frozenset("$`!")
_ENDS: Final = frozenset(";|&<>()")  # of a command; what follows is not ours
# PowerShell takes the typographic ones for quotes too.
_POWERSHELL_SINGLE: Final = "'\u2018\u2019\u201a\u201b"
_POWERSHELL_DOUBLE: Final = '"\u201c\u201d\u201e'
_POWERSHELL_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/=+~")


class Word(NamedTuple):
    """A word as it was typed, what the shell makes of it, and the quote that is still open in it."""

    raw: str
    text: str
    quote: str = ""
    live: bool = False  # the shell would expand something in it
    torn: bool = False  # it ends in the midst of an escape


def split(line: str, *, fish: bool = False) -> list[Word] | None:
    """The words of a line up to the cursor; the last is the one it stands in, maybe empty. None after an operator.

    The rules of the POSIX shells, or of `fish`, whose single quotes know a backslash.
    """
    words: list[Word] = []
    at = 0
    while True:
        while at < len(line) and line[at].isspace():
            at += 1
        word = _word(line, at, fish=fish)
        words.append(word)
        at += len(word.raw)
        if at >= len(line):
            return words
        if line[at] in _ENDS:
            return None


def _word(line: str, start: int, *, fish: bool) -> Word:
    text: list[str] = []
    quote, live, at = "", False, start
    while at < len(line):
        char = line[at]
        if not quote and (char.isspace() or char in _ENDS):
            break
        if char == "\\" and (quote != "'" or fish):
            following = line[at + 1 : at + 2]
            if not following:
                return Word(line[start:], "".join(text), quote, live, torn=True)
            text.append(following if _escapes(following, quote) else char + following)
            at += 2
            continue
        if char in {"'", '"'} and quote in {"", char}:
            quote = "" if quote else char
        else:
            live = live or _expands(char, quote, first=at == start)
            text.append(char)
        at += 1
    return Word(line[start:at], "".join(text), quote, live)


def _expands(char: str, quote: str, *, first: bool) -> bool:
    """Whether the shell may make something else of `char` within this quote."""
    if quote:
        return quote == '"' and char in _LIVE_IN_DOUBLE
    return char in _LIVE or (char == "~" and first)


def _escapes(char: str, quote: str) -> bool:
    """Whether a backslash before `char` goes away."""
    if quote == "'":
        return char in "\\'"  # fish alone comes here
    return char in _IN_DOUBLE if quote else True


# --- bash ------------------------------------------------------------------------------------------
def bash(word: Word, replaced: str, value: str) -> str | None:
    """What bash shall put in the place of `replaced`, the end of `word`, for the command to get `value`.

    None where it cannot: the part before does not begin the value. Readline closes an open quote by itself, but
    not where the last character looks as if it had been closed.
    """
    if word.torn or not word.raw.endswith(replaced):
        return None
    kept = _whole(word.raw[: len(word.raw) - len(replaced)])
    if kept.live or kept.torn or not value.startswith(kept.text):
        return None
    if value.startswith(word.text) and not word.live:
        return replaced + bash_rest(value[len(word.text) :], word.quote, first=not word.text)
    return bash_rest(value[len(kept.text) :], kept.quote, first=not kept.text)


def bash_rest(text: str, quote: str, *, first: bool = False) -> str:
    """`text` for bash within this open quote ("" for none). `first`: the word begins with it."""
    if quote == "'":
        done = text.replace("'", "'\\''")
    elif quote == '"':
        # A backslash saves ! from history expansion, but within double quotes it would stay.
        done = "".join(f"\\{char}" if char in _IN_DOUBLE else '"\\!"' if char == "!" else char for char in text)
    else:
        return "".join(char if _bare(char, first=first and not at) else f"\\{char}" for at, char in enumerate(text))
    return done + quote if done.endswith(quote) else done


def _bare(char: str, *, first: bool) -> bool:
    return char in _PLAIN or (char in _NOT_FIRST and not first) or not (char.isascii() or char.isspace())


def _whole(raw: str) -> Word:
    return _word(raw, 0, fish=False)


# --- PowerShell ------------------------------------------------------------------------------------
def powershell(value: str) -> str:
    """`value` as one PowerShell argument. Bare `@name` would be splatting, and a comma makes a list."""
    if value and all(char in _POWERSHELL_PLAIN for char in value):
        return value
    return "'" + "".join(char * 2 if char in _POWERSHELL_SINGLE else char for char in value) + "'"


def powershell_text(raw: str) -> str:
    """What a word of PowerShell says, its closing quote typed or not; expands nothing."""
    if raw[:1] and raw[0] in _POWERSHELL_SINGLE:
        return _unmarked(raw, _POWERSHELL_SINGLE)
    if raw[:1] and raw[0] in _POWERSHELL_DOUBLE:
        return _unticked(_unmarked(raw, _POWERSHELL_DOUBLE))
    return _unticked(raw)


def _unmarked(raw: str, marks: str) -> str:
    """Without the quotes round it; those doubled within it are one."""
    inner = raw[1:]
    if inner and inner[-1] in marks and not _doubled_end(inner, marks):
        inner = inner[:-1]
    for mark in marks:
        inner = inner.replace(mark * 2, mark)
    return inner


def _unticked(text: str) -> str:
    """Without the backticks that escape what follows them."""
    chars = iter(text)
    return "".join(next(chars, "") if char == "`" else char for char in chars)


def _doubled_end(inner: str, marks: str) -> bool:
    """Whether the last mark is half of a doubled one, so that the quote is still open."""
    ending = len(inner) - len(inner.rstrip(marks))
    return ending % 2 == 0
