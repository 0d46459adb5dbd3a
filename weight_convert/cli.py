"""convert-weights: the command."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.errors import BAD_INPUT, HarnessError
from weight_convert.source_digest import begin

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command()
def convert_weights(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="The checkpoint to read; its content tells the format.")
    ],
    destination: Annotated[
        Path | None,
        typer.Argument(metavar="DESTINATION", help="The file to write; its name tells the format."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Check the keys against this model.")] = None,
    variant: Annotated[str | None, typer.Option(help="Its variant; the first one if not given.")] = None,
    like: Annotated[Path | None, typer.Option(help="Check the keys against this checkpoint instead.")] = None,
    key_map: Annotated[
        str | None, typer.Option("--map", help="A key map: a TOML file or a shipped one.")
    ] = None,
    prefix_strip: Annotated[list[str] | None, typer.Option(help="Take this prefix off the keys.")] = None,
    select: Annotated[
        str | None, typer.Option(help="The part of the file that is meant, as params_ema.")
    ] = None,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Fold what the model folds for deployment.")
    ] = False,
    float32: Annotated[bool, typer.Option("--float32", help="Widen half and bfloat16 numbers.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial/--strict", help="Write what fits and report the rest.")
    ] = False,
    verify_: Annotated[
        bool, typer.Option("--verify", help="Also build both models and compare their outputs.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but write.")] = False,
    draft_map: Annotated[
        bool, typer.Option("--draft-map", help="Print the draft of a key map instead of converting.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the report for machines.")] = False,
) -> None:
    """Convert a checkpoint between PyTorch, Jittor, npz, safetensors and HDF5, with proof."""
    if not (draft_map or dry_run):
        begin(source)
    from weight_convert.converting import Request, convert, draft
    from weight_convert.verify import needs_model, verify
    from weight_convert.words import lines

    strip = tuple(prefix_strip or ())
    request = Request(
        source, destination, model, variant, like, key_map, strip, select, deploy, float32, partial, dry_run
    )
    if draft_map:
        text = draft(request)
        if destination is None:
            print(text, end="")
        else:
            destination.write_text(text, encoding="utf-8")
        return
    verified = needs_model(model) if verify_ else None
    report = convert(request)
    if verified is not None and not dry_run:
        found = verify(Path(report.destination), verified, variant)
        report = dataclasses.replace(report, verified=found.sentence, exit_code=found.exit_code)
    print(report.to_json() if json_ else "\n".join(lines(report)))
    raise typer.Exit(report.exit_code)


def main() -> None:
    """Run the command; every failure is one message and an exit code."""
    try:
        code = app(standalone_mode=False)
    except HarnessError as error:
        _fail(str(error), error.exit_code)
    except typer.Abort:
        _fail("interrupted", 130)
    except Exception as error:
        told = getattr(error, "format_message", None)
        if told is None:
            raise
        _fail(f"{told()}\nTry: convert-weights --help", BAD_INPUT)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> None:
    if "--json" in sys.argv:
        import json

        print(json.dumps({"error": message, "exit_code": code}))
    print(
        f"convert-weights: {''.join(c if c.isprintable() or c == chr(10) else '?' for c in message)}",
        file=sys.stderr,
    )
    sys.exit(code)


if __name__ == "__main__":
    main()
