"""A bank of our own in the shape of the real one: a wheel with a few documents, requests and customers."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in sys.path:  # where the examples are run from
    sys.path.append(ROOT)

DOCUMENTS = {
    "doc_credit_cards_tin_card_001": (
        "Tin Card: fees",
        "The Tin Card has no annual fee and no foreign transaction fee.",
    ),
    "doc_credit_cards_tin_card_002": ("Tin Card: cash back", "The Tin Card gives 1% cash back on groceries."),
    "doc_credit_cards_iron_card_001": ("Iron Card: fees", "The Iron Card costs $90 a year."),
    "doc_credit_cards_iron_card_002": ("Iron Card: cash back", "The Iron Card gives 4% cash back on travel."),
    "doc_savings_accounts_oak_account_001": ("Oak Account: interest", "The Oak Account pays 3% interest a year."),
    "doc_savings_accounts_oak_account_002": ("Oak Account: opening", "Opening an Oak Account takes a deposit of $50."),
    "doc_savings_accounts_elm_account_001": ("Elm Account: interest", "The Elm Account pays 2% interest, monthly."),
    "doc_savings_accounts_elm_account_002": (
        "Elm Account: closing",
        "Closing an Elm Account is free after six months.",
    ),
}
REQUESTS = {
    "You want a card without annual fee for trips abroad.": ["doc_credit_cards_tin_card_001"],
    "You travel much and want cash back for it.": ["doc_credit_cards_iron_card_002", "doc_credit_cards_iron_card_001"],
    "You want to know what interest the Oak Account pays.": ["doc_savings_accounts_oak_account_001"],
    "You are closing your Elm Account: is there a charge?": ["doc_savings_accounts_elm_account_002"],
    "You have $50 and want to begin saving.": ["doc_savings_accounts_oak_account_002"],
    "You ask for monthly interest.": ["doc_savings_accounts_elm_account_001"],
}
CUSTOMERS = {
    "u1": ("Ada Low", "ada@example.org"),
    "u2": ("Bo Reed", "bo.reed@example.org"),
    "u3": ("Cy", "cy@example.org"),
}


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with the bank's three files."""
    from examples.bank import FILE, INSIDE

    documents = [{"id": key, "title": title, "content": text} for key, (title, text) in DOCUMENTS.items()]
    tasks = [
        {"id": f"task_{n}", "user_scenario": {"instructions": story}, "required_documents": needed}
        for n, (story, needed) in enumerate(REQUESTS.items())
    ]
    path = tmp_path / FILE
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(INSIDE + "documents.json.gz", gzip.compress(json.dumps(documents).encode()))
        archive.writestr(INSIDE + "tasks.json", json.dumps(tasks))
        archive.writestr(INSIDE + "db.json", json.dumps(_tables()))
    return path


def _tables() -> dict[str, object]:
    users = {key: {"user_id": key, "name": name, "email": email} for key, (name, email) in CUSTOMERS.items()}
    cards = [
        {"user_id": key, "card_type": card, "current_balance": f"${number}.25"}
        for number, (key, card) in enumerate([("u1", "Tin Card"), ("u1", "Iron Card"), ("u2", "Tin Card")], start=10)
    ]
    accounts = [
        {"user_id": key, "level": level, "current_holdings": f"{number}.00"}
        for number, (key, level) in enumerate([("u2", "Oak Account"), ("u3", "Elm Account")], start=500)
    ]
    tables = {"credit_card_accounts": cards, "accounts": accounts}
    return {"users": {"data": users}} | {
        name: {"data": {str(place): record for place, record in enumerate(records)}} for name, records in tables.items()
    }


@pytest.fixture(autouse=True)
def _own_store(store_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test here writes to a store, and none sees the machine's own keys."""
    for name in os.environ:
        if name.startswith(("OPENAI_", "ANTHROPIC_", "STEELYARD_JUDGE", "MLFLOW_GENAI")):
            monkeypatch.delenv(name)
