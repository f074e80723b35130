"""The commands of `itamed train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from .recipe import Recipe

_Recipe = Annotated[str, typer.Argument(help="A recipe's .yaml file, or the name of one of the package's.")]
_Base = Annotated[str, typer.Option(help="Take this base model (a folder, say) instead of the recipe's.")]


class _Recipes(TyperGroup):
    """Takes what is no command for a recipe: `itamed train RECIPE`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


train_app = typer.Typer(
    cls=_Recipes,
    help="Train a checkpoint as a recipe says, to evaluate it with `itamed eval`. RECIPE is the name of one that the "
    "package brings (`itamed train recipes`), or a .yaml file of your own; `itamed train RECIPE --help` shows the "
    "options that follow it (--output, --base, --seed, --pretrained).",
    subcommand_metavar="RECIPE [OPTIONS] | COMMAND ...",
    epilog="Example: itamed train smollm2-135m --output my-model; then itamed eval --model itamed-hf --model_args "
    "pretrained=my-model/model --tasks itamed.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@train_app.callback(invoke_without_command=True)
def explain(
    explain: Annotated[bool, typer.Option("--explain", help="Explain every setting of a recipe.")] = False,
) -> None:
    """Explain settings, where that is asked for instead of a command."""
    if explain:
        from .fields import explanations
        from .recipe import LIKE, Recipe

        typer.echo(f"like\n    {LIKE}")
        for name, default, text in explanations(Recipe):
            typer.echo(f"{name}{f' ({default})' if default else ''}\n    {text}")
        raise typer.Exit


def _chosen(name: str, base: str, seed: int | None = None) -> Recipe:
    """Return a recipe, on another base model or with another seed if one is named."""
    from .recipe import changed, load_recipe

    return changed(load_recipe(name), base=base, seed=seed)


@train_app.command(name="run", hidden=True)
def run(
    recipe: _Recipe,
    output: Annotated[Path | None, typer.Option(help="Folder of the training; the recipe's name by default.")] = None,
    base: _Base = "",
    seed: Annotated[int | None, typer.Option(help="Take this seed instead of the recipe's.")] = None,
    pretrained: Annotated[
        Path | None,
        typer.Option(help="Folder of a finished training whose pre-training is RECIPE's, too: fine-tune its model."),
    ] = None,
) -> None:
    """Train as RECIPE says. A training that was interrupted goes on when the same command is given again."""
    import logging

    from .train import train

    logging.basicConfig(format="%(message)s")
    logging.getLogger("itamed").setLevel(logging.INFO)
    chosen = _chosen(recipe, base, seed)
    typer.echo(f"Evaluate: {train(chosen, output or Path(chosen.name), pretrained)}")


@train_app.command()
def recipes() -> None:
    """List the recipes that the package brings, and what each is for."""
    from .named import names_of
    from .recipe import load_recipe

    names = names_of("recipe")
    for name in names:
        typer.echo(f"{name:{max(map(len, names))}}  {load_recipe(name).purpose}")


@train_app.command()
def plan(
    recipe: _Recipe,
    base: _Base = "",
    tflops: Annotated[float, typer.Option(min=0.0, help="What your device multiplies at its best, in TFLOP/s.")] = 0.0,
    mfu: Annotated[float, typer.Option(min=0.01, max=1.0, help="Share of it that training reaches.")] = 0.4,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables to this file, too.")] = None,
) -> None:
    """Show what RECIPE takes before it is begun: examples, tokens, steps, arithmetic and memory of weights.

    Nothing is trained, and no weights are loaded: the tokenizer and the configuration of the base
    model are enough. Corpora are read, cleaned and decontaminated as in training; the tokens of large
    ones are estimated from a sample. With --tflops a time is calculated.
    """
    from .plan import plan as planned
    from .plan_show import show

    chosen = _chosen(recipe, base)
    show(chosen, planned(chosen), tflops, mfu, markdown)


@train_app.command()
def speed(
    recipe: _Recipe,
    output: Annotated[Path, typer.Option(help="File to append to, one measurement a line.")],
    engine: Annotated[str, typer.Option(help="itamed; trl: TRL's trainer at its defaults; trl-best.")] = "itamed",
    base: _Base = "",
    tokens: Annotated[int, typer.Option(help="Train on so many tokens of the recipe's examples.")] = 20000,
    markdown: Annotated[Path | None, typer.Option(help="Write the table to this file, too.")] = None,
) -> None:
    """Measure how fast RECIPE trains, and show all measurements of the file.

    Times on a shared machine vary: measure engines in turn, several times each, into one file; the
    table shows medians, and ratios to the first engine of the file.
    """
    from dataclasses import asdict

    from itamed.benchmark.report.speeds import read_measurements
    from itamed.benchmark.speed import save

    from .throughput import FIELDS, measure, show

    if output.exists():
        read_measurements(output, FIELDS)
    save(asdict(measure(_chosen(recipe, base), engine, tokens)), output)
    show(output, markdown)


@train_app.command()
def leak(
    run: Annotated[Path, typer.Argument(help="Results of `itamed eval` of a model on the test notes.")],
    training: Annotated[Path, typer.Argument(help="Folder of the training that leaked some of them (sft.leak).")],
    markdown: Annotated[Path | None, typer.Option(help="Write the table to this file, too.")] = None,
) -> None:
    """Show what memory does to scores: test notes that a training has leaked, against the others.

    Of a model that was not trained on them the difference is chance: give its RUN with the same TRAINING.
    """
    from itamed.benchmark.report.finding import find_run

    from .leak import show_leak

    show_leak(find_run(run), training, markdown)


@train_app.command()
def scores(
    training: Annotated[Path, typer.Argument(help="Folder of a training.")],
    runs: Annotated[list[Path], typer.Argument(help="Results of `itamed eval` of its model/.")],
) -> None:
    """Put the scores of a trained model into its card, with their intervals, before it is pushed."""
    from .scores import write_scores

    for card in write_scores(training, runs):
        typer.echo(card)


@train_app.command(name="push")
def push_command(
    folder: Annotated[Path, typer.Argument(help="The model/ or adapter/ folder of a training.")],
    repo: Annotated[str, typer.Argument(help="Where to: NAMESPACE/NAME.")],
    private: Annotated[bool, typer.Option(help="Create the repository as private.")] = False,
) -> None:
    """Upload a trained model to the Hub, with its card and its manifest."""
    from .publish import push

    typer.echo(push(folder, repo, private=private))
