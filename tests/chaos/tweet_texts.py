"""Texts as people write them, each with its number; some differ only at their very end."""

import random

__all__ = ["texts"]

OPENINGS = [
    "New on the blog: how we cut our build time in half & kept our nerves",
    'Release {n} is out 🎉 <b>no</b> breaking changes, "promise"',
    "Reminder: the meetup starts at 7 pm.\nDoors open at 6.\n\nBring a friend",
    "Änderungen im Fahrplan: S-Bahn fährt heute nicht 🚆🚧",
    "今日の写真: 桜が咲きました 🌸",
    "We are hiring! Python & SQL, remote, 4 > 5 days a week",
    "👩🏽‍💻 Thread of the day",
    "Q: is 1 < 2 && 3 > 2?\nA: yes",
]
LINKS = [
    "https://example.com/blog/{n}?utm_source=x&utm_medium=social",
    "https://example.org/r/{n}#notes",
    "http://EXAMPLE.com/Some/Path/{n}/",
    "example.com/p/{n}",
]


def texts(count: int, *, chance: random.Random, repeat_every: int = 100) -> list[str]:
    """`count` texts, each different, but for one in `repeat_every`: it repeats an earlier one word for word."""
    made: list[str] = []
    for number in range(1, count + 1):
        repeats = number % repeat_every == 0
        made.append(chance.choice(made[-40:]) if repeats else _text(number, chance))
    return made


def _text(number: int, chance: random.Random) -> str:
    parts = [chance.choice(OPENINGS)]
    if chance.random() < 0.6:
        parts.append(chance.choice(LINKS))
    parts.append("#{n}")
    return chance.choice([" ", "\n"]).join(parts).replace("{n}", str(number))
