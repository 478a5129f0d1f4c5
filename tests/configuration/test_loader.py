"""conf/local over every environment over base: worked out by hand for each kind of file."""

import tarfile
import zipfile
from pathlib import Path

import pytest
from kedro.config import MissingConfigException, OmegaConfigLoader

from atelier.configuration.loader import ProjectConfigLoader
from atelier.settings import CONFIG_LOADER_ARGS, CONFIG_LOADER_CLASS

FILES = {
    "base/globals.yml": "env: base\nkeep: 1\n",
    "base/parameters.yml": "a: {x: 1, y: 1, z: 1, who: '${globals:env}'}\n",
    "base/catalog.yml": "one: {type: base, filepath: f}\ntwo: {type: base}\n",
    "base/mlflow.yml": "server: {uri: base, other: base}\n",
    "base/schedules.yml": "nightly: {cron: base, retries: 1}\n",
    "full/globals.yml": "env: full\n",
    "full/deep/parameters.yml": "a: {y: 2, z: 2}\n",
    "full/catalog.yml": "two: {type: full}\n",
    "full/credentials.yml": "db: {user: full, host: full}\n",
}
LOCAL = {
    "local/globals.yml": "env: local\n",
    "local/parameters.yml": "a: {z: 3}\nb: {mine: '${runtime_params:short.seed,0}'}\n",
    "local/catalog.yml": "one: {type: local}\n",
    "local/mlflow.yml": "server: {uri: local}\n",
    "local/schedules.yml": "nightly: {cron: local}\n",
    "local/credentials.yml": "db: {password: '${oc.env:PLANTED}'}\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / "conf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "conf"


def as_archive(conf: Path, kind: str) -> Path:
    """As `kedro package` makes it: one folder, named conf, in an archive of files."""
    path = conf.parent / f"conf.{kind}"
    files = [(file, file.relative_to(conf.parent)) for file in conf.rglob("*.yml")]
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file, name in files:
                archive.write(file, name)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for file, name in files:
                archive.add(file, name)
    return path


def load(source: Path, env: str | None, **given) -> ProjectConfigLoader:
    return ProjectConfigLoader(str(source), env=env, runtime_params=given, **CONFIG_LOADER_ARGS)


def test_the_project_uses_it():
    assert CONFIG_LOADER_CLASS is ProjectConfigLoader


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.gz"])
def test_local_lies_over_the_environment_and_that_over_base(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("PLANTED", "password7")
    conf = write(tmp_path, FILES | LOCAL)
    loader = load(conf if kind == "folder" else as_archive(conf, kind), "full", seed=5)
    assert loader["globals"] == {"env": "local", "keep": 1}
    parameters = loader["parameters"]
    assert parameters["a"] == {"x": 1, "y": 2, "z": 3, "who": "local"}
    assert parameters["b"] == {"mine": 5}
    assert loader["catalog"] == {"one": {"type": "local"}, "two": {"type": "full"}}
    assert loader["mlflow"] == {"server": {"uri": "local", "other": "base"}}
    assert loader["schedules"] == {"nightly": {"cron": "local"}}
    assert loader["credentials"] == {"db": {"password": "password7"}}


@pytest.mark.parametrize("env", [None, "base"])
def test_without_an_environment_local_lies_over_base(tmp_path, env):
    loader = load(write(tmp_path, FILES | LOCAL), env)
    assert loader["parameters"]["a"] == {"x": 1, "y": 1, "z": 3, "who": "local"}


def test_local_as_the_environment_is_read_once(tmp_path):
    loader = load(write(tmp_path, FILES | LOCAL), "local")
    assert loader["parameters"]["a"] == {"x": 1, "y": 1, "z": 3, "who": "local"}


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.gz"])
@pytest.mark.parametrize("env", [None, "full"])
def test_without_local_it_reads_what_kedro_reads(tmp_path, kind, env):
    conf = write(tmp_path, FILES)
    source = conf if kind == "folder" else as_archive(conf, kind)
    kedros = OmegaConfigLoader(str(source), env=env, **CONFIG_LOADER_ARGS)
    expected = {key: kedros[key] for key in ("globals", "parameters", "catalog", "mlflow")}
    ours = load(source, env)
    assert {key: ours[key] for key in expected} == expected


def test_credentials_in_local_alone_are_read_and_none_at_all_are_missing(tmp_path):
    conf = write(tmp_path, FILES | {"local/credentials.yml": "db: {password: x}\n"})
    (conf / "full" / "credentials.yml").unlink()
    for env in (None, "full"):
        assert load(conf, env)["credentials"] == {"db": {"password": "x"}}
    (conf / "local" / "credentials.yml").unlink()
    with pytest.raises(MissingConfigException):
        load(conf, "full")["credentials"]


def test_an_environment_without_a_folder_is_refused_with_local_there(tmp_path):
    with pytest.raises(MissingConfigException, match="fulll"):
        load(write(tmp_path, FILES | LOCAL), "fulll")["parameters"]


def test_a_key_twice_in_local_is_refused_and_once_there_and_once_below_is_not(tmp_path):
    conf = write(tmp_path, FILES | LOCAL)
    assert load(conf, "full")["parameters"]["a"]["z"] == 3
    (conf / "local" / "parameters_more.yml").write_text("a: {z: 4}\n")
    with pytest.raises(ValueError, match="Duplicate keys"):
        load(conf, "full")["parameters"]


def test_the_command_line_lies_over_local(tmp_path):
    conf = write(tmp_path, FILES | LOCAL)
    loader = load(conf, "full", **{"a.z": 9, "a": "short", "a.new": [1]})
    assert loader["parameters"]["a"] == {"x": 1, "y": 2, "z": 9, "who": "local", "new": [1]}
    assert loader.runtime_params["short"] == {"a": "short"}


def test_a_parameter_outside_of_groups_takes_its_short_name(tmp_path):
    files = {"local/parameters.yml": "rate: 1\nd: {twice: '${rate}'}\n"}
    parameters = load(write(tmp_path, FILES | files), "full", rate=2)["parameters"]
    assert parameters["rate"] == 2
    assert parameters["d"]["twice"] == 2


def test_files_are_read_anew_each_time(tmp_path):
    """In a notebook, or behind Kedro-Viz, one loader lives long."""
    conf = write(tmp_path, FILES | LOCAL)
    loader = load(conf, "full")
    assert loader["parameters"]["a"]["z"] == 3
    (conf / "local" / "parameters.yml").write_text("a: {z: 4}\n")
    assert loader["parameters"]["a"]["z"] == 4
    loader["parameters"] = {"set": 1}
    assert loader["parameters"] == {"set": 1}


def test_it_knows_what_was_written_and_what_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANTED", "password7")
    loader = load(write(tmp_path, FILES | LOCAL), "full")
    assert loader.requested_names() == {"short.seed"}
    loader["credentials"]
    assert loader.raw_files("parameters")["full"] == {"a": {"y": 2, "z": 2}}
    assert set(loader.raw_files("parameters")) == {"base", "full", "local"}
    assert loader.raw_files("credentials") == {}


def test_parameters_are_checked_before_anybody_gets_them(tmp_path):
    loader, checked = load(write(tmp_path, FILES | LOCAL), "full"), []
    loader.check = checked.append
    loader["catalog"]
    assert checked == []
    loader["parameters"]
    assert checked == [loader]


@pytest.mark.parametrize("key", ["globals", "parameters", "catalog", "mlflow", "schedules"])
def test_a_conf_local_without_files_changes_nothing(tmp_path, key):
    without = ProjectConfigLoader(str(write(tmp_path / "a", FILES)), "full", **CONFIG_LOADER_ARGS)
    conf = write(tmp_path / "b", FILES)
    (conf / "local").mkdir()
    assert ProjectConfigLoader(str(conf), "full", **CONFIG_LOADER_ARGS)[key] == without[key]
