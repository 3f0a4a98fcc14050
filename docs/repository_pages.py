"""What `mkdocs.yml` calls when it builds the site: the pages are the Markdown files of the repository, under the same
paths, and every other file that one of them links to becomes a page that shows it. So a relative link that works on
GitHub works in the site, and one that leads nowhere fails the strict build."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PLACES = ("*.md", "command/*.md", "docs/**/*.md", "docs/**/*.svg", "docs/**/*.png", "docs/*.css", "samples/attach/*.md")
LINK = re.compile(r"(\]\()([^)#\s:]+)((?:#[^)\s]*)?\))")
LANGUAGES = {".tf": "terraform", ".yml": "yaml", ".sh": "sh", ".py": "python", "": "docker"}


def linked(page: str, link: str) -> Path:
    """The file that a link on a page (its path in the repository) means."""
    return ROOT / posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def is_shown(file: Path) -> bool:
    """Whether a file has no page of its own in the repository and needs one that shows it."""
    return file.is_file() and file.suffix not in (".md", ".svg", ".png", ".css")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of the theme, and in the place of the folder docs/ what the whole repository has for readers."""
    theirs = [file for file in files if file.src_dir != config.docs_dir]
    pages = sorted(path for place in PLACES for path in ROOT.glob(place))
    ours = {path.relative_to(ROOT).as_posix(): path for path in pages}
    shown = {
        file
        for name, path in ours.items()
        if path.suffix == ".md"
        for _, link, _ in LINK.findall(path.read_text())
        if is_shown(file := linked(name, link))
    }
    result = [File.generated(config, name, abs_src_path=str(path)) for name, path in ours.items()]
    for path in sorted(shown):
        name = path.relative_to(ROOT).as_posix()
        language = LANGUAGES.get(path.suffix, path.suffix.removeprefix("."))
        content = f"---\nsearch: {{ exclude: true }}\n---\n# {name}\n\n````{language}\n{path.read_text()}````\n"
        # In no list of pages, and not missed there.
        result.append(File.generated(config, f"{name}.md", content=content, inclusion=InclusionLevel.NOT_IN_NAV))
    return Files([*theirs, *result])


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links to files that are shown lead to the pages that show them."""

    def lead(match: re.Match[str]) -> str:
        start, link, end = match.groups()
        return f"{start}{link}{'.md' if is_shown(linked(page.file.src_uri, link)) else ''}{end}"

    return LINK.sub(lead, markdown)
