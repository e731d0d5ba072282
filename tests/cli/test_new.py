def test_a_file_that_shows_and_what_to_do_next(run, here):
    result = run("new", "mine")
    assert result.stdout == "Wrote mine.py. Change what it says, then:\n  nas show mine.py\n  nas search mine.py\n"
    assert (result.stderr, result.exit_code) == ("", 0)
    shown = run("show", "mine.py", "--no-time")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("mine: ")


def test_the_ending_may_be_given(run, here):
    assert run("new", "mine.py").exit_code == 0
    assert [path.name for path in here.glob("mine*")] == ["mine.py"]


def test_an_existing_file_is_left_alone(run, here):
    before = (here / "tiny.py").read_text()
    result = run("new", "tiny")
    assert result.stderr == "nas: error: NAME: tiny.py is there already; choose another name, or remove it\n"
    assert result.exit_code == 2
    assert (here / "tiny.py").read_text() == before


def test_a_name_that_cannot_name_a_study(run, here):
    result = run("new", "a/b")
    assert result.stderr.startswith("nas: error: name: 'a/b' cannot name a study; ")
    assert result.exit_code == 2
    assert not (here / "a").exists()
