"""What the tests of activation maximization share."""

from atelier.activation_maximization.params import AscentParams

SHAPE = (6, 5, 1)
FREE = AscentParams(
    steps=60,
    rate=0.1,
    l2=0.0,
    variation=0.0,
    jitter=0,
    blur=0.0,
    blur_every=1,
    clip=True,
    parametrization="pixels",
    diversity=0.0,
)


def ascent_params(**changes):
    """Returns parameters of an ascent without regularisation, with these changes."""
    return FREE.model_copy(update=changes)
