from .batches import to_unit
from .fitting import fit, logits_of
from .networks import build, post_network, strong_network
from .params import AugmentationParams, MachineParams, NetworkParams, TrainingParams
from .reproducibility import make_reproducible
from .serving import serving_model

__all__ = [
    "AugmentationParams",
    "MachineParams",
    "NetworkParams",
    "TrainingParams",
    "build",
    "fit",
    "logits_of",
    "make_reproducible",
    "post_network",
    "serving_model",
    "strong_network",
    "to_unit",
]
