"""How a judgement is given: one check, well or broken, in words for the person who sits there."""

from escalate_daemon.ipc.protocol import Check


def well(name: str, found: str, advice: str = "") -> Check:
    """Nothing is wrong. `advice`: what may be worth doing all the same."""
    return Check(name=name, ok=True, found=found, mend=advice or None)


def broken(name: str, found: str, mend: str) -> Check:
    """Something is wrong, and this mends it."""
    return Check(name=name, ok=False, found=found, mend=mend)


def parted(text: str, mend: str) -> tuple[str, str]:
    """A warning's cause and its mend after the last `; `; the given mend where it names none."""
    cause, mark, told = text.rpartition("; ")
    return (cause, told) if mark else (text, mend)


def said(words: tuple[str, ...] | list[str], at_most: int = 4) -> str:
    """`ana, ben and 3 more`."""
    shown = list(words[:at_most])
    left = len(words) - len(shown)
    if left:
        return f"{', '.join(shown)} and {left} more"
    return " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else "".join(shown)


def ago(seconds: float) -> str:
    """`12 s`, `5 min`, `3 h`, `2 days`: as exact as a person wants it."""
    whole = max(0, round(seconds))
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if whole >= size:
            number = whole // size
            return f"{number} days" if unit == "day" and number != 1 else f"{number} {unit}"
    return f"{whole} s"
