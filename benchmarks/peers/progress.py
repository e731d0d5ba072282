"""What both peers print, so that the benchmark can see how far they are: a line of JSON for each event."""

import json

from ray import tune


class Progress(tune.Callback):
    """Trials that start, epochs, and trials that end."""

    def tell(self, event, trial, **facts):
        print(json.dumps({"event": event, "number": trial.trial_id, **facts}), flush=True)

    def on_trial_start(self, iteration, trials, trial, **info):
        self.tell("started", trial)

    def on_trial_result(self, iteration, trials, trial, result, **info):
        names = ("seconds", "images_per_second", "train_loss", "val_accuracy", "test_accuracy")
        self.tell("advanced", trial, **{name: result[name] for name in names if name in result})

    def on_trial_complete(self, iteration, trials, trial, **info):
        self.tell("ended", trial, state="complete")

    def on_trial_error(self, iteration, trials, trial, **info):
        self.tell("ended", trial, state="failed")
