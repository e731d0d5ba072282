from nas.records import Verdict
from tests.tracking.conftest import complete, running


def test_a_trial_and_a_reference_of_one_number_differ():
    assert running(3).uid == "toy/3"
    assert running(3, reference="VGG19").uid == "toy.references/3"


def test_draws_that_were_never_trained_are_told_apart():
    trained = {verdict for verdict in Verdict if complete(verdict=verdict).was_trained}
    assert trained == {Verdict.COMPLETE, Verdict.PRUNED, Verdict.FAILED}
    assert running().was_trained
