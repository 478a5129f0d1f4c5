"""What a dataset declares in conf/ reaches the hooks: reading the catalog, an announcement."""

import logging
from types import SimpleNamespace

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from atelier.hooks.catalog import CatalogHooks
from atelier.hooks.descriptions import RunDescriptions
from atelier.hooks.progress import ProgressHooks

CONFIG = {
    "report.results": {
        "type": "atelier.datasets.results.ExperimentResultsDataset",
        "env": "base",
        "metadata": {"reads_catalog": True},
    },
    "any.results": {
        "type": "atelier.datasets.results.ExperimentResultsDataset",
        "env": "base",
    },
    "{namespace}.{name}_text": {
        "type": "atelier.datasets.atomic.TextDataset",
        "filepath": "{name}.md",
        "metadata": {"kedro-viz": {"layer": "reporting"}},
    },
    "page": {
        "type": "atelier.datasets.atomic.TextDataset",
        "filepath": "a folder/page.html",
        "metadata": {"announcement": "The page of all results"},
    },
}


def test_the_catalog_reaches_the_datasets_that_declare_to_read_it_and_no_other():
    catalog = DataCatalog.from_config(CONFIG)
    CatalogHooks().after_catalog_created(catalog, CONFIG)
    assert catalog["report.results"].catalog is catalog
    assert catalog["any.results"].catalog is None
    with pytest.raises(Exception, match="Expected a catalog made by a Kedro session"):
        catalog.load("any.results")


@pytest.fixture
def begun(tmp_path):
    """A function that begins a session of a pipeline, and returns its hooks and catalog."""

    def begin(pipeline):
        hooks, catalog = ProgressHooks(RunDescriptions()), DataCatalog.from_config(CONFIG)
        hooks.after_context_created(SimpleNamespace(project_path=tmp_path))
        hooks.before_pipeline_run({}, pipeline, catalog)
        return hooks, catalog

    return begin


def run_of(output):
    return Pipeline([Node(lambda: "text", None, output, name="write")])


def run(hooks, node, output):
    hooks.before_node_run(node)
    hooks.after_dataset_saved(output, node)


def test_an_output_with_an_announcement_is_named_with_the_address_of_its_file(begun, caplog):
    caplog.set_level(logging.INFO)
    pipeline = run_of("page")
    hooks, catalog = begun(pipeline)
    run(hooks, pipeline.nodes[0], "page")
    hooks.after_pipeline_run(pipeline, catalog)
    assert "The page of all results, to open in a browser:\n  file:///" in caplog.text
    assert "a%20folder/page.html" in caplog.text


def test_an_output_without_an_announcement_is_not_named(begun, caplog):
    caplog.set_level(logging.INFO)
    pipeline = run_of("x.notes_text")
    hooks, catalog = begun(pipeline)
    run(hooks, pipeline.nodes[0], "x.notes_text")
    hooks.after_pipeline_run(pipeline, catalog)
    assert "Done in " in caplog.text
    assert "browser:" not in caplog.text


def test_a_run_without_nodes_says_that_there_is_nothing_to_do(begun, caplog):
    caplog.set_level(logging.INFO)
    hooks, catalog = begun(run_of("page"))
    hooks.after_pipeline_run(run_of("page"), catalog)
    assert "Nothing to do: all outputs of all 1 nodes exist" in caplog.text
