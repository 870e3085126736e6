"""The options of `supreme extract` for language models, and what they print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from supreme_ecg.cli.console import console

if TYPE_CHECKING:
    import polars as pl

    from supreme_ecg.concepts.table import ConceptTable
    from supreme_ecg.extraction.llm.chat import Chat
    from supreme_ecg.extraction.llm.estimate import Estimate
    from supreme_ecg.extraction.llm.extractor import LlmExtractor
    from supreme_ecg.reports.extractor import BatchExtractor, Extractor

_PANEL: Final = "Language models (--extractor llm or vllm)"
DEFAULT_CACHE: Final = Path("llm_answers.sqlite")

LlmUrl = Annotated[
    str | None,
    typer.Option(
        envvar="SUPREME_LLM_URL",
        help="Base URL of an OpenAI-compatible server, as http://127.0.0.1:8080/v1.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
LlmModel = Annotated[
    str | None,
    typer.Option(
        envvar="SUPREME_LLM_MODEL",
        help="Model, as the server or vLLM knows it.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
LlmPrompt = Annotated[
    str,
    typer.Option(
        help="full-1, entity-1 (models under a billion parameters), compact-1, or a file like theirs.",
        rich_help_panel=_PANEL,
    ),
]
LlmCache = Annotated[
    Path,
    typer.Option(
        help="File of the answers so far; what is in it is not asked again.", rich_help_panel=_PANEL
    ),
]
LlmConcurrency = Annotated[
    int, typer.Option(min=1, help="Questions asked at once.", rich_help_panel=_PANEL)
]
LlmMaxTokens = Annotated[
    int, typer.Option(min=16, help="Longest answer, in tokens.", rich_help_panel=_PANEL)
]
LlmKeyVariable = Annotated[
    str,
    typer.Option(help="Environment variable that holds the server's key.", rich_help_panel=_PANEL),
]
LlmNames = Annotated[
    Path | None,
    typer.Option(
        help="Text file of names, one a line, that are masked wherever they stand.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
LlmPrices = Annotated[
    str | None,
    typer.Option(
        metavar="IN,OUT",
        help="Price of a million prompt tokens and of a million answer tokens, for --dry-run.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Ask this machine only.", rich_help_panel=_PANEL)
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Estimate cost and time; ask and write nothing.", rich_help_panel=_PANEL
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmOptions:
    """The options by value."""

    url: str | None
    model: str | None
    prompt: str
    cache: Path
    concurrency: int
    max_tokens: int
    key_variable: str
    names: Path | None
    prices: str | None
    offline: bool
    dry_run: bool


@contextmanager
def open_llm(
    engine: Literal["llm", "vllm"], options: LlmOptions, table: ConceptTable
) -> Iterator[LlmExtractor]:
    """Make the extractor of the options, and close it afterwards.

    Raises:
        EndpointError: The address, the key or the cache is wrong.
        ExtraError: The extra of the engine is not installed.
        RecipeError: There is no such prompt.
    """
    from supreme_ecg.extraction.llm.cache import AnswerCache  # noqa: PLC0415  keeps --help light
    from supreme_ecg.extraction.llm.extractor import LlmExtractor  # noqa: PLC0415
    from supreme_ecg.extraction.llm.prompt import Prompt  # noqa: PLC0415

    prompt = Prompt.load(options.prompt, table)
    names = _read_names(options.names)
    chat = _chat(engine, options)
    cache_path = None if options.dry_run and not options.cache.exists() else options.cache
    try:
        with AnswerCache(cache_path) as cache:
            yield LlmExtractor(chat, table, prompt=prompt, cache=cache, names=names)
    finally:
        chat.close()


def estimate(
    reports: Iterable[str | None], extractor: Extractor | BatchExtractor, options: LlmOptions
) -> Estimate:
    """Estimate a run of a language model over reports."""
    from supreme_ecg.extraction.llm.estimate import estimate_run  # noqa: PLC0415
    from supreme_ecg.extraction.llm.extractor import LlmExtractor  # noqa: PLC0415
    from supreme_ecg.extraction.run import split_text  # noqa: PLC0415

    assert isinstance(extractor, LlmExtractor)
    texts = dict.fromkeys(report for report in reports if report)
    statements = dict.fromkeys(each for text in texts for each in split_text(text)[0])
    prices = _prices(options.prices)
    return estimate_run(list(statements), extractor, price_per_million=prices)


def print_estimate(made: Estimate, options: LlmOptions) -> None:
    """Show an estimate to people."""
    cost = "unknown without --llm-prices" if made.cost is None else f"{made.cost:,.2f}"
    lines = (
        f"{made.statements:,} distinct statements, {made.masked_statements:,} after masking "
        f"({made.with_identifiers:,} held identifiers).",
        f"{made.known:,} are answered in {options.cache}; {made.to_ask:,} to ask, "
        f"about {made.answers:,.0f} answers with repairs.",
        f"Tokens: {made.prompt_tokens:,} of prompts, {made.completion_tokens:,} of answers. "
        f"Cost: {cost}. Time: {_duration(made.seconds)} ({made.basis}).",
        "Nothing was asked.",
    )
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def finish_llm(
    folder: Path,
    extractor: Extractor | BatchExtractor,
    ids: pl.Series,
    reports: pl.Series,
) -> None:
    """Write what a language model leaves beside its findings; after rules, remove what one left."""
    from supreme_ecg.extraction.llm.extractor import LlmExtractor  # noqa: PLC0415
    from supreme_ecg.extraction.llm.output import remove_listings, write_listings  # noqa: PLC0415

    if isinstance(extractor, LlmExtractor):
        write_listings(folder, extractor, ids, reports)
    else:
        remove_listings(folder)


def llm_counts(extractor: Extractor | BatchExtractor) -> dict[str, Any]:
    """What a run of a language model did, for ``--json``; nothing for rules."""
    from supreme_ecg.extraction.llm.extractor import LlmExtractor  # noqa: PLC0415

    if not isinstance(extractor, LlmExtractor):
        return {}
    counts = {
        "answers_of_this_run": extractor.asked,
        "rejected_statements": len({each.statement for each in extractor.rejections}),
        "new_entities": len({each.entity for each in extractor.provenance} - {None}),
        "prompt": extractor.prompt.version,
    }
    return {"llm": counts}


def print_llm(extractor: Extractor | BatchExtractor) -> None:
    """Show people what a run of a language model did; nothing for rules."""
    counts = llm_counts(extractor).get("llm")
    if counts is None:
        return
    console.print(
        f"{extractor.name}: {counts['answers_of_this_run']} answers asked for, the rest from the "
        f"cache; {counts['rejected_statements']} statements with something rejected "
        f"(llm_rejected.csv), {counts['new_entities']} new entities (entities.parquet).",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def estimate_json(made: Estimate) -> dict[str, Any]:
    """An estimate for ``--json``."""
    return asdict(made)


def _chat(engine: Literal["llm", "vllm"], options: LlmOptions) -> Chat:
    from supreme_ecg.extraction.llm.chat import Sampling  # noqa: PLC0415
    from supreme_ecg.extraction.llm.endpoint import EndpointChat  # noqa: PLC0415
    from supreme_ecg.extraction.llm.vllm_batch import VllmChat  # noqa: PLC0415

    if not options.model:
        raise typer.BadParameter("--llm-model is needed.")
    sampling = Sampling(max_tokens=options.max_tokens)
    if engine == "vllm":
        return VllmChat(options.model, sampling=sampling)
    if not options.url:
        raise typer.BadParameter("--llm-url is needed.")
    return EndpointChat(
        options.url,
        options.model,
        offline=options.offline,
        sampling=sampling,
        concurrency=options.concurrency,
        key_variable=options.key_variable,
    )


def _read_names(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"--llm-names {path}: {type(error).__name__}") from None


def _prices(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        into, out = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter("--llm-prices are two numbers, as 0.4,1.6.") from None
    return into, out


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
