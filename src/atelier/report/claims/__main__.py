"""``python -m atelier.report.claims``: records claims, and writes the pages made of them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from atelier.report.claims import ledger, readme, records
from atelier.report.claims.model import Ledger
from atelier.report.claims.page import claims_page
from atelier.report.claims.record import record_claim
from atelier.report.claims.rows import Outputs
from atelier.storage.atomic_write import write_atomically

DEFAULT_ENVIRONMENT = "base"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command, and returns the exit status: 1 where a command cannot do what it should.

    Args:
        arguments: The command and its options; by default those of the process.
    """
    options = _parser().parse_args(arguments)
    root = Path(options.project).resolve()
    try:
        COMMANDS[options.command](root, options)
    except (ValueError, KeyError, FileNotFoundError, ModuleNotFoundError) as error:
        _say(str(error.args[0]) if isinstance(error, KeyError) else str(error), sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m atelier.report.claims", description=__doc__)
    parser.add_argument("--project", default=".", help="the project's folder")
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", help="write the numbers of the last run of claims")
    record.add_argument("ids", nargs="+", metavar="ID")
    record.add_argument("--env", help="the environment whose outputs are read")
    record.add_argument("--data", default="data", help="the folder of the data")
    commands.add_parser("page", help="write docs/claims.md and docs/claims.json")
    commands.add_parser("readme", help="write the table between the markers of README.md")
    export = commands.add_parser("export", help="write an RO-Crate and Croissant descriptions")
    export.add_argument("folder")
    return parser


def _record(root: Path, options: argparse.Namespace) -> None:
    for claim_id in options.ids:
        experiment, claim = ledger.find_claim(ledger.read_ledgers(root / ledger.CLAIMS), claim_id)
        env = options.env or _environment(experiment, claim_id)
        recorded = record_claim(claim, Outputs(root, env, options.data))
        path = ledger.write_ledger(root / ledger.CLAIMS, ledger.replace_claim(experiment, recorded))
        _say(f"{records.claim_line(recorded)}  ({path.relative_to(root)})")


def _environment(experiment: Ledger, claim_id: str) -> str:
    """Returns the environment that the claim's command names; else ``base``."""
    _, claim = ledger.find_claim([experiment], claim_id)
    words = claim.command.replace("=", " ").split()
    return words[words.index("--env") + 1] if "--env" in words else DEFAULT_ENVIRONMENT


def _page(root: Path, options: argparse.Namespace) -> None:
    del options
    ledgers, works = (
        ledger.read_ledgers(root / ledger.CLAIMS),
        ledger.read_works(root / ledger.WORKS),
    )
    docs = root / "docs"
    write_atomically(docs / "claims.md", claims_page(ledgers, works).encode())
    write_atomically(docs / "claims.json", records.claims_json(ledgers, works).encode())
    _say("Wrote docs/claims.md and docs/claims.json")


def _readme(root: Path, options: argparse.Namespace) -> None:
    del options
    path = root / "README.md"
    text = readme.with_headlines(path.read_text("utf-8"), ledger.read_ledgers(root / ledger.CLAIMS))
    write_atomically(path, text.encode())
    _say("Wrote the table of README.md")


def _export(root: Path, options: argparse.Namespace) -> None:
    from atelier.report.claims.export import export_ledger

    export_ledger(root, Path(options.folder))
    _say(f"Wrote an RO-Crate to {options.folder}")


COMMANDS = {"record": _record, "page": _page, "readme": _readme, "export": _export}


def _say(text: str, stream: TextIO | None = None) -> None:
    (stream or sys.stdout).write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
