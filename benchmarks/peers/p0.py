"""P0: a study as the tutorials of PyTorch, Ray Tune and MLflow show it.

`python benchmarks/peers/p0.py WORKLOAD.json FOLDER [GPUS PER TRIAL]`, with the repository's root on PYTHONPATH.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import ray
import torch
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.search.optuna import OptunaSearch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from benchmarks.peers.networks import build
from benchmarks.peers.progress import Progress

DIGITS = ([0.3] * 3, [0.37] * 3)
COLOURS = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


class Digits(Dataset):
    def __init__(self, part, transform):
        digits = load_digits()
        images = np.repeat((digits.images * 255 / 16).astype(np.uint8)[..., None], 3, axis=3)
        rest, test, rest_labels, test_labels = train_test_split(
            images, digits.target, test_size=269, stratify=digits.target, random_state=0
        )
        train, val, train_labels, val_labels = train_test_split(
            rest, rest_labels, test_size=269, stratify=rest_labels, random_state=0
        )
        parts = {"train": (train, train_labels), "val": (val, val_labels), "test": (test, test_labels)}
        self.images, self.labels = parts[part]
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(self.images[index]), int(self.labels[index])


def transforms(workload, train):
    steps = [v2.ToImage()]
    if workload["weights"]:
        steps.append(v2.Resize((workload["side"], workload["side"])))
    if workload["augmented"] and train:
        steps += [
            v2.RandomCrop(32, padding=4),
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(degrees=15, scale=(0.9, 1.1), interpolation=v2.InterpolationMode.BILINEAR),
        ]
    steps += [v2.ToDtype(torch.float32, scale=True), v2.Normalize(*(COLOURS if workload["folder"] else DIGITS))]
    return v2.Compose(steps)


def loader(workload, part):
    transform = transforms(workload, part == "train")
    folder = workload["folder"]
    dataset = ImageFolder(Path(folder, part), transform) if folder else Digits(part, transform)
    return DataLoader(dataset, batch_size=workload["batch_size"], shuffle=part == "train", num_workers=2)


def accuracy(model, batches, device):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for images, labels in batches:
            found = model(images.to(device)).argmax(1).cpu()
            right += (found == labels).sum().item()
            total += len(labels)
    return right / total


def train(config, workload):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    train_loader, val_loader, test_loader = (loader(workload, part) for part in ("train", "val", "test"))
    model = build(workload, config).to(device)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=config["lr"])
    loss_function = nn.CrossEntropyLoss()
    for epoch in range(workload["epochs"]):
        started = time.perf_counter()
        model.train()
        total_loss = 0.0
        for images, labels in train_loader:
            images, labels = images.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = loss_function(model(images), labels)
            loss.backward()
            optimizer.step()
            total_loss += loss.item()
        trained = time.perf_counter()
        metrics = {
            "train_loss": total_loss / len(train_loader),
            "val_accuracy": accuracy(model, val_loader, device),
            "images_per_second": len(train_loader.dataset) / (trained - started),
        }
        metrics["seconds"] = time.perf_counter() - started
        if epoch == workload["epochs"] - 1:
            metrics["test_accuracy"] = accuracy(model, test_loader, device)
        with tempfile.TemporaryDirectory() as folder:
            torch.save(model.state_dict(), Path(folder, "model.pt"))
            tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(folder))


def main(file, folder, gpus):
    workload = json.loads(Path(file).read_text())
    configs = workload["configs"]
    space = {name: tune.choice(sorted({config[name] for config in configs})) for name in configs[0]}
    os.chdir(folder)  # MLflow's database comes to lie here
    ray.init(address="local", include_dashboard=False)
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(train, workload=workload), {"cpu": 1, "gpu": gpus}),
        param_space=space,
        tune_config=tune.TuneConfig(
            metric="val_accuracy",
            mode="max",
            search_alg=OptunaSearch(points_to_evaluate=configs),
            num_samples=len(configs),
        ),
        run_config=tune.RunConfig(
            name="study",
            storage_path=folder,
            callbacks=[MLflowLoggerCallback(experiment_name="study"), Progress()],
        ),
    )
    tuner.fit()


if __name__ == "__main__":
    main(sys.argv[1], str(Path(sys.argv[2]).resolve()), float(sys.argv[3]) if len(sys.argv) > 3 else 0)
