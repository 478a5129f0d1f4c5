import os
import socket
import subprocess
import sys

import psutil

from atelier.hooks.interruption import is_dead, this_process
from atelier.hooks.tracking import flatten
from atelier.recipe import AugmentationParams


def test_typed_parameters_become_leaves_with_dotted_names():
    change = AugmentationParams(degrees=10, scale=0, shear=0, pixels=2)
    assert flatten({"augmentation": change, "epochs": 3}, "digits") == {
        "digits.augmentation.degrees": 10,
        "digits.augmentation.scale": 0,
        "digits.augmentation.shear": 0,
        "digits.augmentation.pixels": 2,
        "digits.epochs": 3,
    }


def test_a_living_process_is_not_dead_and_an_ended_one_is():
    assert not is_dead(this_process())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    born = psutil.Process(child.pid).create_time()
    name = f"{socket.gethostname()}/{child.pid}/{born:.2f}"
    assert not is_dead(name)
    child.communicate(b"\n")
    assert is_dead(name)


def test_a_process_number_used_again_does_not_hide_a_dead_run():
    assert is_dead(f"{socket.gethostname()}/{os.getpid()}/1.00")


def test_nothing_is_known_of_other_hosts():
    assert not is_dead("elsewhere/1/1.00")
