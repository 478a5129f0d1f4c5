"""Parameters of a user's labelled images."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from atelier.params import Params, Share

ResizeRule = Literal["pad", "crop", "stretch"]


class PictureParams(Params):
    """How pictures of any size and colour become arrays of one shape."""

    side: Annotated[int, Field(ge=6, le=1024, description="height and width, pixels")] | None
    """None leaves images as they are, which then must have one size."""
    resize: ResizeRule
    """``pad`` fits the whole image and fills the borders, ``crop`` fills the square and cuts the
    borders, ``stretch`` changes the aspect."""
    channels: Literal[1, 3] | None
    """None: grey if every image is grey, else RGB."""
    background: str
    """Colour behind transparent pixels and in padded borders, such as ``white`` or ``#808080``."""

    @field_validator("background")
    @classmethod
    def _is_a_colour(cls, colour: str) -> str:
        from PIL import ImageColor

        try:
            ImageColor.getrgb(colour)
        except ValueError:
            raise ValueError(
                "Expected a colour such as white, black or '#808080'. Received: something else"
            ) from None
        return colour


class UserDataParams(PictureParams):
    """A user's labelled images."""

    data: Annotated[str, Field(description="a folder, an archive or a file")] | None
    order: Literal["name", "content"]
    """Order of the images before they are split: by the names or rows of the source, or by a
    digest of the pixels, which no name and no format changes."""
    unreadable: Share
    """Largest share of files that may be damaged."""
    label_column: str
    file_column: str
    group_column: str
