"""The table of completion says what Typer's applications take: every verb, word and option of theirs, and no other."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, cast

import pytest
import typer

from escalate_cli.commands import completion
from escalate_cli.completing import grammar, offers
from escalate_cli.verbs import VERBS
from escalate_daemon.config_keys import KEYS


class Parameter(Protocol):
    opts: list[str]
    is_flag: bool
    multiple: bool
    nargs: int
    param_type_name: str


class Taken(Protocol):
    params: list[Parameter]
    commands: dict[str, "Taken"]


@dataclass(frozen=True)
class Takes:
    """What a command takes: options with whether each has a value and may be repeated; how many arguments."""

    options: frozenset[tuple[frozenset[str], bool, bool]]
    arguments: int


def of_typer(verb: str) -> Iterator[tuple[str, Takes]]:
    module = importlib.import_module(f"escalate_cli.commands.{verb}")
    top = cast(Taken, typer.main.get_command(module.app))
    yield verb, takes(top)
    for word, below in getattr(top, "commands", {}).items():
        yield f"{verb} {word}", takes(below)


def takes(command: Taken) -> Takes:
    options = {
        (frozenset(each.opts), not each.is_flag, each.multiple)
        for each in command.params
        if each.param_type_name == "option"
    }
    arguments = sum(each.param_type_name == "argument" for each in command.params)
    return Takes(frozenset(options), arguments)


def of_table(name: str) -> Takes:
    command = grammar.command(name)
    assert command is not None, f"completing/grammar.py knows no `{name}`"
    options = {
        (frozenset(option.names), bool(option.kind), option.again)
        for option in command.options
        if option.names != grammar.HELP
    }
    return Takes(frozenset(options), len(command.arguments))


def differences(name: str, table: Takes, real: Takes) -> Iterator[str]:
    for told, options in (("lacks", real.options - table.options), ("has besides", table.options - real.options)):
        for names, valued, again in options:
            yield f"{name}: {told} {'/'.join(sorted(names))}{'=VALUE' * valued}{'...' * again}"
    if table.arguments != real.arguments:
        yield f"{name}: {table.arguments} arguments, not {real.arguments}"


@pytest.mark.parametrize("verb", VERBS)
def test_the_table_has_the_options_and_arguments_of_typer_s_application_and_no_other(verb: str) -> None:
    real = dict(of_typer(verb))
    wrong = [told for name, has in real.items() for told in differences(name, of_table(name), has)]
    assert not wrong, "\n".join(("mend completing/grammar.py:", *wrong))
    assert {name for name in grammar.names() if name.startswith(f"{verb} ")} == set(real) - {verb}


def test_every_kind_of_value_is_known() -> None:
    kinds = set()
    for name in grammar.names():
        command = grammar.command(name)
        assert command is not None
        kinds |= {*command.arguments, *(option.kind for option in command.options)}
    unknown = kinds - {"", "text", "command", "then"} - offers.FIXED.keys() - offers.ASKED.keys()
    assert not unknown


def test_every_setting_is_offered() -> None:
    assert offers.FIXED["key"] == tuple(key.dotted for key in KEYS)


def test_every_shell_with_a_script_is_offered() -> None:
    assert offers.FIXED["shell"] == tuple(completion.SCRIPTS)
