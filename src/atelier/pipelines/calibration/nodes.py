"""Nodes of the calibration pipeline. TensorFlow is imported where a network is asked."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.calibration.params import CalibrationParams, CapacityParams, DensityParams, ShiftParams
from atelier.types import Arrays, Checkpoint, Classifier, History, MetricLog, Metrics, Servable

EXAMPLES = 2


def calibrate(logits: Arrays) -> tuple[Arrays, Arrays]:
    """Test probabilities of every method fitted on the calibration split, the network's own first;
    and the temperature.
    """
    from scipy.special import softmax

    from atelier.calibration import CALIBRATORS

    held_out = logits["calibration_logits"], logits["calibration_labels"]
    fitted = {name: method().fit(*held_out) for name, method in CALIBRATORS.items()}
    test = logits["test_logits"]
    probs = {"uncalibrated": softmax(test.astype(np.float64), axis=1)}
    probs |= {name: method.transform(test) for name, method in fitted.items()}
    scaling: Any = fitted["temperature"]
    return probs, {
        "temperature": np.array(scaling.temperature_),
        "residual": np.array(scaling.residual_),
    }


def measure_calibration(
    probs: Arrays, logits: Arrays, scaling: Arrays, params: CalibrationParams
) -> tuple[pd.DataFrame, Metrics]:
    """Methods × measures with intervals on the test split, and the main numbers of temperature."""
    from atelier.calibration.tables import calibration_table, temperature_metrics

    table = calibration_table(
        probs, logits["test_labels"], seed=params.seed, resamples=params.resamples
    )
    metrics = {name: float(value) for name, value in scaling.items()}
    return table, metrics | temperature_metrics(table)


def draw_reliability(
    probs: Arrays, logits: Arrays, table: pd.DataFrame, provenance: dict[str, Any]
) -> tuple[Any, Any]:
    """A reliability diagram for every method, before and after; and all in one to explore."""
    from atelier.calibration.figures import reliability_figure, reliability_plot

    labels = logits["test_labels"]
    title = f"{provenance['name']}: reliability on {len(labels):,} test images, 15 bins"
    figure = reliability_figure(probs, labels, table, title=title)
    return figure, reliability_plot(probs, labels, title=title)


def draw_overtrained(
    probs: Arrays, logits: Arrays, table: pd.DataFrame, provenance: dict[str, Any]
) -> tuple[Any, Any]:
    """The same for the overtrained network."""
    name = f"{provenance['name']}, overtrained"
    return draw_reliability(probs, logits, table, provenance | {"name": name})


def fit_density(logits: Arrays, params: DensityParams) -> Arrays:
    """Gaussians on the training logits, with the threshold that the calibration split gives."""
    from atelier.calibration.density import DensityModel

    model = DensityModel(params.covariance).fit(logits["train_logits"], logits["train_labels"])
    return model.set_rejection(logits["calibration_logits"], quantile=params.reject).arrays()


def collect_out_of_distribution(
    others: Arrays,
    others_provenance: dict[str, Any],
    provenance: dict[str, Any],
    params: ShiftParams,
) -> Arrays:
    """Images of none of the classes: drawn symbols, and letters where the classes have none."""
    from atelier.data.glyphs import draw_glyphs
    from atelier.data.splits import random_subset

    symbols, _ = draw_glyphs(params.symbols, params.symbols_per_class, seed=params.seed)
    known = [name in provenance["classes"] for name in others_provenance["classes"]]
    others = random_subset(others, seed=params.seed)
    letters = others["images"][~np.array(known)[others["labels"]]][: params.images]
    return {"symbols": symbols} | ({"letters": letters} if len(letters) else {})


def evaluate_shift(
    model: Classifier,
    test: Arrays,
    strangers: Arrays,
    density: Arrays,
    scaling: Arrays,
    params: ShiftParams,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What changed images do to accuracy and confidences, and which confidence notices."""
    from atelier.calibration.density import DensityModel
    from atelier.calibration.distribution_shift import shift_tables, shifted_images
    from atelier.data.splits import random_subset
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    ordinary = random_subset(test, params.images, seed=params.seed)
    seen = shifted_images(
        model,
        ordinary,
        strangers,
        params.levels,
        temperature=float(scaling["temperature"]),
        density=DensityModel.from_arrays(density),
        seed=params.seed,
    )
    return shift_tables(
        list(seen), ordinary["labels"], seed=params.seed, resamples=params.resamples
    )


def draw_shift(
    happened: pd.DataFrame, noticed: pd.DataFrame, test: Arrays, provenance: dict[str, Any]
) -> tuple[Any, Any]:
    """The post's demonstration, brighter images; and what each score notices."""
    from atelier.calibration.shift_figures import detection_figure, scaling_figure

    factors = 1 + np.sort(happened.loc[happened["change"].isin(["none", "scale"]), "level"])
    pictures = [test["images"][0, ..., 0] / 255 * factor for factor in factors]
    name, n = provenance["name"], int(happened["n"].iloc[0])
    return (
        scaling_figure(happened, pictures, title=f"{name}: {n:,} test images, made brighter"),
        detection_figure(happened, noticed, title=f"{name}: AUROC against {n:,} ordinary images"),
    )


def study_capacity(
    train: Arrays, calibration: Arrays, test: Arrays, params: CapacityParams, checkpoint: Checkpoint
) -> pd.DataFrame:
    """How width, depth, weight decay and batch normalisation move the calibration error."""
    from atelier.calibration.capacity import capacity_study
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.training.seed, params.training.threads)
    return capacity_study(train, calibration, test, params, checkpoint)


def study_overtraining(
    train: Arrays, calibration: Arrays, test: Arrays, params: CapacityParams, curve: MetricLog
) -> tuple[Arrays, History]:
    """A network trained far past its best likelihood."""
    from atelier.calibration.capacity import overtrain
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.training.seed, params.training.threads)
    return overtrain(train, calibration, test, params, curve)


def draw_capacity(
    table: pd.DataFrame, history: History, provenance: dict[str, Any], checkpoint: Checkpoint
) -> tuple[Any, Any]:
    """Guo's figures 2 and 3. The table is saved by now, so the study's checkpoint can go."""
    from atelier.calibration.figures import capacity_figure, overtraining_figure

    checkpoint.clear()
    name, n = provenance["name"], int(table["n"].iloc[0])
    return (
        capacity_figure(table, title=f"{name}: what makes a network overconfident ({n:,} images)"),
        overtraining_figure(history, title=f"{name}: likelihood and error part ways"),
    )


def compare_networks(
    digits: pd.DataFrame,
    characters: pd.DataFrame,
    overtrained: pd.DataFrame,
    digits_provenance: dict[str, Any],
    characters_provenance: dict[str, Any],
) -> tuple[pd.DataFrame, Any]:
    """Guo's table: networks × methods, ECE in %."""
    from atelier.calibration.figures import guo_figure
    from atelier.calibration.tables import guo_table

    tables = {
        digits_provenance["name"]: digits,
        characters_provenance["name"]: characters,
        f"{characters_provenance['name']}, overtrained": overtrained,
    }
    return guo_table(tables), guo_figure(tables, title="ECE in % on the test split, 95 % interval")


def register_calibrated(
    model: Classifier,
    test: Arrays,
    density: Arrays,
    scaling: Arrays,
    table: pd.DataFrame,
    provenance: dict[str, Any],
) -> Servable:
    """The classifier with how much to believe it, and its card as description and tags."""
    from atelier.calibration.density import DensityModel
    from atelier.calibration.serving import calibrated_model
    from atelier.calibration.tables import model_card

    gaussians = DensityModel.from_arrays(density)
    temperature = float(scaling["temperature"])
    served = calibrated_model(model, temperature=temperature, density=gaussians)
    example = np.asarray(test["images"][:EXAMPLES])
    description, tags = model_card(table, provenance, temperature=temperature)
    return Servable(served, example, served.predict(example, verbose=0), description, tags)
