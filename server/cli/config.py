"""`quantumlayer config`: every setting in effect, and where it comes from."""

from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", help="Show the settings in effect and their origin."
)


@app.callback()
def _group() -> None:
    """Makes `show` a verb of its own, although it is the only one."""


@app.command()
def show(
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    changed: Annotated[bool, typer.Option("--changed", help="Only what differs from the defaults.")] = False,
) -> None:
    """Show each setting, its value, and the place that decided it.

    Later places win: defaults, your file, the workspace's file (quantumlayer.toml, or the table
    tool.quantumlayer in pyproject.toml), environment (QUANTUMLAYER_SECTION__KEY), editor, flags.

    [bold]Examples[/bold]

      quantumlayer config show --changed

      QUANTUMLAYER_MODELS__RETRIES=5 quantumlayer config show
    """
    from .config_report import show_settings

    raise typer.Exit(show_settings(json=json, changed=changed))
