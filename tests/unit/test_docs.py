"""What the documents promise holds: their commands run, their links lead somewhere.

A fence marked `sh` is run, line by line, in a scratch folder that all documents share; a line that has run
before is not run again. Each fence stands alone: it makes what it needs, or finds it as a `file`. A comment
right above a fence changes that:

    <!-- run: torch jittor slow exit=1 -->    the marks of its test, and how its last line should end
    <!-- not run: WHY -->                     an illustration, with the reason
    <!-- file: NAME -->                       any fence: its text is written to NAME before anything runs
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import typer

from harness.cli.app import app
from tests import ROOT

DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "examples" / "README.md",
)
SECONDS = 600
A_FEW_TESTS = "tests/unit/environment"
SHOWN_TO_COMMANDS = ("benchmarks", "examples", "golden", "pyproject.toml", "tests")
FENCE = re.compile(
    r"^(?:<!-- (?P<kind>run|not run|file): (?P<note>.+?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?:#(?P<anchor>[^)\s]*))?\)|\]\(#(?P<here>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """One fence of a document."""

    document: Path
    line: int
    language: str
    kind: str
    note: str
    text: str = field(repr=False)

    @property
    def place(self) -> str:
        """Where to find it."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Its command lines, continued lines joined, without comments."""
        joined = re.sub(r"\\\n\s*", "", self.text)
        return [
            line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")
        ]

    @property
    def marks(self) -> list[str]:
        """The marks that its test carries."""
        return [word for word in self.note.split() if "=" not in word] if self.kind == "run" else []

    @property
    def exit_status(self) -> int:
        """How its last command should end."""
        found = re.search(r"\bexit=(\d+)", self.note) if self.kind == "run" else None
        return int(found[1]) if found else 0


def blocks(document: Path) -> list[Block]:
    """Every fence of a document."""
    text = document.read_text(encoding="utf-8")
    return [
        Block(
            document,
            text.count("\n", 0, found.start()) + 1,
            found["language"],
            found["kind"] or "",
            found["note"] or "",
            found["text"],
        )
        for found in FENCE.finditer(text)
    ]


BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
SHELL = [block for block in BLOCKS if block.language == "sh" and block.kind != "not run"]


def as_tested(command: str) -> tuple[str, Path | None]:
    """What stands for a documented command in a test, and where it must run if not in the scratch folder.

    `./run` prepares the environment that the tests already run in. Tests inside a test are only collected,
    and only those of one small folder where the command means all: collecting all is proven by this very run.
    """
    command = re.sub(r"^(.*=\S+ )?\./run ", lambda found: found[1] or "", command)
    if re.search(r"(^| )pytest\b", command):
        named = "" if " tests/" in command else f" {A_FEW_TESTS}"
        return f"{command}{named} --collect-only -q", ROOT
    return command, None


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the repository's root to the commands, and takes what they write."""
    folder = tmp_path_factory.mktemp("docs")
    for name in SHOWN_TO_COMMANDS:
        (folder / name).symlink_to(ROOT / name)
    for block in BLOCKS:
        if block.kind == "file":
            target = folder / block.note
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def ran() -> dict[str, int]:
    """The commands that have run, with their exit statuses."""
    return {}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one documented command with the interpreter of the tests."""
    text, place = as_tested(command)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=place or folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, id=block.place, marks=[getattr(pytest.mark, mark) for mark in block.marks])
        for block in SHELL
    ],
)
def test_documented_commands_run(block: Block, scratch: Path, ran: dict[str, int]) -> None:
    expected = [0] * (len(block.commands) - 1) + [block.exit_status]
    for command, status in zip(block.commands, expected, strict=True):
        if command not in ran:
            done = run(command, scratch)
            ran[command] = done.returncode
            assert done.returncode == status, f"{block.place}: {command}\n{done.stdout}\n{done.stderr}"
        assert ran[command] == status, f"{block.place}: {command}"


def test_the_documents_hold_commands() -> None:
    assert len(SHELL) >= 10
    assert {block.document.name for block in SHELL} >= {"README.md", "CONTRIBUTING.md", "own-pair.md"}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_every_fence_says_what_it_is(block: Block) -> None:
    assert block.language, f"{block.place}: a fence needs a language: sh, text, python, toml or json"
    if block.language in {"bash", "shell", "console"}:
        pytest.fail(f"{block.place}: write `sh`, which the tests run, or `text` for output")
    if block.kind == "not run":
        assert len(block.note.split()) >= 3, f"{block.place}: say in words why it is not run"


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language == "python"], ids=lambda block: block.place
)
def test_python_examples_compile(block: Block) -> None:
    compile(block.text, block.place, "exec")


def anchors(document: Path) -> set[str]:
    """The names of a document's headings, as links use them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    broken = []
    for link in LINK.finditer(document.read_text(encoding="utf-8")):
        target, anchor = link["target"], link["anchor"] or link["here"]
        if target and re.match(r"[a-z]+:", target):
            continue  # the web: no test depends on the network
        place = document.parent / target if target else document
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(link[0])
    assert broken == []


def test_every_page_is_reached_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("*.md")] + ["SECURITY.md"]
    assert [page for page in pages if f"]({page}" not in text] == []


@pytest.mark.parametrize(
    ("written", "tested"),
    [
        ("./run align list", ("align list", None)),
        ("COLUMNS=80 ./run align list", ("COLUMNS=80 align list", None)),
        ("./run pytest", ("pytest tests/unit/environment --collect-only -q", ROOT)),
        ("./run pytest tests/alignment -k led", ("pytest tests/alignment -k led --collect-only -q", ROOT)),
    ],
)
def test_how_commands_are_translated(written: str, tested: tuple[str, Path | None]) -> None:
    assert as_tested(written) == tested
    assert shlex.split(as_tested(written)[0])


WORDS = re.compile(r"(?:^|[`\s])(?:\./run )?align ((?:[a-z]+)(?: [a-z]+)?)", re.MULTILINE)
CODE = re.compile(r"```sh\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def named_commands(text: str) -> set[tuple[str, ...]]:
    """The word after `align` wherever a document writes it as code, and a second one that follows."""
    code = "\n".join(part for found in CODE.findall(text) for part in found if part)
    return {tuple(words.split()) for words in WORDS.findall(code)}


def is_a_command(words: tuple[str, ...]) -> bool:
    """Whether `align WORDS` is what the command line knows; a second word matters to a group alone."""
    found = typer.main.get_command(app).commands.get(words[0])
    inside = getattr(found, "commands", None)  # of a group, such as `align golden`
    return found is not None and (inside is None or len(words) == 1 or words[1] in inside)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    named = named_commands(document.read_text(encoding="utf-8"))
    assert [words for words in sorted(named) if not is_a_command(words)] == []


def test_how_named_commands_are_found() -> None:
    text = "`align train`, then\n```sh\n./run align golden record --model x\nA=1 align list\n```\nWe align.\n"
    assert named_commands(text) == {("train",), ("golden", "record"), ("list",)}
    for words in (("golden", "record"), ("golden",), ("list",), ("list", "of")):
        assert is_a_command(words)
    for words in (("no-such",), ("golden", "nope")):
        assert not is_a_command(words)


def test_the_example_is_what_its_page_shows() -> None:
    files_of_the_page = [block for block in BLOCKS if block.document.name == "own-pair.md"]
    shown = {block.note: block.text for block in files_of_the_page if block.kind == "file"}
    files = sorted((ROOT / "examples" / "tiny").glob("*.py"))
    assert {file.name for file in files} == {"tiny_jittor.py", "tiny_pair.py", "tiny_torch.py"}
    for file in files:
        assert file.read_text(encoding="utf-8") == shown[file.name], file.name


TRANSLATED = sorted((ROOT / "docs").glob("*.zh-CN.md"))


@pytest.mark.parametrize("document", TRANSLATED, ids=lambda path: path.name)
def test_a_translation_mirrors_its_original(document: Path) -> None:
    original = document.with_name(document.name.replace(".zh-CN", ""))

    def fences(path: Path) -> list[tuple[str, str, str, str]]:
        return [(one.language, one.kind, one.note, one.text) for one in blocks(path)]

    def headings(path: Path) -> list[int]:
        return [len(marks) for marks in re.findall(r"^(#+) ", path.read_text("utf-8"), re.MULTILINE)]

    assert fences(document) == fences(original)
    assert headings(document) == headings(original)
    assert f"]({original.name})" in document.read_text("utf-8")
    assert f"]({document.name})" in original.read_text("utf-8")


def test_a_page_is_translated() -> None:
    assert TRANSLATED


def test_pictures_of_the_readme_also_show_on_a_package_index() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"!\[[^]]*\]\((?!https://)[^)]*\)", text) == []
