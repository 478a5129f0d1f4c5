"""Models as they are served: stored images in, logits out."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers

from atelier.data.class_names import classes_tag
from atelier.data.provenance import input_rule
from atelier.evaluation.classification import CLASSIFIER_MEASURES
from atelier.evaluation.intervals import interval_text
from atelier.training.batches import UNIT
from atelier.types import Images, Metrics, Servable


def serving_model(model: keras.Model) -> keras.Model:
    """Returns the same network for images as they are stored (uint8, 0 … 255); logits out.

    Examples:
        >>> import keras
        >>> import numpy as np
        >>> from atelier.training import serving_model
        >>> image = keras.Input((2, 2, 1))
        >>> model = keras.Model(image, keras.layers.GlobalMaxPooling2D()(image))
        >>> served = serving_model(model)
        >>> np.asarray(served(np.full((1, 2, 2, 1), 51, np.uint8))).round(3)
        array([[0.2]], dtype=float32)
    """
    image = keras.Input(model.input_shape[1:], dtype="uint8", name="images")
    return keras.Model(image, model(layers.Rescaling(UNIT)(image)), name=f"{model.name}_serving")


def servable_classifier(
    model: Any, example: Images, metrics: Metrics, provenance: Mapping[str, Any]
) -> Servable:
    """Returns a classifier as it is registered, with a description that states its measures.

    Args:
        model: Takes images in [0, 1], returns logits.
        example: Some images, (n, height, width, channels) uint8.
        metrics: Of :func:`atelier.evaluation.classification_metrics`, on the test split.
        provenance: ``name``, ``digest`` and ``classes`` of the data.

    Returns:
        The serving model, the example with its prediction, the description, tags and metrics.
    """
    served, classes = serving_model(model), provenance["classes"]
    measures = {name: interval_text(metrics, name) for name in CLASSIFIER_MEASURES}
    description = (
        f"Classifies {len(classes)} classes of {provenance['name']}: "
        f"uint8 images in, logits out, class i is `classes` tag's i-th. Test accuracy "
        f"{measures['accuracy']}; NLL in nats {measures['nll']}; ECE {measures['ece']}."
    )
    tags = {
        "source": provenance["name"],
        "digest": provenance["digest"],
        "classes": classes_tag(classes),
    } | {f"test_{name}": text for name, text in measures.items()}
    images = np.asarray(example)
    prediction = served.predict(images, verbose=0)
    return Servable(
        model=served,
        example=images,
        prediction=prediction,
        description=description,
        tags=tags,
        metrics=metrics,
        digest=provenance["digest"],
        input_rule=input_rule(provenance),
    )
