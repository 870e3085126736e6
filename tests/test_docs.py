"""The worked examples of README and docs do what they say."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supreme_ecg.cli.main import app
from supreme_ecg.evaluation.split import SplitRule
from supreme_ecg.store.reading import Store

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> Iterator[str]:
    for page in PAGES:
        yield from re.findall(rf"```{language}\n(.*?)```", page.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize(
    "code", [code for code in blocks("python") if "from_pretrained" not in code]
)
def test_a_python_example_prints_what_its_comments_say(code: str, capsys) -> None:
    """Comment lines after the code are its output."""
    exec(compile(code, "example", "exec"), {})
    expected = [line[2:] for line in code.splitlines() if line.startswith("# ")]
    assert capsys.readouterr().out.splitlines() == expected


def test_the_model_example_runs_as_it_stands(cohort: Path, tmp_path, monkeypatch) -> None:
    """With the packaged weights, given an ECG under the name that it uses."""
    monkeypatch.chdir(tmp_path)
    for suffix in (".hea", ".dat"):
        source = sorted((cohort / "records").glob(f"*{suffix}"))[0]
        content = source.read_bytes()
        named = content.replace(source.stem.encode(), b"ecg") if suffix == ".hea" else content
        (tmp_path / "ecg").with_suffix(suffix).write_bytes(named)
    (code,) = [code for code in blocks("python") if "from_pretrained" in code]
    exec(compile(code, "example", "exec"), {})


def test_the_task_of_ones_own_is_scored_as_it_stands(
    cohort: Path, cohort_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task file, the table in the form shown (for all simulated patients) and the command."""
    text = (ROOT / "docs" / "evaluation.md").read_text()
    (table,) = re.findall(r"```csv\n(.*?)```", text, flags=re.DOTALL)
    (task,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    (words,) = [words for words in commands() if "ward.toml" in words]
    with (cohort / "cohort.csv").open(newline="") as stream:
        codes = {row["record_id"]: row["codes"].split(";") for row in csv.DictReader(stream)}
    header, *shown = table.splitlines()
    assert header == "record_id,slow,blocked bundle"
    rows = [
        f"{record},{int('SBRAD' in own)},{int(bool({'CLBBB', 'CRBBB'} & set(own)))}"
        for record, own in codes.items()
    ]
    assert set(shown) <= set(rows)
    monkeypatch.chdir(tmp_path)
    Path("ward.csv").write_text("\n".join([header, *rows]) + "\n")
    Path("ward.toml").write_text(task)
    Path("demo").mkdir()
    Path("demo/store").symlink_to(cohort_store)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    scores = json.loads(Path("ward.json").read_text())["protocols"]["corrected"]
    assert [one["name"] for one in scores["classes"]] == ["slow", "blocked bundle"]
    tested = SplitRule().parts(Store.open(cohort_store).records, where="cohort") == "test"
    assert scores["records"] == tested.sum()
    assert Path("ward.png").is_file()


def commands() -> list[list[str]]:
    """Every `supreme` line of the shell examples, continued lines joined, without redirection."""
    found = []
    for block in blocks("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.split(">")[0], comments=True)
            if words[:1] == ["supreme"]:
                found.append(words[1:])
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_of_the_docs_exists_with_its_options(words: list[str]) -> None:
    """Its name and every option in it are known to the command's own help."""
    shown = CliRunner().invoke(app, [words[0], "--help"], env={"COLUMNS": "300"})
    assert shown.exit_code == 0, words
    for option in (word for word in words if word.startswith("--")):
        assert option in shown.stdout, option


@pytest.mark.parametrize("words", [w for w in commands() if w[0] == "findings"], ids=" ".join)
def test_a_findings_example_gives_findings(words: list[str]) -> None:
    """It runs as it stands."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    assert json.loads(result.stdout)


def test_no_link_of_the_docs_is_broken() -> None:
    """Each relative link leads to a file of the repository."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
