"""The grid and its data."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.project import ROOT

from atelier.sweep.plan import Plan, check_data
from atelier.sweep.splits import make_splits


def test_the_grid_is_every_combination_once_with_rates_even_in_their_logarithm(tiny_plan):
    members = tiny_plan.members()
    assert len(members) == len(members.drop_duplicates()) == 2 * 2 * 3 * 2
    np.testing.assert_allclose(tiny_plan.learning_rates, [1e-3, 1e-2, 1e-1])


@pytest.mark.parametrize("chunk", [1, 4, 5, 100])
def test_chunks_are_the_grid_cut_into_pieces_of_one_optimizer_and_one_seed(tiny_plan, chunk):
    chunks = replace(tiny_plan, chunk=chunk).chunks()
    pd.testing.assert_frame_equal(pd.concat(chunks), tiny_plan.members())
    assert all(len(piece) <= chunk for piece in chunks)
    assert all(len(piece[["optimizer", "seed"]].drop_duplicates()) == 1 for piece in chunks)


def test_an_epoch_shows_each_image_once_and_the_next_one_in_another_order(tiny_plan):
    plan = replace(tiny_plan, steps=None)
    once = plan.order(160, seed=0)
    assert sorted(once.ravel()) == list(range(160))
    twice = replace(plan, steps=40).order(160, seed=0)
    np.testing.assert_array_equal(twice[:20], once)
    assert sorted(twice[20:].ravel()) == list(range(160))
    assert (twice[20:] != once).any()
    assert (plan.order(160, seed=1) != once).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizers": ("sgd", "lamb")}, r"optimizers among .* Received: \['lamb'\]"),
        ({"optimizers": ()}, "one or more different optimizers"),
        ({"dropouts": (1.0,)}, r"dropouts in \[0, 1\). Received: \(1.0,\)"),
        ({"lowest_rate": 0.0}, "0 < lowest_rate ≤ highest_rate"),
        ({"lowest_rate": 1.0}, r"Received: \(1.0, 0.1\)"),
        ({"seeds": (1, 1)}, "different seeds"),
        ({"seeds": (2**32,)}, "seeds in"),
        ({"rates": 0}, "rates > 0. Received: 0"),
        ({"steps": 0}, "steps > 0 or null"),
        ({"schedules": ("steep",)}, r"schedules among .* Received: \['steep'\]"),
        ({"schedules": ("linear", "linear")}, "different schedules"),
        ({"weight_decays": (0.1,)}, r"weight_decays: null .* Received: \['sgd', 'adam'\]"),
        ({"optimizers": ("adamw",), "weight_decays": (-0.1,)}, "weight_decays ≥ 0"),
    ],
)
def test_an_invalid_plan_raises_an_error_that_names_the_expected_value(tiny_plan, change, message):
    with pytest.raises(ValueError, match=message):
        replace(tiny_plan, **change)


def test_data_that_does_not_fit_is_refused(sweep_data):
    check_data(sweep_data)
    with pytest.raises(ValueError, match="none named test_labels"):
        check_data({k: v for k, v in sweep_data.items() if k != "test_labels"})
    with pytest.raises(ValueError, match=r"uint8, the same shape.*Received: .* float64"):
        check_data(sweep_data | {"test_images": sweep_data["test_images"] / 255})
    with pytest.raises(ValueError, match="selection_labels"):
        check_data(sweep_data | {"selection_labels": sweep_data["test_labels"]})


def part(values):
    values = np.asarray(values)
    images = np.tile(values.reshape(-1, 1, 1, 1), (1, 2, 2, 1)).astype(np.uint8)
    return {"images": images, "labels": values}


@pytest.mark.parametrize(("train", "trained"), [(None, 6), (4, 4), (8, 8)])
def test_what_is_not_trained_on_is_shared_between_selection_and_test(train, trained):
    parts = [part(range(4)), part(range(4, 6))]
    splits = make_splits(parts, part(range(6, 12)), train=train, selection=0.5, seed=0)
    sizes = [len(splits[f"{split}_labels"]) for split in ("train", "selection", "test")]
    assert sizes == [trained, (12 - trained) // 2, (12 - trained) // 2]
    joined = np.concatenate([splits[f"{s}_labels"] for s in ("train", "selection", "test")])
    assert sorted(joined) == list(range(12))
    first = min(trained, 6)
    assert splits["train_labels"][:first].tolist() == list(range(first))
    assert (splits["train_labels"] == splits["train_images"].T).all()


def test_training_on_everything_is_refused():
    with pytest.raises(ValueError, match=r"train ≤ 2, two less than there are. Received: 3"):
        make_splits([part(range(2))], part(range(2)), train=3, selection=0.5, seed=0)


def test_schedules_and_decays_are_axes_whose_columns_appear_only_where_they_vary(tiny_plan):
    assert not {"schedule", "weight_decay"} & set(tiny_plan.members())
    changed = {"schedules": ("constant", "linear"), "weight_decays": (0.0, 0.1, 1.0)}
    plan = replace(tiny_plan, optimizers=("adamw", "muon"), **changed)
    members = plan.members()
    assert len(members) == len(members.drop_duplicates()) == 2 * len(tiny_plan.members()) * 3
    assert set(members["schedule"]) == {"constant", "linear"}
    assert set(members["weight_decay"]) == {0.0, 0.1, 1.0}
    assert Plan(**plan.as_dict()) == plan


def test_an_optimizer_without_a_rate_is_trained_once_for_each_seed_and_dropout(tiny_plan):
    members = replace(tiny_plan, optimizers=("l_dog", "sgd")).members()
    rate_free = members[members["optimizer"] == "l_dog"]
    assert len(rate_free) == 2 * 2
    assert (rate_free["learning_rate"] == 1).all()


def test_the_whole_study_that_is_stored_is_still_that_of_its_plan():
    """Its folder is named by a digest of these fields."""
    stored = json.loads((ROOT / "results/sweep/75f6a7f66d01/study.json").read_text())["plan"]
    activations = stored.pop("activations")
    fields = Plan(**stored).as_dict() | {"activations": activations}
    assert json.loads(json.dumps(fields)) == stored | {"activations": activations}
