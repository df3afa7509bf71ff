"""What escalate's own completion stands in for: an application of Typer with all its verbs and Typer's completion."""

import importlib

import typer

from escalate_cli.verbs import VERBS


def build() -> typer.Typer:
    """The verbs as one application, as Typer's manual puts several together."""
    app = typer.Typer()
    for verb in VERBS:
        part: typer.Typer = importlib.import_module(f"escalate_cli.commands.{verb}").app
        if part.registered_callback:
            app.add_typer(part, name=verb)
        else:
            (only,) = part.registered_commands
            assert only.callback is not None
            app.command(verb)(only.callback)
    return app


def main() -> None:
    """Run it, or answer its TAB."""
    build()()
