"""The batch engine, with a stand-in for vLLM."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from supreme_ecg.errors import ExtraError
from supreme_ecg.extraction.llm.chat import Sampling
from supreme_ecg.extraction.llm.extractor import LlmExtractor
from supreme_ecg.extraction.llm.vllm_batch import VllmChat

FLUTTER = (
    '{"findings": [{"evidence": "flutter", "concept": "atrial_flutter", "assertion": "Abnormal"}]}'
)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A module with the part of vLLM's interface that is used; the batches that it was given."""
    batches: list[dict[str, Any]] = []

    class LLM:
        def __init__(self, model: str, **settings: Any) -> None:
            self.model, self.settings = model, settings

        def chat(self, messages: list, sampling_params: list, use_tqdm: bool) -> list:
            batches.append({"engine": self, "messages": messages, "parameters": sampling_params})
            first = len(batches) == 1
            answer = SimpleNamespace(
                text="no" if first else FLUTTER, finish_reason="stop", token_ids=[1, 2]
            )
            return [SimpleNamespace(outputs=[answer], prompt_token_ids=[1, 2, 3])] * len(messages)

    vllm, parameters = ModuleType("vllm"), ModuleType("vllm.sampling_params")
    vllm.LLM, vllm.SamplingParams = LLM, SimpleNamespace
    parameters.StructuredOutputsParams = SimpleNamespace
    monkeypatch.setitem(sys.modules, "vllm", vllm)
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", parameters)
    return batches


def test_batches_go_through_the_same_checks(engine, table, full) -> None:
    """Statements are asked in batches under a schema; a wrong answer is mended in a second turn."""
    chat = VllmChat("folder/model", sampling=Sampling(max_tokens=64), batch=2)
    extractor = LlmExtractor(chat, table, prompt=full)
    found = extractor.extract_many(["a flutter", "b flutter", "c flutter"])
    assert {text: [each.concept for each in said] for text, said in found.items()} == {
        text: ["atrial_flutter"] for text in ("a flutter", "b flutter", "c flutter")
    }
    assert [len(batch["messages"]) for batch in engine] == [2, 1, 2]
    parameters = engine[0]["parameters"][0]
    assert (parameters.temperature, parameters.max_tokens, parameters.seed) == (0.0, 64, 0)
    assert parameters.structured_outputs.json == full.schema("a flutter")
    assert engine[0]["engine"].model == "folder/model"
    assert engine[2]["messages"][0][-2] == {"role": "assistant", "content": "no"}


def test_without_vllm_the_extra_is_named(monkeypatch) -> None:
    """The error says what to install and where."""
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(ExtraError, match=r"supreme-ecg\[vllm\]"):
        VllmChat("m")
