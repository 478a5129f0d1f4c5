"""One folder per pipeline: ``pipeline.py`` is the story as a list, ``nodes.py`` its sentences."""
