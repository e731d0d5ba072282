"""`nas dashboard`: the MLflow page and the Optuna dashboard over the same studies."""

import signal
from typing import TYPE_CHECKING

import click

from nas.cli.errors import RESOURCES, StatusError
from nas.cli.options import Place, nas_command, option, place_options
from nas.cli.signals import interruptible
from nas.cli.values import Whole

if TYPE_CHECKING:
    from nas.tracking.dashboards import Dashboards


@nas_command(name="dashboard")
@click.argument("study", required=False)
@option(
    "--mlflow-port",
    type=Whole(most=65535),
    metavar="PORT",
    section="Output",
    help="Else the first free one from 5000 on.",
)
@option(
    "--optuna-port",
    type=Whole(most=65535),
    metavar="PORT",
    section="Output",
    help="Else the first free one from 8080 on.",
)
@place_options("storage", "artifacts", "tracking_uri")
@click.pass_context
def command(
    ctx: click.Context, study: str | None, place: Place, mlflow_port: int | None, optuna_port: int | None
) -> None:
    """Open the MLflow page and the Optuna dashboard, on this machine only, until Ctrl-C.

    With STUDY its own MLflow page is named too.
    """
    from nas.cli.reading import required_storage
    from nas.search.storage import open_storage
    from nas.tracking import dashboards

    if study is not None:
        required_storage(place, study)
    place.make_home()
    open_storage(place.storage)
    with interruptible() as received:
        try:
            click.echo("Starting ...", err=True)
            ports = dashboards.Ports(mlflow_port, optuna_port)
            with dashboards.start(place.storage, place.tracking_uri, place.layout.mlflow_artifacts, ports) as boards:
                _tell(boards, study)
                boards.wait()
                raise StatusError("dashboard: one of the two has ended by itself; start it again", RESOURCES)
        except dashboards.DashboardError as error:
            raise StatusError(f"dashboard: {error}", RESOURCES) from None
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
    ctx.exit(received.exit_code if received.signal == signal.SIGTERM else 0)


def _tell(boards: "Dashboards", study: str | None) -> None:
    click.echo(f"MLflow:  {boards.mlflow_url or 'off (--tracking-uri none)'}")
    if study is not None and (url := boards.study_url(study)):
        click.echo(f"         {url}")
    click.echo(f"Optuna:  {boards.optuna_url}")
    click.echo("Ctrl-C stops both.", err=True)
