"""The floor of any command made with Typer: one command, one option, one line said."""

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def greet(name: str = "world") -> None:
    """Say hello."""
    typer.echo(f"hello, {name}")
