"""The record of a data set's origin."""

from collections.abc import Mapping
from typing import Any

from atelier.data.checks import splits_digest
from atelier.data.params import SPLITS, SourceParams, SplitParams
from atelier.data.reading import Source
from atelier.types import Arrays


def provenance_record(
    source: Source, params: SourceParams, splits: Mapping[str, Arrays], shares: SplitParams
) -> dict[str, Any]:
    """Returns the origin, the digest and the sizes of the splits of a source.

    Args:
        source: The labelled images as they were read.
        params: Parameters of the source.
        splits: ``images`` and ``labels`` of each split.
        shares: Parameters of the splits.

    Returns:
        A record of JSON types: ``name, source, citation, digest, classes, counts, splits``; of a
        user's data also its content's digest, images of each class, unreadable files, duplicates.
    """
    record = {
        "name": source.name,
        "source": params.source,
        "citation": source.citation,
        "digest": splits_digest(splits),
        "classes": list(source.classes),
        "counts": {name: len(splits[name]["labels"]) for name in SPLITS},
        "splits": shares.model_dump(),
    }
    return record | dict(source.record)


def input_rule(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Returns how the pictures of a user became images, for a model that is trained on them.

    Args:
        provenance: The record of the images.

    Returns:
        ``resize`` and ``background``; nothing where the source is published.

    Examples:
        >>> input_rule({"images": {"resize": "crop", "background": "black", "side": 28}})
        {'resize': 'crop', 'background': 'black'}
    """
    images = provenance.get("images", {})
    return {name: images[name] for name in ("resize", "background") if name in images}
