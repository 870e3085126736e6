"""A language model in this process, in large batches: vLLM's offline engine. Needs the extra ``vllm``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any, Literal

from supreme_ecg.errors import ExtraError
from supreme_ecg.extraction.llm.chat import Completion, Question, Sampling, Unanswered


class VllmChat:
    """Runs a model with vLLM's offline engine. Nothing leaves the machine.

    Args:
        model: Name of the model on the hub, or a folder.
        sampling: How answers are drawn.
        batch: Questions handed over at once; answers are kept after each batch.
        engine: Arguments of ``vllm.LLM``, as ``tensor_parallel_size`` and ``max_model_len``.

    Raises:
        ExtraError: The extra ``vllm`` is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        sampling: Sampling | None = None,
        batch: int = 1024,
        engine: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            import vllm  # noqa: PLC0415  an extra
            from vllm.sampling_params import StructuredOutputsParams  # noqa: PLC0415
        except ImportError:
            raise ExtraError(
                "the batch engine of the LLM extractor",
                expected="the extra vllm",
                found="no vllm package of version 0.11 or later",
                remedy="Install it on a machine with a GPU: pip install 'supreme-ecg[vllm]'.",
            ) from None
        self.model, self.sampling, self.concurrency = model, sampling or Sampling(), batch
        self._parameters_class, self._schema_class = vllm.SamplingParams, StructuredOutputsParams
        self._settings: dict[str, Any] = {"seed": self.sampling.seed, "enable_prefix_caching": True}
        self._settings |= dict(engine or {})
        self._engine_class: Any = vllm.LLM
        self._engine: Any = None

    def close(self) -> None:
        """Let the model go."""
        self._engine = None

    def ask(
        self, questions: Iterable[Question]
    ) -> Iterator[tuple[Question, Completion | Unanswered]]:
        """Yield each question with its answer, batch by batch. The first loads the model."""
        waiting = iter(questions)
        while batch := list(islice(waiting, self.concurrency)):
            if self._engine is None:
                self._engine = self._engine_class(model=self.model, **self._settings)
            begun = time.perf_counter()
            outputs = self._engine.chat(
                [[asdict(message) for message in each.messages] for each in batch],
                sampling_params=[self._parameters(each.schema) for each in batch],
                use_tqdm=False,
            )
            seconds = (time.perf_counter() - begun) / len(batch)
            for question, output in zip(batch, outputs, strict=True):
                yield question, _completion(output, seconds)

    def _parameters(self, schema: Mapping[str, Any]) -> Any:
        return self._parameters_class(
            temperature=self.sampling.temperature,
            max_tokens=self.sampling.max_tokens,
            seed=self.sampling.seed,
            structured_outputs=self._schema_class(json=dict(schema)),
            **self.sampling.extra,
        )


def _completion(output: Any, seconds: float) -> Completion | Unanswered:
    if not output.outputs:
        return Unanswered("no output of the engine")
    answer = output.outputs[0]
    finish: Literal["stop", "length"] = "length" if answer.finish_reason == "length" else "stop"
    return Completion(
        text=answer.text,
        finish=finish,
        prompt_tokens=len(output.prompt_token_ids or ()),
        completion_tokens=len(answer.token_ids),
        seconds=seconds,
    )
