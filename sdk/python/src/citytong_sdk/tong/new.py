"""`tong new`: a project that runs at once.

A template is a folder: `PROGRAM` in it is what goes into the package, `dot-` at a name's beginning is a dot, and a file
whose name ends in `.in` is filled in (`@@APP_ID@@`, …) and loses that end. `common` is under all of them, and the
JavaScript SDK comes from this wheel, so that no registry is needed; `vite-ts` and `vue` need npm for their own tools.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated, Final

import typer

from citytong_sdk.bundles import manifest
from citytong_sdk.bundles.errors import BundleError

from . import files
from .desk import Desk, Done
from .errors import TongError, of_package

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_NAME_CHARACTERS_MAX: Final = 60
_TITLE_CHARACTERS_MAX: Final = manifest.TEXT_CHARACTERS_MAX
_FILLED: Final = ".in"
_HIDDEN: Final = "dot-"
_PROGRAM: Final = "PROGRAM"
_CITY: Final = "http://localhost:8000"


class Template(StrEnum):
    """What a project begins as."""

    VANILLA = "vanilla"
    VITE_TS = "vite-ts"
    VUE = "vue"
    W3C_PAGES = "w3c-pages"


class Backend(StrEnum):
    """The framework of a program's own server."""

    LITESTAR = "litestar"


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a template's project is laid out. sdk: where the SDK's files go, from which of this wheel."""

    program: str
    dist: str
    operations_js: str
    test: str
    build: str = ""
    install: str = ""


_PLAIN: Final = _Shape("program", "program", "program/common/operations.js", "node --test tests/*.test.mjs")
_BUILT: Final = _Shape("public", "dist", "src/operations.js", "npm test", "npm run build", "npm install")
_SHAPES: Final[Mapping[Template, _Shape]] = {
    Template.VANILLA: _PLAIN,
    Template.W3C_PAGES: _PLAIN,
    Template.VITE_TS: _BUILT,
    Template.VUE: _BUILT,
}
# Members of the SDK's package.json that are for those who build it.
_OF_ITS_MAKERS: Final = frozenset({"devDependencies", "scripts", "tsd"})
# Where the SDK goes, from where in this wheel.
_SDK: Final[Mapping[_Shape, Mapping[str, str]]] = {
    _PLAIN: {
        "program/sdk/index.js": "dist/index.js",
        "tests/kit/index.js": "dist/index.js",
        "tests/kit/testing.js": "dist/testing.js",
    },
    _BUILT: {
        "vendor/citytong-sdk/package.json": "package.json",
        **{f"vendor/citytong-sdk/dist/{name}.js": f"dist/{name}.js" for name in ("index", "testing", "wx")},
        **{f"vendor/citytong-sdk/src/{name}.d.ts": f"src/{name}.d.ts" for name in ("index", "testing", "wx", "errors")},
        **{
            f"vendor/citytong-sdk/src/generated/{name}.d.ts": f"src/generated/{name}.d.ts"
            for name in ("methods", "errors", "validate")
        },
    },
}


@dataclass(frozen=True, slots=True)
class Created:
    """next: what to type now, in order."""

    path: str
    app_id: str
    template: str
    files: tuple[str, ...]
    next: tuple[str, ...]


def new(
    desk: Desk,
    *,
    name: Annotated[str, typer.Argument(help="The project's folder: lower-case words joined by hyphens.")],
    template: Annotated[Template, typer.Option(help="What it begins as.")] = Template.VANILLA,
    with_backend: Annotated[Backend | None, typer.Option(help="A server of its own beside it.")] = None,
    id: Annotated[str, typer.Option("--id", help="The program's id; org.example.NAME without it.")] = "",
    title: Annotated[str, typer.Option(help="What it is called in Chinese; NAME without it.")] = "",
    title_en: Annotated[str, typer.Option(help="What it is called in English; NAME without it.")] = "",
    city: Annotated[str, typer.Option(metavar="URL", help="Its city.")] = _CITY,
) -> Done:
    """Begin a project that runs at once: a program with a test, a CI file and words in Chinese and English."""
    _check_name(name)
    app_id = id or f"org.example.{name}"
    try:
        manifest.check_app_id(app_id)
    except BundleError as fault:
        raise of_package(fault, "--id") from fault
    titles = {"--title": title or name, "--title-en": title_en or name}
    for option, text in titles.items():
        _check_title(option, text)
    folder = desk.folder / name
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise TongError(
            "TONG_NOT_EMPTY", "There is something already.", where=str(folder), advice="Take another name, or empty it."
        )
    shape = _SHAPES[template]
    words = _words(shape, name=name, app_id=app_id, titles=tuple(titles.values()), city=city)
    made = _made(template, shape, with_backend, words)
    for path, content in made.items():
        files.write(folder / path, content)
    steps = _steps(name, shape, with_backend)
    result = Created(str(folder), app_id, template.value, tuple(sorted(made)), tuple(steps))
    numbered = [f"  {number}. {step}" for number, step in enumerate(steps, 1)]
    return Done(result, [f"{folder}: {app_id}, {len(made)} files. Next:", *numbered])


def _made(template: Template, shape: _Shape, backend: Backend | None, words: Mapping[str, str]) -> dict[str, bytes]:
    """All files of the project by path."""
    root = resources.files(__package__)
    parts = ["common", template.value, *(["backend"] if backend else [])]
    found: dict[str, bytes] = {}
    for part in parts:
        for path, file in _files(root / "templates" / part):
            found[_placed(path, shape)] = (
                _filled(file.read_bytes(), words) if path.endswith(_FILLED) else file.read_bytes()
            )
    return found | {path: _of_kit(source, (root / "kit" / source).read_bytes()) for path, source in _SDK[shape].items()}


def _of_kit(source: str, content: bytes) -> bytes:
    """A file of the SDK. npm would install what the SDK is built and tested with, too: no program needs that."""
    if source != "package.json":
        return content
    told = {name: value for name, value in json.loads(content).items() if name not in _OF_ITS_MAKERS}
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()


def _files(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    for one in folder.iterdir():
        if one.is_dir():
            if one.name != "__pycache__":
                yield from _files(one, f"{above}{one.name}/")
        else:
            yield f"{above}{one.name}", one


def _placed(path: str, shape: _Shape) -> str:
    """Where a template's file goes."""
    parts = [
        f".{part.removeprefix(_HIDDEN)}" if part.startswith(_HIDDEN) else shape.program if part == _PROGRAM else part
        for part in path.removesuffix(_FILLED).split("/")
    ]
    return "/".join(parts)


def _filled(content: bytes, words: Mapping[str, str]) -> bytes:
    text = content.decode()
    for name, word in words.items():
        text = text.replace(f"@@{name}@@", word)
    return text.encode()


def _words(shape: _Shape, *, name: str, app_id: str, titles: tuple[str, ...], city: str) -> Mapping[str, str]:
    """What stands in templates. A title has no character that JSON, HTML or TOML would read as more than itself."""
    return {
        "NAME": name,
        "APP_ID": app_id,
        "TITLE": titles[0],
        "TITLE_EN": titles[1],
        "CITY": json.dumps(city)[1:-1],
        "DIST": shape.dist,
        "PROGRAM": shape.program,
        "BUILD": f'build = "{shape.build}"\n' if shape.build else "",
        "OPERATIONS_JS": shape.operations_js,
        "TEST": shape.test,
        "INSTALL": f"{shape.install:<30}# once\n" if shape.install else "",
        "CI_INSTALL": f"      - run: {shape.install}\n" if shape.install else "",
    }


def _steps(name: str, shape: _Shape, backend: Backend | None) -> list[str]:
    first = f"cd {name}" + (f" && {shape.install}" if shape.install else "")
    last = "pip install -r backend/requirements.txt && pytest backend" if backend else "tong lint --profile review"
    return [first, "tong dev", last]


def _check_name(name: str) -> None:
    if len(name) > _NAME_CHARACTERS_MAX or not _NAME.fullmatch(name):
        raise TongError(
            "TONG_NAME",
            f"{name!r} is no name of a project.",
            why="It names a folder, a part of the program's id and an npm package.",
            advice="Lower-case letters and digits, words joined by hyphens: city-library.",
        )


def _check_title(option: str, title: str) -> None:
    if len(title) > _TITLE_CHARACTERS_MAX or not title.isprintable() or set(title) & set('<>&"\\@'):
        raise TongError(
            "TONG_NAME",
            f"{option}: no title of a program.",
            why=f'Up to {_TITLE_CHARACTERS_MAX} printable characters without < > & " \\ @.',
            advice="Say it in plain words; the manifest can have more later.",
        )
