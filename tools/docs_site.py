"""Hooks of the site: the README is its first page, and what pages link to outside of docs/ is copied into it."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
TARGET = re.compile(r"\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that stand at the root of the project, and every file outside of docs/ that a page links to."""
    from mkdocs.structure.files import File

    for path, place in OUTSIDE.items():
        files.append(File.generated(config, place, content=moved((ROOT / path).read_text(encoding="utf-8"), path)))
    pages = {page: Path(page.abs_src_path).read_text(encoding="utf-8") for page in files if _is_of_docs(page)}
    texts = [(f"docs/{page.src_uri}", text) for page, text in pages.items()]
    texts += [(path, (ROOT / path).read_text(encoding="utf-8")) for path in OUTSIDE]
    for path in sorted(everything(texts)):
        files.append(File.generated(config, place_of(path), **_content(path)))
    return files


def everything(texts: list[tuple[str, str]]) -> set[str]:
    """Return the files outside of docs/ that pages link to, and those that these link to in turn."""
    found: set[str] = set()
    while texts:
        new = {path for where, text in texts for path in outside(text, where)} - found
        found |= new
        texts = [(path, (ROOT / path).read_text(encoding="utf-8")) for path in new if path.endswith(".md")]
    return found


def _content(path: str) -> dict[str, Any]:
    """Return a file as mkdocs takes it: pages with their links moved, others as they lie on the disk."""
    if not path.endswith(".md"):
        return {"abs_src_path": str(ROOT / path)}
    return {"content": moved((ROOT / path).read_text(encoding="utf-8"), path)}


def _is_of_docs(page: Any) -> bool:
    return bool(page.is_documentation_page() and page.abs_src_path and not page.generated_by)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the text of a page of docs/ with its links to the outside led to their copies."""
    return markdown if page.file.generated_by else moved(markdown, f"docs/{page.file.src_uri}")


def outside(text: str, where: str) -> set[str]:
    """Return the files outside of docs/, from the root of the project, that the page at `where` links to.

    Example:
        >>> outside("[a](../benchmarks/results/x.json) [b](data.md) [c](https://x.org)", "docs/accuracy.md")
        {'benchmarks/results/x.json'}
    """
    base = posixpath.dirname(where)
    linked = [path for path, _ in TARGET.findall(text) if "://" not in path]
    paths = {_file(posixpath.normpath(posixpath.join(base, path))) for path in linked}
    return {path for path in paths if not path.startswith("docs/") and path not in OUTSIDE and (ROOT / path).is_file()}


def moved(text: str, where: str) -> str:
    """Return the text of the page at `where`, from the root of the project, with links as the site has its files.

    Example:
        >>> moved("[limits](docs/limits.md), [results](benchmarks/results/demo.png), [how](#how)", "README.md")
        '[limits](limits.md), [results](benchmarks/results/demo.png), [how](#how)'
        >>> moved("[results](../../benchmarks/results/demo.png)", "docs/questions/test.md")
        '[results](../benchmarks/results/demo.png)'
    """
    here = posixpath.dirname(place_of(where)) or "."

    def link(match: re.Match[str]) -> str:
        if "://" in match.group(1):
            return match.group()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(where), match.group(1)))
        return f"]({posixpath.relpath(place_of(path), here)}{match.group(2) or ''})"

    return TARGET.sub(link, text)


def place_of(path: str) -> str:
    """Return where the site has a file of the project; a folder is led to its README.

    Example:
        >>> place_of("docs/data.md"), place_of("README.md"), place_of("benchmarks/README.md")
        ('data.md', 'index.md', 'benchmarks/README.md')
    """
    path = _file(path)
    return OUTSIDE.get(path, path.removeprefix("docs/"))


def _file(path: str) -> str:
    return f"{path}/README.md" if (ROOT / path / "README.md").is_file() else path
