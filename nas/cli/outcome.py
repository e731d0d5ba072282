"""What `nas search` says at its end: the leaderboard, the answer, where to look, and an exit code."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from nas.cli.errors import ALL_FAILED, USAGE
from nas.cli.options import Place, find_place
from nas.records import Verdict
from nas.redact import redact

if TYPE_CHECKING:
    from nas.report.compared import Comparison
    from nas.report.effects import Effects
    from nas.report.leaderboard import Board
    from nas.search.ledger import Ledger
    from nas.search.run import Summary


@dataclass(frozen=True)
class Outcome:
    """A search that has ended. fresh: --fresh was given. smoke: --smoke was."""

    summary: "Summary"
    fresh: bool
    smoke: bool = False

    @property
    def exit_code(self) -> int:
        """5 when every trial failed, 2 when none could be drawn, else 0."""
        counts = self.summary.counts
        trained = {verdict: count for verdict, count in counts.items() if verdict.counts and count}
        if trained.keys() == {Verdict.FAILED}:
            return ALL_FAILED
        return USAGE if self.summary.notice and not trained else 0

    def tell(self, place: Place, as_json: bool) -> None:
        """Print the leaderboard and the answer on stdout, and on stderr what a person must know."""
        from nas.search.storage import StorageError

        try:
            self._tell_results(place, as_json)
        except StorageError as error:
            if not self.summary.interrupted:
                raise
            click.echo(f"nas: warning: {error}", err=True)
        for line in self._notices():
            click.echo(f"nas: {line}", err=True)

    def _tell_results(self, place: Place, as_json: bool) -> None:
        from nas.report.leaderboard import read_board
        from nas.search.opening import read_ledgers
        from nas.search.storage import open_storage

        main, references = read_ledgers(open_storage(place.storage), self.summary.study)
        board, worth = read_board(main, references), self._worth(main)
        if as_json:
            click.echo(self._json(board, worth))
        else:
            self._print(board, worth, place)

    def _worth(self, main: "Ledger") -> "list[Effects | Comparison]":
        """What the study was made to find out: the effects of an ablation, the balanced options compared."""
        from nas.report.compared import compare_options
        from nas.report.effects import read_effects
        from nas.space.mistakes import SpaceError

        found: list[Effects | Comparison] = []
        try:
            if self.summary.sampler == "ablation":
                found.append(read_effects(main))
            if self.summary.balanced:
                found.append(compare_options(main, self.summary.balanced))
        except SpaceError:  # no trial is complete yet
            pass
        return found

    def _json(self, board: "Board", worth: "Sequence[Effects | Comparison]") -> str:
        from nas.report.effects import Effects
        from nas.report.effects_export import comparison_data, effects_data
        from nas.report.export import jsonable, to_json

        summary = self.summary
        told = [effects_data(each) if isinstance(each, Effects) else comparison_data(each) for each in worth]
        return json.dumps(
            {
                "study": summary.study,
                "counts": _plain(summary.counts),
                "references": _plain(summary.references),
                "running": summary.running,
                "seconds": round(summary.seconds, 3),
                "interrupted": summary.interrupted,
                "notice": summary.notice or None,
                "leaderboard": json.loads(to_json(board)),
                "effects": jsonable(told),
            },
            indent=2,
            ensure_ascii=False,
        )

    def _print(self, board: "Board", worth: "Sequence[Effects | Comparison]", place: Place) -> None:
        from nas.cli.effects import show
        from nas.cli.terminal import make_console
        from nas.report.answer import answer
        from nas.report.table import print_board

        console = make_console()
        print_board(console, board)
        if board.complete():
            console.print()
            for sentence in answer(board):
                console.print(sentence, markup=False, highlight=False)
        for each in worth:
            console.print()
            show(each, "as_text")
        console.print()
        for line in _where_to_look(self.summary.study, place):
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _notices(self) -> list[str]:
        summary, found = self.summary, []
        if self.exit_code == ALL_FAILED:
            found.append(f"error: {summary.study}: every trial failed; the causes stand in the leaderboard")
        elif self.exit_code == USAGE:
            found.append(f"error: {summary.study}: {summary.notice}")
        elif summary.notice:
            found.append(f"{summary.study}: {summary.notice}")
        if summary.interrupted or summary.running:
            trials = "1 trial waits" if summary.running == 1 else f"{summary.running} trials wait"
            same = "the same command" + (f" with --name {summary.study} in place of --fresh" if self.fresh else "")
            go_on = f"{trials} to be continued, {same} goes on"
            why = "interrupted" if summary.interrupted else "the time is up"
            found.append(f"{why}; {'the same command begins another smoke run' if self.smoke else go_on}")
        if not self.summary.arrived:
            bring = f"`nas sync {shlex.quote(summary.study)}` or the next run of this study brings the rest"
            found.append(f"not everything has reached the tracking service; {bring}")
        return found


def _where_to_look(study: str, place: Place) -> list[str]:
    """The commands that show more, with the options that lead to the same place."""
    default, options, artifacts = find_place(), [], place.layout.artifacts
    if place.layout.home != default.layout.home:
        options += ["--home", str(place.layout.home)]
    if place.storage != place.layout.storage_url:
        options += ["--storage", redact(place.storage)]
    tail = f" {shlex.join(options)}" if options else ""
    lasting = f" --artifacts {shlex.quote(str(artifacts))}" if artifacts != default.layout.artifacts else ""
    return [
        f"Look again: nas leaderboard {shlex.quote(study)}{tail}",
        f"In a browser: nas dashboard{tail}{lasting}",
    ]


def _plain(counts: dict[Verdict, int]) -> dict[str, int]:
    return {verdict.value: count for verdict, count in counts.items()}
