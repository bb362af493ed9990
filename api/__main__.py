"""`python -m api …`: serve the city, work off its events, print its graph and its plans.

The one reader of the environment, and the one place of this package that prints. A command imports what it needs
when it runs: `gateway` starts without the city, and in a fraction of its time.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import uvloop

from api.gateway.explain import STAGES
from core import logs
from core.divisions import CITY_CODE
from core.errors import DomainError, Unavailable

if TYPE_CHECKING:
    from api.app import City
    from api.settings import Settings
    from miniapps.releases.model import Category

# Who did it, in the audit, when it is done at the city's machine.
_OPERATOR = "operator"
_OF_EMBEDDED = "of the embedded city that runs on this folder; else the TONG_ variables say which"


def main(argv: list[str] | None = None) -> int:
    """The exit status: 0 done, 1 the work itself says no, 2 it cannot be done here and the sentence says why."""
    _begin()
    arguments = _parser().parse_args(argv)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_done(arguments))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


async def _done(arguments: argparse.Namespace) -> int:
    command: Callable[[argparse.Namespace], Coroutine[Any, Any, int]] = arguments.command
    try:
        return await command(arguments)
    except Exception as fault:
        if not isinstance(fault, _refusals()):
            raise
        print(fault, file=sys.stderr)
        return 2


def _refusals() -> tuple[type[Exception], ...]:
    """What a command refuses to start with, each with a sentence of its own; of those whose module was needed."""
    known = {
        "api.alone": "GatewayUnavailable",
        "api.composition": "CompositionFailed",
        "api.settings": "SettingsError",
        "api.startup": "CityUnavailable",
        "api.web.ports": "PortUnavailable",
        "core.embedded": "EmbeddedUnavailable",
        "core.processes": "ChildFailed",
    }
    return tuple(getattr(sys.modules[module], name) for module, name in known.items() if module in sys.modules)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api", description="CityTong: the city's gateway.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="answer for the city")
    serve.add_argument("--embedded", action="store_true", help="start MongoDB, Valkey and the backends here as well")
    serve.add_argument("--data-dir", type=Path, default=Path("var"), help="where the embedded servers keep data")
    serve.add_argument("--demo", action="store_true", help="demo accounts; sign-in codes are shown, not sent")
    serve.add_argument("--sandbox", action="store_true", help="developers make test citizens, who are nobody")
    serve.add_argument("--port", type=int, help="overrides TONG_PORT; 0 takes a free one")
    serve.add_argument("--welcome", action="store_true", help="tell a person where to go, not a script")
    serve.set_defaults(command=_serve)

    work = commands.add_parser("work", help="work off events only, beside processes that serve")
    work.set_defaults(command=_work)

    schema = commands.add_parser("schema", help="write every room's schema.graphql and compose supergraph.graphql")
    schema.set_defaults(command=_schema)

    plan = commands.add_parser("explain", help="print how an operation is planned")
    plan.add_argument("file", type=Path, help="a GraphQL document, or - for standard input")
    plan.add_argument("--operation", help="which operation of the document")
    plan.add_argument("--stage", choices=STAGES, help="one stage only")
    plan.set_defaults(command=_explain)

    alone = commands.add_parser("gateway", help="answer for any supergraph, with no city behind it")
    alone.add_argument("--supergraph", required=True, metavar="FILE_OR_URL", help="as composition wrote it")
    alone.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    alone.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    alone.add_argument(
        "--subgraph", action="append", default=[], metavar="NAME=URL", help="where a subgraph answers instead"
    )
    alone.add_argument(
        "--propagate", action="append", default=[], metavar="HEADER", help="a request header that subgraphs are told"
    )
    alone.add_argument("--deadline-ms", type=int, default=5000, help="how long a subgraph may take for one fetch")
    alone.add_argument("--attempts", type=int, default=2, help="requests for one fetch of a query, if a subgraph fails")
    alone.add_argument(
        "--no-sharing", action="store_true", help="answer each request for itself, even the same at once"
    )
    alone.add_argument("--cost-max", type=int, help="refuse an operation whose estimated cost is above this")
    alone.add_argument(
        "--trusted-documents", metavar="FILE", help="execute these documents only (--development: first)"
    )
    alone.add_argument(
        "--development", action="store_true", help="GraphiQL, introspection, name suggestions, costs, any document"
    )
    alone.set_defaults(command=_gateway)

    documents = commands.add_parser("docs", help="write the generated documents")
    documents.set_defaults(command=_documents)

    letters = commands.add_parser("dead-letters", help="events that a handler failed for good: list, replay, discard")
    letters.add_argument("action", choices=("list", "replay", "discard"))
    letters.add_argument("id", nargs="*", help="as `list` prints them")
    letters.add_argument("--data-dir", type=Path, help=_OF_EMBEDDED)
    letters.set_defaults(command=_dead_letters)

    keys = commands.add_parser("rotate-keys", help="let the next signing keys sign, and publish new next ones")
    keys.add_argument("--force", action="store_true", help="although verifiers may not know the next key yet")
    keys.add_argument("--data-dir", type=Path, help=_OF_EMBEDDED)
    keys.set_defaults(command=_rotate_keys)

    rewrap = commands.add_parser(
        "rewrap", help="put everything under the master key of now: exit status 1 when something is left"
    )
    rewrap.add_argument("--check", action="store_true", help="say what is left, and change nothing")
    rewrap.add_argument("--data-dir", type=Path, help=_OF_EMBEDDED)
    rewrap.set_defaults(command=_rewrap)

    books = commands.add_parser("books", help="prove the books of payments: exit status 1 when they are not sound")
    books.add_argument("--data-dir", type=Path, help=_OF_EMBEDDED)
    books.set_defaults(command=_books)
    audit = commands.add_parser("audit", help="prove the audit: exit status 1 when something in it was changed")
    audit.add_argument("--checkpoint", type=Path, help="one kept elsewhere, which the audit must hold")
    audit.add_argument("--data-dir", type=Path, help=_OF_EMBEDDED)
    audit.set_defaults(command=_audit)

    staff = commands.add_parser("staff", help="the first staff administrators of a department: add")
    staff.add_argument("action", choices=("add",))
    staff.add_argument("--name", required=True, help="of the person")
    staff.add_argument("--phone", required=True, help="with which they sign in")
    staff.add_argument("--badge", required=True)
    staff.add_argument("--unit", required=True, help="what their card says")
    staff.add_argument("--unit-en", default="", help="the same in English")
    staff.add_argument("--department", required=True, metavar="USCC", help="its code (GB 32100)")
    staff.add_argument("--jurisdiction", default=CITY_CODE, metavar="CODE", help="of a division; all of the city")
    staff.add_argument("--data-dir", type=Path, help=_OF_EMBEDDED)
    staff.set_defaults(command=_staff)

    program = commands.add_parser("program", help="mini-programs: publish a package, revoke one or a version of it")
    doing = program.add_subparsers(required=True, metavar="ACTION")
    publish = doing.add_parser("publish", help="release a package that its developer signed")
    publish.add_argument("package", type=Path, metavar="PATH.ma")
    publish.add_argument("--organisation", required=True, metavar="NAME", help="whose it is, in English")
    publish.add_argument("--organisation-zh", default="", metavar="NAME", help="the same in Chinese, of a new one")
    publish.add_argument("--key", type=Path, metavar="JWK", help="its public key (with kid), of a new one")
    publish.add_argument("--grant", action="append", default=[], metavar="PERMISSION", help="what the program may ask")
    publish.add_argument("--category", help="where citizens look for it; as before by default")
    publish.add_argument("--data-dir", type=Path, help=_OF_EMBEDDED)
    publish.set_defaults(command=_publish_program)
    revoke = doing.add_parser("revoke", help="take a program back, or one version of it")
    revoke.add_argument("app_id", metavar="APP_ID")
    revoke.add_argument("version", nargs="?", type=int, metavar="VERSION", help="its code; all of them without it")
    revoke.add_argument("--reason", required=True, help="as the audit and its organisation read it")
    revoke.add_argument("--data-dir", type=Path, help=_OF_EMBEDDED)
    revoke.set_defaults(command=_revoke_program)
    return parser


async def _serve(arguments: argparse.Namespace) -> int:
    from api.machine import STAND_INS, machine
    from api.serving import bound, listening
    from api.settings import Settings

    say = _progress if arguments.welcome else _quiet
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(_Stop.on_signals())
        env = _environment(arguments)
        early = Settings.from_env({**STAND_INS, **env} if arguments.embedded else env)
        if arguments.embedded and early.port:
            # A city for this machine is where it listens; a free port of the next start is another one.
            env.setdefault("TONG_PUBLIC_URL", f"http://127.0.0.1:{early.port}")
        held = bound(host=early.host, port=early.port)
        stack.callback(held.close)
        if arguments.embedded:
            say("Starting MongoDB, Valkey and the sensor backend …")
            running = await stack.enter_async_context(
                machine(
                    folder=arguments.data_dir.resolve(),
                    env=env,
                    inherited=os.environ,
                    named=early.subgraphs,
                    demo=arguments.demo,
                )
            )
            env, pids = running.env, running.pids
        else:
            pids = {}
        settings = Settings.from_env(env)
        logs.configure(level="WARNING" if arguments.welcome else settings.log_level)
        say("Opening the city …")
        city = await stack.enter_async_context(_opened(settings))
        await city.settle_kind()
        if settings.demo:
            say("Loading demo data (once) …")
            await city.load_demo()
            await city.rooms.load_demo_review()
        else:
            await city.rooms.publish_programs()
        await stack.enter_async_context(city.working())
        address = await stack.enter_async_context(listening(city, held))
        _settle()
        if arguments.welcome:
            _welcome(address, demo=settings.demo, folder=arguments.data_dir if arguments.embedded else None)
        else:
            _ready_line(address, pids)
        await stop.wait_when_open()
        say("Stopping …")
    return 0


async def _gateway(arguments: argparse.Namespace) -> int:
    from api import alone
    from api.web.ports import answering, bound

    logs.configure(level="INFO")
    with _Stop.on_signals() as stop, bound(host=arguments.host, port=arguments.port) as held:
        async with alone.opened(alone.Options.of(vars(arguments))) as gateway:
            async with answering(gateway.app, held) as address:
                _settle()
                ready = {"graphql": f"{address}/graphql", "pid": os.getpid(), "subgraphs": gateway.subgraphs}
                print(orjson.dumps(ready).decode(), flush=True)
                await stop.wait_when_open()
    return 0


async def _work(arguments: argparse.Namespace) -> int:
    from api.settings import Settings

    settings = Settings.from_env(os.environ)
    logs.configure(level=settings.log_level)
    with _Stop.on_signals() as stop:
        async with _opened(settings) as city:
            await city.settle_kind()
            async with city.working():
                await stop.wait_when_open()
    return 0


async def _schema(arguments: argparse.Namespace) -> int:
    from api.composition import write_supergraph

    await write_supergraph()
    return 0


async def _explain(arguments: argparse.Namespace) -> int:
    from api.explain import explain

    document = sys.stdin.read() if str(arguments.file) == "-" else _read(arguments.file)
    try:
        print(explain(document, operation_name=arguments.operation, stage=arguments.stage))
    except DomainError as refusal:
        print(f"{refusal.code}: {refusal.message}", file=sys.stderr)
        return 1
    return 0


async def _documents(arguments: argparse.Namespace) -> int:
    from api.documents import write_documents

    write_documents()
    return 0


async def _dead_letters(arguments: argparse.Namespace) -> int:
    from api.startup import CityUnavailable

    async with _opened(_operators_settings(arguments)) as city:
        letters = city.dead_letters
        if arguments.action == "list":
            async for letter in letters.all():
                print(f"{letter.id}  {letter.at:%Y-%m-%d %H:%M:%S}Z  {letter.tries} tries  {letter.error}")
            return 0
        if not arguments.id:
            raise CityUnavailable(f"Say which: dead-letters {arguments.action} ID, as `dead-letters list` prints them.")
        for name in arguments.id:
            try:
                await (letters.replay(id=name) if arguments.action == "replay" else letters.discard(id=name))
            except DomainError as refusal:
                print(f"{name}: {refusal.message}", file=sys.stderr)
                return 1
    return 0


async def _rotate_keys(arguments: argparse.Namespace) -> int:
    from core.keys import PUBLISHED_FOR, NextKeyTooYoung

    async with _opened(_operators_settings(arguments)) as city:
        for ring in city.key_rings:
            try:
                key = await ring.rotate(published_for=timedelta(0) if arguments.force else PUBLISHED_FOR)
            except NextKeyTooYoung as refusal:
                print(f"{ring.purpose}: {refusal.message} (--force rotates all the same)", file=sys.stderr)
                return 1
            print(f"{ring.purpose}: {key.kid} signs now")
    return 0


async def _rewrap(arguments: argparse.Namespace) -> int:
    from api.rewrapping import rewrap
    from api.startup import CityUnavailable

    left = lost = 0
    async with _opened(_operators_settings(arguments)) as city:
        try:
            async for step in rewrap(city.ground, check=arguments.check):
                _progress(step.sentence) if step.under_way else print(step.sentence, flush=True)
                left, lost = (left, lost) if step.under_way else (left + step.left, lost + step.lost)
        except Unavailable as fault:
            raise CityUnavailable("MongoDB does not answer: run it again, it goes on where it was.") from fault
    if left or lost:
        print(f"{left} are left under another key, {lost} are opened by none that was given.")
        return 1
    print("Nothing is left under another key.")
    return 0


async def _books(arguments: argparse.Namespace) -> int:
    from api.startup import CityUnavailable
    from core.money import Money

    async with _opened(_operators_settings(arguments)) as city:
        try:
            report = await city.rooms.payments.audit()
        except Unavailable as fault:
            raise CityUnavailable("MongoDB does not answer: nothing is proven.") from fault
    for name in ("accounts", "transfers", "bills", "payments", "refunds"):
        print(f"{name:9}  {getattr(report, name)}")
    totals = report.totals
    print(f"posted     debits {Money(totals.debits_posted)}, credits {Money(totals.credits_posted)}")
    print(f"pending    debits {Money(totals.debits_pending)}, credits {Money(totals.credits_pending)}")
    for sentence in report.faults:
        print(f"fault      {sentence}")
    print("The books are sound." if report.sound else "The books are NOT sound.")
    return 0 if report.sound else 1


async def _audit(arguments: argparse.Namespace) -> int:
    from api.startup import CityUnavailable
    from core.audit import Checkpoint

    kept = Checkpoint.parse(_read(arguments.checkpoint)) if arguments.checkpoint else None
    async with _opened(_operators_settings(arguments)) as city:
        try:
            proof = await city.ground.audit.prove(kept=kept)
        except Unavailable as fault:
            raise CityUnavailable("MongoDB does not answer: nothing is proven.") from fault
    print(f"entries      {proof.entries}")
    print(f"not linked   {proof.waiting}")
    print(f"checkpoints  {proof.checkpoints}")
    for sentence in proof.faults:
        print(f"fault        {sentence}")
    print("The audit is sound." if proof.sound else "The audit is NOT sound.")
    return 0 if proof.sound else 1


async def _staff(arguments: argparse.Namespace) -> int:
    from api.startup import CityUnavailable

    async with _opened(_operators_settings(arguments)) as city:
        try:
            added = await city.rooms.wings.staffing.founding.add(
                phone=arguments.phone,
                name=arguments.name,
                badge=arguments.badge,
                unit=arguments.unit,
                unit_en=arguments.unit_en,
                department=arguments.department,
                jurisdiction=arguments.jurisdiction,
            )
        except Unavailable as fault:
            raise CityUnavailable("MongoDB does not answer: nobody was added.") from fault
        except DomainError as refusal:
            print(f"{refusal.code}: {refusal.message}", file=sys.stderr)
            return 1
    print(f"{added.id}: {', '.join(added.roles)} of {added.department}, {added.jurisdiction.code}")
    return 0


async def _publish_program(arguments: argparse.Namespace) -> int:
    from core.locale import Locale

    package = _bytes(arguments.package)
    names = {Locale.EN: arguments.organisation, Locale.ZH_CN: arguments.organisation_zh or arguments.organisation}
    key, category = _jwk(arguments.key), _category(arguments.category)
    async with _opened(_operators_settings(arguments)) as city:
        releases = city.rooms.releases
        try:
            release = await releases.publish(
                package=package,
                organisation=await releases.organisation_with(names=names, key=key),
                granted=arguments.grant,
                by=_OPERATOR,
                category=category,
            )
        except DomainError as refusal:
            print(f"{refusal.code}: {refusal.message}", file=sys.stderr)
            return 1
    print(f"{release.id}: {release.app_id} {release.version_name} ({release.version_code}), {release.state.value}")
    print(f"granted: {', '.join(sorted(release.granted)) or 'nothing'}")
    return 0


def _jwk(file: Path | None) -> dict[str, Any] | None:
    from api.startup import CityUnavailable

    try:
        key = orjson.loads(_bytes(file)) if file else None
    except orjson.JSONDecodeError:
        key = ""
    if key is not None and not isinstance(key, dict):
        raise CityUnavailable(f"{file} is not a JWK.")
    return key


def _category(name: str | None) -> Category | None:
    from api.startup import CityUnavailable
    from miniapps.releases.model import Category

    try:
        return Category(name) if name else None
    except ValueError as fault:
        raise CityUnavailable(f"A category is one of {', '.join(Category)}.") from fault


async def _revoke_program(arguments: argparse.Namespace) -> int:
    async with _opened(_operators_settings(arguments)) as city:
        try:
            done = await city.rooms.releases.revoke(
                app_id=arguments.app_id, version_code=arguments.version, reason=arguments.reason, by=_OPERATOR
            )
        except DomainError as refusal:
            print(f"{refusal.code}: {refusal.message}", file=sys.stderr)
            return 1
    what = "the whole program" if done.version_code is None else f"version {done.version_code}"
    print(f"{done.app_id}: {what} is revoked, number {done.sequence} of the list")
    return 0


def _operators_settings(arguments: argparse.Namespace) -> Settings:
    """Of the environment, or of the embedded city that runs on `--data-dir`."""
    from api.settings import Settings
    from core.embedded import addresses

    if arguments.data_dir is None:
        return Settings.from_env(os.environ)
    folder = arguments.data_dir.resolve()
    key = {"TONG_MASTER_KEY": _read(folder / "master.key").strip()}
    return Settings.from_env({**os.environ, **addresses(folder), **key})


def _environment(arguments: argparse.Namespace) -> dict[str, str]:
    """The environment's own settings, with those that the command line states."""
    env = {name: value for name, value in os.environ.items() if name.startswith("TONG_")}
    if arguments.port is not None:
        env["TONG_PORT"] = str(arguments.port)
    if arguments.demo:
        env["TONG_DEMO"] = "on"
        env.setdefault("TONG_DEVELOPMENT", "on")
    if arguments.sandbox:
        env["TONG_SANDBOX"] = "on"
    return env


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[City]:
    from api.app import open_city

    city = await open_city(settings)
    try:
        yield city
    finally:
        await city.close()


@dataclass(slots=True)
class _Stop:
    """SIGINT and SIGTERM: while the city opens they break that off; once it is open they begin its end."""

    opening: asyncio.Task[Any] | None
    event: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @contextmanager
    def on_signals(cls) -> Iterator[_Stop]:
        stop, loop = cls(opening=asyncio.current_task()), asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, stop.now)
        try:
            yield stop
        finally:
            for one in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(one)

    def now(self) -> None:
        self.event.set()
        if self.opening is not None:
            self.opening.cancel()

    async def wait_when_open(self) -> None:
        self.opening = None
        await self.event.wait()


def _begin() -> None:
    """A start makes what stays, code above all: to look through it for cycles meanwhile takes a sixth of its time.

    The store under docket's results would have each of its calls' types checked, which takes another tenth.
    """
    gc.set_threshold(50_000, 20, 100)
    os.environ.setdefault("PY_KEY_VALUE_DISABLE_BEARTYPE", "true")


def _settle() -> None:
    """What is there once a server is open stays: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    # An answer is a thousand objects and hardly a cycle: looking for one after every 700 costs a fifth.
    gc.set_threshold(20_000, 10, 100)


def _read(file: Path) -> str:
    from api.startup import CityUnavailable

    try:
        return _bytes(file).decode()
    except UnicodeDecodeError as fault:
        raise CityUnavailable(f"{file} is not UTF-8 text.") from fault


def _bytes(file: Path) -> bytes:
    from api.startup import CityUnavailable

    try:
        return file.read_bytes()
    except OSError as fault:
        raise CityUnavailable(f"{file} cannot be read: {fault.strerror}.") from fault


def _ready_line(address: str, pids: Mapping[str, int | None]) -> None:
    ready = {"graphql": f"{address}/graphql", "shell": f"{address}/", "graphiql": f"{address}/graphiql"}
    print(orjson.dumps({**ready, "pid": os.getpid(), "pids": pids}).decode(), flush=True)


def _welcome(address: str, *, demo: bool, folder: Path | None) -> None:
    """folder: where data stays, if it is in servers of our own."""
    print(f"\n  CityTong is open.\n\n  The shell   {address}/\n  GraphiQL    {address}/graphiql\n")
    if demo:
        print(_DEMO_LOGINS)
    stays = ""
    if folder:
        forgets = "`make reset`" if folder.resolve() == _FOLDER_OF_MAKE else "deleting that folder"
        stays = f" Data stays in {folder}; {forgets} forgets it."
    print(f"  Ctrl-C stops everything.{stays}\n", flush=True)


# The Makefile's, which `make reset` deletes.
_FOLDER_OF_MAKE = Path(__file__).parents[1] / "var"
_DEMO_LOGINS = """\
  Demo logins (the sign-in code is shown on the page):
    138 0000 0001   张丽华, citizen of Dongcheng; acts for her mother and her child
                    and builds mini-programs as 胡同工作室 (the program “Developer console”)
    138 0000 0002   Alexander Montgomery-Featherstonehaugh, citizen of Chaoyang
    138 0000 0003   欧阳建国, citizen of Haidian
    138 0000 0004   刘秀英, her mother
    139 0000 0001   staff: inspector, Dongcheng (scans codes and licences); 0002 Haidian
    139 0000 0005   staff: handles reports, Dongcheng; 0006 Haidian
    139 0000 0003   staff: issues licences; 0004 bills; 0007 health; 0008 plates
    139 0000 0017   staff: reviews mini-programs; 0019 and 0020 together take them back
"""


def _progress(sentence: str) -> None:
    print(f"  {sentence}", file=sys.stderr, flush=True)


def _quiet(sentence: str) -> None:
    """A script reads the one line of JSON; it needs no progress."""


if __name__ == "__main__":
    sys.exit(main())
