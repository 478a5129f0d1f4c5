"""The configuration itself: every dataset declared, every entry used, every layer allowed."""

import re
from pathlib import Path

import pytest
from kedro.config import OmegaConfigLoader
from kedro.io import DataCatalog

from atelier.hooks.sinks import sink_name
from atelier.pipeline_registry import register_pipelines
from atelier.pipelines.sinks import sinks_of
from atelier.settings import CONFIG_LOADER_ARGS

CONF = Path(__file__).parents[1] / "conf"
ENVIRONMENTS = ["base", "cluster", "full", "post", "test"]
LAYERS = {
    "01_raw": "raw",
    "03_primary": "data",
    "05_model_input": "data",
    "06_models": "models and predictions",
    "07_model_output": "models and predictions",
    "08_reporting": "results",
}
"""The layer in the graph of each folder of data."""
NO_LAYER = (".sinks.", ".results.", ".yaml.")
"""Sinks, the report's view of all results, and the words in conf/."""


def loader(env: str) -> OmegaConfigLoader:
    return OmegaConfigLoader(str(CONF), env=env, **CONFIG_LOADER_ARGS)


@pytest.fixture(scope="module")
def pipelines():
    return register_pipelines()


def datasets(pipelines) -> list[str]:
    names = {name for one in pipelines.values() for name in one.datasets()}
    return sorted(name for name in names if not name.startswith(("params:", "parameters")))


def sinks(pipelines) -> set[str]:
    nodes = [node for one in pipelines.values() for node in one.nodes]
    return {sink_name(node, sink) for node in nodes for sink in sinks_of(node.func).values()}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_dataset_is_declared_in_an_allowed_layer_under_that_layers_folder(env, pipelines):
    resolver = DataCatalog.from_config(loader(env)["catalog"]).config_resolver
    for name in datasets(pipelines):
        config = resolver.resolve_pattern(name)
        assert config, f"{name} is declared nowhere"
        if any(kind in config["type"] for kind in NO_LAYER):
            assert "kedro-viz" not in config.get("metadata", {})
            continue
        layer = config["metadata"]["kedro-viz"]["layer"]
        path = config.get("filepath") or config.get("dataset", {}).get("filepath")
        if path:
            assert layer == LAYERS[Path(path).parts[1]], name
        assert layer in LAYERS.values()


def test_every_catalog_entry_is_used(pipelines):
    catalog = loader("base")["catalog"]
    resolver = DataCatalog.from_config(catalog).config_resolver
    names = [*datasets(pipelines), *sinks(pipelines)]
    used = {name if name in catalog else resolver.match_dataset_pattern(name) for name in names}
    assert used == set(catalog)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_every_parameter_is_used_and_every_used_one_there(env, pipelines):
    parameters = loader(env)["parameters"]
    named = {
        name.removeprefix("params:")
        for one in pipelines.values()
        for name in one.inputs()
        if name.startswith("params:")
    }
    assert named == {f"{space}.{key}" for space, group in parameters.items() for key in group}


def test_environments_keep_their_data_apart():
    environments = [loader(env)["globals"]["env"] for env in ENVIRONMENTS]
    assert environments == ENVIRONMENTS


def test_the_cluster_runs_what_the_full_environment_does():
    cluster, full = (loader(env)["parameters"] for env in ("cluster", "full"))
    study = cluster["sweep"]["study"]
    assert study.pop("executor") == "dask"
    assert study.pop("address").startswith("tcp://")
    for name in ("executor", "address"):
        del full["sweep"]["study"][name]
    assert cluster["predict"]["labelling"].pop("address").startswith("tcp://")
    del full["predict"]["labelling"]["address"]
    assert cluster == full
    linked = {path.relative_to(CONF / "full") for path in (CONF / "full").rglob("*/*.yml")}
    assert all((CONF / "cluster" / path).is_symlink() for path in linked)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_arrays_are_model_outputs_but_for_the_named_exceptions(env, pipelines):
    resolver = DataCatalog.from_config(loader(env)["catalog"]).config_resolver
    splits = ("train", "validation", "calibration", "test")
    parts = (*splits, "out_of_distribution", "far_images", "batch")
    layers = {f"{part}_arrays": "data" for part in (*parts, "data")}
    for name in datasets(pipelines):
        if name.endswith("_arrays"):
            config = resolver.resolve_pattern(name)
            layer = layers.get(name.split(".")[1], "models and predictions")
            assert config["metadata"]["kedro-viz"]["layer"] == layer, name


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_no_two_datasets_share_a_file(env, pipelines):
    """But for the batch of the drift pipeline, whose default is the calibration part."""
    resolver = DataCatalog.from_config(loader(env)["catalog"]).config_resolver
    configs = {name: resolver.resolve_pattern(name) for name in datasets(pipelines)}
    paths = [
        config.get("filepath") or config.get("dataset", {}).get("filepath")
        for name, config in configs.items()
        if name != "digits.batch_arrays"
    ]
    written = [path for path in paths if path]
    assert len(set(written)) == len(written)


def test_no_pattern_catches_all():
    for pattern in loader("base")["catalog"]:
        assert "{" not in pattern or pattern.startswith("{namespace}.")
        assert pattern not in ("{namespace}.{name}", "{name}")


def test_what_is_asked_for_at_run_time_goes_by_short_names():
    texts = [path.read_text(encoding="utf-8") for path in CONF.rglob("*.yml")]
    asked = {name for text in texts for name in re.findall(r"runtime_params:([\w.]+)", text)}
    assert {"short.seed", "short.picture", "short.style"} <= asked
    own_data = {"digits.data", "characters.data"}  # each lies over the short name data
    assert all(name.startswith("short.") for name in asked - own_data)


def test_layers_of_the_graph_have_an_order(pipelines):
    """Without one, Kedro-Viz shows no layers."""
    resolver = DataCatalog.from_config(loader("base")["catalog"]).config_resolver
    order = list(dict.fromkeys(LAYERS.values()))

    def rank(name: str) -> int | None:
        config = {} if name.startswith("params:") else resolver.resolve_pattern(name)
        layer = config.get("metadata", {}).get("kedro-viz", {}).get("layer")
        return order.index(layer) if layer else None

    for node in (node for one in pipelines.values() for node in one.nodes):
        before = [rank(name) for name in node.inputs if rank(name) is not None]
        after = [rank(name) for name in node.outputs if rank(name) is not None]
        assert max(before, default=0) <= min(after, default=len(order)), node.name
