"""The pages of a built site: their links, pictures and anchors."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ADDRESSES = {"href", "src", "poster"}


class Links(HTMLParser):
    """What a page refers to, and the anchors that it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        named = {name: value for name, value in attributes if value is not None}
        self.anchors |= {named[name] for name in ("id", "name") if name in named}
        self.addresses += [value for name, value in named.items() if name in ADDRESSES]


def is_local(address: str) -> bool:
    return not urlsplit(address).scheme and not address.startswith("//")


def broken_links(pages: dict[Path, Links]) -> list[str]:
    """The links to files that are missing, and to anchors that a page lacks."""
    broken = []
    for page, links in pages.items():
        for address in filter(is_local, links.addresses):
            parts = urlsplit(address)
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            anchor = unquote(parts.fragment)
            lacks_anchor = anchor and target in pages and anchor not in pages[target].anchors
            if not target.is_file() or lacks_anchor:
                broken.append(f"{page.name}: {address}")
    return broken
