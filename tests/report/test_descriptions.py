"""Descriptions of runs, made from records by hand and read as the HTML that a page shows."""

import html
import re
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

import atelier.report
from atelier.report.cards import Card, build_card
from atelier.report.descriptions import (
    LIMIT,
    ChildRun,
    RunFacts,
    RunLink,
    SessionFacts,
    describe_killed,
    describe_run,
    describe_session,
    is_signed,
    sign,
)
from atelier.report.experiments import EXPERIMENTS, CaptionedFigure, Experiment
from atelier.report.values import Value

RIGHT = Value("right answers", "90.00 %", "80.00 … 95.00", "1,000", None)
LOSS = Value("loss, nats", "−0.123", "", "", None)
FIGURE = CaptionedFigure(of="shop.scale_figure", caption="The scale, at rest.")
CARD = Card("Weighing", "How heavy?", (RIGHT, LOSS), FIGURE)
FACTS = RunFacts(
    card=CARD,
    command="kedro run --pipeline weigh",
    duration="12.3 s",
    peak_memory="1.20 GB",
    picture="get-artifact?path=description.png&run_uuid=abc",
    data=(RunLink("tea, digest 0123", "#/experiments/1/runs/ingest"),),
    inputs=(RunLink("ingest · shop", "#/experiments/1/runs/ingest"),),
    models=(RunLink("scale, version 2", "#/models/scale/versions/2"),),
    code="commit 0123456 with uncommitted changes",
    parent=RunLink("__default__", "#/experiments/1/runs/parent"),
    made=("shop.weight_metrics", "shop.scale_figure"),
)


def page(text: str) -> str:
    """The HTML of a description; raw HTML in it would stay raw, as on MLflow's page."""
    return MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text)


def words(text: str) -> str:
    """What a person reads."""
    plain = html.unescape(re.sub(r"<!--.*?-->|<[^>]+>", " ", page(text)))
    return " ".join(plain.split())


def links(text: str) -> dict[str, str]:
    """The links' addresses by their texts."""
    found = re.findall(r'<a href="([^"]*)">(.*?)</a>', page(text))
    return {html.unescape(name): html.unescape(address) for address, name in found}


def test_it_has_question_headline_interval_n_command_time_and_memory():
    read = words(describe_run(FACTS))
    assert read.startswith("How heavy? right answers 90.00 % , 95 % interval 80.00 … 95.00, n =")
    for told in (
        "The scale, at rest.",
        "loss, nats −0.123",
        "kedro run --pipeline weigh",
        "12.3 s",
        "1.20 GB",
        "commit 0123456 with uncommitted changes",
    ):
        assert told in read


def test_its_figure_is_an_image_with_the_caption():
    (image,) = re.findall(r"<img [^>]*>", page(describe_run(FACTS)))
    assert 'src="get-artifact?path=description.png&amp;run_uuid=abc"' in image
    assert 'alt="The scale, at rest."' in image


def test_it_links_parent_data_inputs_and_model():
    assert links(describe_run(FACTS)) == {
        "__default__": "#/experiments/1/runs/parent",
        "tea, digest 0123": "#/experiments/1/runs/ingest",
        "ingest · shop": "#/experiments/1/runs/ingest",
        "scale, version 2": "#/models/scale/versions/2",
    }


def test_a_single_number_needs_no_table_and_several_get_one():
    assert "<table>" in page(describe_run(FACTS))
    one = RunFacts(card=Card("Weighing", "How heavy?", (RIGHT,)), command="kedro run")
    assert "<table>" not in page(describe_run(one))


def test_a_run_without_its_measures_says_what_it_made():
    bare = RunFacts(card=Card("Weighing", "How heavy?"), command="c", made=("shop.train_arrays",))
    assert "It made shop.train_arrays ." in words(describe_run(bare))
    nothing = RunFacts(card=Card("Weighing", "How heavy?"), command="c")
    assert "It made nothing." in words(describe_run(nothing))
    many = RunFacts(card=CARD.__class__("W", "?"), command="c", made=tuple(map(str, range(20))))
    assert "and 8 more." in words(describe_run(many))


def test_a_failed_run_names_node_and_error():
    error = "ValueError: Expected 3 ``` Received: <b>4</b>"
    failed = RunFacts(card=CARD, command="c", stopped="Failed in weigh.shop.fit", error=error)
    read = words(describe_run(failed))
    assert "Failed in weigh.shop.fit ValueError: Expected 3 ``` Received: <b>4</b>" in read
    assert "<b>" not in page(describe_run(failed))


def test_text_cannot_become_markup():
    odd = Value("a|b <i> *c* [d](e)", "1 %", "", "", None)
    card = Card("T", "<script>alert(1)</script> _why_?", (odd, odd))
    shown = describe_run(RunFacts(card=card, command="x `` y ``` z", parent=RunLink("a]|b", "#/x")))
    assert "<script>" not in page(shown)
    assert "<i>" not in page(shown)
    assert words(shown).count("a|b <i> *c* [d](e)") == 3
    assert "x `` y ``` z" in words(shown)
    assert links(shown) == {"a]|b": "#/x"}


CHILDREN = (
    ChildRun(RunLink("weigh · shop", "#/runs/1"), "FINISHED", "12.3 s", RIGHT),
    ChildRun(RunLink("count · shop", "#/runs/2"), "FAILED", "0.1 s"),
)


def test_a_commands_description_is_a_table_of_its_experiments():
    text = describe_session(
        SessionFacts("kedro run", CHILDREN, "13.0 s", "1 GB", "Failed in count.shop.sum", "Oh: no")
    )
    assert links(text) == {"weigh · shop": "#/runs/1", "count · shop": "#/runs/2"}
    read = words(text)
    assert "1 of 2 experiments finished." in read
    assert "right answers 90.00 % 80.00 … 95.00 1,000 12.3 s finished" in read
    assert "0.1 s failed" in read
    assert "Failed in count.shop.sum Oh: no" in read


def test_a_long_table_is_cut_where_mlflow_would_cut_it():
    many = tuple(
        ChildRun(RunLink(f"weigh · {n}", f"#/{n}"), "FINISHED", "1 s", RIGHT) for n in range(300)
    )
    text = sign(describe_session(SessionFacts("kedro run " + 9000 * "x", many, "1 s")))
    assert len(text) <= LIMIT
    shown = len(links(text))
    assert 20 < shown < 300
    assert f"… and {300 - shown} more." in words(text)
    assert "Time: 1 s" in words(text)
    assert is_signed(text)


@pytest.mark.parametrize("text", ["short", "", "x\n" * 9000, "ends with a space \n"])
def test_what_was_signed_is_known_until_somebody_edits_it(text):
    signed = sign(text)
    assert len(signed) <= LIMIT
    assert is_signed(signed)
    assert not is_signed(f"My own words.\n\n{signed}")
    assert not is_signed(f"{signed}\n\nMy own words.")
    assert "atelier" not in words(signed)


def test_a_killed_run_says_why_and_how_to_repeat_it():
    assert words(describe_killed("kedro run", "its process ended")) == (
        "Killed: its process ended kedro run"
    )


def test_a_card_has_what_exists_of_one_namespace():
    experiment = Experiment.model_validate(
        {
            "pipeline": "weigh",
            "title": "Weighing",
            "question": "How heavy?",
            "source": "",
            "measures": [
                {"of": "shop.weight_metrics", "value": "grams", "label": "shop", "digits": 0},
                {"of": "home.weight_metrics", "value": "grams", "label": "home", "digits": 0},
                {"of": "home.price_metrics", "value": "price", "label": "price"},
            ],
            "pictures": [
                {"of": "shop.scale_figure", "caption": "Shop."},
                {"of": "home.scale_figure", "caption": "Home."},
            ],
        }
    )
    made = {"home.weight_metrics": {"grams": 5}, "home.scale_figure": "home.png"}
    card = build_card(experiment.in_namespace("home"), made | {"shop.weight_metrics": {"grams": 9}})
    assert [(item.label, item.text) for item in card.measures] == [("home", "5")]
    assert card.headline == card.measures[0]
    assert card.figure.caption == "Home."
    empty = build_card(experiment.in_namespace("street"), made)
    assert (empty.headline, empty.figure) == (None, None)


@pytest.mark.parametrize("names", [("painting",), ("scream", "gustav", "gogh", "blend")])
def test_the_card_of_style_transfer_knows_pictures_of_any_name(names):
    """`full` and users name their pictures."""
    text = Path(atelier.report.__file__).with_name("experiments.yml").read_text("utf-8")
    experiments = EXPERIMENTS.validate_python(yaml.safe_load(text))
    experiment = next(one for one in experiments if one.pipeline == "style_transfer")
    kinds = ("style_error", "style_error_of_content", "content_error")
    metrics = {f"{name}.{kind}": float(i) for name in names for i, kind in enumerate(kinds)}
    card = build_card(experiment, {"style.paintings_metrics": metrics})
    assert [value.text for value in card.measures] == ["0.000", "1.000", "2.000"]
    assert f"'{names[0]}'" in card.headline.label
