from . import figures as figures
from .batches import to_unit
from .fitting import fit, predict_logits
from .networks import build_classifier, five_layer_cnn, two_layer_cnn
from .params import AugmentationParams, MachineParams, NetworkParams, TrainingParams
from .reproducibility import make_reproducible, set_threads
from .resume import Resumable, fingerprint_of, run_rounds
from .serving import serving_model
from .steps import gradient_step

__all__ = [
    "AugmentationParams",
    "MachineParams",
    "NetworkParams",
    "Resumable",
    "TrainingParams",
    "build_classifier",
    "figures",
    "fingerprint_of",
    "fit",
    "five_layer_cnn",
    "gradient_step",
    "make_reproducible",
    "predict_logits",
    "run_rounds",
    "serving_model",
    "set_threads",
    "to_unit",
    "two_layer_cnn",
]
