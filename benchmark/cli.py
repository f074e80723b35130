"""The command line: `itamed`."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from .console import ends_on_error
from .data.cli import data_app
from .version import __version__

app = typer.Typer(
    help="Benchmark for Italian medical NLP with small language models.",
    epilog="First steps: `itamed demo`; then `itamed data build` and `itamed eval --model hf --model_args "
    "pretrained=MODEL --tasks itamed`. No tracebacks: a message says what to do.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(data_app, name="data")
WithText = Annotated[
    bool, typer.Option("--with-text", help="Put all texts into the page, for yourself: some licences forbid copies.")
]
Paths = Annotated[list[Path], typer.Argument(help="Results folders, or results_*.json files of the harness.")]


@app.command(
    name="eval",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    short_help="Evaluate a model: all of `lm_eval run`, and more.",
)
def evaluate_command(context: typer.Context) -> None:
    """Evaluate a model: all of `lm_eval run`, whose every flag passes through (`lm_eval run --help` lists them).

    Adds what results need to be trusted: samples are kept (in itamed-results/ unless --output_path
    says otherwise), thinking is off for chat models, and the table of family means is printed.
    With --resume, answers that an interrupted run has stored are reused. With --label
    model=NAME,training=FT,seed=1 reports call the run by that name.

    Example: itamed eval --model hf --model_args pretrained=google/gemma-3-270m,dtype=bfloat16
    --tasks itamed --num_fewshot 4 --batch_size 8
    """
    from .evaluate import evaluate

    if results := evaluate(context.args):
        _report([results])


def _report(paths: list[Path], **outputs: Path) -> None:
    from .report.outputs import Outputs
    from .report.show import show

    show(paths, outputs=Outputs(**outputs))


@app.command(name="report")
def report_command(  # noqa: PLR0913, PLR0917 - an option each
    paths: Paths,
    baseline: Annotated[
        str, typer.Option(help="Show what the others gain on this run: its name in the tables, or a part of it.")
    ] = "",
    published: Annotated[bool, typer.Option("--published", help="Show the founding paper's table, too.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write one self-contained HTML page.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write all tables as Markdown.")] = None,
    latex: Annotated[Path | None, typer.Option(help="Also write all tables as LaTeX (booktabs).")] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write every figure of every task as CSV, one a line.")] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Also write the pictures into this folder, as SVG and PDF.")
    ] = None,
) -> None:
    """Show scores with intervals: family means, gains on a baseline, and what grammars gain.

    Runs must have answered the same notes; those that differ in their seed alone are shown as their
    mean. The page, Markdown and LaTeX have more: every task, F1 by type, answer forms, time and size.

    Example: itamed report small/ --baseline "0-shot" --html report.html
    """
    from .report.outputs import Outputs
    from .report.show import show

    show(paths, baseline, Outputs(html, markdown, latex, csv, figures), others=published)


@app.command(name="compare")
def compare_command(
    first: Annotated[Path, typer.Argument(help="The results folder or file of one run.")],
    second: Annotated[Path, typer.Argument(help="Those of another run on the same notes.")],
    notes: Annotated[
        int, typer.Option(min=0, help="Notes with different scores to show, or of each task in the page; 0 for none.")
    ] = 5,
    html: Annotated[Path | None, typer.Option(help="Write tables and notes to one self-contained HTML page.")] = None,
    with_text: WithText = False,
    markdown: Annotated[Path | None, typer.Option(help="Also write Markdown tables.")] = None,
) -> None:
    """Show what the second run gains on the first, by task and family, paired note by note, and where they differ.

    Example: itamed compare free/ constrained/
    """
    from .inspect.contrast import show_contrasts
    from .report.differences import show_differences
    from .report.finding import find_run

    runs = (find_run(first), find_run(second))
    show_contrasts(runs, show_differences(*runs, markdown), notes=notes, html=html, with_text=with_text)


@app.command(name="inspect")
def inspect_command(
    run: Annotated[Path, typer.Argument(help="The results folder or file of one run.")],
    task: Annotated[list[str] | None, typer.Option(help="A task of the run; may be given several times.")] = None,
    notes: Annotated[int | None, typer.Option(min=0, help="Worst notes a task: 1, or 20 in the page.")] = None,
    note: Annotated[str | None, typer.Option(help="Show this note alone, in full and with its prompts.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the notes to one self-contained HTML page.")] = None,
    with_text: WithText = False,
    prompts: Annotated[bool, typer.Option("--prompts", help="Print the prompts as sent, too.")] = False,
) -> None:
    """Show what the answers of a run got wrong: errors by kind, then the worst notes with gold and answer marked.

    Example: itamed inspect itamed-results/ --task itamed_ner_drugtemist --notes 3
    """
    from .inspect.show import show_inspection
    from .report.finding import find_run

    show_inspection(
        find_run(run), tasks=task or (), note=note, notes=notes, prompts=prompts, html=html, with_text=with_text
    )


@app.command()
def agree(
    first: Annotated[Path, typer.Argument(help="The results folder or file of one run.")],
    second: Annotated[Path, typer.Argument(help="Those of the same run with another engine.")],
    model_args: Annotated[
        str, typer.Option(help="Measure with this model (pretrained=DIR,dtype=float32) how near the choices were.")
    ] = "",
    markdown: Annotated[Path | None, typer.Option(help="Also write Markdown tables, with pieces of answers.")] = None,
) -> None:
    """Show how many answers of two engines are the same, and where the others part.

    Example: itamed agree hf/ vllm/ --model-args pretrained=DIR,dtype=float32
    """
    from functools import partial

    from .report.agreement import show_agreement
    from .report.finding import find_run

    measured = None
    if model_args:
        from .engines.hf.gaps import gaps

        measured = partial(gaps, model_args)
    show_agreement(find_run(first), find_run(second), measured, markdown)


@app.command(name="redact")
def redact_command(
    run: Annotated[Path, typer.Argument(help="The results folder or file of one run.")],
    output: Annotated[Path, typer.Argument(help="Folder for the copy.")],
) -> None:
    """Copy a run without prompts, answers and notes, to share it whatever the licence of the notes.

    Scores and counts by note stay: `itamed report` and `itamed compare` read the copy as the run.
    """
    from .report.redact import redact

    typer.echo(redact(run, output))


@app.command()
def demo(
    model: Annotated[str, typer.Option(help="gemma3-270m (base) or smollm2-135m (instruct).")] = "gemma3-270m",
    output: Annotated[Path, typer.Option(help="Folder for results and report.")] = Path("itamed-demo"),
    limit: Annotated[int, typer.Option(min=1, help="Rows a task.")] = 4,
) -> None:
    """Run all 20 tasks on the embedded mini set with a small real model, free and constrained; write the report."""
    from .demo import run_demo

    if results := run_demo(model, output, limit):
        _report(results, html=output / "report.html")


@app.command()
def speed(
    tasks: Annotated[str, typer.Option(help="Names of tasks, separated by commas.")],
    output: Annotated[Path, typer.Option(help="File to append to, one measurement a line.")],
    model: Annotated[str, typer.Option(help="The engine, as for `itamed eval --model`.")] = "itamed-hf",
    model_args: Annotated[str, typer.Option(help="Its arguments.")] = "",
    num_fewshot: Annotated[int, typer.Option(min=0, help="Examples a prompt.")] = 4,
    notes: Annotated[int, typer.Option(min=1, help="Notes a task, the same ones every time.")] = 10,
    batch_size: Annotated[str, typer.Option(help="Answers in progress at a time, or auto.")] = "8",
) -> None:
    """Measure how fast an engine answers, by family, and show all measurements of the file.

    Times on a shared machine vary: measure engines in turn, several times each, into one file; the
    table shows medians, and ratios to the first engine of the file.
    """
    from .report.speeds import FIELDS, read_measurements, require_families
    from .speed import measure, save
    from .suite import task_of

    names = tasks.split(",")
    if output.exists():
        require_families(output, read_measurements(output, FIELDS), {task_of(name).family for name in names})
    save(measure(model, model_args, names, num_fewshot, notes, batch_size), output)
    speeds(output)


@app.command()
def speeds(
    file: Annotated[Path, typer.Argument(help="What `itamed speed --output` has written.")],
    markdown: Annotated[Path | None, typer.Option(help="Also write Markdown tables.")] = None,
) -> None:
    """Show the measurements of a file: rows a second by family, ratios, model calls and tokens an answer."""
    from .report.speeds import show_speeds

    show_speeds(file, markdown)


@app.command()
def grammars(
    tasks: Annotated[str, typer.Option(help="Names of tasks, separated by commas.")],
    tokenizer: Annotated[str, typer.Option(help="A model's folder or name on the Hub; its weights are not needed.")],
    notes: Annotated[int, typer.Option(min=1, help="Test notes a task, the same ones every time.")] = 60,
    markdown: Annotated[Path | None, typer.Option(help="Also write a Markdown table.")] = None,
) -> None:
    """Measure what grammars cost with a tokenizer: compiling one a document, and a mask a token of right answers."""
    from .report.grammars import show_grammars

    show_grammars(tokenizer, tasks.split(","), notes, markdown)


@app.command()
def statistics(
    times: Annotated[int, typer.Option(min=1, help="Made-up corpora a figure.")] = 1000,
    markdown: Annotated[Path | None, typer.Option(help="Also write Markdown tables.")] = None,
) -> None:
    """Show by simulation what intervals and tests are worth: coverage, level and power by number of notes.

    Scores made-up notes, whose true scores are known, as real ones are. Takes some minutes.
    """
    from .report.statistics import show_statistics

    show_statistics(times, markdown)


@app.command()
def path() -> None:
    """Print the folder of the task files, for `lm_eval --include_path $(itamed path)`."""
    from .suite import tasks_dir

    typer.echo(tasks_dir())


@app.command(hidden=True)
def cards() -> None:
    """Print docs/tasks.md: one card a task, with the counts of the data built here."""
    from .report.cards import write_cards

    typer.echo(write_cards(), nl=False)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Show the version, or go on to a command."""
    if show:
        typer.echo(f"itamed {__version__}")
        raise typer.Exit


# Training and the leaderboard stand on the benchmark, which must not know them.
for _part in entry_points(group="itamed.commands"):
    _loaded = _part.load()
    if isinstance(_loaded, typer.Typer):
        app.add_typer(_loaded, name=_part.name)
    else:
        app.command(name=_part.name)(_loaded)


@ends_on_error
def main() -> None:
    """Run the command line; an error of the project becomes a message and exit status 1."""
    app()


if __name__ == "__main__":
    main()
