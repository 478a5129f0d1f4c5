"""A parameter by its short or its long name, from the command line, a session or a file."""

import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from kedro.validation import ParameterValidationError, TypeExtractor
from PIL import Image
from support.project import ROOT

from atelier.configuration.arguments import parse_parameters
from atelier.configuration.checks import check_names, misspelt_names, unknown_parameters
from atelier.configuration.loader import ProjectConfigLoader
from atelier.pipeline_registry import register_pipelines
from atelier.settings import CONFIG_LOADER_ARGS

PIPELINES = register_pipelines()


def load(text: str = "", *, conf: Path = ROOT / "conf", env: str = "test") -> ProjectConfigLoader:
    """As `kedro run --params TEXT` does; conf/local, which belongs to a user, is left out."""
    loader = ProjectConfigLoader(
        str(conf), env=env, runtime_params=parse_parameters(text), **CONFIG_LOADER_ARGS
    )
    loader._has_local = lambda folder: "local" in folder and conf != ROOT / "conf"
    return loader


def complaints(text: str) -> list[str]:
    loader = load(text)
    loader["parameters"]
    return list(unknown_parameters(loader, PIPELINES))


@pytest.mark.parametrize(
    "text",
    [
        "picture=mine.png,picture.otsu.resamples=30",
        "picture.otsu.resamples=30,picture=mine.png",
        "picture.otsu={resamples: 30},short.picture=mine.png",
        "picture={otsu: {resamples: 30}},short.picture=mine.png",
    ],
)  # fmt: skip
def test_a_picture_and_a_number_of_its_group_are_both_heard(text):
    loader = load(text)
    assert loader["catalog"]["picture.image"]["source"] == "mine.png"
    assert loader["parameters"]["picture"]["otsu"]["resamples"] == 30
    assert loader["parameters"]["picture"]["otsu"]["block"] == 16


@pytest.mark.parametrize("text", ["style=a.jpg,style.style.transfer.style_weight=7",
                                  "style.style.transfer.style_weight=7,style=a.jpg"])  # fmt: skip
def test_a_style_and_its_weight_are_both_heard(text):
    loader = load(text)
    assert loader["catalog"]["style.styles"]["sources"]["style"] == "a.jpg"
    assert loader["parameters"]["style"]["style"]["transfer"]["style_weight"] == 7


def test_every_short_name_is_heard_beside_every_group():
    """All that conf/ asks for, each with a parameter of each group, in both orders."""
    loader = load()
    groups = loader["parameters"]
    asked = loader.requested_names()
    names = {name.removeprefix("short.") for name in asked if name.startswith("short.")}
    assert names >= {"picture", "photo", "content", "style", "seed", "source", "mirror", "batch"}
    leaves = {group: next(iter(groups[group])) for group in groups}
    longs = {f"{group}.{name}": f"{group}7" for group, name in leaves.items()}
    shorts = {name: f"{name}7" for name in names}
    for given in (shorts | longs, longs | shorts):
        text = ",".join(f"{name}={value}" for name, value in given.items())
        parameters = load(text)["parameters"]  # read anew each time
        assert parameters["short"] == shorts
        for group, name in leaves.items():
            assert parameters[group][name] == f"{group}7"


@pytest.mark.parametrize(
    ("text", "digits", "characters"),
    [
        ("data=/a", "/a", "/a"),
        ("digits.data=/a", "/a", None),
        ("data=/a,characters.data=/b", "/a", "/b"),
        ("digits.user_data.data=/a", "/a", None),
    ],
)
def test_own_data_are_for_both_namespaces_or_for_one(text, digits, characters):
    assert complaints(text) == []
    parameters = load(text)["parameters"]
    assert parameters["digits"]["user_data"]["data"] == digits
    assert parameters["characters"]["user_data"]["data"] == characters


@pytest.mark.parametrize(
    "text",
    [
        "seed=1,source=mirror,mirror=/d,fold=2,photo=x,content=y,style=z,weights=w,colours=style",
        "cells=x,cells.splits.test=3,images=y,method=otsu,output=z,segment.application.unreadable=0",
        "picture=x,batch=b.npz,cluster=tcp://h:1,short.seed=3",
        "digits.shift.levels.mine=[1],characters.capacity.changes.mine=[1]",
        "digits.ascent.presets.mine={steps: 1},digits.ascent.presets.mine.blur=2",
        "dropout.weight_updates.rates.Mine=0.1,digits.promotion.margins.accuracy=0.1,sweep.runs=all",
    ],
)
def test_what_the_project_knows_passes(text):
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "sead=3",
            ["'sead'. Did you mean 'seed'? Short names: background, batch, cells, channels"],
        ),
        ("picure=x.png", ["Did you mean 'picture'?"]),
        ("picture.otzu.classes=2", ["Did you mean 'picture.otsu'? Known in 'picture'"]),
        ("digits.trainign.epochs=2", ["Did you mean 'digits.training'?"]),
        ("digits.training.epohcs=2", ["Did you mean 'digits.training.epochs'?"]),
        ("digits.training.augmentation.degres=2", ["'digits.training.augmentation.degrees'?"]),
        ("digits.ascent.presets.mine.blurr=2", ["Did you mean 'digits.ascent.presets.mine.blur'?"]),
        ("digits=3", ["That is a group, such as digits."]),
        ("resamples=3", ["Did you mean '"]),
        ("style.style.transfer.weight=3,nowhere=1,seed=2", ["style_weight'", "'nowhere'. Short"]),
    ],
)
def test_what_it_does_not_know_stops_it_with_a_suggestion(text, expected):
    said = complaints(text)
    assert len(said) == len(expected)
    for words, complaint in zip(sorted(expected), sorted(said), strict=True):
        assert words in complaint, complaint


def test_every_parameter_of_every_environment_may_be_said_by_its_name():
    typed = TypeExtractor(PIPELINES).extract_types_from_pipelines()
    assert len(typed) > 40
    for env in ("base", "full", "post", "cluster", "test"):
        plain = load(env=env)
        parameters = plain["parameters"]
        assert list(misspelt_names(plain, PIPELINES)) == []
        loader = load(env=env)
        loader.runtime_params = parameters
        loader["parameters"]
        assert list(unknown_parameters(loader, PIPELINES)) == []


def test_a_misspelt_name_in_a_file_of_an_environment_is_told(tmp_path, monkeypatch):
    """And one that resembles nothing is left alone: interpolation may need it."""
    monkeypatch.setattr("atelier.configuration.checks.pipelines", PIPELINES)
    (tmp_path / "base").symlink_to(ROOT / "conf" / "base")
    for folder, text in (
        ("mine", "digits: {trainign: {epochs: 2}}\nrate: 3\n_style_: 1\n"),
        ("local", "digtis: {training: {epochs: 2}}\nstore: {password: x}\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "parameters.yml").write_text(text)
    loader = load(conf=tmp_path, env="mine")
    loader.check = check_names
    with pytest.raises(ParameterValidationError) as caught:
        loader["parameters"]
    mine, local = sorted(str(caught.value).splitlines(), key=len, reverse=True)
    assert mine.startswith("conf/mine: ")
    assert "Did you mean 'digits.training'?" in mine
    assert local.startswith("conf/local: ")
    assert "Did you mean 'digits'?" in local


def test_a_run_hears_files_quotes_and_local_values_and_its_command_does_it_again(fresh, tmp_path):
    """End to end: MLflow has what was said; the recorded command leaves the same record."""
    path = tmp_path / "a, b #1.png"
    Image.fromarray(np.tile(np.repeat(np.uint8([10, 120, 200]), 20), (40, 1))).save(path)
    source = tmp_path / "other conf"
    shutil.copytree(fresh.folder / "conf", source)
    (source / "local" / "parameters.yml").write_text("picture: {otsu: {block: 8, classes: [3]}}\n")
    (tmp_path / "run.yml").write_text(
        f"run:\n  env: test\n  pipelines: thresholding\n  namespaces: picture\n"
        f"  conf_source: {source}\n  only_missing_outputs: true\n"
        f"  params:\n    picture: '{path}'\n    picture.otsu: {{resamples: 30, classes: [2, 3]}}\n"
    )
    fresh.kedro("run", "--config", str(tmp_path / "run.yml"))
    (first,) = fresh.experiments("thresholding", "picture")
    assert first.info.run_name == "thresholding · picture · resamples 30 · classes [2, 3]"
    assert first.data.params["otsu.resamples"] == "30"
    assert first.data.params["otsu.classes"] == "(2, 3)"
    assert first.data.params["otsu.block"] == "8"
    assert first.data.metrics["otsu/pixels"] == 2400
    command = first.data.tags["kedro_command"]
    assert f"--conf-source '{source}'" in command
    shutil.rmtree(fresh.path("08_reporting"))
    fresh.kedro(*shlex.split(command)[1:])
    second, _ = fresh.experiments("thresholding", "picture")
    assert second.data.tags["kedro_command"] == command
    assert second.data.params == first.data.params
    assert second.data.metrics == first.data.metrics
