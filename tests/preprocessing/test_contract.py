from __future__ import annotations

import json

import pytest

from supreme_ecg.errors import ContractError
from supreme_ecg.preprocessing.contract import SignalContract


def test_a_contract_returns_from_json_as_it_was() -> None:
    """Through real JSON text, lists and all."""
    contract = SignalContract(sampling_rate_hz=500, highpass_hz=0.5, leads=("I", "II"))
    text = json.dumps(contract.to_json())
    assert SignalContract.from_json(json.loads(text), where="store.json") == contract


@pytest.mark.parametrize("change", [{"colour": 1}, {"crop": None}])
def test_unknown_and_missing_keys_are_refused(change: dict[str, object]) -> None:
    """A contract of another version is not guessed at; the message names file and key."""
    values = SignalContract().to_json() | change
    values = {key: value for key, value in values.items() if value is not None or key != "crop"}
    with pytest.raises(
        ContractError, match=rf"store.json: .*differing keys \['{next(iter(change))}'\]"
    ):
        SignalContract.from_json(values, where="store.json")


def test_contracts_that_differ_name_what_differs() -> None:
    """Both values of each differing field, and nothing else."""
    ours, theirs = SignalContract(), SignalContract(sampling_rate_hz=500)
    with pytest.raises(ContractError) as caught:
        ours.require_equal(theirs, where="weights")
    assert (caught.value.expected, caught.value.found) == (
        "sampling_rate_hz=100",
        "sampling_rate_hz=500",
    )
    ours.require_equal(SignalContract(), where="weights")


def test_samples_are_rate_times_duration() -> None:
    """Ten seconds at 500 Hz are 5000 samples."""
    assert SignalContract(sampling_rate_hz=500).samples == 5000
