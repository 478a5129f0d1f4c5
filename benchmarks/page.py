"""Writes the tables of docs/develop/benchmarks.md from results/benchmarks.json.

`python benchmarks/page.py`, after `make bench`.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "benchmarks.json"
PAGE = ROOT / "docs" / "develop" / "benchmarks.md"
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
TITLES = {
    "startup": "Startup",
    "calibration": "Calibration measures",
    "calibrators": "Calibrators",
    "conformal": "Prediction sets",
    "segmentation": "Otsu, EM and border weights",
    "optimizers": "Optimizers' steps",
    "sweep": "Sweep",
    "unet": "U-Net",
    "style": "Style transfer",
    "activation": "Activation maximization",
    "predict": "Predict",
    "mlflow_table": "MLflow's table of runs",
}
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def with_tables(text: str, results: Mapping[str, Any]) -> str:
    """Returns a page with the tables between its two markers.

    Args:
        text: The page.
        results: Of the benchmarks, by their names.

    Raises:
        ValueError: If the page lacks a marker or has one twice.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"Expected one {BEGIN} and one {END} in {PAGE}. Received: none or several")
    tables = "\n\n".join(section(name, record) for name, record in results.items())
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n\n{tables}\n\n{END}", text)


def section(name: str, record: Mapping[str, Any]) -> str:
    """Returns the heading of a benchmark, its circumstances, its table and its command."""
    rows, machine = record["rows"], record["machine"]
    repeats = sorted({row["repeats"] for row in rows})
    medians = f"medians of {' or '.join(map(str, repeats))} turns"
    circumstances = (
        f"{medians[0].upper()}{medians[1:]}, {machine['processor']}, {machine['cores']} cores, "
        f"load {machine['load'][0]} before, Python {machine['versions']['Python']}, "
        f"{record['date']}:"
    )
    head = "| measurement | here | peer | its time | ratio | results |\n|---|--:|---|--:|--:|---|"
    lines = "\n".join(map(table_row, rows))
    command = f"```console\n$ {record['command']}\n```"
    return f"## {TITLES[name]}\n\n{circumstances}\n\n{head}\n{lines}\n\n{command}"


def table_row(row: Mapping[str, Any]) -> str:
    """Returns the line of a measurement."""
    numbers = "; ".join(f"{name} {number:.4g}" for name, number in row.get("numbers", {}).items())
    results = "; ".join(filter(None, [agreement(row), numbers]))
    peer = ["", "", ""]
    if "peer" in row:
        least, largest = row["ratio_range"]
        ratio = "{} ({} to {})".format(*map(ratio_text, (row["ratio"], least, largest)))
        peer = [row["peer"], time_text(row["theirs"]), ratio]
    return f"| {' | '.join([row['name'], time_text(row['ours']), *peer, results])} |"


def agreement(row: Mapping[str, Any]) -> str:
    """Returns the difference of both results, with its tolerance if it has one."""
    if "difference" not in row:
        return ""
    tolerance = row["tolerance"]
    limit = "may differ" if tolerance is None else f"at most {tolerance:.2g}"
    return f"{row['compared']} {row['difference']:.2g} ({limit})"


def time_text(seconds: float) -> str:
    r"""Returns seconds with three digits in a suitable unit.

    Examples:
        >>> time_text(0.01234), time_text(12.0), time_text(2e-7)
        ('12.3\xa0ms', '12\xa0s', '0.2\xa0µs')
    """
    size, unit = next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])
    return f"{seconds / size:.3g}\N{NO-BREAK SPACE}{unit}"


def ratio_text(ratio: float) -> str:
    """Returns a ratio with three digits, or whole.

    Examples:
        >>> ratio_text(0.98765), ratio_text(6294.4)
        ('0.988', '6,294')
    """
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def main() -> None:
    """Writes the page."""
    results = json.loads(RESULTS.read_text("utf-8"))
    PAGE.write_text(with_tables(PAGE.read_text("utf-8"), results), encoding="utf-8")


if __name__ == "__main__":
    main()
