"""Starts Twitter Manager: `python app.py`; for other WSGI servers `app:app`; for `flask --app app …`, too."""

import sys
from pathlib import Path

from twitter_manager import start

ROOT = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.exit(start.main(ROOT))

app = start.application(ROOT)
