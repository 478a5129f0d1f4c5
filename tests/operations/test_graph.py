"""Pipelines as the graph shows them, and its page."""

import json

import matplotlib as mpl
import numpy as np
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from matplotlib.figure import Figure

from atelier.datasets.atomic import TextDataset
from atelier.datasets.figure import FigureDataset
from atelier.operations.graph_nodes import preview_results, shown
from atelier.operations.graph_page import graph_page, write_pages


@pytest.mark.filterwarnings("ignore:The 'preview_fn':UserWarning")
def test_namespaces_fold_once_where_there_is_one():
    pipeline = Pipeline(
        [
            Node(len, "a", "b", name="one", namespace="train.digits"),
            Node(len, "a", "c", name="one", namespace="train.characters"),
            Node(len, "a", "d", name="one", namespace="maxout.digits"),
            Node(len, "d", "e", name="index", namespace="maxout"),
        ]
    )
    names = {one.name for one in shown(pipeline, DataCatalog()).nodes}
    assert names == {"train.digits.one", "train.characters.one", "maxout.one", "maxout.index"}


def test_a_node_shows_its_figure_before_its_texts(tmp_path):
    catalog = DataCatalog(
        {
            "a_text": TextDataset(filepath=str(tmp_path / "a.md")),
            "a_figure": FigureDataset(filepath=str(tmp_path / "a.png")),
        }
    )
    results = ["a_text", "a_figure"]
    assert preview_results(results, catalog).content == "No result yet."
    catalog["a_text"].save("Dropout helps.")
    assert preview_results(results, catalog).content == "a_text\nDropout helps."
    mpl.use("agg")
    catalog["a_figure"].save(Figure())
    assert preview_results(results, catalog).content.startswith("data:image/png;base64,iVBOR")


def test_the_page_asks_no_other_host():
    page = graph_page()
    assert "https://" not in page
    assert "localStorage" in page


def test_answers_become_scripts(tmp_path):
    (tmp_path / "api" / "nodes").mkdir(parents=True)
    record = {"name": "</script>", "value": np.pi}
    (tmp_path / "api" / "nodes" / "ab12").write_text(json.dumps(record))
    write_pages(tmp_path)
    write_pages(tmp_path)  # a second time changes nothing
    script = (tmp_path / "api" / "nodes" / "ab12.js").read_text()
    assert script == f'answer("nodes/ab12", {json.dumps(record)});\n'
    assert not (tmp_path / "api" / "nodes" / "ab12").exists()
    assert "crossorigin" not in (tmp_path / "index.html").read_text("utf-8").split("<script")[0]
