"""What does a ResNet50V2 gain from cosine restarts and clipped weights, trained from scratch?

Published on CIFAR-10: 0.8373 with plain Adam after 24 epochs, 0.8505 with both after more than 100; that model was lost
when the session ended. Epochs, schedule and clipping changed together: here all are trained equally long, and each of
the two stands alone as a baseline too.

    nas search search_spaces/resnet_schedule.py --data cifar10 --epochs 126

Not told, so taken to be: the size of images (32), the clipping, what the augmentation did, and cycles of 2, 4, 8, ...
epochs, of which the last ones end after 30, 62 and 126.
"""

from nas import Adam, Augmentation, Backbone, Constant, CosineRestarts, Digits, Regularisation, Schedule
from nas import SearchSpace, TrialConfig, choice, log_uniform

template = TrialConfig(
    data=Digits(channels=3),
    model=Backbone("resnet50_v2", resize_to=32),
    optimizer=Adam(lr=log_uniform(1e-4, 3e-3)),
    schedule=choice(Constant(), CosineRestarts(cycle=choice(2, 5, 10), growth=choice(1.0, 2.0))),
    augmentation=Augmentation(flip="horizontal", shift=0.1),
    regularisation=Regularisation(clip_weights=choice(None, 0.5, 1.0, 2.0)),
    epochs=6,  # the published protocol: 24 for Adam, more than 100 for the restarts
    batch_size=64,
)


def resnet(schedule: Schedule, clip_weights: float | None) -> TrialConfig:
    regularisation = Regularisation(clip_weights=clip_weights)
    return template.replace(optimizer=Adam(lr=1e-3), schedule=schedule, regularisation=regularisation)


restarts = CosineRestarts(cycle=2, growth=2.0)
space = SearchSpace(
    name="resnet_schedule",
    template=template,
    baselines={
        "Adam": resnet(Constant(), None),
        "restarts and clipping": resnet(restarts, 1.0),
        "restarts alone": resnet(restarts, None),
        "clipping alone": resnet(Constant(), 1.0),
    },
    published={"Adam": {"test_accuracy": 0.8373}, "restarts and clipping": {"test_accuracy": 0.8505}},
    balanced="schedule",
)
