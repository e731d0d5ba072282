import pytest

from nas import ConvNet, Digits, TrialConfig
from nas.records import Cost
from nas.report.overview import in_sentence, roughly
from nas.report.prediction import Plan, Prediction, interpolate, predict


def priced(flops, epochs=1):
    config = TrialConfig(data=Digits(), model=ConvNet(), epochs=epochs)
    return config, Cost(params=1, trainable_params=1, flops=flops, activation_bytes=1)


@pytest.mark.parametrize(("flops", "seconds"), [(100, 1.0), (10_000, 10.0), (1000, 10**0.5), (50, 0.5), (20_000, 20.0)])
def test_networks_between_and_beyond_the_measured_ones(flops, seconds):
    assert interpolate([(100, 1.0), (10_000, 10.0)], flops) == pytest.approx(seconds)


def test_one_measured_network_gives_the_others_in_proportion():
    assert interpolate([(100, 2.0)], 50) == 1.0


def test_a_search_is_its_baselines_and_the_mean_of_the_draws(monkeypatch):
    monkeypatch.setattr("nas.report.prediction._trials_at_once", lambda: 2)
    plan = Plan(named=[priced(100, epochs=3), priced(200)], drawn=[priced(300), priced(500)], extra=10, images=50)
    found = predict(plan, lambda config, cost: cost.flops / 1000)
    named = 3 * 50 * 0.1 + 50 * 0.2
    assert found.seconds == pytest.approx((named + 10 * 50 * 0.4) / 2)
    assert (found.trials, found.at_once) == (12, 2)


def test_replicates_validation_images_and_epochs_of_their_own_length_count(monkeypatch):
    monkeypatch.setattr("nas.report.prediction._trials_at_once", lambda: 1)
    config, cost = priced(100)
    named = [(config.replace(replicates=3), cost), (config.replace(images_per_epoch=20), cost)]
    found = predict(Plan(named, [], extra=0, images=50, validated=30), lambda config, cost: 0.1)
    assert found.seconds == pytest.approx((3 * (50 + 20) + (20 + 20)) * 0.1)


def test_three_networks_are_measured_at_most():
    measured = []
    plan = Plan(named=[], drawn=[priced(flops) for flops in (5, 1, 2, 9, 7)], extra=1, images=1)
    predict(plan, lambda config, cost: measured.append(cost.flops) or 1.0)
    assert measured == [1, 5, 9]


def test_networks_too_large_to_time_are_placed_beyond_the_others(monkeypatch):
    monkeypatch.setattr("nas.report.prediction._trials_at_once", lambda: 1)
    plan = Plan(named=[priced(10), priced(1000)], drawn=[], extra=0, images=1, measurable=100)
    measured = []
    found = predict(plan, lambda config, cost: measured.append(cost.flops) or 2.0)
    assert measured == [10]
    assert found.seconds == pytest.approx(2 + 200)


def test_nothing_to_train_has_no_prediction():
    assert predict(Plan([], [], 10, 1), lambda config, cost: 1.0) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2, "10 s"), (43, "40 s"), (58, "1 min"), (400, "7 min"), (5399, "90 min"), (9000, "2.5 h"), (2e5, "2 days")],
)
def test_times_are_rounded_to_what_is_known(seconds, text):
    assert roughly(seconds) == text


def test_the_sentence_says_what_it_rests_on():
    assert in_sentence(Prediction(400, 29, 2)) == (
        "about 7 min for 29 trials, 2 at a time on this machine; rough, from a few measured training steps"
    )
