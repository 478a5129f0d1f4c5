import matplotlib.pyplot as plt
import pytest
from matplotlib.figure import Figure
from skimage import data
from sklearn.datasets import load_sample_image
from support.pipelines import run
from support.training import NoCheckpoint

from atelier.cells.params import CellSourceParams, CellSplitParams, SplittingParams
from atelier.cells.samples import unpack
from atelier.clustering.params import ColourParams, PlaneParams
from atelier.pipelines import clustering, ingest, segmentation, thresholding
from atelier.segmentation.params import (
    BorderParams,
    CellParams,
    DeformationParams,
    PredictionParams,
    SegmenterParams,
    UnetParams,
)
from atelier.thresholding.params import (
    BinarizationParams,
    HysteresisParams,
    LocalParams,
    PriorParams,
    PriorPathParams,
    ThresholdingParams,
)

SPLITTING = SplittingParams(smoothing=1.0, depth=1.5, least=10)
OTSU = ThresholdingParams(classes=(2, 3), block=16, resamples=20, seed=0)
PATH = PriorPathParams(tau=0.01, decades=(-2, 6), steps=5)
FOREGROUND = BinarizationParams(
    method="hysteresis",
    ght=PriorParams(nu=0, tau=0, kappa=0, omega=0.5),
    hysteresis=HysteresisParams(low=None, high=None),
    local=LocalParams(method="mean", window=3, offset=0, k=0.2),
)
PLANE = PlaneParams(points=60, components=2, distance=6.0, shown=(0, 2), starts=3, seed=0)


@pytest.fixture(scope="module")
def cells():
    source = CellSourceParams(
        dataset="dsb2018", source="embedded", mirror=None, count=6, side=48, limit=None, seed=0
    )
    splits = CellSplitParams(validation=1, test=2, fold=0, seed=0)
    pipeline = ingest.create_pipeline().filter(node_namespaces=["cells"])
    params = {"params:cells.ingest": source, "params:cells.splits": splits}
    return run(pipeline, archives=None, **params)


@pytest.fixture(scope="module")
def by_threshold(cells):
    inputs = {
        "picture.image": data.coins(),
        "picture.pages": [data.coins()],
        "params:picture.otsu": OTSU,
        "params:picture.prior_path": PATH,
        "params:picture.foreground": FOREGROUND,
        "params:cells.watershed": SPLITTING,
    } | {f"cells.{name}": cells[f"cells.{name}"] for name in ("test_arrays", "provenance")}
    return run(thresholding.create_pipeline(), **inputs)


@pytest.fixture(scope="module")
def by_mixture(cells):
    colours = ColourParams(
        shrink=16,
        position=50,
        components=(2, 3),
        covariance="diagonal",
        concentration=None,
        restarts=1,
        tol=1e-3,
        seed=0,
    )
    inputs = {
        "colours.image": load_sample_image("china.jpg"),
        "params:colours.em": colours,
        "params:plane.em": PLANE,
        "params:cells.watershed": SPLITTING,
    } | {f"cells.{name}": cells[f"cells.{name}"] for name in ("test_arrays", "provenance")}
    return run(clustering.create_pipeline(), **inputs)


def test_ingest_draws_cells_and_says_what_they_are(cells):
    record = cells["cells.provenance"]
    assert record["name"] == "drawn-cells"
    assert record["counts"] == {"train": 3, "validation": 1, "test": 2}
    assert cells["cells.data_metrics"]["test_pictures_in_train"] == 0
    assert len(cells["cells.pictures_table"]) == 6


def test_the_threshold_of_the_coins_lies_in_its_interval(by_threshold):
    metrics = by_threshold["picture.otsu_metrics"]
    assert metrics["threshold"] == 107
    assert metrics["threshold_low"] <= 107 <= metrics["threshold_high"]
    assert 0.7 < metrics["separability"] < 0.8
    table = by_threshold["picture.otsu_table"]
    assert table.loc[table["between"].idxmax(), "threshold"] == 107


def test_the_thresholds_of_other_criteria_stand_beside_otsus(by_threshold):
    metrics = by_threshold["picture.criteria_metrics"]
    assert metrics["otsu"] == 107
    assert metrics["minimum_error"] == 100  # GHT of github.com/jonbarron/hist_thresh
    assert metrics["em_full"] < metrics["minimum_error"] < metrics["otsu"] < metrics["em_tied"]
    assert list(by_threshold["picture.criteria_table"]["threshold"])[-1] == 107
    assert by_threshold["picture.foreground_metrics"]["low"] == 77
    assert by_threshold["picture.foreground_arrays"]["page0001"].shape == data.coins().shape


def test_both_classical_methods_label_every_test_picture(cells, by_threshold, by_mixture):
    samples = unpack(cells["cells.test_arrays"])
    for labels in (by_threshold["cells.otsu_cells_arrays"], by_mixture["cells.em_cells_arrays"]):
        assert labels.keys() == samples.keys()
        for name, sample in samples.items():
            assert labels[name].shape == sample.labels.shape
    assert by_threshold["cells.otsu_metrics"]["pictures"] == 2
    assert 0 <= by_mixture["cells.em_metrics"]["f1"] <= 1


def test_clustering_counts_starts_and_components(by_mixture):
    assert len(by_mixture["plane.starts_table"]) == 6
    assert by_mixture["plane.starts_metrics"]["starts"] == 3
    assert by_mixture["colours.clusters_metrics"]["components"] in {2, 3}
    assert by_mixture["plane.em_animation"].frames.shape[0] == 3
    labels = by_mixture["colours.clusters_arrays"]["labels"]
    assert labels.shape == (27, 40)


@pytest.fixture(scope="module")
def segmented(cells, by_threshold, by_mixture):
    params = SegmenterParams(
        network=UnetParams(filters=2, depth=1, padding="same", dropout=0.0),
        weights=BorderParams(w0=10.0, sigma=5.0, balance=False, gaps=True),
        deformation=DeformationParams(
            displacement=2, degrees=90, scale=0.1, shift=1, flips=True, gain=0.1, offset=0.1,
            gamma=0.2, noise=0.02,
        ),
        optimizer="adam", learning_rate=0.01, momentum=0.9, clip=1.0, warmup=0.1, batch_size=1,
        patch=32, steps=3, report_every=2, seed=0, threads=2,
    )  # fmt: skip
    rule = CellParams(threshold=0.5, smoothing=1.0, depth=1.5, least=10)
    sinks = {"unet_curve": [], "unweighted_curve": []}
    sinks |= {"unet_checkpoint": NoCheckpoint(), "unweighted_checkpoint": NoCheckpoint()}
    names = ("train_arrays", "validation_arrays", "test_arrays", "provenance")
    inputs = {f"cells.{name}": value for name, value in sinks.items()}
    inputs |= {f"cells.{name}": cells[f"cells.{name}"] for name in names}
    inputs |= {
        "params:cells.unet": params,
        "params:cells.prediction": PredictionParams(tile=64, turns=2, cells=rule),
        "cells.otsu_cells_arrays": by_threshold["cells.otsu_cells_arrays"],
        "cells.em_cells_arrays": by_mixture["cells.em_cells_arrays"],
    }
    return run(segmentation.create_pipeline(), **inputs) | sinks


def test_all_methods_are_scored_on_the_same_pictures(segmented):
    table = segmented["cells.scores_table"]
    methods = ["otsu", "em", "unet", "unweighted", "combined"]
    assert list(table["method"].unique()) == methods
    assert table.groupby("method")["pairs"].sum().nunique() == 1
    rows = segmented["cells.summary_table"]
    assert (rows["low"] <= rows["mean"]).all()
    assert (rows["mean"] <= rows["high"]).all()
    assert (rows["n"] == 2).all()
    metrics = segmented["cells.segmentation_metrics"]
    gain = metrics["unet_f1"] - metrics["otsu_f1"]
    assert metrics["gain_over_otsu"] == pytest.approx(gain)


def test_curves_are_written_and_checkpoints_cleared_after_the_model_is_saved(segmented):
    assert [row["step"] for row in segmented["unet_curve"]] == [2, 3]
    assert segmented["unet_checkpoint"].cleared == 2
    assert segmented["cells.unet_history"] == segmented["unet_curve"]


def test_without_border_weights_the_loss_is_lower_from_the_same_initial_weights(segmented):
    weighted, unweighted = segmented["cells.unet_history"], segmented["cells.unweighted_history"]
    assert weighted[0]["loss"] > unweighted[0]["loss"]


def test_the_calibration_of_pixels_is_evaluated_before_and_after_scaling(segmented):
    metrics = segmented["cells.pixel_calibration_metrics"]
    assert metrics["pixels"] == 2 * 48 * 48
    assert {"ece", "ece_scaled", "nll", "nll_scaled", "decision_threshold"} <= metrics.keys()


def headings(figure):
    return [axes.get_title() or axes.get_title("left") for axes in figure.axes]


def test_figures_bear_the_titles_of_the_methods_not_their_keys(segmented):
    columns = headings(segmented["cells.segmentation_figure"])[:5]
    assert columns == ["image", "truth", "Otsu", "EM", "U-Net"]
    curves = segmented["cells.f1_by_overlap_figure"]
    legend = [text.get_text() for text in curves.axes[0].get_legend().get_texts()]
    titles = ["Otsu", "EM", "U-Net", "U-Net without border weights", "both U-Nets combined"]
    assert legend == titles
    table = segmented["cells.scores_table"]
    sums = table[table["method"] == "unweighted"][["apart", "pairs"]].sum()
    title = curves.get_suptitle()
    assert f"separated of {sums['pairs']:.0f} touching pairs: U-Net " in title
    assert f"U-Net without border weights {sums['apart']:.0f}, " in title
    networks = segmented["cells.unet_training_figure"].legends[0].get_texts()
    assert [text.get_text() for text in networks] == [
        "with border weights",
        "without border weights",
    ]


def test_the_reliability_diagrams_name_their_scale_and_error(segmented):
    metrics = segmented["cells.pixel_calibration_metrics"]
    as_trained, scaled = headings(segmented["cells.pixel_calibration_figure"])
    assert as_trained == f"as trained: top-label ECE {metrics['ece']:.1%}"
    assert scaled == f"after Platt scaling: top-label ECE {metrics['ece_scaled']:.1%}"


def test_every_figure_output_is_a_figure(cells, by_threshold, by_mixture, segmented):
    outputs = cells | by_threshold | by_mixture | segmented
    figures = {name: value for name, value in outputs.items() if name.endswith("_figure")}
    assert len(figures) == 16
    assert all(isinstance(figure, Figure) for figure in figures.values())
    plt.close("all")
