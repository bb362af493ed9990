"""All commands, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from typing import Final

from . import (
    citizens,
    commands,
    dev,
    doctor,
    keyring,
    lint,
    login,
    new,
    packing,
    publishers,
    registering,
    signing,
    testing,
    versions,
)
from .commands import Command
from .desk import Desk
from .typegen import command as typegen

COMMANDS: Final = (
    Command("new", new.new, new.Created),
    Command("lint", lint.lint, lint.Linted),
    Command("typegen", typegen.typegen, typegen.Generated),
    Command("dev", dev.run, dev.Served),
    Command("test", testing.test, testing.Tested),
    Command("doctor", doctor.doctor, doctor.Health),
    Command("pack", packing.pack, packing.Packed),
    Command("diff", packing.diff, packing.Difference),
    Command("keys new", keyring.new, keyring.KeyShown),
    Command("keys list", keyring.listed, keyring.KeysShown),
    Command("keys rotate", keyring.rotate, keyring.KeyShown),
    Command("keys register", registering.register, registering.Registered),
    Command("sign", signing.sign, signing.Signed),
    Command("verify", signing.verify, signing.Believed),
    Command("login", login.login, login.LoggedIn),
    Command("logout", login.logout, login.LoggedOut),
    Command("publishers add", publishers.add, publishers.PublishersShown),
    Command("publishers list", publishers.listed, publishers.PublishersShown),
    Command("publishers remove", publishers.remove, publishers.Publisher),
    Command("submit", versions.submit, versions.Version),
    Command("status", versions.status, versions.VersionsShown),
    Command("withdraw", versions.withdraw, versions.Version),
    Command("release", versions.release, versions.Version),
    Command("release promote", versions.promote, versions.Version),
    Command("release pause", versions.pause, versions.Version),
    Command("release resume", versions.resume, versions.Version),
    Command("release rollback", versions.rollback, versions.Version),
    Command("release revoke", versions.revoke, versions.Version),
    Command("citizens new", citizens.new, citizens.Citizen),
    Command("citizens list", citizens.listed, citizens.CitizensShown),
    Command("citizens show", citizens.show, citizens.Shown),
    Command("citizens reset", citizens.reset, citizens.Reset),
    Command("citizens remove", citizens.remove, citizens.Removed),
    Command("logs", versions.logs, versions.LogLines),
    Command("stats", versions.stats, versions.Days),
)
GROUPS: Final = {
    "keys": "Signing keys of this machine.",
    "publishers": "Runs of CI systems that hand in a program's versions.",
    "release": "",
    "citizens": "Test citizens of a sandbox city.",
}


def main(argv: Sequence[str], desk: Desk) -> int:
    """Run one command. Returns the status."""
    app = commands.assembled(COMMANDS, GROUPS, _version())
    return commands.run(app, argv, desk, [one.name for one in COMMANDS])


def _version() -> str:
    try:
        return metadata.version("citytong-sdk")
    except metadata.PackageNotFoundError:  # from its sources
        return "0"
