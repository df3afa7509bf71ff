"""Base32 for people: Crockford's alphabet, which has no i, l, o or u."""

from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LOOK_ALIKES: Final = str.maketrans({"i": "1", "l": "1", "o": "0"})
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}


def encode(number: int, length: int) -> str:
    """`number` in `length` characters, highest first; its bits beyond 5 x length are not written."""
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(length)))


def plain(text: str) -> str:
    """`text` in lower case, with look-alikes as what they are like: i and l as 1, o as 0."""
    return text.lower().translate(_LOOK_ALIKES)


def decode(text: str) -> int:
    """The number in plain `text`; ValueError names a character that is not of the alphabet."""
    number = 0
    for character in text:
        if character not in _VALUES:
            raise ValueError(character)
        number = number << 5 | _VALUES[character]
    return number


def grouped(text: str, size: int = 4) -> str:
    """`text` with a dash between groups."""
    return "-".join(text[at : at + size] for at in range(0, len(text), size))
