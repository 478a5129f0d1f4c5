"""The commands of the guide to images of cells run, on small data in every place they name."""

import shlex
import shutil

import numpy as np
import pandas as pd
from PIL import Image
from support.project import ROOT

from atelier.cells.samples import draw_cells

GUIDE = ROOT / "docs" / "own_data" / "cells.md"


def commands() -> list[list[str]]:
    lines = GUIDE.read_text("utf-8").splitlines()
    return [shlex.split(line)[3:] for line in lines if line.startswith("$ kedro run ")]


def save(path, *arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *others = map(Image.fromarray, arrays)
    more = {"save_all": True, "append_images": others} if others else {}
    first.save(path, **more)


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def write_data(folder):
    """Labelled nuclei of several sizes and 16 bits with a test folder; a plate with a stack."""
    for part, count, seed in (("train", 5, 0), ("test", 2, 9)):
        for index in range(count):
            drawn = draw_cells(1, (40 + 4 * index, 48), seed=seed + index)
            image = drawn.images[0, ..., 0].astype(np.uint16) * 200
            save(folder / "nuclei" / part / "images" / f"{index}.png", image)
            save(folder / "nuclei" / part / "masks" / f"{index}.tif", drawn.labels[0])
    drawn = draw_cells(4, (48, 64), seed=30)
    save(folder / "plate" / "deep" / "z.tif", *drawn.images[:3, ..., 0])
    save(folder / "plate" / "a.png", drawn.images[3, ..., 0])
    shutil.make_archive(str(folder / "plate"), "zip", folder / "plate")
    return drawn


def test_the_commands_of_the_guide_run_on_small_data(fresh):
    drawn = write_data(fresh.folder)
    train, by_unet, by_otsu = commands()
    fresh.kedro("run", "--env", "test", *train)
    scores = pd.read_parquet(fresh.path("08_reporting", "test", "cells", "scores_table.parquet"))
    assert sorted(scores["image"].unique()) == ["0", "1"]
    assert set(scores["method"]) == {"otsu", "em", "unet", "unweighted", "combined"}
    matching = pd.read_parquet(
        fresh.path("08_reporting", "test", "cells", "matching_table.parquet")
    )
    assert set(matching["method"]) == set(scores["method"])
    assert set(matching["averaging"]) == {"pooled", "pictures"}
    assert {"average_precision", "panoptic_quality", "matched_iou"} <= set(matching["measure"])
    assert matching["overlap"].nunique() == 10
    said = fresh.kedro("run", "--env", "test", *by_unet)
    (folder,) = fresh.path("07_model_output", "test", "segment").iterdir()
    assert f"cells.csv are in {folder}" in said.replace("\n", " ")
    names = ["a", "deep/z_page0001", "deep/z_page0002", "deep/z_page0003"]
    for name in names:
        assert pixels(folder / "labels" / f"{name}.tif").dtype == np.uint16
        assert pixels(folder / "outlines" / f"{name}.png").shape == (48, 64)
        assert pixels(folder / "overlays" / f"{name}.png").shape == (48, 64, 3)
    fresh.kedro("run", "--env", "test", *by_otsu)
    images = pd.read_csv(fresh.folder / "results" / "images.csv", keep_default_na=False)
    assert images["result"].tolist() == names
    truth = [drawn.labels[index].max() for index in (3, 0, 1, 2)]
    assert abs(images["cells"].sum() - sum(truth)) <= 8
    table = pd.read_csv(fresh.folder / "results" / "cells.csv")
    assert list(table) == [
        "image", "page", "label", "area", "centroid_y", "centroid_x", "mean_intensity",
        "probability", "match_probability",
    ]  # fmt: skip
    runs = fresh.runs()
    (latest,) = [run for run in runs if run.data.tags.get("pipeline") == "segment"][:1]
    artifacts = {item.path for item in fresh.client().list_artifacts(latest.info.run_id, "segment")}
    assert artifacts == {
        "segment/cells_table.parquet", "segment/contact_sheet.png", "segment/images_table.parquet",
    }  # fmt: skip
