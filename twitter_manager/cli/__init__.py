"""The commands, a file per subject: `twitter-manager …`, and the same as `flask --app app …`.

worker keys doctor simulator    each the command of its name; documents: openapi and postman; current: for all of them
"""

import click
from flask import Flask

from twitter_manager.cli.doctor import application_of_the_doctor, asks_the_doctor, doctor
from twitter_manager.cli.documents import openapi, postman
from twitter_manager.cli.keys import keys
from twitter_manager.cli.simulator import simulator
from twitter_manager.cli.worker import worker

__all__ = ["COMMANDS", "application_of_the_doctor", "asks_the_doctor", "register"]

COMMANDS: tuple[click.Command, ...] = (worker, keys, doctor, simulator, openapi, postman)


def register(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)
