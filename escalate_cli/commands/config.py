"""config: the settings, the daemon dead or alive."""

from typing import Annotated

import typer

from escalate_cli import client, escape, exits
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon import config as settings
from escalate_daemon.ipc.protocol import failure

app = application()

Key = Annotated[str, typer.Argument(metavar="KEY", help="As `escalate config show` shows it: me.name")]
Value = Annotated[str, typer.Argument(metavar="VALUE", help="The new value.")]
_EXAMPLE = example("escalate config show", 'escalate config set me.name "Ana"', "$EDITOR $(escalate config path)")


@app.callback(epilog=_EXAMPLE)
def config() -> None:
    """Show and change the settings; the daemon reads them when it starts."""


@app.command("path", epilog=_EXAMPLE)
def path(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Print where the settings are."""
    out = Output(as_json=as_json, quiet=quiet)
    where = str(client.find().config_file)
    if as_json:
        out.object({"path": where})
    else:
        out.lines(where)
    return exits.DONE


@app.command("show", epilog=_EXAMPLE)
def show(*, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Print every setting as it stands."""
    return _show(Output(as_json=as_json, quiet=quiet))


@app.command("set", epilog=_EXAMPLE)
def set_one(key: Key, value: Value, *, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Change one setting; all else in the file stays as it is."""
    out = Output(as_json=as_json, quiet=quiet)
    try:
        settings.set_value(client.find(), key, value)
    except settings.CannotSet as error:
        raise failure("failed", str(error)) from error
    except settings.ConfigError as error:
        raise failure("usage", str(error), "see them all: escalate config show") from error
    if as_json:
        return _show(out)
    out.talk("set; a running daemon takes it at `escalate daemon restart`")
    return exits.DONE


def _show(out: Output) -> int:
    loaded, warnings = settings.load(client.find())
    shown = settings.show(loaded)
    if out.as_json:
        out.object({"settings": shown})
    else:
        out.lines(*(f"{key} = {escape.printable(settings.typed(key, value))}" for key, value in shown.items()))
    out.warn(*warnings)
    return exits.DONE
