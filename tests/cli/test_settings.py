"""`taipan settings`: complete, true, and readable by programs."""

from __future__ import annotations

import json

import pytest

import taipan
from taipan.cli.main import main
from taipan.compiler import cpu, driver
from taipan.compiler.tunables import Tunables
from taipan.features import DEFAULTS


@pytest.fixture
def settings(capsys: pytest.CaptureFixture[str]):
    def settings(*words: str) -> str:
        assert main(["settings", *words]) == 0
        return capsys.readouterr().out

    return settings


def test_every_attribute_of_config_is_listed_with_its_default(settings) -> None:
    listed = json.loads(settings("--json"))
    config = taipan.Config()
    names = {name for name in dir(config) if not name.startswith("_") and not callable(getattr(config, name))}
    attributes = {row["attribute"] for row in listed["features"].values()}
    assert names - {"features"} == listed["settings"].keys() | attributes
    for name, row in listed["settings"].items():
        assert row["value"] == getattr(config, name)
        assert row["description"]
        assert not row["choices"] or row["value"] in row["choices"]
    assert {name: row["value"] for name, row in listed["features"].items()} == DEFAULTS


def test_what_tunables_hold_is_said_to_change_code(settings) -> None:
    """Of the tunables, only how much is reserved around memories leaves the code alone."""
    listed = json.loads(settings("--json"))["settings"]
    around = {"guard_before_linear_memory", "memory_reservation_for_growth"}
    for name in Tunables.__slots__:
        assert listed[name]["changes_code"] == (name not in around), name


def test_the_processor_is_described(settings) -> None:
    listed = json.loads(settings("--json"))["machine"]
    flags = cpu.read_flags()
    for flag in (*cpu.REQUIRED, *cpu.OPTIONAL):
        assert listed[flag]["value"] == (flag in flags)


def test_every_setting_of_every_compiler_is_listed(settings) -> None:
    listed = json.loads(settings("--json"))
    builders = {f"{builder.name} compiler": builder for builder in driver.builders()}
    assert "baseline compiler" in builders
    assert {title for title in listed if title.endswith(" compiler")} == builders.keys()
    for title, builder in builders.items():
        assert listed[title].keys() == {option.name for option in builder.settings()}
        for name, row in listed[title].items():
            assert row["kind"] in ("bool", "num", "enum")
            assert bool(row["choices"]) == (row["kind"] != "num")
            assert row["description"]
            builder.set(name, row["value"])
            for choice in row["choices"]:
                builder.set(name, choice)


def test_text(settings) -> None:
    shown = settings()
    assert "  compiler = auto  [auto, baseline, llvm, changes code]\n" in shown
    assert "  static_memory_guard_size = 2147483648 (2 GiB)" in shown
    assert "  gc = on  [needs function-references]\n" in shown
    assert "  TAIPAN_DUMP = (not set)\n" in shown
    assert "\nbaseline compiler: taipan.Config.cranelift_flag_set(NAME, VALUE)\n" in shown
    assert "  linkopt_padding_between_functions = 0  [a number]\n" in shown
    assert "\x1b" not in shown


def test_words_choose(settings, capsys) -> None:
    shown = settings("multi-memory")
    assert "multi-memory = on" in shown
    assert "compiler" not in shown
    with pytest.raises(SystemExit):
        main(["settings", "zork"])
    assert "nothing has zork in its name" in capsys.readouterr().err
