"""Who becomes champion: planted answers, a registry in memory and a real one."""

import multiprocessing
from contextlib import contextmanager

import mlflow
import numpy as np
import pytest
from support.patience import PATIENCE

from atelier.datasets.registry import ModelRegistry, RegistryDataset
from atelier.promotion.comparison import Evaluation, compare_models, is_no_worse
from atelier.promotion.decision import promote, roll_back
from atelier.promotion.params import MarginParams, PromotionParams

MARGINS = MarginParams(accuracy=0.01, nll=0.05, ece=0.02, latency=0.25)
PARAMS = PromotionParams(margins=MARGINS, resamples=100, turns=5, batch=10, seed=0)
N, CLASSES = 1000, 5


def answers(
    *, right: float, confidence: float = 0.8, slow: float = 1.0, seed: int = 0
) -> Evaluation:
    """A model that is right on a share of the images, always equally sure."""
    rng = np.random.default_rng(seed)
    hit = rng.random(N) < right
    said = np.where(hit, LABELS, (LABELS + 1) % CLASSES)
    probabilities = np.full((N, CLASSES), (1 - confidence) / (CLASSES - 1))
    probabilities[np.arange(N), said] = confidence
    return Evaluation(probabilities, slow * (1 + 0.01 * rng.random(20)))


LABELS = np.arange(N) % CLASSES


def verdicts(new: Evaluation, old: Evaluation) -> dict[str, str]:
    return compare_models(new, old, LABELS, PARAMS).set_index("measure")["verdict"].to_dict()


def test_a_model_beside_itself_is_no_worse_and_gains_exactly_nothing():
    one = answers(right=0.8)
    table = compare_models(one, one, LABELS, PARAMS)
    assert is_no_worse(table)
    assert set(table["verdict"]) == {"no worse"}
    assert (table[["gain", "low", "high"]].iloc[:3] == 0).all(axis=None)


@pytest.mark.parametrize(
    ("change", "worse"),
    [
        ({"right": 0.7}, {"accuracy", "nll", "ece"}),
        ({"right": 0.8, "confidence": 0.99}, {"nll", "ece"}),
        ({"right": 0.8, "slow": 2.0}, {"latency"}),
    ],
)
def test_what_is_planted_to_be_worse_is_called_worse_and_the_way_round_better(change, worse):
    old, new = answers(right=0.8), answers(**change)
    assert {name for name, word in verdicts(new, old).items() if word == "may be worse"} == worse
    assert {name for name, word in verdicts(old, new).items() if word == "better"} == worse
    assert not is_no_worse(compare_models(new, old, LABELS, PARAMS))


def test_the_values_are_those_computed_by_hand():
    row = compare_models(answers(right=1.0), answers(right=0.0), LABELS, PARAMS).set_index(
        "measure"
    )
    assert row.loc["accuracy", "gain"] == 1
    assert row.loc["nll", "challenger"] == pytest.approx(-np.log(0.8))
    assert row.loc["nll", "champion"] == pytest.approx(-np.log(0.05))
    assert row.loc["ece", "gain"] == pytest.approx(0.8 - 0.2)


def test_pairing_makes_a_small_difference_significant():
    """10 of 1,000 images more: unpaired, 1 % ± 4 % would not be significant."""
    old = answers(right=0.7)
    better = old.probabilities.copy()
    wrong = np.flatnonzero(old.probabilities.argmax(1) != LABELS)[:10]
    better[wrong] = 0.05
    better[wrong, LABELS[wrong]] = 0.8
    row = compare_models(Evaluation(better, old.milliseconds), old, LABELS, PARAMS).iloc[0]
    assert row["gain"] == pytest.approx(0.01)
    assert 0 < row["low"] < row["high"] < 0.02


class InMemory:
    """A registry whose versions are shares of right answers."""

    name = "shares"

    def __init__(self, *shares: float, champion: str | None = None) -> None:
        self.shares, self.now = list(shares), champion
        self.over, self.out, self.notes = {}, set(), {}

    @contextmanager
    def lock(self):
        yield

    def newest(self):
        return str(len(self.shares))

    def champion(self):
        return self.now

    def is_rolled_back(self, version):
        return version in self.out

    def model(self, version):
        said = answers(right=self.shares[int(version) - 1]).probabilities
        return lambda images: said[: len(images)]

    def record_verdict(self, version, verdict):
        self.notes[version] = verdict

    def set_champion(self, version, verdict):
        self.over[version], self.now = self.now, version
        self.record_verdict(version, verdict)

    def roll_back(self):
        before, rolled_back = self.over.get(self.now), self.now
        if before is None:
            return None
        self.out.add(rolled_back)
        self.now = before
        return rolled_back, before


TEST = {"images": np.zeros((N, 2, 2, 1), np.uint8), "labels": LABELS}
LENIENT = PARAMS.model_copy(update={"margins": MARGINS.model_copy(update={"latency": 100.0})})


@pytest.mark.parametrize(
    ("shares", "before", "after", "words"),
    [
        ((0.8,), None, "1", "Version 1 is the first champion"),
        ((0.8,), "1", "1", "Version 1 is the champion already"),
        ((0.7, 0.8), "1", "2", "Version 2 replaces version 1"),
        ((0.8, 0.8), "1", "2", "better or no worse by every measure"),
        ((0.9, 0.8), "1", "1", "version 2 may be worse by accuracy, nll"),
    ],
)
def test_the_alias_moves_only_for_what_is_no_worse(shares, before, after, words):
    registry = InMemory(*shares, champion=before)
    decision = promote(registry, TEST, LENIENT)
    assert registry.now == after
    assert decision.promoted == (before != after)
    assert words in registry.notes[registry.newest()]
    assert f"n = {N:,} held-out images" in decision.verdict


def test_a_version_that_was_rolled_back_is_not_promoted():
    registry = InMemory(0.8, 0.9, champion="1")
    registry.out.add("2")
    assert not promote(registry, TEST, LENIENT).promoted
    assert registry.now == "1"
    assert "rolled back" in registry.notes["2"]


def test_a_rollback_says_what_it_did_or_that_there_is_nothing_to_do():
    registry = InMemory(0.8, 0.9, champion="2")
    registry.over["2"] = "1"
    assert roll_back(registry) == (
        True, "shares: version 2 is rolled back, version 1 is champion."
    )  # fmt: skip
    assert registry.now == "1"
    changed, text = roll_back(registry)
    assert not changed
    assert "nothing to roll back" in text


# The real one.


@pytest.fixture
def registry(run, tmp_path):
    client = mlflow.MlflowClient()
    client.create_registered_model("shares")
    for _ in range(3):
        client.create_model_version("shares", source=run.info.artifact_uri, run_id=run.info.run_id)
    return ModelRegistry("shares", tmp_path / "locks" / "champion.lock")


def test_promoting_and_rolling_back_move_the_alias_and_lose_no_version(registry):
    client = mlflow.MlflowClient()
    assert registry.newest() == "3"
    assert registry.champion() is None
    assert registry.roll_back() is None
    registry.set_champion("1", "first")
    registry.set_champion("3", "Version 3 takes over.\n\nnumbers")
    assert registry.champion() == "3"
    version = client.get_model_version("shares", "3")
    assert version.tags["promotion.verdict"] == "Version 3 takes over."
    assert "numbers" in version.description
    registry.record_verdict("3", "said again")
    assert client.get_model_version("shares", "3").description.count("## Promotion") == 1
    assert registry.roll_back() == ("3", "1")
    assert registry.champion() == "1"
    assert registry.is_rolled_back("3")
    assert not registry.is_rolled_back("1")
    assert registry.roll_back() is None
    assert len(client.search_model_versions("name='shares'")) == 3


def test_a_model_without_versions_names_the_pipeline_to_run_first(run, tmp_path):
    from kedro.io import DatasetError

    empty = RegistryDataset(name="nobody", lock=str(tmp_path / "lock")).load()
    with pytest.raises(DatasetError, match="kedro run --pipeline calibration"):
        empty.newest()
    with pytest.raises(DatasetError, match="to be loaded only. Received: save"):
        RegistryDataset(name="nobody", lock=str(tmp_path / "lock")).save({})


def _add_one(lock, counter, times):
    registry = ModelRegistry("shares", lock)
    for _ in range(times):
        with registry.lock():
            counter.write_text(str(int(counter.read_text()) + 1))


def test_of_promotions_at_once_none_is_lost(tmp_path):
    """Four processes add to one file a hundred times each; without the lock, sums go missing."""
    counter, lock = tmp_path / "counter", tmp_path / "lock"
    counter.write_text("0")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add_one, args=(lock, counter, 100)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE)
    assert counter.read_text() == "400"


def test_a_champion_of_other_classes_is_not_compared_but_named():
    class OfOtherClasses(InMemory):
        def model(self, version):
            said = np.eye(int(version) + 2)[np.zeros(N, int)]
            return lambda images: said[: len(images)]

    registry = OfOtherClasses(0.5, 0.5, champion="1")
    test = {"images": np.zeros((N, 1, 1, 1), np.uint8), "labels": np.zeros(N, int)}
    with pytest.raises(ValueError, match=r"Received: 4 and 3 classes.*registry=NAME"):
        promote(registry, test, PARAMS)
