"""The pages of the reference: one for each room, from the public names in its ``__init__.pyi``."""

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = "atelier"


class PublicName(NamedTuple):
    """A public name of a room.

    Attributes:
        name: As it is imported from the room.
        module: The file of the room in which it is defined; the name itself where it is a module.
    """

    name: str
    module: str


def rooms() -> list[str]:
    """Returns the names of the rooms, those of the package `atelier` that list public names."""
    stubs = (SOURCE / PACKAGE).glob("*/__init__.pyi")
    return sorted(stub.parent.name for stub in stubs)


def public_names(room: str) -> Iterator[PublicName]:
    """Yields the public names of a room in the order of its ``__init__.pyi``."""
    stub = SOURCE / PACKAGE / room / "__init__.pyi"
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield PublicName(alias.asname or alias.name, node.module or alias.name)


def first_line(path: Path) -> str:
    """Returns the first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def reference_page(room: str) -> str:
    """Returns the page of a room: a section for each file, with the names that it defines."""
    folder = SOURCE / PACKAGE / room
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    names = sorted(public_names(room), key=lambda public: public.module)
    sections = [
        _section(room, module, [public.name for public in group])
        for module, group in itertools.groupby(names, key=lambda public: public.module)
    ]
    return "\n\n".join([f"# {title(room)}", f"`{PACKAGE}.{room}`. {docstring}", *sections, ""])


def reference_index() -> str:
    """Returns the page that lists the rooms."""
    rows = [
        f"| [{title(room)}]({room}.md) | {first_line(SOURCE / PACKAGE / room / '__init__.py')} |"
        for room in rooms()
    ]
    return "\n".join(
        [
            "# Reference",
            "",
            "Every room is a package of arrays in, arrays out, which knows neither Kedro nor "
            "MLflow. Importing a room is free: its names load when they are first used.",
            "",
            "| Room | What it holds |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def title(name: str) -> str:
    """Returns the name of a room or of a file as a title.

    Examples:
        >>> title("style_transfer")
        'Style transfer'
    """
    return name.replace("_", " ").capitalize()


def _section(room: str, module: str, names: list[str]) -> str:
    """Returns the section of a file."""
    path = f"{PACKAGE}.{room}.{module}"
    file = SOURCE.joinpath(*path.split("."))
    source = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    introduction = [f"## {title(module.replace('.', ', '))}", first_line(source)]
    if names == [module]:
        return "\n\n".join([*introduction, _module(path)])
    return "\n\n".join([*introduction, *(_object(room, path, name) for name in names)])


def _module(path: str) -> str:
    """Returns the directive that shows the public functions and classes of a module."""
    file = SOURCE.joinpath(*path.split("."))
    source = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    members = [
        node.name
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    options = "show_root_heading: false, show_root_toc_entry: false, heading_level: 3"
    return f"::: {path}\n    options: {{{options}, members: {members}}}"


def _object(room: str, path: str, name: str) -> str:
    """Returns the directive that shows a name, below an anchor of the path that users import."""
    anchor = f"[](){{#{PACKAGE}.{room}.{name}}}"
    return f"{anchor}\n\n::: {path}.{name}\n    options: {{heading_level: 3}}"
