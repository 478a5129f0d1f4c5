from .batches import to_unit
from .fitting import fit, predict_logits
from .networks import build_classifier, five_layer_cnn, two_layer_cnn
from .params import AugmentationParams, MachineParams, NetworkParams, TrainingParams
from .reproducibility import make_reproducible
from .serving import serving_model

__all__ = [
    "AugmentationParams",
    "MachineParams",
    "NetworkParams",
    "TrainingParams",
    "build_classifier",
    "fit",
    "five_layer_cnn",
    "make_reproducible",
    "predict_logits",
    "serving_model",
    "to_unit",
    "two_layer_cnn",
]
