"""The resident index: who is inside an area, in milliseconds, while positions change.

It answers the officer who draws; at the moment of dispatch PostgreSQL decides (docs/decisions/0005). One large sorted
segment is never touched; changes go to a small second segment, together with the list of rows of the large one that they
replace. A reader takes one reference and sees one consistent state; writers, one at a time, put a new state in its place.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from hotline.geo.area import Area, Bounds
from hotline.geo.cells import Bools, Ints
from hotline.geo.heat import Heat, heat_of
from hotline.geo.segment import Columns, Group, GroupTable, Rows, Segment, expiry_second, make_columns
from hotline.geo.select import compiled

COUNTRY_ONLY = "country"
"""The precision of people of whom only the country is known."""

MERGE_AT_LEAST = 50_000
"""Changed positions from which the small segment is merged into the large one…"""

MERGE_SHARE = 0.02
"""…or this share of the large one, whichever is more: a merge copies everything, about 0.1 µs a position."""


@dataclass(frozen=True)
class Counts:
    """How many people are inside an area; each of the three splits adds up to the total."""

    total: int
    by_country: dict[str, int]
    by_language: dict[str, int]
    by_precision: dict[str, int]


@dataclass(frozen=True)
class Change:
    """The new position of one traveller; `lat` and `lon` None means that none is known any more."""

    traveller_id: int
    lat: float | None = None
    lon: float | None = None
    country: str = "ZZ"
    language: str = "ko"
    precision: str = "exact"
    drill: bool = False
    valid_until: datetime | None = None


@dataclass(frozen=True)
class _State:
    base: Segment
    replaced: Ints  # rows of `base` that no longer count, ascending
    recent: Segment

    def __len__(self) -> int:
        return len(self.base) - len(self.replaced) + len(self.recent)


class PositionIndex:
    """All known positions, at most one for each traveller. Reading is safe from any thread, also while others write."""

    def __init__(self) -> None:
        """Start without any position."""
        nobody = Segment.build(Columns.none())
        self._state = _State(nobody, np.zeros(0, np.int64), nobody)
        self._groups = GroupTable()
        self._writing = threading.Lock()

    def __len__(self) -> int:
        """How many positions are held, expired ones included."""
        return len(self._state)

    def size_bytes(self) -> int:
        """Memory that the positions take, without what is made at the first change (12 bytes for each)."""
        return sum(
            array.nbytes
            for segment in (self._state.base, self._state.recent)
            for array in (segment.cell, *vars(segment.columns).values())
        )

    def code_of(self, group: Group) -> int:
        """The code under which (country, language, precision, drill flag) stands in `Columns.group`."""
        with self._writing:
            return self._groups.code(group)

    def replace_all(self, columns: Columns) -> None:
        """Put other positions in the place of all; each traveller's id occurs once. Readers go on with the old meanwhile."""
        base = Segment.build(columns)
        with self._writing:
            self._state = _State(base, np.zeros(0, np.int64), Segment.build(Columns.none()))

    def apply(self, changes: list[Change]) -> None:
        """Add, move and remove travellers; of several changes for one of them the last counts."""
        latest = {change.traveller_id: change for change in changes}
        placed = [change for change in latest.values() if change.lat is not None and change.lon is not None]
        gone = [change.traveller_id for change in latest.values() if change.lat is None or change.lon is None]
        columns = make_columns(
            [change.traveller_id for change in placed],
            [change.lat for change in placed],  # type: ignore[arg-type]  # None was sorted out above
            [change.lon for change in placed],  # type: ignore[arg-type]
            [self.code_of((c.country, c.language, c.precision, c.drill)) for c in placed],
            [expiry_second(change.valid_until) for change in placed],
        )
        self.apply_columns(columns, np.array(gone, np.int64))

    def apply_columns(self, placed: Columns, gone: npt.NDArray[np.int64]) -> None:
        """Set the positions `placed` and forget the travellers `gone`; ids occur once in both together."""
        touched = np.concatenate((placed.ids, gone))
        if not len(touched):
            return
        with self._writing:
            state = self._state
            replaced = np.union1d(state.replaced, state.base.rows_of(touched))
            kept = np.ones(len(state.recent), np.bool_)
            kept[state.recent.rows_of(touched)] = False
            recent = Segment.build(Columns.join((state.recent.columns.take(kept), placed)))
            state = _State(state.base, replaced, recent)
            if len(replaced) + len(recent) > max(MERGE_AT_LEAST, MERGE_SHARE * len(state.base)):
                state = _merged(state)
            self._state = state

    def merge(self) -> None:
        """Bring all changes into the large segment now; readers go on undisturbed."""
        with self._writing:
            self._state = _merged(self._state)

    def query(self, area: Area, at: datetime, drill: bool | None = None) -> Ints:
        """Ids of the travellers inside the area whose position is still valid at `at` (aware), in no special order.

        `drill` keeps only people with that flag; None keeps all.
        """
        parts = self._found(area, at, drill, lambda columns: columns.ids)
        return np.concatenate(parts).astype(np.int64, copy=False)

    def count(self, area: Area, at: datetime, drill: bool | None = None) -> Counts:
        """How many travellers `query` would return, split by country, language and precision of the position."""
        by_country, by_language, by_precision = Counter[str](), Counter[str](), Counter[str]()
        for (country, language, precision), number in self.groups(area, at, drill).items():
            by_country[country] += number
            by_language[language] += number
            by_precision[precision] += number
        return Counts(by_country.total(), dict(by_country), dict(by_language), dict(by_precision))

    def groups(
        self, area: Area, at: datetime, drill: bool | None = None, *, country_only: Collection[str] | None = None
    ) -> dict[tuple[str, str, str], int]:
        """How many travellers `query` would return of each (country, language, precision).

        With `country_only` (codes of the countries that the area touches) people who are known by their country only are
        counted wherever their country is one of these, and otherwise by the point that stands for them.
        """
        # People of other groups are counted along and left out below, which costs nothing per person.
        parts = self._found(area, at, None, lambda columns: columns.group)
        numbers = np.bincount(np.concatenate(parts))
        groups = self._groups.groups()
        if country_only is not None:
            # Where their country is not touched the point still counts: somebody may have said it on purpose.
            by_country = [code for code in range(len(numbers)) if _known_by(groups[code], country_only)]
            numbers[by_country] = 0
            numbers = _sum(numbers, self._numbers_by_country(country_only, at, groups))
        found = Counter[tuple[str, str, str]]()
        for code in np.flatnonzero(numbers).tolist():
            *group, of_drill = groups[code]
            if drill in (None, of_drill):
                found[group[0], group[1], group[2]] += int(numbers[code])
        return dict(found)

    def _numbers_by_country(self, countries: Collection[str], at: datetime, groups: list[Group]) -> Ints:
        """How many valid people of each group are known by their country only, and by one of these."""
        state, now = self._state, _now_second(at)
        coarse = np.array([group[2] == COUNTRY_ONLY for group in groups], np.bool_)
        wanted = np.array([_known_by(group, countries) for group in groups], np.bool_)
        numbers = np.zeros(len(groups), np.int64)
        if not wanted.any():
            return numbers
        for segment, replaced in ((state.base, state.replaced), (state.recent, np.zeros(0, np.int64))):
            rows = segment.rows_of_groups(coarse)
            rows = rows[wanted[segment.columns.group[rows]] & (segment.columns.expiry[rows] > now)]
            if len(replaced):
                rows = rows[~np.isin(rows, replaced, assume_unique=True)]
            numbers = _sum(numbers, np.bincount(segment.columns.group[rows]))
        return numbers

    def heat(self, bounds: Bounds, max_cells: int = 4_000) -> Heat:
        """Numbers of positions in cells of a size that gives at most `max_cells` in the bounds, for a picture.

        Positions that have expired are included until they are changed or removed: a picture is not an audience.
        """
        state = self._state
        gone = state.base.columns.take(state.replaced)
        return heat_of(bounds, max_cells, [(state.base, 1), (Segment.build(gone), -1), (state.recent, 1)])

    def _found(
        self, area: Area, at: datetime, drill: bool | None, column: Callable[[Columns], npt.NDArray[np.signedinteger]]
    ) -> list[npt.NDArray[np.signedinteger]]:
        """One column of the valid people inside, of both segments of one state."""
        state, now = self._state, _now_second(at)
        place = compiled(area)
        wanted = self._wanted_groups(drill)
        found = []
        for segment, replaced in ((state.base, state.replaced), (state.recent, np.zeros(0, np.int64))):
            rows = segment.rows_inside(place)
            values = rows.of(column(segment.columns))
            keep = rows.of(segment.columns.expiry) > now if segment.first_expiry <= now else None
            if wanted is not None:
                held = wanted[rows.of(segment.columns.group)]
                keep = held if keep is None else keep & held
            if len(replaced):
                alive = _without(rows, replaced)
                keep = alive if keep is None else keep & alive
            found.append(values if keep is None else values[keep])
        return found

    def _wanted_groups(self, drill: bool | None) -> Bools | None:
        """Which group codes have the drill flag; None when nobody has to be left out."""
        if drill is None:
            return None
        wanted = np.array([group[3] is drill for group in self._groups.groups()], np.bool_)
        return None if wanted.all() else wanted


def _now_second(at: datetime) -> int:
    """The second up to which positions have expired; a naive time is refused, because it would be some other second."""
    if at.tzinfo is None:
        raise ValueError("the time of a query must carry a time zone")
    return max(int(at.timestamp()), 0)


def _known_by(group: Group, countries: Collection[str]) -> bool:
    """Whether people of a group are known by their country only, and by one of these."""
    return group[2] == COUNTRY_ONLY and group[0] in countries


def _sum(first: Ints, second: Ints) -> Ints:
    """Add two arrays of numbers by group, the shorter of which is without the latest groups."""
    total = np.zeros(max(len(first), len(second)), np.int64)
    total[: len(first)] += first
    total[: len(second)] += second
    return total


def _merged(state: _State) -> _State:
    base = state.base.merged(state.replaced, state.recent)
    return _State(base, np.zeros(0, np.int64), Segment.build(Columns.none()))


def _without(rows: Rows, replaced: Ints) -> Bools:
    """Which of the rows found are not replaced; `replaced` ascends, and so do the slices and the single rows."""
    alive = np.ones(len(rows), np.bool_)
    start = np.array([pair[0] for pair in rows.slices], np.int64)
    stop = np.array([pair[1] for pair in rows.slices], np.int64)
    offset = np.cumsum(stop - start) - (stop - start)
    if len(start):
        within = np.searchsorted(start, replaced, side="right") - 1
        hit = (within >= 0) & (replaced < stop[within])
        alive[offset[within[hit]] + replaced[hit] - start[within[hit]]] = False
    at = np.searchsorted(replaced, rows.single)
    at[at == len(replaced)] = 0
    alive[len(rows) - len(rows.single) :] &= replaced[at] != rows.single
    return alive
