"""The page, of a lab that is made up: what is told, what is not, and that nothing breaks it."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from PIL import Image
from pydantic import ValidationError

from atelier.report.embedding import picture_address
from atelier.report.experiments import EXPERIMENTS, Measure
from atelier.report.page import render_page
from atelier.report.results import ExperimentResults, Run
from atelier.report.values import format_cell, format_measure

WRITTEN = [
    {
        "pipeline": "weigh",
        "title": "Weighing <by hand>",
        "question": "How heavy & why?",
        "source": "Archimedes",
        "measures": [
            {"of": "shop.weight_metrics", "value": "right", "label": "right", "unit": "%"}
        ],
        "texts": ["shop.verdict_text"],
        "tables": [
            {"of": "shop.sold_table", "caption": "Sold.", "columns": {"what": "thing"}, "rows": 2}
        ],
        "plots": [{"of": "shop.day_plot", "caption": "The day."}],
        "pictures": [{"of": "shop.scale_figure", "caption": "The scale, at rest."}],
    },
    {"pipeline": "count", "title": "Counting", "question": "How many?", "source": "Peano"},
]


class Reader(HTMLParser):
    """Collects tags; unclosed ones are an error."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open, self.tags, self.words = [], [], ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"script", "style"}:
            self.words += data


@pytest.fixture
def lab(tmp_path) -> ExperimentResults:
    path = tmp_path / "scale.png"
    Image.fromarray(np.full((300, 2000, 3), 200, np.uint8)).save(path)
    return ExperimentResults(
        env="base",
        written="today",
        datasets={
            "shop.weight_metrics": {"right": 0.9, "right_low": 0.8, "right_high": 0.95, "n": 1000},
            "shop.verdict_text": "- **good** <script>alert(1)</script>",
            "shop.sold_table": pd.DataFrame({"what": ["tea", "<b>", "rice"]}),
            "shop.day_plot": go.Figure(go.Scatter(y=[1, 2], name="</script>")),
            "shop.scale_figure": path,
        },
        runs={
            "shop.weight_metrics": Run(
                "0123456789", "then", "kedro run --pipeline weigh", "http://x/#/1"
            )
        },
        sources={"shop": "a shop"},
    )


@pytest.fixture
def page(lab) -> str:
    return render_page(EXPERIMENTS.validate_python(WRITTEN), lab)


def test_it_tells_value_interval_and_n_and_the_command_that_does_it_again(page):
    words = Reader(page).words
    for told in ("90.00 %", "80.00 … 95.00", "1,000", "kedro run --pipeline weigh", "01234567"):
        assert told in words
    assert "1 of 2\n  experiments" in words


def test_it_says_what_has_not_run_and_how_to(page):
    missing = page[page.index('id="missing"') :]
    assert "Counting" in missing
    assert "kedro run --pipeline count" in missing
    assert "Weighing" not in missing


def test_what_comes_from_data_cannot_become_markup(page):
    words = Reader(page).words
    assert "Weighing <by hand>" in words
    assert "<b>" in words
    assert "<script>alert(1)" in words
    assert "<script>alert" not in page


def test_a_table_has_the_rows_and_names_that_were_asked_for(page):
    words = Reader(page).words
    assert "thing" in words
    assert "tea" in words
    assert "rice" not in words


def test_it_carries_all_in_itself(page):
    for _, attributes in Reader(page).tags:
        for name in ("src", "href"):
            address = attributes.get(name) or "#"
            assert address.startswith(("data:", "#", "http://x/#/1"))
    assert re.search(r"@import|url\(", page[: page.index("</style>")]) is None


def test_every_picture_has_words_and_a_size(page):
    pictures = [one for tag, one in Reader(page).tags if tag == "img"]
    assert {one["alt"] for one in pictures} == {"", "The scale, at rest."}  # "" beside its title
    assert all(int(one["width"]) > 0 and int(one["height"]) > 0 for one in pictures)


def weighing(lab, runs) -> str:
    """The section of an experiment in a lab with these writers; its words and its addresses."""
    page = render_page(EXPERIMENTS.validate_python(WRITTEN), replace(lab, runs=runs))
    return page[page.index('<section id="weigh"') : page.index("</section>")]


def test_it_names_the_run_that_wrote_the_headline_and_others_behind_it(lab):
    ingest = Run("1111111111", "on Monday", "kedro run --pipeline ingest", "http://x/#/ingest")
    drew = Run("2222222222", "on Friday", "kedro run --nodes draw", "http://x/#/drew", {"dpi": "9"})
    weighed = Run(
        *("3333333333", "on Tuesday", "kedro run --pipeline weigh", "http://x/#/weighed"),
        parameters={"grams": "5"},
        pipelines=("weigh",),
        inputs=(ingest,),
    )
    runs = dict.fromkeys(("shop.weight_metrics", "shop.verdict_text", "shop.sold_table"), weighed)
    words = weighing(lab, runs | {"shop.day_plot": drew, "shop.scale_figure": drew})
    main, _, others = words.partition("of 2 other runs")
    assert "1 parameters" in main
    assert "grams" in main
    assert "dpi" not in words
    assert main.count("http://x/#/weighed") == 1
    assert "on Tuesday" in main
    assert "http://x/#/ingest" in others
    assert "kedro run --nodes draw" in others
    assert "http://x/#/weighed" not in others
    assert "unknown run" not in words


def test_the_runs_of_one_command_are_no_other_runs(lab):
    left, right, ingest = (
        Run(name * 10, "today", "kedro run", f"http://x/#/{name}", {name: "1"},
            command_run_id="c" * 10, command_page="http://x/#/c")
        for name in "lri"
    )  # fmt: skip
    left = replace(left, inputs=(ingest,))
    earlier = [
        replace(run, began="on Monday", command_run_id="e" * 10, command_page="http://x/#/e")
        for run in (ingest, right)
    ]
    runs = {"shop.weight_metrics": left, "shop.sold_table": right, "shop.verdict_text": left}
    words = weighing(lab, runs)
    assert "other run" not in words
    assert words.count("/#/l") == words.count("/#/r") == 1
    assert "/#/i" not in words
    assert "2 parameters" in words
    words = weighing(lab, {"shop.weight_metrics": replace(left, inputs=tuple(earlier))})
    _, _, others = words.partition("of 1 other run<")
    assert "http://x/#/e" in others
    words = weighing(lab, {"shop.weight_metrics": replace(left, inputs=(earlier[0],))})
    _, _, others = words.partition("of 1 other run<")
    assert "http://x/#/i" in others


def test_of_a_run_of_all_the_command_is_for_the_experiment_alone(lab):
    every = Run("4444444444", "today", "kedro run --env test", None)
    words = weighing(lab, {"shop.weight_metrics": every})
    assert "<code>kedro run --env test --pipeline weigh</code>" in words
    assert "<code>44444444</code>, which MLflow no longer has" in words
    assert "4 of its files are of an unknown run" in words


def test_without_a_record_no_run_is_guessed(lab):
    drew = Run("2222222222", "on Friday", "kedro run --nodes draw", "http://x/#/drew")
    words = weighing(replace(lab, env="full"), {"shop.scale_figure": drew})
    main, _, others = words.partition("of 1 other run<")
    assert "Unknown run" in main
    assert "<code>kedro run --env full --pipeline weigh</code>" in main
    assert "http://x/#/drew" not in main
    assert "http://x/#/drew" in others


def test_what_was_not_tracked_says_so(lab):
    words = weighing(lab, {"shop.weight_metrics": Run("", "today", "kedro run", None)})
    assert "not tracked in MLflow" in words


def test_an_empty_lab_is_a_page_too(lab):
    empty = ExperimentResults(env="base", written="today", datasets={}, runs={})
    page = render_page(EXPERIMENTS.validate_python(WRITTEN), empty)
    assert "0 of 2\n  experiments" in Reader(page).words
    assert "Plotly" not in page


def test_a_wide_picture_is_made_smaller_and_keeps_its_shape(tmp_path):
    path = tmp_path / "wide.png"
    Image.fromarray(np.zeros((300, 3200, 3), np.uint8)).save(path)
    address, width, height = picture_address(path, width=1600)
    assert address.startswith("data:image/webp;base64,")
    assert (width, height) == (1600, 150)


@pytest.mark.parametrize(
    ("measure", "text", "interval"),
    [
        ({"value": "a", "unit": "%"}, "12.35 %", "10.00 … 20.00"),
        ({"value": "a", "unit": "‰", "digits": 0}, "124 ‰", "100 … 200"),
        ({"value": "loss", "digits": 1}, "−1,234.5", ""),
        ({"value": "loss", "digits": 1, "interval": "a"}, "−1,234.5", "0.1 … 0.2"),
        ({"value": "gone"}, "not finite", ""),
    ],
)
def test_numbers_are_written_at_their_scale(measure, text, interval):
    metrics = {"a": 0.1235, "a_low": 0.1, "a_high": 0.2, "loss": -1234.5, "gone": float("nan")}
    one = format_measure(Measure(of="x.y_metrics", label="", **measure), metrics)
    assert (one.text, one.interval) == (text, interval)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.123456, "0.1235"), (-2.0, "−2"), (1e-5, "1e−05"), (12345, "12,345"), (np.nan, ""),
     (None, ""), (np.True_, "yes"), ("adam", "adam"), (np.float64(1500.0), "1,500")],
)  # fmt: skip
def test_cells_are_short(value, text):
    assert format_cell(value) == text


def test_a_measure_that_a_run_did_not_make_is_left_out(lab):
    """Parameters name the metrics of some experiments, such as the pictures of a transfer."""
    measures = [
        {"of": "shop.weight_metrics", "value": name, "label": f"label of {name}"}
        for name in ("wrong", "right")
    ]
    page = render_page(EXPERIMENTS.validate_python([WRITTEN[0] | {"measures": measures}]), lab)
    assert "label of right" in page
    assert "label of wrong" not in page


@pytest.mark.parametrize(
    ("value", "label", "text"),
    [
        ("*.error", "of tea, cups", "0.10"),
        ("tea.*", "of error, cups", "0.10"),
        ("*.error_before", "of milk, cups", "0.40"),
    ],
)
def test_an_asterisk_stands_for_the_first_name_that_fits(value, label, text):
    metrics = {"tea.error": 0.1, "tea.error_low": 0.05, "tea.error_high": 0.2}
    metrics |= {"milk.error": 0.3, "milk.error_before": 0.4}
    one = format_measure(Measure(of="x.y_metrics", label="of *, cups", value=value), metrics)
    assert (one.label, one.text) == (label, text)
    assert one.interval == ("" if text == "0.40" else "0.05 … 0.20")


def test_a_measure_or_column_that_is_not_there_is_named_beside_those_that_are(lab):
    measure = Measure(of="shop.weight_metrics", value="wrong", label="")
    with pytest.raises(KeyError, match="'wrong' in shop.weight_metrics.*right_low"):
        format_measure(measure, {"right": 1.0, "right_low": 0.5})
    wrong = EXPERIMENTS.validate_python(
        [WRITTEN[0] | {"tables": [{"of": "shop.sold_table", "caption": "", "columns": {"x": "y"}}]}]
    )
    with pytest.raises(KeyError, match="'x'.*what"):
        render_page(wrong, lab)
    with pytest.raises(ValidationError, match="colour"):
        EXPERIMENTS.validate_python([WRITTEN[0] | {"colour": "red"}])
