"""The commands, a file per subject: `twitter-manager …`, and the same as `flask --app app …`.

worker keys doctor simulator    each the command of its name; documents: openapi and postman
copies                          backup, restore
migrate_to                      from SQLite to PostgreSQL
rotate_key                      another encryption key
current                         for all of them
"""

import click
from flask import Flask

from twitter_manager.cli.copies import backup, restore
from twitter_manager.cli.doctor import application_of_the_doctor, asks_the_doctor, doctor
from twitter_manager.cli.documents import openapi, postman
from twitter_manager.cli.keys import keys
from twitter_manager.cli.migrate_to import migrate_to
from twitter_manager.cli.rotate_key import rotate_key
from twitter_manager.cli.simulator import simulator
from twitter_manager.cli.worker import worker

__all__ = ["COMMANDS", "application_of_the_doctor", "asks_the_doctor", "register"]

COMMANDS: tuple[click.Command, ...] = (
    worker,
    keys,
    doctor,
    backup,
    restore,
    migrate_to,
    rotate_key,
    simulator,
    openapi,
    postman,
)


def register(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
