"""Tables and findings for the tests of vocabularies."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.extraction.findings import FINDINGS_SCHEMA
from supreme_ecg.vocabulary.opposites import Opposites
from tests.vocabulary.word_encoder import WordEncoder

Findings = Callable[..., pl.DataFrame]


@pytest.fixture(scope="session")
def table() -> ConceptTable:
    return ConceptTable.load()


@pytest.fixture(scope="session")
def opposites() -> Opposites:
    return Opposites.load()


@pytest.fixture(scope="session")
def words() -> WordEncoder:
    return WordEncoder()


@pytest.fixture(scope="session")
def findings_of() -> Findings:
    """Findings whose evidence is the whole statement, from (record, statement, concept) triples."""

    def make(*said: tuple[str, str, str], assertion: str = "present") -> pl.DataFrame:
        rows = [
            (record, text, concept, assertion, 0, len(text), "rules/1")
            for record, text, concept in said
        ]
        return pl.DataFrame(rows, schema=FINDINGS_SCHEMA, orient="row")

    return make


@pytest.fixture(scope="session")
def nothing() -> pl.DataFrame:
    """No statement without a finding."""
    return pl.DataFrame(schema={"record_id": pl.String, "statement": pl.String})
