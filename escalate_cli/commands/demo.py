"""demo: three members on this one machine."""

from escalate_cli import process
from escalate_cli.options import application, example

app = application()


@app.command(epilog=example("escalate demo"))
def demo() -> int:
    """Watch three members on this one machine: a red raised, shown, ended, over the real links."""
    return process.become("demo")
