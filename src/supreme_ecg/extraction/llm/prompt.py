"""Prompts: versioned files with the words, the concept table with the domain knowledge."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from supreme_ecg.concepts.concept import Concept
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import RecipeError
from supreme_ecg.extraction.llm import shortlist
from supreme_ecg.extraction.llm.answer import (
    Checked,
    NamedBy,
    SaidFinding,
    answer_schema,
    check_answer,
)
from supreme_ecg.extraction.llm.chat import Message
from supreme_ecg.extraction.llm.masking import Masked
from supreme_ecg.extraction.llm.shortlist import Shortlist


class Example(BaseModel):
    """A statement with its right answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statement: str
    findings: tuple[SaidFinding, ...]


class Wording(BaseModel):
    """A prompt file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    candidates: Annotated[int, Field(ge=0)]
    """How many concepts are shown with a statement."""
    example_candidates: Annotated[int, Field(ge=0)]
    """How many are shown with an example."""
    choose_only_candidates: bool
    """Whether the schema itself lists the concepts, so that no other one can be written."""
    named_by: NamedBy
    """``model``: it chooses a concept. ``evidence``: the table says what the quoted words name."""
    new_entities: bool
    """Whether an answer may name what the table lacks."""
    concept: str
    """How a candidate is shown: ``{id}``, ``{name}``, ``{definition}``, ``{snomed_ct}``."""
    snomed_ct: str
    """How its SNOMED CT ``{codes}`` are shown, where it has any."""
    separator: str
    """What stands between candidates."""
    system: str
    turn: str
    """``{concepts}`` and ``{statement}`` are filled in."""
    repair: str
    """Asks again after an answer with ``{faults}``."""
    examples: tuple[Example, ...]


class Prompt:
    """A wording with a concept table: makes the conversation for a statement.

    Args:
        name: Name and version of the wording, as ``full-1``.
        wording: The prompt file.
        table: The concepts to choose from.
    """

    def __init__(self, name: str, wording: Wording, table: ConceptTable) -> None:
        self.name, self.wording = name, wording
        self._table, self._shortlist = table, Shortlist(table)

    @classmethod
    def load(cls, name: str | Path, table: ConceptTable) -> Self:
        """Load a prompt.

        Args:
            name: ``full-1``, ``entity-1`` or ``compact-1`` of the package, or the path of a TOML file
                like theirs.
            table: The concepts to choose from.

        Raises:
            RecipeError: There is no such prompt, or its file is wrong; the message names the key.
        """
        source = _source(name)
        try:
            wording = Wording.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise _wrong(name, type(error).__name__) from None
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise _wrong(name, f"{key}: {first['msg']}") from None
        return cls(Path(name).stem, wording, table)

    @cached_property
    def version(self) -> str:
        """Name with a fingerprint of everything that the model gets to see: ``full-1+0a1b2c3d``.

        The fingerprint covers the wording and, if the prompt shows candidates, the concept table
        and the method of the shortlist.
        """
        if not self._shows_concepts:
            return self._version_of([self.wording.model_dump()])
        concepts = [
            (each.id, each.name, each.definition, each.snomed_ct, [s.phrase for s in each.synonyms])
            for each in self._table.concepts.values()
        ]
        return self._version_of([self.wording.model_dump(), concepts, shortlist.VERSION])

    @property
    def _shows_concepts(self) -> bool:
        wording = self.wording
        return bool(wording.candidates or wording.example_candidates)

    def _version_of(self, seen: Sequence[object]) -> str:
        return f"{self.name}+{hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:8]}"

    def conversation(self, statement: str) -> tuple[Message, ...]:
        """Return the turns that ask for the findings of a statement."""
        return (*self._opening, Message("user", self._turn(statement, self.wording.candidates)))

    def schema(self, statement: str) -> Mapping[str, Any]:
        """Return the JSON schema of the answer for a statement."""
        only: tuple[Concept, ...] = ()
        if self.wording.choose_only_candidates:
            only = self._shortlist.candidates(statement, self.wording.candidates)
        return answer_schema(
            only=[self._called(each) for each in only],
            new_entities=self.wording.new_entities,
            named_by=self.wording.named_by,
        )

    def check(self, answer: str, masked: Masked) -> Checked:
        """Take from an answer to this prompt what can be believed."""
        return check_answer(
            answer,
            masked,
            self._table,
            new_entities=self.wording.new_entities,
            named_by=self.wording.named_by,
        )

    def repair(self, statement: str, answer: str, faults: Sequence[str]) -> tuple[Message, ...]:
        """Return the turns that ask to mend an answer.

        Args:
            statement: What the conversation was about.
            answer: What the model answered.
            faults: What is wrong with it.
        """
        listed = "\n".join(f"- {fault}" for fault in faults)
        ask = self.wording.repair.strip().replace("{faults}", listed)
        ask = ask.replace("{statement}", statement)
        return (
            *self.conversation(statement),
            Message("assistant", answer or "{}"),
            Message("user", ask),
        )

    def _called(self, concept: Concept) -> str:
        """Return what an answer calls a concept: its id where ids are shown, else its name."""
        return concept.id if "{id}" in self.wording.concept else concept.name

    @cached_property
    def _opening(self) -> tuple[Message, ...]:
        turns = [Message("system", self.wording.system.strip())]
        for example in self.wording.examples:
            turn = self._turn(example.statement, self.wording.example_candidates)
            turns.append(Message("user", turn))
            said = [self._shown(each) for each in example.findings]
            turns.append(Message("assistant", json.dumps({"findings": said}, ensure_ascii=False)))
        return tuple(turns)

    def _shown(self, finding: SaidFinding) -> dict[str, str | None]:
        fields = self.schema("")["properties"]["findings"]["items"]["required"]
        return {name: getattr(finding, name) for name in fields}

    def _turn(self, statement: str, count: int) -> str:
        candidates = self._shortlist.candidates(statement, count)
        shown = self.wording.separator.join(map(self._line, candidates))
        turn = self.wording.turn.strip().replace("{concepts}", shown)
        return turn.replace("{statement}", statement)

    def _line(self, concept: Concept) -> str:
        codes = self.wording.snomed_ct.replace("{codes}", ", ".join(concept.snomed_ct))
        line = self.wording.concept.replace("{id}", concept.id).replace("{name}", concept.name)
        line = line.replace("{snomed_ct}", codes if concept.snomed_ct else "")
        return line.replace("{definition}", concept.definition.rstrip("."))


def packaged_prompts() -> tuple[str, ...]:
    """Names of the package's prompts."""
    folder = files("supreme_ecg.extraction.llm") / "prompts"
    return tuple(sorted(Path(each.name).stem for each in folder.iterdir()))


def _source(name: str | Path) -> Any:
    if str(name) in packaged_prompts():
        return files("supreme_ecg.extraction.llm") / "prompts" / f"{name}.toml"
    return Path(name)


def _wrong(name: str | Path, found: str) -> RecipeError:
    return RecipeError(
        f"prompt {str(name)!r}",
        expected=f"{', '.join(packaged_prompts())} or a TOML file like theirs",
        found=found,
        remedy="Choose a prompt, or mend its file.",
    )
