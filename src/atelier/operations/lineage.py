"""Derives from the datasets which pipeline needs which."""

from collections.abc import Callable, Mapping

from kedro.pipeline import Pipeline


def upstream_pipelines(
    pipelines: Mapping[str, Pipeline], identity: Callable[[str], str] = str
) -> dict[str, list[str]]:
    """Returns for each pipeline the pipelines that make its inputs.

    Args:
        pipelines: Pipelines by name; none of them contains another.
        identity: Maps a dataset's name to what it stands for, such as a registered model.
    """
    inputs = {name: set(map(identity, item.inputs())) for name, item in pipelines.items()}
    outputs = {name: set(map(identity, item.all_outputs())) for name, item in pipelines.items()}
    return {
        name: [maker for maker in pipelines if maker != name and inputs[name] & outputs[maker]]
        for name in pipelines
    }
