//! The decision.

use time::{Duration, OffsetDateTime};
use xt211_message::{Reading, Registers};
use xt211_obis::ObisCode;

use super::{
    Eras, History, Limit, Point, Reason, Waiting, horizon,
    scene::{END, Scene},
    time_rule::judge_time_by,
    total::total,
};

/// One meter: decides what is believed of its readings.
///
/// It keeps what it needs for readings that come in their order; for late ones, it asks the
/// [`History`]. Whatever it says is accepted has to be in the history when it is next asked. After
/// an error, or if that did not come to be, it has to be made anew.
#[derive(Clone, Debug)]
pub struct Meter {
    pub(super) limit: Limit,
    pub(super) eras: Eras,
    pub(super) eras_changed: bool,
    /// The time of the newest reading that was accepted.
    pub(super) newest: Option<OffsetDateTime>,
    /// The newest accepted value of each total that was asked for, sorted by code.
    pub(super) totals: Vec<(ObisCode, Option<Point>)>,
    /// Whether a total that is not zero was accepted, if that is known.
    pub(super) counted: Option<bool>,
    /// Sorted by time.
    pub(super) waiting: Vec<Waiting>,
}

/// What a reading is to us.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// It says nothing new.
    Repeated,
    /// All of it is accepted, and it is the newest.
    Accepted,
    /// It is of a time that cannot be.
    Untimely(Reason),
    /// Some of it is accepted, or some of others.
    Mixed {
        /// The registers that contradict what was accepted of the same time.
        contradiction: Option<Refused>,
        /// What became of it, and of others that waited, in the order in which it did.
        changes: Vec<Change>,
    },
}

/// What became of registers of a reading.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// They are accepted.
    Accepted(Accepted),
    /// They were accepted, and are not any more: the user puts others in their place.
    Withdrawn(Refused),
    /// They have to be set aside, and may yet be accepted: tell [`Meter::file`] under which number.
    Refused(Refused),
}

/// Registers that are accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// When they were read.
    pub time: OffsetDateTime,
    /// The serial number that their reading told.
    pub serial: Option<Box<str>>,
    /// They.
    pub registers: Registers<'static>,
    /// Whether they are of the newest reading, and so to be shown.
    pub is_current: bool,
    /// The number under which their reading was set aside before; not any more.
    pub entry: Option<i64>,
}

/// Registers that are not believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// When they were read.
    pub time: OffsetDateTime,
    /// The serial number that their reading told.
    pub serial: Option<Box<str>>,
    /// They.
    pub registers: Registers<'static>,
    /// Why, at least one reason.
    pub reasons: Vec<Reason>,
}

impl Meter {
    /// A meter with what is known of it: where it started anew, its newest reading, and which
    /// readings wait.
    #[must_use]
    pub fn new(
        limit: Limit,
        eras: Eras,
        newest: Option<OffsetDateTime>,
        mut waiting: Vec<Waiting>,
    ) -> Self {
        waiting.sort_by_key(|waiting| waiting.time);
        let (eras_changed, totals, counted) = (false, Vec::new(), None);
        Self { limit, eras, eras_changed, newest, totals, counted, waiting }
    }

    /// Takes up what the newest reading holds, all of its time, so that the history is not asked for
    /// each of its totals.
    pub fn take_up(&mut self, newest: &Registers<'_>) {
        if let Some(time) = self.newest {
            self.note_totals(newest, time);
        }
    }

    /// The serial number of the newest reading that told one, or of a status since.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        self.eras.last_serial()
    }

    /// The eras, if they have changed since this was last asked.
    pub fn changed_eras(&mut self) -> Option<&Eras> {
        std::mem::take(&mut self.eras_changed).then_some(&self.eras)
    }

    /// Notes under which number something of a [`Change`] was set aside.
    pub fn file(&mut self, refused: &Refused, entry: i64) {
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.is_new(refused)) {
            waiting.entry = Some(entry);
        }
    }

    /// Judges a reading, without what the user has discarded of it; `now` is our clock.
    ///
    /// # Errors
    ///
    /// The history cannot be looked up.
    pub fn judge<H: History>(
        &mut self,
        reading: &Reading<'_>,
        now: OffsetDateTime,
        history: &H,
    ) -> Result<Judgement, H::Error> {
        let horizon = horizon(now);
        if let Err(reason) = judge_time_by(reading.time, horizon) {
            return Ok(Judgement::Untimely(reason));
        }
        if self.take_next(reading, horizon) {
            return Ok(Judgement::Accepted);
        }
        let mut scene = Scene::new(self, history, now)?;
        if scene.is_plainly_next(reading)? {
            self.note_accepted(reading);
            return Ok(Judgement::Accepted);
        }
        scene.judge_between(reading)
    }

    /// The module tells the serial number of the meter that it reads, and when. If that is another
    /// one, what comes behind the newest reading is the other meter's.
    ///
    /// # Errors
    ///
    /// The history cannot be looked up.
    pub fn learn_serial<H: History>(
        &mut self,
        serial: &str,
        told: OffsetDateTime,
        now: OffsetDateTime,
        history: &H,
    ) -> Result<Vec<Change>, H::Error> {
        let newest = self.newest;
        if self.eras.last_serial() == Some(serial) || newest.is_some_and(|newest| told < newest) {
            return Ok(Vec::new());
        }
        let start = newest.map_or(told, |newest| newest.saturating_add(Duration::NANOSECOND));
        self.eras.note_serial(serial, start, false);
        self.eras_changed = true;
        Scene::new(self, history, now)?.settle(vec![(start, END)], None)
    }

    /// Accepts a reading because the user says so, whatever its neighbours say, and whatever was
    /// accepted of the same time. The serial number is the one that its message told.
    ///
    /// # Errors
    ///
    /// The history cannot be looked up.
    pub fn release<H: History>(
        &mut self,
        reading: &Reading<'_>,
        serial: Option<&str>,
        now: OffsetDateTime,
        history: &H,
    ) -> Result<Vec<Change>, H::Error> {
        Scene::new(self, history, now)?.release(reading, serial)
    }

    /// A reading was accepted that is newer than all others.
    pub(super) fn note_accepted(&mut self, reading: &Reading<'_>) {
        self.newest = self.newest.max(Some(reading.time));
        self.note_totals(&reading.registers, reading.time);
        if let Some(serial) = reading.serial() {
            self.note_serial(serial, reading.time, false);
        }
    }

    /// As [`Eras::note_serial`].
    pub(super) fn note_serial(&mut self, serial: &str, time: OffsetDateTime, follows: bool) {
        if self.eras.serial(time) != Some(serial) {
            self.eras.note_serial(serial, time, follows);
            self.eras_changed = true;
        }
    }

    /// The newest accepted value of a total; `None` if it was not asked for yet.
    pub(super) fn known_total(&self, code: ObisCode) -> Option<Option<Point>> {
        let place = self.totals.binary_search_by_key(&code, |(code, _)| *code).ok()?;
        self.totals.get(place).map(|(_, point)| *point)
    }

    /// Puts what waits at a place before all others of its time, which is returned.
    pub(super) fn look_first_at(&mut self, place: usize) -> Option<OffsetDateTime> {
        let time = self.waiting.get(place)?.time;
        let first = self.waiting.partition_point(|waiting| waiting.time < time);
        self.waiting.get_mut(first..=place)?.rotate_right(1);
        Some(time)
    }

    /// What was set aside of a reading waits no longer, as it is released. Others of its time do, as they
    /// would after a restart, even if they hold some of the same.
    pub(super) fn no_longer_waits(&mut self, reading: &Reading<'_>) {
        let is_it = |one: &Waiting| one.time == reading.time && one.registers == reading.registers;
        self.waiting.retain(|waiting| !is_it(waiting));
    }

    fn note_totals(&mut self, registers: &Registers<'_>, time: OffsetDateTime) {
        for register in registers {
            if let Some(value) = total(register) {
                self.note_total(register.code, Point { time, value });
            }
        }
    }

    pub(super) fn note_total(&mut self, code: ObisCode, point: Point) {
        if !point.value.is_zero() {
            self.counted = Some(true);
        }
        match self.totals.binary_search_by_key(&code, |(code, _)| *code) {
            Ok(place) => {
                if let Some((_, known)) = self.totals.get_mut(place)
                    && known.is_none_or(|known| known.time <= point.time)
                {
                    *known = Some(point);
                }
            }
            Err(place) => self.totals.insert(place, (code, Some(point))),
        }
    }
}
