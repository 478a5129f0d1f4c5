"""Which pipeline needs which: read from the datasets, typed nowhere."""

from collections.abc import Callable, Mapping

from kedro.pipeline import Pipeline


def upstream_pipelines(
    pipelines: Mapping[str, Pipeline], identity: Callable[[str], str] = str
) -> dict[str, list[str]]:
    """The pipelines that make what each pipeline reads and does not make itself.

    Args:
        pipelines: By name; none of them the sum of others.
        identity: What a dataset's name stands for: two names of one registered model are one.
    """
    reads = {name: {identity(data) for data in one.inputs()} for name, one in pipelines.items()}
    makes = {
        name: {identity(data) for data in one.all_outputs()} for name, one in pipelines.items()
    }
    return {
        name: [other for other in pipelines if other != name and reads[name] & makes[other]]
        for name in pipelines
    }
