"""Bad input: the arguments of the commands, the studies that they name, and the place that they run in."""

from pathlib import Path

import pytest

from tests.bad_input.case import Case, run_case
from tests.bad_input.spaces import beside_spaces, search

NUMBERS = [
    Case(f"{option} {value!r}", search(option, value), option, what, todo)
    for option, value, what, todo in [
        ("--trials", "0", "0 is too low", "give 1 or more"),
        ("--trials", "-3", "-3 is too low", "give 1 or more"),
        ("--trials", "nan", "'nan' is not a whole number", "give 1 or more"),
        ("--trials", "1e9", "'1e9' is not a whole number", "give 1 or more"),
        ("--trials", "1_000", "'1_000' is not a whole number", "give 1 or more"),
        ("--trials", "٣", "'٣' is not a whole number", "give 1 or more"),
        ("--trials", "3.0", "'3.0' is not a whole number", "give 1 or more"),
        ("--trials", " 3 ", "' 3 ' is not a whole number", "give 1 or more"),
        ("--trials", "", "'' is not a whole number", "give 1 or more"),
        ("--trials", "9" * 5000, "99999999999999999999... (5000 digits) is too high", "give at most 1000000000"),
        ("--epochs", "0", "0 is too low", "give 1 or more"),
        ("--epochs", "100001", "100001 is too high", "give at most 100000"),
        ("--seed", "-1", "-1 is too low", "give 0 or more"),
        ("--seed", "2147483648", "2147483648 is too high", "give at most 2147483647"),
        ("--jobs", "0", "0 is too low", "give 1 or more"),
        ("--jobs", "two", "'two' is not a whole number", "give 1 or more"),
        ("--limit", "9", "9 is too low", "give 10 or more"),
        ("--time", "5x", "'5x' is not a time above 0", "write 90s, 30m, 2h or 1h30m"),
        ("--time", "-3s", "'-3s' is not a time above 0", "write 90s"),
        ("--time", "", "'' is not a time above 0", "write 90s"),
        ("--time", "0", "'0' is not a time above 0", "write 90s"),
        ("--time", "inf", "'inf' is not a time above 0", "write 90s"),
        ("--time", "nan", "'nan' is not a time above 0", "write 90s"),
        ("--time", "٣s", "'٣s' is not a time above 0", "write 90s"),
        ("--time", "30m2h", "'30m2h' is not a time above 0", "write 90s"),
        ("--time", "9" * 400, "9... is not a time above 0", "write 90s"),
        ("--gpus-per-trial", "-1", "'-1' is not a number of at least 0", "give 0, 0.25, 1, 2 or auto"),
        ("--gpus-per-trial", "inf", "'inf' is not a number of at least 0", "give 0"),
        ("--gpus-per-trial", "nan", "'nan' is not a number of at least 0", "give 0"),
        ("--gpus-per-trial", "1_0", "'1_0' is not a number of at least 0", "give 0"),
        ("--gpus-per-trial", "Auto", "'Auto' is not a number of at least 0", "auto"),
    ]
]

NAMES = [
    Case("misspelt command", ["serch"], "serch", "no such command", "did you mean search?"),
    Case("command that is no word", ["\n\x1b[2J"], "\\n\\x1b[2J", "no such command", "known are new, show"),
    Case(
        "misspelt option", search("--tials", "3"), "--tials", "no such option of nas search", "did you mean --trials?"
    ),
    Case("unknown short option", search("-q"), "-q", "no such option of nas search", "see nas search --help"),
    Case("option without its value", search("--trials"), "--trials", "requires an argument", "see nas search --help"),
    Case("value for a flag", search("--json=3"), "--json", "does not take a value", "see nas search --help"),
    Case("two files", search("more.py"), "nas search", "unexpected extra argument (more.py)", "see nas search --help"),
    Case("no file", ["search"], "FILE[:NAME]", "is missing", "see nas search --help"),
    Case("empty file name", ["search", ""], "FILE[:NAME]", "'' names no file", "nas new NAME"),
    Case("no such space in the file", search(file="tiny.py:nope"), "tiny.py", "makes no space 'nope'", "known are"),
    Case("unknown sampler", search("--sampler", "tpee"), "--sampler", "unknown sampler 'tpee'", "did you mean tpe?"),
    Case("empty sampler", search("--sampler", ""), "--sampler", "unknown sampler ''", "known are tpe, random"),
    Case("unknown scheduler", search("--scheduler", "asah"), "--scheduler", "unknown scheduler 'asah'", "asha?"),
    Case("unknown executor", search("--executor", "dask"), "--executor", "unknown executor 'dask'", "known are ray"),
    Case("unknown choice", search("--keep", "al"), "--keep", "unknown choice 'al'", "did you mean all?"),
    Case("unknown list", ["list", "studis"], "[studies|backbones]", "unknown list 'studis'", "did you mean studies?"),
    Case("network for --layers", ["show", "--layers", "resnt18"], "--layers", "unknown network 'resnt18'", "resnet18"),
    Case("name with a slash", search("--name", "a/b"), "--name", "'a/b' cannot name a study", "no slashes"),
    Case("name of two lines", search("--name", "a\nb"), "--name", "'a\\nb' cannot name a study", "no control"),
    Case("name for references", search("--name", "x.references"), "--name", "ends in '.references'", "another name"),
    Case("empty name", search("--name", ""), "--name", "is empty", "give a value, or leave it out"),
    Case("empty home", ["list", "--home", ""], "--home", "is empty", "give a value, or leave it out"),
    Case("empty tracking URI", search("--tracking-uri", ""), "--tracking-uri", "is empty", "leave it out", code=3),
    Case(
        "shape of images", ["show", "--layers", "vgg16", "--input", "3x32"], "--input", "'3x32' is not a shape", "3x128"
    ),
    Case(
        "image beyond all bounds",
        ["show", "--layers", "vgg16", "--input", "3x99999x9"],
        "--input",
        "is too large",
        "give at most 4096 channels and 65536 pixels a side",
    ),
    Case("new file that is there", beside_spaces("new", "tiny"), "NAME", "tiny.py is there already", "choose another"),
    Case("new file elsewhere", ["new", "../x"], "name", "'../x' cannot name a study", "no slashes"),
]

COMBINATIONS = [
    Case(
        "sampler that lists an infinite space",
        lambda folder: _space(folder, "filters=choice(2, 4)", "dropout=uniform(0.0, 0.5)", "--sampler", "grid"),
        "--sampler",
        "grid",
        "",
    ),
    Case("CMA-ES with two objectives", search("--sampler", "cmaes"), "--sampler", "cmaes", ""),
    Case("ablation without a baseline", search("--sampler", "ablation", file="broken.py"), "--sampler", "ablation", ""),
    Case(
        "cluster for trials in this process",
        search("--executor", "local", "--address", "127.0.0.1:6379"),
        "--address",
        "stands beside --executor local",
        "leave one out",
    ),
    Case(
        "cards for trials in this process",
        search("--executor", "local", "--gpus-per-trial", "1"),
        "--gpus-per-trial",
        "stands beside --executor local",
        "leave one out",
    ),
    Case(
        "address of nothing", search("--address", "127.0.0.1"), "--address", "'127.0.0.1' is not HOST:PORT", "write it"
    ),
    Case(
        "port beyond 65535", search("--address", "head:99999"), "--address", "'head:99999' is not HOST:PORT", "write it"
    ),
    Case(
        "two forms of output",
        ["leaderboard", "small", "--csv", "--json"],
        "leaderboard",
        "exclude each other",
        "choose",
    ),
    Case(
        "all and some", ["leaderboard", "small", "--top", "3", "--all"], "leaderboard", "exclude each other", "choose"
    ),
    Case(
        "two manners of effects", ["effects", "small", "--by", "model", "--base", "0"], "effects", "exclude", "options"
    ),
    Case(
        "layers of a file",
        beside_spaces("show", "tiny.py", "--layers", "vgg16"),
        "--layers",
        "instead",
        "leave out FILE",
    ),
    Case(
        "seed of a plain objective",
        search("--seed", "1", file="parabola.py"),
        "--seed",
        "no field seed",
        "leave it out",
    ),
]

STUDIES = [
    Case("unknown study", ["leaderboard", "smal"], "study smal", "there is no such study", "did you mean small?"),
    Case("empty study", ["leaderboard", ""], "study ''", "there is no such study", "known are small"),
    Case("study of two lines", ["trial", "a\nb", "1"], "study 'a\\nb'", "there is no such study", "known are small"),
    Case(
        "study that is no text", ["effects", "a\udcff"], "study 'a\\udcff'", "there is no such study", "known are small"
    ),
    Case(
        "references as a study",
        ["leaderboard", "small.references"],
        "study small.references",
        "there is no such study",
        "known are small",
    ),
    Case("very long study", ["leaderboard", "x" * 99999], "study 'xxx", "there is no such study", "known are small"),
    Case(
        "study in an empty home",
        ["leaderboard", "small", "--home", "none"],
        "study small",
        "no such",
        "nas search FILE",
    ),
    Case("study to delete", ["delete", "smal", "--yes"], "study smal", "there is no such study", "did you mean small?"),
    Case(
        "study for the dashboard", ["dashboard", "smal"], "study smal", "there is no such study", "did you mean small?"
    ),
    Case("study for an ensemble", ["ensemble", "small", "x"], "study x", "there is no such study", "known are small"),
    Case(
        "trial beyond the last",
        ["trial", "small", "999"],
        "trial 999",
        "there is no such trial",
        "small has numbers 0 to 7",
    ),
    Case("negative trial", ["trial", "small", "-1"], "-1", "no such option of nas trial", "see nas trial --help"),
    Case("negative trial after --", ["trial", "small", "--", "-1"], "trial -1", "there is no such trial", "small has"),
    Case("trial with other digits", ["trial", "small", "²"], "trial ²", "there is no such trial", "small has"),
    Case("trial of 5000 digits", ["trial", "small", "1" * 5000], "trial '111", "there is no such trial", "small has"),
    Case(
        "trial that was never trained",
        ["trial", "small", "6"],
        "trial 6",
        "never trained: infeasible",
        "nas leaderboard",
    ),
    Case("misspelt reference", ["trial", "small", "VGG18"], "trial VGG18", "there is no such trial", "VGG19"),
    Case(
        "column to sort by",
        ["leaderboard", "small", "--sort", "parms"],
        "--sort",
        "no column 'parms'",
        "did you mean params",
    ),
    Case("metric of effects", ["effects", "small", "--metric", "acc"], "--metric", "has a figure 'acc'", "accuracy"),
    Case("baseline of effects", ["effects", "small", "--base", "x"], "--base", "no baseline 'x'", "known are 0, 10"),
    Case("hole of effects", ["effects", "small", "--by", "modl"], "--by", "has a hole 'modl'", "model.convnet"),
    Case("ensemble of nothing", ["ensemble", "small"], "ensemble", "no network is kept", "--keep all"),
    Case("ensemble of one", ["ensemble", "small", "--top", "1"], "--top", "1 is too low", "give 2 or more"),
    Case("nobody to ask before deleting", ["delete", "small"], "--yes", "nobody is here to answer", "give it"),
    Case("nobody to ask before cleaning", ["clean"], "--yes", "nobody is here to answer", "give it"),
    Case(
        "baseline to train", beside_spaces("train", "tiny.py", "--baseline", "tow"), "--baseline", "'tow'", "mean two?"
    ),
    Case("nothing to train", beside_spaces("train", "tiny.py"), "--baseline", "is missing", "--baseline two"),
    Case(
        "set without a value",
        beside_spaces("train", "tiny.py", "--baseline", "two", "--set", "x"),
        "--set",
        "'x' has no value",
        "write PATH=VALUE",
    ),
    Case(
        "set of an unknown path",
        beside_spaces("train", "tiny.py", "--baseline", "two", "--set", "model.filters=3"),
        "--set model.filters",
        "no such value in the config",
        "did you mean model.convnet.filters?",
    ),
    Case(
        "folder that is a file",
        beside_spaces("train", "tiny.py", "--baseline", "two", "--folder", "tiny.py"),
        "--folder",
        "is a file",
        "choose a new one",
        code=4,
        creates=["home/cache"],
    ),
    Case(
        "folder that is not empty",
        beside_spaces("train", "tiny.py", "--baseline", "two", "--folder", "."),
        "--folder",
        "is not empty",
        "choose a new one",
        creates=["home/cache"],
    ),
]

PLACES = [
    Case("home is a file", search("--home", "tiny.py"), "--home", "tiny.py is a file", "name a folder", code=4),
    Case(
        "home is a file, to read",
        beside_spaces("list"),
        "--home",
        "tiny.py is a file",
        "NAS_HOME",
        code=4,
        env={"NAS_HOME": "tiny.py"},
    ),
    Case(
        "home in a file",
        search("--home", "tiny.py/home"),
        "--home",
        "cannot be written (Not a directory)",
        "choose",
        code=4,
    ),
    Case(
        "home that cannot be made",
        search("--home", "/proc/nas"),
        "--home",
        "/proc/nas cannot be written",
        "choose",
        code=4,
    ),
    Case("home with too long a name", search("--home", "x" * 300), "xxx", "File name too long", "shorter", code=4),
    Case(
        "no HOME", ["list"], "--home", "there is no HOME", "set --home or NAS_HOME", env={"NAS_HOME": None, "HOME": ""}
    ),
    Case("home of nobody", ["list", "--home", "~nobody-here/x"], "--home", "~nobody-here/x has no meaning", "set"),
]

ALL = NUMBERS + NAMES + COMBINATIONS + STUDIES + PLACES


def _space(folder: Path, *rest: str) -> list[str]:
    filters, dropout, *arguments = rest
    (folder / "infinite.py").write_text(
        "from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice, maximize, uniform\n"
        f"template = TrialConfig(data=Digits(), model=ConvNet({filters}, {dropout}))\n"
        'space = SearchSpace("infinite", template, objectives=(maximize("val_accuracy"),))\n',
        encoding="utf-8",
    )
    return ["search", "infinite.py", *arguments]


@pytest.mark.parametrize("case", ALL, ids=str)
def test_refused(case, tmp_path):
    run_case(case, tmp_path)
