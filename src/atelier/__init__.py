"""Classic experiments of vision and deep learning as tracked, repeatable Kedro pipelines."""

__version__ = "0.1.0"
