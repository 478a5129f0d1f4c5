"""Figures of U-Net: its training samples, its training, the calibration of its pixels."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from atelier.cells.rendering import colour_labels, display_grey
from atelier.cells.samples import Sample
from atelier.plotting import ACCENT, INK, WARM, hide_axes, house_style, set_title
from atelier.segmentation.annotation import mean_scores_by_draw
from atelier.segmentation.patches import Batch
from atelier.types import Array, History

NETWORK_TITLES = {"unet": "with border weights", "unweighted": "without border weights"}
NETWORK_COLOURS = {"unet": ACCENT, "unweighted": WARM}
OTSU_COLOUR = "#e9a23b"
ANNOTATION_TITLES = {"f1": "F1 at IoU 0.5", "average_precision": "AP at IoU 0.5"}
MATCH_TITLES = {"pixels": "mean of the cell's pixels", "fitted": "fitted on validation cells"}
SCALE_TITLES = {"as_trained": "as trained", "scaled": "after Platt scaling"}


def training_samples_figure(sample: Sample, weights: Array, batches: Sequence[Batch]) -> Figure:
    """Draws an image, its pixels' weights, and deformed patches of it with their targets.

    Args:
        sample: Image and truth.
        weights: Of each pixel in the loss, (height, width).
        batches: The first patch of each is drawn.

    Returns:
        The figure.
    """
    with house_style():
        figure = Figure(figsize=(9, 4.4))
        set_title(figure, "Pixel weights, and deformed training patches with their targets")
        panels = figure.subplots(2, 2 + len(batches))
        panels[0, 0].imshow(display_grey(sample.image), cmap="gray")
        panels[0, 0].set_title("image", size=9)
        panels[1, 0].imshow(colour_labels(sample.labels))
        panels[1, 0].set_title("truth", size=9)
        drawn_weights = panels[0, 1].imshow(weights, cmap="magma")
        panels[0, 1].set_title("weight of each pixel", size=9)
        figure.colorbar(drawn_weights, ax=panels[1, 1], location="top", shrink=0.9)
        for column, batch in enumerate(batches, start=2):
            panels[0, column].imshow(np.clip(batch.images[0, ..., 0], 0, 1), cmap="gray")
            panels[1, column].imshow(batch.targets[0], cmap="gray", interpolation="nearest")
            panels[0, column].set_title(f"patch {column - 1}", size=9)
        for panel in panels.ravel():
            hide_axes(panel)
    return figure


def unet_training_figure(histories: Mapping[str, History], *, title: str) -> Figure:
    """Draws the loss and the validation IoU during the training of each network.

    Args:
        histories: Rows with ``step``, ``loss`` (nats) and ``val_iou``, by the network's key.
        title: Of the figure.
    """
    with house_style():
        figure = Figure(figsize=(7.5, 3.2))
        set_title(figure, title)
        losses, overlaps = figure.subplots(1, 2)
        for name, history in histories.items():
            steps = [row["step"] for row in history]
            colour, label = NETWORK_COLOURS.get(name, INK), NETWORK_TITLES.get(name, name)
            for axes, measure in ((losses, "loss"), (overlaps, "val_iou")):
                values = [row[measure] for row in history]
                axes.plot(steps, values, "o-", ms=3, color=colour, label=label)
        losses.set(xlabel="step", ylabel="weighted cross-entropy, nats")
        losses.set_ylim(bottom=0)
        overlaps.set(xlabel="step", ylabel="IoU on validation images")
        handles = overlaps.get_legend_handles_labels()
        figure.legend(*handles, ncols=len(histories), loc="outside lower center")
    return figure


def annotation_figure(matches: pd.DataFrame, summary: pd.DataFrame, *, title: str) -> Figure:
    """Draws F1 and average precision against the number of annotated images, with Otsu as floor.

    Args:
        matches: As :func:`atelier.segmentation.train_on_subsets` returns it.
        summary: As :func:`atelier.segmentation.summarize_annotation` returns it.
        title: Of the figure.

    Returns:
        The figure, a panel for each measure.
    """
    with house_style():
        figure = Figure(figsize=(9, 3.5))
        set_title(figure, title)
        panels = figure.subplots(1, len(ANNOTATION_TITLES))
        for panel, (measure, heading) in zip(panels, ANNOTATION_TITLES.items(), strict=True):
            rows = summary[summary["measure"] == measure]
            otsu, unet = rows[rows["annotated"] == 0].iloc[0], rows[rows["annotated"] > 0]
            panel.axhline(otsu["value"], color=OTSU_COLOUR, label="Otsu and watershed")
            panel.axhspan(otsu["low"], otsu["high"], color=OTSU_COLOUR, alpha=0.15, lw=0)
            panel.plot(unet["annotated"], unet["value"], "o-", color=ACCENT, ms=4, label="U-Net")
            panel.fill_between(
                unet["annotated"], unet["low"], unet["high"], color=ACCENT, alpha=0.15, lw=0
            )
            draws = mean_scores_by_draw(matches, measure)
            panel.plot(draws["annotated"], draws["score"], ".", color=INK, ms=3, label="one draw")
            panel.set_xscale("log")
            panel.set_xticks(unet["annotated"], [str(count) for count in unet["annotated"]])
            panel.minorticks_off()
            panel.set(xlabel="annotated images", ylim=(0, 1))
            panel.set_title(heading, size=9)
        panels[0].legend(loc="lower right")
    return figure


def pixel_calibration_figure(diagrams: pd.DataFrame, *, title: str) -> Figure:
    """Draws reliability diagrams of the pixels, one for each scale.

    Args:
        diagrams: Columns ``scale, ece, bin, probability, frequency, share``: as
            :func:`atelier.segmentation.pixel_calibration.calibrate_pixels` returns them.
        title: Of the figure.
    """
    scales = list(diagrams.groupby("scale", sort=False))
    with house_style():
        figure = Figure(figsize=(3.4 * len(scales), 3.3))
        set_title(figure, title)
        panels = figure.subplots(1, len(scales), sharey=True, squeeze=False)[0]
        for panel, (scale, bins) in zip(panels, scales, strict=True):
            panel.plot([0, 1], [0, 1], "--", color=INK, linewidth=0.8)
            size = 8 + 80 * bins["share"] ** 0.5
            panel.scatter(bins["probability"], bins["frequency"], s=size, color=ACCENT, alpha=0.7)
            panel.plot(bins["probability"], bins["frequency"], color=ACCENT, linewidth=0.8)
            panel.set(xlabel="predicted probability of cell", xlim=(0, 1), ylim=(0, 1))
            panel.set_title(
                f"{SCALE_TITLES[str(scale)]}: top-label ECE {bins['ece'].iloc[0]:.1%}", size=9
            )
        panels[0].set_ylabel("share of pixels that are cell")
    return figure


def cell_calibration_figure(diagrams: pd.DataFrame, *, title: str) -> Figure:
    """Draws reliability diagrams of "this cell is real", with Clopper–Pearson bands.

    Args:
        diagrams: As :class:`atelier.segmentation.CellCalibration` has them.
        title: Of the figure.
    """
    with house_style():
        figure = Figure(figsize=(7, 3.5))
        set_title(figure, title)
        panels = figure.subplots(1, len(MATCH_TITLES), sharey=True)
        for panel, (scale, heading) in zip(panels, MATCH_TITLES.items(), strict=True):
            bins = diagrams[diagrams["scale"] == scale]
            error = np.abs(bins[["low", "high"]].to_numpy().T - bins["frequency"].to_numpy())
            panel.plot([0, 1], [0, 1], "--", color=INK, linewidth=0.8)
            panel.errorbar(
                bins["probability"], bins["frequency"], yerr=error, fmt="o-", color=ACCENT,
                ms=4, capsize=2, linewidth=0.8,
            )  # fmt: skip
            for row in bins.to_dict("records"):
                panel.annotate(
                    f"{row['count']:.0f}", (row["probability"], row["frequency"]), size=6,
                    xytext=(4, -7), textcoords="offset points",
                )  # fmt: skip
            panel.set(xlabel="predicted probability that the cell is real", xlim=(0, 1.04))
            panel.set_ylim(0, 1.04)
            ece = f": ECE {bins['ece'].iloc[0]:.1%}" if len(bins) else ": no cells"
            panel.set_title(heading + ece, size=9)
        panels[0].set_ylabel("share that matches a true cell, IoU > 0.5")
    return figure
