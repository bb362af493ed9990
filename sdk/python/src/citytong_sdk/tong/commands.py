"""How a function becomes a command: typer reads its options, and every command takes `--json` and `--debug`.

A command's function takes a `Desk`, then its options as annotated parameters, and returns `Done`. `result` is the class
that its `--json` prints: the reference is made of it.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias, get_type_hints

import typer

from citytong_sdk.bundles.errors import BundleError
from citytong_sdk.errors import KeyInvalid

from . import keyring
from .desk import Desk, Done, fail, finish
from .errors import Exit, TongError, of_file, of_package

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_UsageError: Final[Any] = typer.BadParameter.__mro__[1]


@dataclass(frozen=True, slots=True)
class Command:
    """name: its words, as `keys new`. A command whose name begins others' (`release`) runs when none of those does."""

    name: str
    function: Callable[..., Done]
    result: type

    @property
    def help(self) -> str:
        return inspect.cleandoc(self.function.__doc__ or "")


def assembled(commands: Sequence[Command], groups: dict[str, str], version: str) -> typer.Typer:
    """All commands under `tong`. groups: what each first word that several commands share is about."""
    app = typer.Typer(
        name="tong",
        help="Mini-programs of a CityTong city: from an empty folder to citizens' phones.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
    )
    app.callback()(_about(version))
    parts = {name: typer.Typer(help=help, rich_markup_mode=None, no_args_is_help=True) for name, help in groups.items()}
    for name, part in parts.items():
        app.add_typer(part, name=name)
    for command in commands:
        group, _, rest = command.name.partition(" ")
        if rest:
            parts[group].command(rest, help=command.help)(_wrapped(command))
        elif group in parts:
            parts[group].info.no_args_is_help = False
            parts[group].callback(invoke_without_command=True, help=command.help)(_wrapped(command))
        else:
            app.command(group, help=command.help)(_wrapped(command))
    return app


def run(app: typer.Typer, argv: Sequence[str], desk: Desk, names: Sequence[str]) -> int:
    """Run the command that `argv` names. names: of all commands. Returns the status; raises nothing."""
    debug, as_json = "--debug" in argv, "--json" in argv
    words = [word for word in argv if word != "--debug"]
    name = _named(words, names)
    try:
        found = typer.main.get_command(app).main(words, prog_name="tong", standalone_mode=False, obj=desk)
        return int(found or 0)
    except _UsageError as fault:
        return fail(desk, _usage(fault.format_message(), name), command=name, as_json=as_json)
    except Exception as fault:
        if debug:
            desk.tell(traceback.format_exc())
        return fail(desk, _told(fault), command=name, as_json=as_json)


def _told(fault: Exception) -> TongError:
    if isinstance(fault, TongError):
        return fault
    if isinstance(fault, BundleError):
        return of_package(fault)
    if isinstance(fault, KeyInvalid):  # a token that is pulled out between two signatures
        return keyring.unusable(fault)
    if isinstance(fault, OSError):
        return of_file(fault)
    return TongError(
        "TONG_INTERNAL",
        "tong itself failed.",
        why=f"{type(fault).__name__}: {fault}",
        advice="Run it again with --debug, and send what it prints to who runs the city.",
    )


def _usage(message: str, name: str) -> TongError:
    said = message.replace("Value error, ", "")  # how some versions of typer begin a sentence of their own
    return TongError("TONG_USAGE", said, advice=f"{f'tong {name}'.rstrip()} --help says what it takes.")


def _named(words: Sequence[str], names: Sequence[str]) -> str:
    """The longest name of a command that `words` begin with."""
    said = [word for word in words if not word.startswith("-")]
    return next((name for n in (2, 1) if (name := " ".join(said[:n])) in names), "")


def _wrapped(command: Command) -> Callable[..., None]:
    """The command's function with a context and `--json` in place of the desk."""

    def called(ctx: typer.Context, json: bool, **options: Any) -> None:
        if ctx.invoked_subcommand is not None:
            return
        try:
            done = command.function(ctx.obj, **options)
            status = finish(ctx.obj, done, command=command.name, as_json=json)
            if done.then:
                done.then()
            raise typer.Exit(status)
        except KeyboardInterrupt:  # which typer would end in its own way, as it would the next
            raise TongError(
                "TONG_INTERRUPTED", "Interrupted; nothing is half-written.", exit=Exit.INTERRUPTED
            ) from None
        except BrokenPipeError:  # whoever read it has gone
            raise typer.Exit(int(Exit.OK)) from None

    hints = get_type_hints(command.function, include_extras=True)
    hints.pop("return")
    desk, *options = inspect.signature(command.function).parameters.values()
    hints.pop(desk.name)
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("ctx", kind, annotation=typer.Context),
        *(one.replace(kind=kind, annotation=hints[one.name]) for one in options),
        inspect.Parameter("json", kind, default=False, annotation=Json),
    ]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {"ctx": typer.Context, **hints, "json": Json}
    called.__name__ = command.function.__name__
    called.__doc__ = command.help
    return called


def _about(version: str) -> Callable[..., None]:
    def show(asked: bool) -> None:
        if asked:
            typer.echo(version)
            raise typer.Exit

    # Written out, for typer looks names up in the module, and `show` is not there.
    options = {
        "shown": Annotated[
            bool, typer.Option("--version", help="Say which tong this is.", callback=show, is_eager=True)
        ],
        "debug": Annotated[bool, typer.Option("--debug", help="Show where an error came from; on any command.")],
    }

    def about(**_: bool) -> None:
        """Both are seen to before this runs."""

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, kind, default=False, annotation=one) for name, one in options.items()]
    about.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    about.__annotations__ = options
    about.__doc__ = None
    return about
