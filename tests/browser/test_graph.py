"""The graph in headless Chromium: at first sight, unfolded, with previews, and from the disk."""

import itertools
import json
import urllib.request

import pytest
from support.patience import PATIENCE

WIDTH, HEIGHT = 1400, 900
TOOLBAR = 134
"""Pixels at the left where Kedro-Viz has its buttons."""
EXPERIMENTS = {
    "ingest", "train", "activation_maximization", "calibration", "clustering", "dropout",
    "gradients", "maxout", "segmentation", "style_transfer", "sweep", "thresholding",
    "trainability",
}  # fmt: skip
LAYERS = ["raw", "data", "models and predictions", "results"]
FROM_OUTSIDE = {
    "archives", "colours.image", "picture.image", "picture.pages", "style.content", "style.styles",
    "style.photographs", "style.vgg_weights",
}  # fmt: skip
BOXES = """[...document.querySelectorAll('.pipeline-node')].map(node => {
    const box = node.getBoundingClientRect();
    const name = node.querySelector('.pipeline-node__text').getBoundingClientRect();
    return {name: node.textContent, left: box.left, right: box.right, top: box.top,
            bottom: box.bottom, height: name.height, width: name.width};
})"""
SETTLED = """() => {
    const now = document.querySelector('#zoom-wrapper, .pipeline-flowchart__graph g').outerHTML;
    const same = window.before === now;
    window.before = now;
    return same;
}"""


def answer(address: str, name: str):
    """What Kedro-Viz' server says."""
    with urllib.request.urlopen(f"{address}/api/{name}", timeout=PATIENCE) as response:
        return json.load(response)


@pytest.fixture
def graph(browser):
    one = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    one.set_default_timeout(1000 * PATIENCE)
    yield one
    one.close()


def opened(page, address: str) -> dict[str, dict[str, float]]:
    """The boxes of a page's graph by name, once nothing moves any more."""
    page.goto(address)
    page.locator(".pipeline-node").first.wait_for(state="attached")
    page.wait_for_timeout(1500)
    page.wait_for_function(SETTLED, polling=1000)
    return {f"{number} {box['name']}": box for number, box in enumerate(page.evaluate(BOXES))}


def overlapping(boxes) -> list[tuple[str, str]]:
    return [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes.items(), 2)
        if a["left"] < b["right"] and b["left"] < a["right"]
        and a["top"] < b["bottom"] and b["top"] < a["bottom"]
    ]  # fmt: skip


def check_readable(boxes, margin: float = 0) -> None:
    """Fonts differ by machine: a margin lets the longest names of an unfolded graph end outside."""
    assert boxes
    assert overlapping(boxes) == []
    for name, box in boxes.items():
        assert TOOLBAR - margin <= box["left"] < box["right"] <= WIDTH + margin, name
        assert -margin <= box["top"] < box["bottom"] <= HEIGHT + margin, name
        assert box["width"] < box["right"] - box["left"], name


def test_at_first_sight_each_experiment_is_one_box_and_nothing_overlaps(graph, copied, viz_address):
    boxes = opened(graph, viz_address)
    graph.screenshot(path=copied.folder / "graph.png")
    check_readable(boxes)
    named = {box["name"]: box for box in boxes.values()}
    assert len(named) == len(boxes)
    assert {*EXPERIMENTS, "report"} <= set(named)
    assert not any(name.endswith(("_curve", "_checkpoint", "sinks", "trials")) for name in named)
    assert min(box["height"] for box in named.values()) >= 6  # pixels of the smallest name
    order = [named[name]["left"] for name in ("ingest", "train", "calibration", "report")]
    assert order == sorted(order)


def test_at_first_sight_layers_stand_in_order_and_nothing_lies_over_the_graph(graph, viz_address):
    opened(graph, viz_address)
    names = graph.locator(".pipeline-layer-name")
    names.first.wait_for(state="attached")
    lefts = {one.inner_text(): one.bounding_box()["x"] for one in names.all()}
    assert sorted(lefts, key=lefts.get) == LAYERS
    assert all(left >= TOOLBAR for left in lefts.values())
    for words in ("is here!", "1 of 6", "pip install"):
        assert graph.get_by_text(words).count() == 0
    assert not answer(viz_address, "version")["is_outdated"]


def test_only_data_from_outside_has_no_origin(viz_address):
    main = answer(viz_address, "main")
    made = {edge["target"] for edge in main["edges"]}
    data = [node for node in main["nodes"] if node["type"] == "data"]
    assert {node["name"] for node in data if node["id"] not in made} == FROM_OUTSIDE


def test_the_default_pipeline_is_the_first(viz_address):
    pipelines = [one["id"] for one in answer(viz_address, "main")["pipelines"]]
    assert pipelines[:3] == ["__default__", "thresholding", "ingest"]


def test_a_pipeline_of_one_namespace_unfolds_into_its_nodes_at_once(viz_address):
    tree = answer(viz_address, "main")["modular_pipelines"]
    assert {"train.digits", "train.characters"} <= set(tree)
    assert "maxout" in tree
    assert "maxout.digits" not in tree


@pytest.mark.parametrize("pipeline", sorted({*EXPERIMENTS, "report", "drift", "promote"}))
def test_an_unfolded_pipeline_is_readable(graph, copied, viz_address, pipeline):
    boxes = opened(graph, f"{viz_address}/?pid={pipeline}&expandAllPipelines=true")
    graph.screenshot(path=copied.folder / f"graph_{pipeline}.png")
    check_readable(boxes, margin=40)


def preview(page, address: str, pipeline: str, name: str):
    """The preview of a node."""
    (node,) = {one["id"] for one in answer(address, "main")["nodes"] if one["name"] == name}
    page.goto(f"{address}/?pid={pipeline}&sid={node}&expandAllPipelines=true")
    shown = page.locator(".pipeline-metadata")
    shown.get_by_text("Expand preview").wait_for()
    return shown


@pytest.mark.parametrize(
    ("pipeline", "name"),
    [
        ("train", "digits.confusion_figure"),
        ("dropout", "draw_dropout"),
        ("style_transfer", "style.styles"),
        ("style_transfer", "style.painting_animation"),
    ],
)
def test_pictures_are_previewed(graph, viz_address, pipeline, name):
    picture = preview(graph, viz_address, pipeline, name).locator("img").first
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") >= 10


@pytest.mark.parametrize(
    ("pipeline", "name", "words"),
    [
        ("train", "digits.test_metrics", "accuracy"),
        ("train", "digits.test_scores_table", "precision"),
        ("train", "digits.train_arrays", "× 28 × 28 × 1"),
        ("train", "digits.classifier_model", "Conv2D"),
        ("train", "digits.training_history", "val_loss"),
        ("sweep", "analyze_study", "learning_rate"),
    ],
)
def test_tables_metrics_and_arrays_are_previewed(graph, viz_address, pipeline, name, words):
    preview(graph, viz_address, pipeline, name).get_by_text(words).first.wait_for()


def test_markdown_is_previewed_as_text_with_a_list(graph, viz_address):
    shown = preview(graph, viz_address, "sweep", "sweep.verdict_text")
    shown.locator("li", has_text="dropout").first.wait_for()


def test_plots_are_previewed(graph, viz_address):
    preview(graph, viz_address, "sweep", "sweep.rates_plot").locator(".main-svg").first.wait_for()


def test_the_status_of_the_last_run_keeps_that_of_the_nodes_it_left_out(graph, copied, viz_address):
    """Whichever runs were before it, one of them was the default run."""
    copied.run("--pipeline", "thresholding", "--namespaces", "picture")
    status = answer(viz_address, "run-status")
    tasks = {one["id"]: one for one in answer(viz_address, "main")["nodes"] if "full_name" in one}
    assert set(tasks) <= set(status["nodes"])
    assert sum(one["duration"] for one in status["nodes"].values()) > 1
    (latest,) = (key for key, one in tasks.items() if one["name"] == "threshold")
    assert status["nodes"][latest]["status"] == "success"
    graph.goto(f"{viz_address}/workflow")
    graph.get_by_text("Run execution completed successfully").wait_for()
    graph.locator(".pipeline-node--status-success").first.wait_for(state="attached")


def test_pages_from_the_disk_show_the_same_graph(graph, copied, viz_address):
    copied.kedro("viz", "build", "--env", "test")
    complaints, asked = [], []
    graph.on("pageerror", lambda error: complaints.append(str(error)))
    graph.on("request", lambda one: asked.append(one.url))
    page = (copied.folder / "build" / "index.html").as_uri()
    boxes = opened(graph, page)
    check_readable(boxes)
    served = opened(graph, viz_address)
    assert {box["name"] for box in boxes.values()} == {box["name"] for box in served.values()}
    asked.clear()
    (figure,) = (
        node["id"]
        for node in answer(viz_address, "main")["nodes"]
        if node["name"] == "digits.confusion_figure"
    )
    graph.goto(f"{page}?pid=train&sid={figure}&expandAllPipelines=true")
    picture = graph.locator(".pipeline-metadata img").first
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") > 100
    graph.locator("[href*=workflow]").first.click()
    graph.get_by_text("Run execution").first.wait_for()
    assert complaints == []
    assert [url for url in asked if url.startswith("http")] == []
