"""completion: print what teaches a shell to complete this command."""

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from escalate_cli import exits
from escalate_cli.options import application, example
from escalate_cli.output import Output
from escalate_daemon.ipc.protocol import failure

app = application()

SCRIPTS: Final = {
    "bash": "escalate.bash",
    "zsh": "escalate.zsh",
    "fish": "escalate.fish",
    "powershell": "escalate.ps1",
}
_PACKAGE: Final = Path(__file__).parents[1]

Shell = Annotated[
    Literal["bash", "zsh", "fish", "powershell"],
    typer.Argument(metavar="bash|zsh|fish|powershell", show_default=False, help="Which shell it is for."),
]


@app.command(
    epilog=example(
        "source <(escalate completion bash)         # bash: in ~/.bashrc",
        'eval "$(escalate completion bash)"         # macOS, whose bash is 3.2',
        "source <(escalate completion zsh)          # zsh: in ~/.zshrc, after compinit",
        "escalate completion zsh > ~/.zfunc/_escalate          # or in a folder of $fpath",
        "escalate completion fish > ~/.config/fish/completions/escalate.fish",
        "escalate completion powershell | Out-String | Invoke-Expression   # in $PROFILE",
    )
)
def completion(shell: Shell) -> int:
    """Print the script with which a shell completes verbs, options, names, groups, messages.

    A pip or pipx installation brings the scripts along in share/; a shell that looks there needs nothing of this.
    """
    Output().lines(*script(shell).splitlines())
    return exits.DONE


def script(shell: str) -> str:
    """The script for this shell: beside the modules in an installation, at the top of a work tree."""
    name = SCRIPTS[shell]
    for folder in (_PACKAGE / "completions", _PACKAGE.parent / "completions"):
        try:
            return (folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise failure("failed", f"cannot read {folder / name}: {error.strerror}") from error
    raise failure("failed", f"{name} is missing from this installation", "install escalate anew")
