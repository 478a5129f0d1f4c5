"""What public names promise: examples that hold, documented arguments, cheap imports."""

import ast
import doctest
import importlib
import inspect
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from support.project import ROOT

SOURCE = ROOT / "src"
HEAVY = ("dask", "jax", "keras", "kedro", "matplotlib", "mlflow", "scipy", "sklearn", "tensorflow")
PUBLIC = {
    "atelier.activation_maximization": ["maximize"],
    "atelier.calibration": [
        "CALIBRATORS",
        "BayesianBinning",
        "DensityModel",
        "HistogramBinning",
        "IsotonicRegression",
        "MatrixScaling",
        "PlattScaling",
        "TemperatureScaling",
        "VectorScaling",
        "load_calibrator",
        "report",
    ],
    "atelier.clustering": ["fit_mixture"],
    "atelier.data": ["parse_idx"],
    "atelier.evaluation": [
        "adaptive_calibration_error",
        "bootstrap_interval",
        "brier_score",
        "classwise_calibration_error",
        "debiased_calibration_error",
        "expected_calibration_error",
        "maximum_calibration_error",
        "negative_log_likelihood",
        "reliability_bins",
        "smooth_calibration_error",
        "wilson_interval",
    ],
    "atelier.gradients": ["check_gradient", "diagnose_gradient"],
    "atelier.maxout": ["Maxout"],
    "atelier.segmentation": ["border_weights"],
    "atelier.style_transfer": ["gram_matrix", "transfer"],
    "atelier.thresholding": ["otsu_thresholds", "otsu_thresholds_from_histogram"],
}
"""The import paths that others use, which stay."""


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def modules() -> list[Path]:
    return sorted((SOURCE / "atelier").rglob("*.py"))


WITH_EXAMPLES = [module_name(path) for path in modules() if ">>> " in path.read_text("utf-8")]
ROOMS = [module_name(path) for path in modules() if path.with_suffix(".pyi").exists()]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_give_what_they_say(name):
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    logging.disable(logging.CRITICAL)  # what another test configured may print to stdout
    try:
        result = doctest.testmod(module, optionflags=flags)
    finally:
        logging.disable(logging.NOTSET)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(("room", "name"), [(r, n) for r, names in PUBLIC.items() for n in names])
def test_what_others_import_is_there_and_shows_an_example(room, name):
    public = getattr(importlib.import_module(room), name)
    if not isinstance(public, dict):
        assert not inspect.ismodule(public)
        assert ">>> " in inspect.getdoc(public)


def test_the_scores_of_cells_and_the_sweep_are_modules():
    assert inspect.ismodule(importlib.import_module("atelier.cells").scores)
    assert importlib.util.find_spec("atelier.sweep.__main__")


def loaded_by(*statements: str) -> set[str]:
    """The heavy libraries that a fresh process has after these statements."""
    code = "\n".join([*statements, "import sys", "print(*sys.modules)"])
    command = [sys.executable, "-c", code]
    names = subprocess.run(command, capture_output=True, text=True, check=True, cwd=SOURCE).stdout
    return {name.partition(".")[0] for name in names.split()} & set(HEAVY)


def test_importing_the_rooms_imports_no_heavy_library():
    assert loaded_by(*(f"import {room}" for room in ["atelier", *ROOMS])) == set()


def test_the_rooms_are_attributes_of_the_package():
    libraries = loaded_by("import atelier", "atelier.thresholding.otsu_thresholds")
    assert "tensorflow" not in libraries


def test_the_nodes_import_no_heavy_library():
    nodes = (module_name(path) for path in modules() if path.name == "nodes.py")
    assert loaded_by(*(f"import {name}" for name in nodes)) <= {"kedro"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_of_a_room_loads_and_says_what_it_is(room):
    package = importlib.import_module(room)
    submodules = {path.stem for path in Path(package.__file__).parent.iterdir()}
    for name in package.__all__:
        public = getattr(package, name)
        assert inspect.ismodule(public) == (name in submodules), name
        needs_words = inspect.isclass(public) or inspect.isroutine(public)
        assert not needs_words or inspect.getdoc(public), name


def library_functions() -> list[tuple[str, ast.FunctionDef]]:
    """Every public function and method of the library, with where it stands."""

    def public(tree: ast.AST):
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from public(node)
            elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield node

    paths = [path for path in modules() if "pipelines" not in path.parts]
    return [
        (f"{module_name(path)}.{function.name}", function)
        for path in paths
        for function in public(ast.parse(path.read_text("utf-8")))
    ]


def test_functions_of_three_parameters_say_what_goes_in_and_what_comes_out():
    long, short_of = 0, []
    for name, function in library_functions():
        arguments = [*function.args.args, *function.args.kwonlyargs]
        if len([a for a in arguments if a.arg not in {"self", "cls"}]) < 3:
            continue
        long += 1
        text = ast.get_docstring(function) or ""
        gives = function.returns is not None and ast.unparse(function.returns) != "None"
        if "Args:" not in text or (gives and not {"Returns:", "Yields:"} & set(text.split())):
            short_of.append(name)
    assert len(short_of) <= 0.05 * long, short_of
