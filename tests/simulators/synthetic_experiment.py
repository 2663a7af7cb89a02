"""A made-up randomised experiment in a CSV, with its mapping and campaign. Never a behaviour under test.

Nothing about it is like Hillstrom's: semicolons, Latin-1, decimal commas, line breaks in cells, another
language's column names, and money instead of visits.
"""

import csv
import gzip
import random
from pathlib import Path

from msgspec import Struct

CAMPAIGN = """
campaign: winter coats
time_zone: Europe/Berlin
reward: {lowest: 0, highest: 1}
outcomes: {bought: 1, left: 0}
send_nothing: {allowed: true, price: 0}
channels:
  app:
    send_windows: {now: now}
  e-mail:
    send_windows: {now: now}
contents:
  coat: {category: coats, price: 120}
  scarf: {category: scarves, price: 25, channels: [e-mail]}
"""

MAPPING = """
campaign: campaign.yaml
delimiter: ";"
encoding: latin-1
decimal: ","
customer_column: Kunde
context:
  numbers: {age: Alter}
  categories: [Stadt]
action:
  column: Gruppe
  values:
    Mantel: {channel: app, content: coat}
    Schal: {channel: e-mail, content: scarf}
    Kontrolle: nothing
reward:
  value: {column: Umsatz, divide_by: 200}
metric: {column: Umsatz, label: spend in €}
"""

GROUPS = ("Mantel", "Schal", "Kontrolle")
CITIES = ("Köln", "Berlin", "Bad\nHomburg")
"""One name with a line break inside its cell."""

MEAN_SPEND = {"Mantel": 90.0, "Schal": 40.0, "Kontrolle": 20.0}


class ExperimentFiles(Struct, frozen=True):
    """Where the experiment's files lie."""

    csv: Path
    mapping: Path
    campaign: Path


def write_experiment(folder: Path, rows: int, *, packed: bool = False) -> ExperimentFiles:
    """Write the experiment with its mapping and campaign; the same number of rows gives the same files."""
    files = ExperimentFiles(
        folder / ("shop.csv.gz" if packed else "shop.csv"), folder / "mapping.yaml", folder / "campaign.yaml"
    )
    files.mapping.write_text(MAPPING, encoding="utf-8")
    files.campaign.write_text(CAMPAIGN, encoding="utf-8")
    with (gzip.open if packed else open)(files.csv, "wt", encoding="latin-1", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["Kunde", "Alter", "Stadt", "Gruppe", "Umsatz"])
        draw = random.Random(7)
        table.writerows(_cells(number, draw) for number in range(rows))
    return files


def _cells(number: int, draw: random.Random) -> list[str]:
    group = draw.choice(GROUPS)
    spend = min(200.0, draw.expovariate(1 / MEAN_SPEND[group]))
    age = "" if draw.random() < 0.1 else str(draw.randint(18, 90))
    return [f"kunde-{number}", age, draw.choice(CITIES), group, f"{spend:.2f}".replace(".", ",")]
