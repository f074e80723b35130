"""The command line: it answers at once, and names the benchmark's own commands before those of other parts."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "lm_eval", "datasets", "pyarrow", "numpy", "matplotlib", "requests")


def test_help_imports_nothing_that_takes_long():
    code = f"import sys, itamed.benchmark.cli; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_first_steps_are_named_first():
    text = subprocess.check_output([sys.executable, "-m", "itamed.benchmark.cli", "--help"], text=True)
    places = [text.index(f"\n  {name} ") for name in ("eval", "report", "submit")]
    assert places == sorted(places)
