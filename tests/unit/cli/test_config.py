from __future__ import annotations

from pathlib import Path

import pytest

from harness import config
from harness.config import FLAGS, KEYS, find_config, load_config
from harness.errors import BadInput


@pytest.fixture(autouse=True)
def _nothing_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "_said", set())


def test_nothing_found_means_no_defaults(tmp_path: Path) -> None:
    assert find_config(tmp_path) is None
    assert load_config(tmp_path) == {}


def test_the_nearest_file_upwards_is_read(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "align.toml").write_text('model = "led"\nseed = 3\nrtol = ["1e-3", "head.*=1e-2"]\n')
    assert find_config(inner) == tmp_path / "align.toml"
    assert load_config(inner) == {"model": "led", "seed": 3, "rtol": ["1e-3", "head.*=1e-2"]}
    (tmp_path / "a" / "align.toml").write_text("batch = 2\n")
    assert load_config(inner) == {"batch": 2}


def test_pyproject_counts_only_with_a_table_of_ours(tmp_path: Path) -> None:
    inner = tmp_path / "a"
    inner.mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.align]\nmode = "train"\n')
    (inner / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert load_config(inner) == {"mode": "train"}
    (tmp_path / "align.toml").write_text("seed = 1\n")
    assert load_config(inner) == {"seed": 1}


def test_the_folder_we_stand_in_is_where_the_search_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "align.toml").write_text("seed = 1\n")
    monkeypatch.chdir(tmp_path)
    assert load_config() == {"seed": 1}


def test_paths_are_read_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "pair.py").touch()
    (tmp_path / "align.toml").write_text(
        'weights = "w.pt"\nreference = "golden"\nmodel = "pair.py:PAIR"\n'
        'torch-python = "env/bin/python"\njittor-python = "python3"\n'
    )
    assert load_config(tmp_path) == {
        "weights": str(tmp_path / "w.pt"),
        "reference": "golden",
        "model": str(tmp_path / "pair.py:PAIR"),
        "torch-python": str(tmp_path / "env/bin/python"),
        "jittor-python": "python3",
    }


CODE = 'model = "pair.py"\ntorch-python = "env/bin/python"\njittor-python = "python3"\n'


@pytest.mark.parametrize("name", ["align.toml", "pyproject.toml"])
def test_code_is_taken_from_the_folder_we_stand_in_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    lead = "" if name == "align.toml" else "[tool.align]\n"
    (tmp_path / name).write_text(f"{lead}{CODE}seed = 3\n")
    assert set(load_config(tmp_path)) == {"model", "torch-python", "jittor-python", "seed"}
    assert capsys.readouterr().err == ""
    for _ in range(2):
        assert load_config(inner) == {"seed": 3}
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(
        f"align: {tmp_path / name} names model and torch-python and jittor-python: left out"
    )
    assert second == f"align: defaults come from {tmp_path / name}"


@pytest.mark.parametrize("model", ["pair.py", "./pair.py:PAIR", "package.module:PAIR", "x.py:"])
def test_every_way_to_name_a_pair_of_ones_own_is_code(tmp_path: Path, model: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "align.toml").write_text(f'model = "{model}"\n')
    assert "model" in load_config(tmp_path)
    assert load_config(tmp_path / "a") == {}


def test_a_built_in_pair_may_be_named_further_up(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "align.toml").write_text('model = "led"\n')
    assert load_config(tmp_path / "a") == {"model": "led"}


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"{key} = {value}"
            for key in KEYS
            for value in ("true", "[]", "{}", "[[1]]", "1979-05-27", "{a = 1}")
        ),
        *(f"[[{key}]]" for key in ("model", "seed")),
        "seed = " + "9" * 100_000,
        "seed = " + "[" * 100_000,
        "seed = 1\nseed = 2",
        "x" * 100_000 + " = 1",
        'model = "' + "x" * 2_000_000 + '"',
        'weights = "~nobody-of-this-name/w.pt"',
    ],
    ids=range(len(KEYS) * 6 + 8),
)
def test_odd_values_are_refused_in_one_short_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "align.toml").write_text(text)
    allowed = text in {f"{key} = []" for key in ("rtol", "atol")}
    try:
        found = load_config(tmp_path)
    except BadInput as refusal:
        said = str(refusal)
        assert not allowed, said
        assert str(tmp_path / "align.toml") in said
        assert len(said.splitlines()) == 1
        assert len(said) < 700
    else:
        assert allowed, found


@pytest.mark.parametrize("model", ["n" * 5_000, "\\u0000", "a/\\u0000.py"])
def test_a_path_that_cannot_be_is_no_failure_of_ours(tmp_path: Path, model: str) -> None:
    (tmp_path / "align.toml").write_text(f'model = "{model}"\n')
    assert "model" in load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modell = 'a'", "unknown key 'modell'. Did you mean 'model'? Allowed are: model, variant"),
        ("zzz = 1", "unknown key 'zzz'. Allowed are: "),
        ("seed = true", "seed should be a text or a number, not True"),
        ("model = ['a']", "model should be a text or a number"),
        ("rtol = [[1]]", "rtol should be a text or a number"),
        ("[table]\nseed = 1", "unknown key 'table'"),
        ("seed = ", "is no valid TOML"),
    ],
)
def test_errors_name_the_file_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "align.toml").write_text(text)
    with pytest.raises(BadInput) as refusal:
        load_config(tmp_path)
    assert str(tmp_path / "align.toml") in str(refusal.value)
    assert said in str(refusal.value)


def test_other_broken_files(tmp_path: Path) -> None:
    (tmp_path / "align.toml").write_bytes(b"\xff")
    with pytest.raises(BadInput, match="no valid TOML"):
        load_config(tmp_path)
    (tmp_path / "align.toml").unlink()
    (tmp_path / "pyproject.toml").write_text("[tool]\nalign = 3\n")
    with pytest.raises(BadInput, match="should be a table"):
        load_config(tmp_path)


def test_every_key_but_the_interpreters_is_a_flag_of_compare() -> None:
    from harness.cli.compare import compare

    parameters = {name.replace("_", "-") for name in compare.__annotations__}
    assert set(FLAGS) <= parameters
    assert set(KEYS) - set(FLAGS) == {"torch-python", "jittor-python"}


def test_an_older_key_is_read_under_its_new_name(tmp_path: Path) -> None:
    (tmp_path / "align.toml").write_text('local = "always"\n')
    assert load_config(tmp_path) == {"isolated": "always"}
