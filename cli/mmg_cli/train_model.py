"""`mmg train-model`: a trained decoder of images, whose mutual information `mmg bound` can bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmg_cli.common import Json, Quiet, Seed, Verbose, check_limits
from mmg_cli.output import check_writable, columns, print_json, warn
from mmg_cli.progress import progress_bar
from mmg_registry.errors import OptionError
from mmg_registry.limits import checked

if TYPE_CHECKING:
    from mmg_registry.arrays import F32
    from mmg_registry.models.decoder import Decoder
    from mmg_registry.models.decoder_training import DecoderPlan, ModelKind


@dataclass(frozen=True)
class TrainModelJob:
    """The parameters of `mmg train-model`, one field each."""

    out: str
    kind: ModelKind
    images: str | None
    latent: int
    hidden: str
    variance: float | None
    epochs: int | None
    seed: int
    max_seconds: float | None
    threads: int | None
    json: bool


def train_model(
    out: Annotated[str, typer.Option("--out", "-o", metavar="MODEL.npz", help="The file to write.")],
    kind: Annotated[
        str,
        typer.Option(metavar="vae|gan", help="A VAE with its encoder, or the generator of a GAN with small noise."),
    ] = "vae",
    images: Annotated[
        str | None,
        typer.Option(
            "--mnist",
            metavar="FILE",
            help="Images: idx (.gz too) or npz. Nothing is downloaded.  [default: scikit-learn's digits]",
        ),
    ] = None,
    latent: Annotated[int, typer.Option(help="Columns of z.")] = 10,
    hidden: Annotated[str, typer.Option(metavar="N,..", help="Units of the decoder's hidden layers.")] = "256,256",
    variance: Annotated[
        float | None,
        typer.Option(help="Of a pixel given z, held fixed.  [default: vae, learned from 0.03 on; gan, 0.001]"),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the images.  [default: some 6,000 steps of 128 images]")
    ] = None,
    seed: Seed = 0,
    max_seconds: Annotated[float | None, typer.Option(help="A soft limit on the training's time.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads to keep busy.  [default: the cores]")] = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Train a decoder of images, with z ~ N(0, I) and x given z normal, for `mmg bound --model MODEL.npz`."""
    execute(TrainModelJob(**{name: value for name, value in locals().items() if name not in ("quiet", "verbose")}))


def execute(job: TrainModelJob) -> None:
    """Check everything that can be checked in advance, train, save the model and print a summary.

    Raises:
        MMGError: or one of its subclasses, when a check, the training or the saving fails.
    """
    check_limits(job, "latent", "variance", "epochs", "seed", "threads", "max_seconds", kind="model_kind")
    checked("hidden", _hidden(job.hidden), "--hidden")
    if not job.out.endswith(".npz"):
        raise OptionError(f"A model is saved as npz, and '{job.out}' does not end in .npz; give such a name to --out.")
    check_writable(job.out, "--out")
    model = _trained(job, _plan(job))
    from mmg_registry.models.saved import save_model

    save_model(model, job.out)
    _tell(job, model)


def _plan(job: TrainModelJob) -> DecoderPlan:
    from mmg_registry.models.decoder_training import DecoderPlan

    sizes = job.latent, _hidden(job.hidden)
    return DecoderPlan(job.kind, *sizes, job.variance, job.epochs, job.seed, job.max_seconds)


def _hidden(text: str) -> tuple[int, ...]:
    """Return the numbers of units in a text such as "256,256".

    Raises:
        OptionError: for anything but whole numbers.

    >>> _hidden("256, 128")
    (256, 128)
    """
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise OptionError(f"--hidden takes whole numbers, as in '256,256', not '{text}'.") from None


def _images(path: str | None) -> F32:
    from mmg_registry.data.images import digits, read_images

    return digits() if path is None else read_images(path)


def _trained(job: TrainModelJob, plan: DecoderPlan) -> Decoder:
    from mmg_registry.models.decoder_training import train
    from mmg_registry.threads import default_threads, torch_threads

    images = _images(job.images)
    with torch_threads(job.threads or default_threads()), progress_bar(job.json, "nats") as listener:
        model = train(images, plan, listener)
    model.about["data"] = _data(job.images, images)
    if plan.epochs is not None and model.about["epochs"] < plan.epochs:
        warn(
            f"The time was up after {model.about['epochs']:g} of {plan.epochs} epochs; the model is what they made it."
        )
    return model


def _data(path: str | None, images: F32) -> dict[str, Any]:
    import os

    from mmg_registry.data.images import sha256

    return {"file": os.path.basename(path) if path else "scikit-learn's digits", "sha256": sha256(images)}


def _tell(job: TrainModelJob, model: Decoder) -> None:
    about = model.about
    if job.json:
        print_json({"file": job.out, "scale": model.scale, **about})
        return
    shape = " x ".join(map(str, about["shape"]))
    rows = [
        ["model", job.out],
        ["kind", f"{about['kind']}, {model.latent_size} latent columns, {model.data_size} pixels"],
        ["images", f"{about['images']} of {shape}, {about['data']['file']}"],
        ["density", f"normal given z, standard deviation {model.scale:.4f}"],
        *_losses(about),
        ["epochs", f"{about['epochs']:g}"],
        ["seconds", f"{about['seconds']:.1f}"],
        ["seed", str(about["seed"])],
    ]
    print(columns(rows))


def _losses(about: dict[str, Any]) -> list[list[str]]:
    if about["kind"] == "vae":
        return [["ELBO", f"{about['elbo']:.3f} nats an image, rate {about['rate']:.3f}, mean of the last epoch"]]
    sides = f"discriminator {about['discriminator']:.3f}, generator {about['generator']:.3f}"
    return [["losses", f"{sides}, means of the last epoch"]]
