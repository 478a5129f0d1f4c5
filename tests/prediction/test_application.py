import numpy as np
import pytest
from PIL import Image
from support.memory import peak_memory
from support.predictions import MemoryFolder, brightness_model, png

from atelier.prediction.application import check_readable, label_pictures, prediction_metrics
from atelier.prediction.executors import choose_executor, label_here
from atelier.prediction.parts import BYTES, divide, label_part
from atelier.prediction.sources import PictureSource

SHADES = (0, 10, 100, 160, 250)


def source(shades=SHADES, damaged=()):
    contents = [png(np.full((8, 8), shade, np.uint8)) for shade in shades]
    for place in damaged:
        contents[place] = contents[place][:40]
    entries = [(f"{shade}.png", content) for shade, content in zip(shades, contents, strict=True)]
    return PictureSource(None, len(entries), lambda: iter(entries))


def label(pictures=None, model=None, store=None, executor=label_here, part=2):
    store = store or MemoryFolder()
    model = model or brightness_model()
    return label_pictures(pictures or source(), model, store, executor, part=part), store


def test_each_picture_has_a_row_with_the_models_answer():
    predictions, store = label()
    rows = store.rows
    assert [row["file"] for row in rows] == [f"{shade}.png" for shade in SHADES]
    assert [row["label"] for row in rows] == ["dark", "dark", "dark", "bright", "bright"]
    for row, shade in zip(rows, SHADES, strict=True):
        assert row["probability_bright"] == pytest.approx(shade / 255)
        assert row["probability_dark"] == pytest.approx(1 - shade / 255)
        assert row["probability"] == max(row["probability_bright"], row["probability_dark"])
        assert row["log_density"] == pytest.approx(10 * shade / 255, rel=1e-6)
        assert row["reject"] is (shade < 12)
        assert row["problem"] == ""
    assert prediction_metrics(predictions) == {
        "n": 5, "unreadable": 0, "kept": 0, "rejected_share": 0.4,
        "mean_probability": pytest.approx(sum(max(s, 255 - s) for s in SHADES) / 5 / 255),
    }  # fmt: skip
    kinds = predictions.selected.groupby("kind", sort=False)["file"].agg(list).to_dict()
    assert kinds == {
        "surest": ["250.png", "160.png", "100.png"],
        "least sure": ["100.png", "160.png", "250.png"],
        "rejected": ["0.png", "10.png"],
    }


def test_a_damaged_picture_has_its_problem_and_the_others_their_labels():
    predictions, store = label(source(damaged=[1, 4]))
    assert [row["label"] for row in store.rows] == ["dark", None, "dark", "bright", None]
    assert [bool(row["problem"]) for row in store.rows] == [False, True, False, False, True]
    assert predictions.unreadable["file"].tolist() == ["10.png", "250.png"]
    metrics = prediction_metrics(predictions)
    assert (metrics["n"], metrics["unreadable"]) == (3, 2)
    assert metrics["rejected_share"] == pytest.approx(1 / 3)
    check_readable(predictions, 0.4)
    with pytest.raises(ValueError, match=r"at most 20.00% of 5 .* 2:\s+10.png: Expected a whole"):
        check_readable(predictions, 0.2)


def test_nothing_but_damage_is_told_and_not_divided_by():
    predictions, store = label(source((1, 2), damaged=[0, 1]))
    assert prediction_metrics(predictions)["mean_probability"] == 0
    assert len(predictions.selected) == 0
    assert [row["label"] for row in store.rows] == [None, None]


def test_a_killed_run_goes_on_with_the_parts_that_are_missing():
    dying = MemoryFolder(dies_after=2)
    with pytest.raises(KeyboardInterrupt):
        label(store=dying)
    assert dying.saved == [0, 1]
    dying.dies_after = None
    predictions, store = label(store=dying)
    assert store.saved == [0, 1, 2]
    assert predictions.kept == 4
    assert store.rows == label()[1].rows


@pytest.mark.parametrize(
    ("pictures", "model"),
    [
        (source((0, 11, 100, 160, 250)), brightness_model()),
        (source(), brightness_model(content=b"other weights")),
        (source(), brightness_model(background="black")),
    ],
)
def test_other_pictures_or_another_model_are_labelled_anew(pictures, model):
    _, store = label()
    label(pictures, model, store)
    changed = [0] if model.content == b"weights" and model.rule.background == "white" else [0, 1, 2]
    assert store.saved == [0, 1, 2, *changed]


def test_a_changed_picture_costs_its_part_only():
    _, store = label()
    entries = list(source().read())
    entries[4] = ("new.png", entries[4][1])
    predictions, _ = label(PictureSource(None, 5, lambda: iter(entries)), store=store)
    assert store.saved == [0, 1, 2, 2]
    assert predictions.kept == 4


def test_parts_end_early_where_files_are_large():
    large = bytes(BYTES // 2 + 1)
    parts = list(divide([(str(n), large) for n in range(5)], 1000))
    assert [part.names for part in parts] == [["0", "1"], ["2", "3"], ["4"]]


def test_the_order_in_which_parts_finish_does_not_matter():
    def backwards(model, parts, threads):
        finished = [(part.index, label_part(part, model, threads)) for part in parts]
        yield from reversed(finished)

    assert label(executor=backwards)[1].rows == label()[1].rows


NAME = 200
"""Letters of a picture's name."""


def test_twenty_times_the_pictures_need_no_more_memory(tmp_path):
    """What is held does not grow by a quarter of the names of the other 9,500 pictures."""

    class Disk(MemoryFolder):
        def save(self, index, fingerprint, table):
            np.save(tmp_path / f"{index}.npy", table.to_pandas().to_numpy(), allow_pickle=True)
            self.last = table
            self.parts[index] = (fingerprint, None)

        def read(self, index, columns=None):
            return self.last.select(columns) if columns else self.last

        def finish(self, parts):
            self.count = parts

    def many(count):
        image = png(np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8))
        return ((f"{number:0>{NAME}}", bytes(image)) for number in range(count))

    def labelled(count):
        pictures = PictureSource(None, count, lambda: many(count))
        label_pictures(pictures, brightness_model(), Disk(), label_here, part=100)

    few, all_ = (peak_memory(lambda count=count: labelled(count)) for count in (500, 10_000))
    assert all_ - few < 9_500 * NAME / 4


def test_a_cluster_gives_the_rows_of_one_process():
    """Workers in threads of this process: they share the double of the model."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, resources={"sweep": 1},
        dashboard_address="127.0.0.1:0",
    ) as cluster:  # fmt: skip
        executor = choose_executor(cluster.scheduler_address)
        _, store = label(source(damaged=[1]), executor=executor)
    expected = label(source(damaged=[1]))[1].rows
    assert [row["file"] for row in store.rows] == [row["file"] for row in expected]
    assert [row["label"] for row in store.rows] == [row["label"] for row in expected]


@pytest.mark.parametrize("shape", [(8, 8, 1), (8, 8, 3), (12, 12, 1)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "CMYK", "I;16"])
@pytest.mark.parametrize(("resize", "background"), [("pad", "white"), ("crop", "#80c0ff")])
def test_a_picture_becomes_the_image_that_ingest_makes_of_it(shape, mode, resize, background):
    from atelier.data.user_data.image_stack import ImageStack
    from atelier.data.user_data.params import PictureParams

    rng = np.random.default_rng(1)
    if mode == "I;16":
        picture = Image.fromarray(rng.integers(0, 65_536, (8, 10), np.uint16))
    else:
        picture = Image.fromarray(rng.integers(0, 256, (8, 10, 4), np.uint8)).convert(mode)
    content = png(picture, "TIFF")
    model = brightness_model(shape, resize=resize, background=background)
    stack = ImageStack(
        1,
        PictureParams(side=shape[0], channels=shape[2], resize=resize, background=background),
    )
    stack.put(0, content, "a")
    (expected,) = stack.finish()[0]
    np.testing.assert_array_equal(model.rule.read(content, "a"), expected)


def test_a_model_of_oblong_images_takes_no_others():
    predictions, store = label(model=brightness_model((8, 6, 1)))
    assert "Expected 8×6 pixels" in store.rows[0]["problem"]
    assert predictions.failed == 5


def test_a_prediction_set_is_written_most_probable_class_first_and_is_empty_without_sets():
    class WithoutSets(type(brightness_model())):
        def predict(self, images, threads):
            answer = super().predict(images, threads)
            return {name: values for name, values in answer.items() if name != "set"}

    _, store = label()
    assert [row["set"] for row in store.rows] == [
        "dark", "dark", "dark|bright", "bright", "bright",
    ]  # fmt: skip
    _, store = label(model=WithoutSets(*brightness_model()))
    assert [row["set"] for row in store.rows] == [None] * 5
