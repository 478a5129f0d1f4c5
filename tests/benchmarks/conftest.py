"""The modules of ``benchmarks/`` can be imported by their names."""

import sys

from support.project import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
