"""What is open in a viewer: study, recording, animal, moment; all docks follow it.

A dock tells the session where to go and listens to where it is; docks do not know each other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

import numpy as np
from psygnal import Signal

from mousegpt_core.errors import DataError, StageMissingError
from napari_mousegpt.arranging import (
    FRAME,
    TIME,
    Arrangement,
    ShownView,
    arrange,
    colour_points,
    place_in_time,
    retrace,
    shift,
)
from napari_mousegpt.boxing import Boxing
from napari_mousegpt.manners import Manners
from napari_mousegpt.moving import MovingPoses, at_step, show_moment
from napari_mousegpt.opening import (
    Coming,
    Goal,
    ReadRecording,
    first_recording,
    read_recording,
    results_shown,
)
from napari_mousegpt.pace import AtOnce, Pace, Turns
from napari_mousegpt.recordings import OpenedRecording
from napari_mousegpt.stage import Stage
from napari_mousegpt.timeline import Timeline
from napari_mousegpt.words import Sentences, caption, sentences_of, show_words

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from mousegpt_core.study import Study

_SESSIONS: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


class Session:
    """A viewer's study; get it by `session_of`.

    What takes a while (a study or recording that is opened, what is said read anew) is done at
    once, and its errors are raised, in a script. Once `take_turns` was called, as it is in a
    window, it goes on while the window does: `recording_changed` tells that it has come, and
    errors are told there. What is asked for last counts.

    Attributes
    ----------
    study : Study or None
        What is open.
    recording, individual : str
        Which recording is shown (its id), which animal is looked at; ``""`` = none.
    span : (float, float) or None
        The stretch that is selected, start and end in seconds on the recording's clock.
    arrangement : Arrangement
        Which views are shown, and how; kept from one recording to the next.
    study_changed, coming_changed, recording_changed : Signal
    individual_changed, span_changed, arrangement_changed : Signal
        Without arguments. From one recording to another there is a time when none is shown,
        which is told, too.
    moment_changed : Signal
        With the moment in seconds on the recording's clock.
    """

    study_changed = Signal()
    coming_changed = Signal()
    recording_changed = Signal()
    individual_changed = Signal()
    span_changed = Signal()
    arrangement_changed = Signal()
    moment_changed = Signal(float)

    def __init__(self, viewer: ViewerModel) -> None:
        # Weakly, so that sessions end with their viewers.
        self._viewer = ref(viewer)
        self.study: Study | None = None
        self.recording = self.individual = ""
        self.span: tuple[float, float] | None = None
        self.arrangement = Arrangement()
        self._opened: OpenedRecording | None = None
        self._stage = Stage()
        self._boxing = Boxing(self, self._stage)
        self._coming: Coming | None = None
        #: Of the films that were left for what only 3D shows.
        self._left: Timeline | None = None
        #: Whether what takes a while is done in turns.
        self.in_turns = False
        self._openings: Pace = AtOnce()
        self._refreshings: Pace = AtOnce()
        self._renewals: Pace = AtOnce()
        self._live: tuple[Any, Any] | None = None
        #: Whether what changes in the layers is our own doing, not a person's.
        self.placing = False
        self._sentences: Sentences | None = None
        self._results: dict[str, str] = {}
        self._step, self._marked = -1, False
        self.manners = Manners()
        viewer.dims.events.current_step.connect(self._on_step)
        viewer.canvas.events.size.connect(self._on_size)

    @property
    def viewer(self) -> ViewerModel:
        """The viewer, which lives as long as its docks."""
        viewer = self._viewer()
        if viewer is None:
            raise RuntimeError("the viewer of this session is closed")
        return viewer

    @property
    def is_closed(self) -> bool:
        """Whether the viewer is closed; what is read in the background may come after that."""
        return self._viewer() is None

    def take_turns(self, make: Callable[[], Pace]) -> None:
        """Do what takes a while in turns of a window's loop.

        Parameters
        ----------
        make : callable
            Gives a pace, for each kind of work one.
        """
        self._openings, self._refreshings, self._renewals = make(), make(), make()
        self._boxing.pace = make()
        self.in_turns = True

    def leave_window(self) -> None:
        """Work as in a script again; the window is gone."""
        self.take_turns(AtOnce)
        self.in_turns = False
        self.manners = Manners()
        self._stage.films.close()

    # -- where we are -------------------------------------------------------------------------

    @property
    def moment(self) -> float:
        """Seconds on the recording's clock; 0 where none is shown."""
        return 0.0 if self._opened is None else self._opened.timeline.moment(self.step)

    @property
    def end(self) -> float:
        """Last moment of the recording that is shown (s); 0 where none is."""
        return 0.0 if self._opened is None else float(self._opened.timeline.times[-1])

    @property
    def in_space(self) -> bool:
        """Whether the recording is shown in 3D."""
        return self._opened is not None and self._opened.in_space

    @property
    def lacks_layers(self) -> bool:
        """Whether a person took some of the recording's away; `reopen` brings them back."""
        return self._stage.lacks

    @property
    def views(self) -> list[ShownView]:
        """The filmed views that are open, the main one first."""
        return [] if self._opened is None else list(self._opened.views)

    @property
    def sentence(self) -> str:
        """What is said of the animal that is looked at, at this moment."""
        return self._sentences.at(self.moment, self.individual) if self._sentences else ""

    # -- going somewhere ----------------------------------------------------------------------

    @property
    def coming(self) -> str:
        """The recording that is being opened; ``""`` = none."""
        return "" if self._coming is None else self._coming.id

    def open_study(self, folder: Path | str, *, recording: str = "") -> None:
        """Open a study; a recording is shown, by default the first that is filmed.

        Raises
        ------
        MouseGPTError
            If it is none, or the recording cannot be shown; the study is open then, all the same.
        """
        self._openings.begin(self._opening_study(Path(folder), recording))

    def refresh(self) -> None:
        """Take up what has changed on disk: results of a job, recordings that were added."""
        if self.study is not None:
            self._refreshings.begin(self._refreshing())

    def renew_sentences(self) -> None:
        """Take up what is said of the recording by now."""
        self._renewals.begin(self._renewing())

    def open_recording(self, id: str, *, in_space: bool = False) -> None:
        """Show a recording in place of the one that is shown.

        Raises
        ------
        MouseGPTError
            If it cannot be shown.
        """
        self._openings.begin(self._opening(id, in_space=in_space))

    def reopen(self) -> None:
        """Show the recording as its files are now, at the same moment.

        Raises
        ------
        MouseGPTError
            If it cannot be shown.
        """
        coming = self._coming
        if coming is None:
            camera = self.viewer.scene.camera
            here = Goal(self.moment, zoom=camera.zoom, centre=camera.center)
            coming = Coming(self.recording, self.in_space, here)
        self._openings.begin(self._opening(coming.id, in_space=coming.in_space, goal=coming.goal))

    def close_recording(self) -> None:
        """Take away what we show; layers of the user's own stay."""
        self._give_up()
        for _ in self._closing():
            pass

    def go_to(
        self,
        moment: float,
        *,
        recording: str = "",
        individual: str = "",
        until: float | None = None,
    ) -> None:
        """Show a moment (s), of another recording if need be, and look at an animal of it.

        A moment that the films do not show is shown in 3D, where that is known, else the one
        nearest to it; from there one that they show brings them back.

        Parameters
        ----------
        moment : float
            Where to go, s.
        recording, individual : str
            Of which; by default those that are shown.
        until : float, optional
            End of what begins at the moment (a bout, a sentence), which is selected, s.

        Raises
        ------
        MouseGPTError
            If the recording cannot be shown.
        """
        goal, coming = Goal(moment, individual, until), self._coming
        if coming is not None and recording == coming.id:
            coming.goal = goal
        elif recording not in ("", self.recording) or (coming is None and self._stage.is_bare):
            self._openings.begin(self._opening(recording or self.recording, goal=goal))
        elif self._lacks(goal) and (recording or coming is None):
            self._openings.begin(self._in_space(goal))
        elif recording and self._left is not None and self._left.reaches(moment):
            self._openings.begin(self._opening(recording, goal=goal))
        else:
            if recording:
                self._give_up()
            self._arrive(goal)

    def look_at(self, individual: str) -> None:
        """Look at another animal of the recording; what a person has selected by hand stays."""
        if individual != self.individual:
            self.individual, self._marked = individual, False
            self.individual_changed.emit()
            self.select(None)

    def select(self, span: tuple[float, float] | None) -> None:
        """Select a stretch (s) of the animal that is looked at; None = nothing is selected.

        Within it the animal's points are selected in the viewer, and the words say so.
        """
        if span != self.span:
            self.span = span
            self.span_changed.emit()
        self._mark_points()
        self._show_sentence()

    # -- how views are shown ------------------------------------------------------------------

    def arrange(self, arrangement: Arrangement) -> None:
        """Show these views in this layout."""
        self.arrangement = arrangement
        self._boxing.show()
        if self.points is not None:
            colour_points(self.points, arrangement.colour)
        self._place_in_time()
        opened, places = self._opened, [each.place for each in self.views]
        if opened is not None and places:
            arrange(self._stage.layers, opened.moving, opened.views, arrangement, step=self.step)
        self.redraw()
        if [each.place for each in self.views] != places:
            self._stage.fit(self.viewer)
        self.arrangement_changed.emit()

    def _place_in_time(self) -> None:
        if self._opened is None:
            return
        step, seconds = self.step, self.arrangement.seconds
        place_in_time(self._stage.layers, self._opened.timeline.period if seconds else None)
        labels = (TIME if seconds else FRAME, *self.viewer.dims.axis_labels[1:])
        if labels != self.viewer.dims.axis_labels:
            self.viewer.dims.axis_labels = labels
        self.viewer.dims.set_current_step(0, step)

    def shift(self, view: str, offset_s: float) -> None:
        """Show a view, but the main one, with another offset (s); nothing is saved."""
        opened = self._opened
        for number, each in enumerate(self.views):
            if opened is not None and not each.is_main and each.name == view:
                layers, times = self._stage.layers, opened.timeline.times
                opened.views[number] = shift(layers, opened.moving, each, offset_s, times)
        self.redraw()

    def retrace(self, poses: MovingPoses) -> None:
        """Draw the trails of a view anew, after its keypoints have changed."""
        retrace(self._stage.layers, poses)

    def drawing(self, view: str, options: dict[str, Any]) -> Any:
        """A shapes layer over a view, which moves with it and goes with the recording.

        Parameters
        ----------
        view : str
            Which; ``""`` = the poses without a film.
        options : dict
            Of the layer, as `grounds.drawing_options` gives them.
        """
        from napari.layers import Shapes

        place = next((each.place for each in self.views if each.name == view), (0.0, 0.0))
        about = {"metadata": {"view": view}, **options}
        layer = self.viewer.add_layer(Shapes(**about, translate=place))
        self._stage.layers.append(layer)
        return layer

    # -- what is shown ------------------------------------------------------------------------

    @property
    def opened(self) -> OpenedRecording | None:
        """The recording that is shown."""
        return self._opened

    @property
    def points(self) -> Any:
        """The layer of the keypoints of this moment, in the order of `moving.at_step`; or None."""
        return None if self._live is None else self._live[1]

    @property
    def step(self) -> int:
        """The step of the slider."""
        return int(self.viewer.dims.current_step[0])

    def redraw(self) -> None:
        """Show this moment again, after its keypoints have changed."""
        self._step = -1
        if self._viewer() is not None:  # else its window was closed before its docks were
            self._on_step()

    # -- opening, in turns ----------------------------------------------------------------------

    def _opening_study(self, folder: Path, recording: str) -> Turns:
        from mousegpt_core.study import Study

        self._expect(None)
        if self._opened is None:
            yield from self._stage.clear(self.viewer)
        study = yield lambda: Study.open(folder)
        first = recording or (yield lambda: first_recording(study))
        yield from self._closing()
        self.study = study
        self.study_changed.emit()
        yield None
        if first:
            yield from self._opening(first)

    def _opening(self, id: str, *, in_space: bool = False, goal: Goal | None = None) -> Turns:
        """Read a recording, then put its layers in place of those that are shown."""
        study = self._study()
        coming = Coming(id, in_space, goal or Goal())
        self._expect(coming)
        self._left = None
        try:
            if self._opened is None:
                # An opening that was given up may have left some.
                yield from self._stage.clear(self.viewer)
            read = yield lambda: read_recording(study, id, in_space=in_space)
            try:
                yield from self._closing()
            except BaseException:
                read.close()
                raise
            self._stage.films.callback(read.opened.stack.close)
            yield from self._showing(read, coming)
        except Exception:
            self._expect(None)
            raise

    def _give_up(self) -> None:
        """Open nothing any more."""
        self._openings.stop()
        self._expect(None)

    def _expect(self, coming: Coming | None) -> None:
        self._coming = coming
        self._show_sentence()
        self.coming_changed.emit()

    def _closing(self) -> Turns:
        if self._opened is not None:
            self._boxing.forget()
            self._live = None
            self._opened, self.recording, self._sentences = None, "", None
            self.select(None)
            self.recording_changed.emit()
            yield None
        yield from self._stage.clear(self.viewer)

    def _showing(self, read: ReadRecording, coming: Coming) -> Turns:
        opened = read.opened
        try:
            self.viewer.dims.ndisplay = 3 if opened.in_space else 2
            for layer in (*read.still, *read.live):
                yield from self._stage.add(self.viewer, layer)
            self._stage.set(self.viewer, in_space=opened.in_space)
            yield None
        except Exception:
            for _ in self._stage.clear(self.viewer):
                pass
            raise
        self._opened, self.recording = opened, coming.id
        self._sentences, self._results = read.sentences, read.results
        self._live = (read.live[0], read.live[1]) if read.live else None
        individuals = self._study().recording(coming.id).info.individuals
        if self.individual not in individuals:
            self.individual = individuals[0] if individuals else ""
        self._expect(None)
        self._step = -1
        self.arrange(self.arrangement)
        self.recording_changed.emit()
        for error in opened.left_out.errors:
            self.manners.tell_left_out(error)
        yield None
        if self._opened is opened:
            yield from self._going(coming.goal)

    def _lacks(self, goal: Goal) -> bool:
        """Whether the films that are shown do not show it."""
        if self._opened is None or goal.moment is None or self.in_space:
            return False
        return not self._opened.timeline.reaches(goal.moment)

    def _going(self, goal: Goal) -> Turns:
        """Go to what one opened a recording for."""
        if self._lacks(goal):
            yield from self._in_space(goal)
        else:
            self._arrive(goal)

    def _in_space(self, goal: Goal) -> Turns:
        """Go to what only 3D shows."""
        left = None if self._opened is None else self._opened.timeline
        with suppress(DataError):  # nor is there 3D
            yield from self._opening(self.recording, in_space=True, goal=goal)
            self._left = left
            return
        self._arrive(goal)

    def _arrive(self, goal: Goal) -> None:
        if goal.individual and goal.individual != self.individual:
            self.individual = goal.individual
            self.individual_changed.emit()
        if self._opened is None or goal.moment is None:
            return
        with self.manners.may_follow():
            self.viewer.dims.set_current_step(0, self._opened.timeline.step(goal.moment))
        self.select(None if goal.until is None else (goal.moment, goal.until))
        if goal.zoom is not None:
            self.viewer.scene.camera.zoom = goal.zoom
            self.viewer.scene.camera.center = goal.centre

    def _refreshing(self) -> Turns:
        # First, as sentences may be what cannot be read.
        self.study_changed.emit()
        yield from self._renewing()

    def _renewing(self) -> Turns:
        study, id = self.study, self.recording
        if study is None or not id:
            return
        recording = study.recording(id)
        said = yield lambda: sentences_of(recording)
        results = yield lambda: results_shown(recording, in_space=self.in_space)
        if (self.study, self.recording) != (study, id):
            return
        self._sentences = said
        self._show_sentence()
        if results != self._results and self._coming is None:
            self.reopen()

    # -- moving on ------------------------------------------------------------------------------

    def _on_step(self) -> None:
        step = int(self.viewer.dims.current_step[0])
        if self._opened is None or step == self._step:
            return
        self._step = step
        if self._live is not None:
            self.placing = True
            try:
                show_moment(at_step(self._opened.moving, step), *self._live)
                self._boxing.draw(step)
                self._mark_points()
            finally:
                self.placing = False
        self.manners.afterwards(self.catch_up)
        self.moment_changed.emit(self.moment)

    def _on_size(self, _: object) -> None:
        """All stays in sight, and words within the picture, as docks make it narrower."""
        if self._opened is not None:
            self._stage.refit(self.viewer)
            self._show_sentence()

    def catch_up(self) -> None:
        """Show what may follow the picture of a step: words, and what layers tell of themselves."""
        if self._viewer() is not None:
            self._show_sentence()
            for layer in self._live or ():
                layer.refresh(data_displayed=False, highlight=False)

    @property
    def _in_span(self) -> bool:
        return self.span is not None and self.span[0] - 1e-6 <= self.moment < self.span[1]

    def _mark_points(self) -> None:
        """Select the animal's points while the slider is in what is selected."""
        if self._live is None or not (self._in_span or self._marked):
            return
        points = self._live[1]
        theirs = points.features["individual"].to_numpy() == self.individual
        chosen = set(np.flatnonzero(theirs & points.shown).tolist()) if self._in_span else set()
        # What a person has selected by hand is left alone where we select nothing.
        if chosen or self._marked:
            points.selected_data = chosen
        self._marked = bool(chosen)

    def _show_sentence(self) -> None:
        words = ""
        if self._coming is not None:
            words = f"opening {self._coming.id} …"
        elif self._opened is not None:
            span = self.span if self._in_span else None
            late = self.manners.are_late()
            words = caption(self.moment, span, self.sentence, late=late)
        show_words(self.viewer.canvas, words)

    def _study(self) -> Study:
        if self.study is None:
            raise StageMissingError("no study is open", hint="open one in Home")
        return self.study


def session_of(viewer: ViewerModel) -> Session:
    """The session of a viewer, made on first use; of a proxy, that of the viewer behind it."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _SESSIONS:
        _SESSIONS[viewer] = Session(viewer)
    return _SESSIONS[viewer]
