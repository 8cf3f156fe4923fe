//! A decision under way.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use time::{Duration, OffsetDateTime, macros::datetime};
use xt211_message::{Reading, Register, Registers, Value};
use xt211_obis::ObisCode;

use super::{
    Accepted, Change, History, Judgement, Meter, Point, Reason, Refused, Waiting,
    candidate::collect,
    run::{self, Member},
    time_rule::horizon,
    total::{total, total_of},
};

/// How many readings may wait to be credible: what a module has in its queue, and some. Older ones
/// stay set aside until the user releases them.
pub const MOST_WAITING: usize = 128;

/// How long a meter may have been counting since a zero that it began with, for all that is judged by
/// how far it has come.
const LONGEST_BEGINNING: Duration = Duration::HOUR;

/// How many readings are looked at for a total that is not zero. Hardly any reading has none.
const LOOK_THROUGH: usize = 1_000;

/// Before all readings, also those that a user releases.
pub const BEGINNING: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// After all readings, also those that a user releases.
pub const END: OffsetDateTime = datetime!(2250-01-01 0:00 UTC);

/// A span of time in which something has changed: what waits there is to be looked at again.
type Span = (OffsetDateTime, OffsetDateTime);

/// What was accepted of a total just before and just after a time.
#[derive(Clone, Copy)]
struct Neighbours {
    before: Option<Point>,
    after: Option<Point>,
}

/// How a value of a total fits between its neighbours.
enum Fit {
    /// Well.
    Yes {
        /// Whether there is any to compare it with.
        is_witnessed: bool,
        /// The total started anew at this reading already, not first at that time.
        earlier_start: Option<OffsetDateTime>,
    },
    No(Reason),
}

/// What is to become of a reading that waits.
#[derive(Default)]
struct Verdict {
    accepted: Vec<ObisCode>,
    /// Totals that started anew at it already, not first at these times.
    earlier_starts: Vec<(ObisCode, OffsetDateTime)>,
    /// Why the others are not.
    reasons: Vec<Reason>,
}

/// A meter while it decides, with all that was accepted: before, and by this decision.
pub(super) struct Scene<'d, H> {
    pub(super) meter: &'d mut Meter,
    pub(super) history: &'d H,
    /// No reading later than this is taken for a witness. There can be one if our own clock was
    /// wrong when it came, or if the user released it.
    horizon: OffsetDateTime,
    /// The newest reading up to there.
    newest: Option<OffsetDateTime>,
    /// What this decision has accepted, of each register by time.
    pub(super) fresh: BTreeMap<ObisCode, BTreeMap<OffsetDateTime, Value<'static>>>,
}

impl<'d, H: History> Scene<'d, H> {
    pub(super) fn new(
        meter: &'d mut Meter,
        history: &'d H,
        now: OffsetDateTime,
    ) -> Result<Self, H::Error> {
        let horizon = horizon(now);
        let newest = match meter.newest {
            Some(newest) if newest > horizon => history.newest(horizon)?,
            newest => newest,
        };
        Ok(Self { meter, history, horizon, newest, fresh: BTreeMap::new() })
    }

    /// Whether a reading is the next one, with nothing to be said against it: the usual case.
    pub(super) fn is_plainly_next(&mut self, reading: &Reading<'_>) -> Result<bool, H::Error> {
        if !self.meter.waiting.is_empty()
            || self.meter.newest.is_some_and(|newest| reading.time <= newest)
        {
            return Ok(false);
        }
        let (mut has_totals, mut all_zero) = (false, true);
        let serial = reading.serial();
        for register in &reading.registers {
            let Some(value) = total(register) else { continue };
            (has_totals, all_zero) = (true, all_zero && value.is_zero());
            let point = Point { time: reading.time, value };
            match self.fit(register.code, point, serial, false)? {
                Fit::Yes { earlier_start: None, .. } => {}
                _ => return Ok(false),
            }
        }
        Ok(!(has_totals && all_zero))
    }

    /// Judges a reading for which it takes more than its predecessor.
    pub(super) fn judge_between(&mut self, reading: &Reading<'_>) -> Result<Judgement, H::Error> {
        let known = self.accepted_at(reading.time)?;
        let mut contradicted = Vec::new();
        let waiting = Waiting::of(reading, |register| {
            let waits = |waiting: &Waiting| waiting.time == reading.time && waiting.holds(register);
            match known.get(register.code) {
                Some(value) if *value != register.value => {
                    contradicted.push(register.clone().into_owned());
                    false
                }
                Some(_) => false,
                None => !self.meter.waiting.iter().any(waits),
            }
        });
        let contradiction = (!contradicted.is_empty()).then(|| Refused {
            time: reading.time,
            serial: reading.serial().map(Box::from),
            reasons: contradicted.iter().map(|one| Reason::OtherValue { code: one.code }).collect(),
            registers: collect(contradicted),
        });
        let changes = match waiting {
            Some(waiting) => {
                let time = waiting.time;
                self.let_wait(waiting);
                let changes = self.settle(vec![(time, time)], Some(time))?;
                self.remember_the_newest();
                changes
            }
            None if contradiction.is_none() => return Ok(Judgement::Repeated),
            None => Vec::new(),
        };
        Ok(Judgement::Mixed { contradiction, changes })
    }

    /// Accepts all of a reading; where it contradicts its neighbours, its totals start anew, and
    /// where it has another value than was accepted of its time, it takes that one's place.
    pub(super) fn release(
        &mut self,
        reading: &Reading<'_>,
        serial: Option<&str>,
    ) -> Result<Vec<Change>, H::Error> {
        self.meter.no_longer_waits(reading);
        let known = self.accepted_at(reading.time)?;
        let is_new = |register: &Register<'_>| known.get(register.code) != Some(&register.value);
        let Some(mut released) = Waiting::of(reading, is_new) else { return Ok(Vec::new()) };
        released.serial = released.serial.or_else(|| serial.map(Box::from));
        for register in &released.registers {
            let code = register.code;
            let point = released.point(code);
            let replaced = known.get(code).and_then(|value| total_of(code, value));
            if point.is_none() && replaced.is_none() {
                continue;
            }
            let Neighbours { before, after } = self.neighbours(code, reading.time)?;
            let starts_at = |from: Option<Point>, to: Option<Point>| {
                let (from, to) = from.zip(to)?;
                self.meter.limit.check(code, from, to).is_err().then_some(to.time)
            };
            // Where a text takes a total's place, that one's neighbours follow each other.
            let starts = [starts_at(before, point), starts_at(point.or(before), after)];
            // What was thought of this span before is not so.
            self.meter.eras.forget(
                code,
                before.map_or(BEGINNING, |before| before.time),
                after.map_or(END, |after| after.time),
            );
            for start in starts.into_iter().flatten() {
                self.meter.eras.start(code, start);
            }
            self.meter.eras_changed = true;
        }
        let registers = released.registers.clone();
        let (change, span) = self.accept(&released, registers)?;
        let mut changes = Vec::from_iter(replaced(&known, &released));
        changes.push(change);
        changes.extend(self.settle(vec![span], None)?);
        // Where a text has taken a total's place, the history tells what the newest one is now.
        let is_text =
            |code| released.registers.get(code).is_some() && released.point(code).is_none();
        self.meter.totals.retain(|(code, _)| !is_text(*code));
        // Nothing else that counted may have been there.
        self.meter.counted = None;
        Ok(changes)
    }

    /// Looks at what waits in these spans, and around what is accepted there, until nothing more
    /// can be. A reading that has just arrived may complete a run; if it is not accepted, it is to
    /// be set aside.
    pub(super) fn settle(
        &mut self,
        mut spans: Vec<Span>,
        arrived: Option<OffsetDateTime>,
    ) -> Result<Vec<Change>, H::Error> {
        let mut changes = Vec::new();
        // How much was accepted when a run was last looked for.
        let mut looked_at = None;
        loop {
            while let Some(span) = spans.pop() {
                self.look_at(span, &mut spans, &mut changes)?;
            }
            match arrived {
                // Again only if more was accepted, so that this ends.
                Some(time) if looked_at != Some(changes.len()) => {
                    looked_at = Some(changes.len());
                    spans = self.start_anew(time)?;
                }
                _ => break,
            }
        }
        self.refuse_the_rest(&mut changes)?;
        Ok(changes)
    }

    /// Accepts what can be of what waits in a span, and notes where that makes a difference.
    fn look_at(
        &mut self,
        (from, to): Span,
        spans: &mut Vec<Span>,
        changes: &mut Vec<Change>,
    ) -> Result<(), H::Error> {
        let mut index = self.meter.waiting.partition_point(|waiting| waiting.time < from);
        while let Some(waiting) = self.meter.waiting.get(index).filter(|one| one.time <= to) {
            let waiting = waiting.clone();
            let Verdict { accepted, earlier_starts, .. } = self.examine(&waiting)?;
            if accepted.is_empty() {
                index += 1;
                continue;
            }
            self.meter.waiting.remove(index);
            for (code, start) in earlier_starts {
                self.meter.eras.move_start(code, start, waiting.time);
                self.meter.eras_changed = true;
            }
            let (registers, rest) = waiting.part(&accepted);
            let (change, span) = self.accept(&waiting, registers)?;
            changes.push(change);
            spans.push(span);
            if !rest.is_empty() {
                // Behind all others of its time, as after a restart: it is set aside anew.
                self.let_wait(Waiting { registers: rest, entry: None, ..waiting });
            }
        }
        Ok(())
    }

    /// What waits in the end and is not set aside yet is to be: what has just arrived, and what is
    /// left of readings of which a part was accepted. Registers of which another value of that time was
    /// accepted meanwhile wait no longer; but a reading of zeros stays whole.
    fn refuse_the_rest(&mut self, changes: &mut Vec<Change>) -> Result<(), H::Error> {
        let all = std::mem::take(&mut self.meter.waiting).into_iter();
        let (filed, new): (Vec<_>, Vec<_>) = all.partition(|waiting| waiting.entry.is_some());
        self.meter.waiting = filed;
        for waiting in new {
            let known = self.accepted_at(waiting.time)?;
            let known = known.iter().filter(|_| !waiting.is_zero);
            let codes: Vec<_> = known.map(|register| register.code).collect();
            let (contradicted, rest) = waiting.part(&codes);
            let refused = |registers: Registers<'static>, reasons| {
                let (time, serial) = (waiting.time, waiting.serial.clone());
                Change::Refused(Refused { time, serial, registers, reasons })
            };
            if !contradicted.is_empty() {
                let other = contradicted.iter().map(|one| Reason::OtherValue { code: one.code });
                let reasons = other.collect();
                changes.push(refused(contradicted, reasons));
            }
            if !rest.is_empty() {
                let rest = Waiting { registers: rest, ..waiting.clone() };
                let reasons = self.examine(&rest)?.reasons;
                changes.push(refused(rest.registers.clone(), reasons));
                self.let_wait(rest);
            }
        }
        Ok(())
    }

    fn let_wait(&mut self, waiting: Waiting) {
        let all = &mut self.meter.waiting;
        let place = all.partition_point(|other| other.time <= waiting.time);
        all.insert(place, waiting);
    }

    /// Remembers no more of what waits than it may. What has just arrived may be the oldest, so this
    /// is for when all that waits is set aside.
    fn remember_the_newest(&mut self) {
        let too_many = self.meter.waiting.len().saturating_sub(MOST_WAITING);
        self.meter.waiting.drain(..too_many);
    }

    /// Takes registers of a reading among the witnesses. Returns the span that they lie in.
    fn accept(
        &mut self,
        waiting: &Waiting,
        registers: Registers<'static>,
    ) -> Result<(Change, Span), H::Error> {
        let time = waiting.time;
        let mut span = (time, time);
        for register in &registers {
            self.fresh.entry(register.code).or_default().insert(time, register.value.clone());
            let Some(value) = total(register) else { continue };
            let Neighbours { before, after } = self.neighbours(register.code, time)?;
            span.0 = span.0.min(before.map_or(BEGINNING, |point| point.time));
            span.1 = span.1.max(after.map_or(END, |point| point.time));
            self.meter.note_total(register.code, Point { time, value });
        }
        if let Some(serial) = &waiting.serial {
            self.note_serial(serial, time, &registers)?;
        }
        let is_current = time <= self.horizon && self.newest.is_none_or(|newest| time >= newest);
        if is_current {
            self.newest = Some(time);
        }
        self.meter.newest = self.meter.newest.max(Some(time));
        let serial = waiting.serial.clone();
        let accepted = Accepted { time, serial, registers, is_current, entry: waiting.entry };
        Ok((Change::Accepted(accepted), span))
    }

    /// What is to become of a reading that waits, by its neighbours.
    fn examine(&mut self, waiting: &Waiting) -> Result<Verdict, H::Error> {
        let mut verdict = Verdict::default();
        let known = self.accepted_at(waiting.time)?;
        let serial = self.serial(waiting, &known).map(String::from);
        let (mut is_witnessed, mut is_known) = (false, false);
        for register in &waiting.registers {
            let code = register.code;
            let fit = match waiting.point(code) {
                // Another reading of the same time was accepted meanwhile.
                _ if known.get(code).is_some() => Fit::No(Reason::OtherValue { code }),
                Some(point) => {
                    let Neighbours { before, after } = self.neighbours(code, point.time)?;
                    is_known |= before.is_some() || after.is_some();
                    self.fit(code, point, serial.as_deref(), waiting.is_zero)?
                }
                None => Fit::Yes { is_witnessed: false, earlier_start: None },
            };
            match fit {
                Fit::Yes { is_witnessed: by_this, earlier_start } => {
                    is_witnessed |= by_this;
                    verdict.accepted.push(code);
                    verdict.earlier_starts.extend(earlier_start.map(|start| (code, start)));
                }
                Fit::No(reason) => verdict.reasons.push(reason),
            }
        }
        // A zero needs a witness: of the same register, or, if none of its registers was ever
        // seen, of any, which shows that the module does find the meter.
        let has_witness = is_witnessed || (waiting.is_zero && !is_known && self.has_counted()?);
        if waiting.is_zero && !(verdict.reasons.is_empty() && has_witness) {
            return Ok(Verdict { reasons: vec![Reason::AllZero], ..Verdict::default() });
        }
        Ok(verdict)
    }

    /// Whether any total was accepted that is not zero. It is looked up once.
    fn has_counted(&mut self) -> Result<bool, H::Error> {
        if let Some(counted) = self.meter.counted {
            return Ok(counted);
        }
        let counted = self.any_total(BEGINNING, END, LOOK_THROUGH, |value| !value.is_zero())?;
        let counted = counted.unwrap_or_default();
        self.meter.counted = Some(counted);
        Ok(counted)
    }

    fn fit(
        &mut self,
        code: ObisCode,
        point: Point,
        serial: Option<&str>,
        is_zero: bool,
    ) -> Result<Fit, H::Error> {
        let neighbours = self.neighbours(code, point.time)?;
        let Meter { limit, eras, .. } = &*self.meter;
        let serial = serial.or_else(|| eras.serial(point.time));
        let is_same_meter = |other: &Point| match (serial, eras.serial(other.time)) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        let before = neighbours
            .before
            .filter(is_same_meter)
            .filter(|before| eras.starts_between(code, before.time, point.time).is_none());
        let after = neighbours.after.filter(is_same_meter);
        let next_start = after.and_then(|after| eras.starts_between(code, point.time, after.time));
        // A zero that counting would begin with. After a few days, any total could have come of it,
        // so that it says no more than that the module had found nothing.
        let beginning = |after: Point| match is_zero {
            true => Point { time: point.time.max(after.time - LONGEST_BEGINNING), ..point },
            false => point,
        };
        if let Some(Err(reason)) = before.map(|before| limit.check(code, before, point)) {
            // If not of the era before, then perhaps of the one that follows.
            let fits = |after| limit.check(code, beginning(after), after).is_ok();
            let fits_after = after.is_some_and(fits);
            return Ok(match next_start {
                Some(_) if fits_after => Fit::Yes { is_witnessed: true, earlier_start: next_start },
                _ => Fit::No(reason),
            });
        }
        let after = after.filter(|_| next_start.is_none());
        let check = |after| match before {
            Some(_) => limit.check(code, point, after),
            None => limit.check(code, beginning(after), after),
        };
        if let Some(Err(reason)) = after.map(check) {
            return Ok(Fit::No(reason));
        }
        let is_witnessed = before.is_some() || after.is_some();
        Ok(Fit::Yes { is_witnessed, earlier_start: None })
    }

    /// Lets totals start anew where a reading that has just come completes a run of what was not
    /// accepted. Returns the spans in which that makes a difference.
    fn start_anew(&mut self, arrived: OffsetDateTime) -> Result<Vec<Span>, H::Error> {
        let rejected = self.meter.waiting.iter().filter(|waiting| waiting.time == arrived);
        let totals = rejected.flat_map(|waiting| waiting.registers.iter());
        let codes: BTreeSet<_> =
            totals.filter(|one| total(one).is_some()).map(|register| register.code).collect();
        let mut spans = Vec::new();
        if codes.is_empty() {
            return Ok(spans);
        }
        let times = self.meter.waiting.iter().map(|waiting| waiting.time);
        let accepted = times.map(|time| self.accepted_at(time)).collect::<Result<Vec<_>, _>>()?;
        for code in codes {
            let Neighbours { before, after } = self.neighbours(code, arrived)?;
            let Meter { limit, eras, waiting, .. } = &*self.meter;
            // What lies between two readings that agree is contradicted by the later one.
            let is_contradicted = before.zip(after).is_some_and(|(before, after)| {
                eras.starts_between(code, before.time, after.time).is_none()
                    && eras.serial(before.time) == eras.serial(after.time)
            });
            if is_contradicted {
                continue;
            }
            let (from, to) = (
                before.map_or(BEGINNING, |before| before.time),
                after.map_or(END, |after| after.time),
            );
            let between = from..=to.min(self.horizon);
            let all = waiting.iter().zip(&accepted).enumerate();
            let members = all.filter_map(|(place, (waiting, accepted))| {
                let point = waiting.point(code).filter(|point| between.contains(&point.time))?;
                // Another value of that time stands: it is a neighbour, or a text.
                if accepted.get(code).is_some() {
                    return None;
                }
                let serial = waiting.serial.as_deref().or_else(|| eras.serial(point.time));
                Some((place, Member { point, serial, is_zero: waiting.is_zero }))
            });
            let (places, members): (Vec<_>, Vec<_>) = members.unzip();
            let first = run::find(*limit, code, &members);
            let Some(place) = first.and_then(|first| places.get(first)) else { continue };
            let Some(start) = self.meter.look_first_at(*place) else { continue };
            // The total starts anew at the run; and once more behind it, if that is what it
            // contradicts.
            for start in [Some(start), after.map(|after| after.time)].into_iter().flatten() {
                self.meter.eras.start(code, start);
            }
            self.meter.eras_changed = true;
            spans.push((from, to));
        }
        Ok(spans)
    }

    /// All that was accepted of that very time.
    pub(super) fn accepted_at(&self, time: OffsetDateTime) -> Result<Registers<'static>, H::Error> {
        let before = match self.meter.newest {
            Some(newest) if time <= newest => self.history.at(time)?,
            _ => None,
        };
        let fresh = self.fresh.iter().filter_map(|(code, values)| {
            Some(Register { code: *code, value: values.get(&time)?.clone() })
        });
        let fresh = collect(fresh.collect());
        let stands = |register: &&Register<'_>| fresh.get(register.code).is_none();
        let before = before.iter().flatten().filter(stands);
        Ok(collect(before.chain(&fresh).cloned().collect()))
    }

    fn neighbours(&mut self, code: ObisCode, time: OffsetDateTime) -> Result<Neighbours, H::Error> {
        let newest = match self.meter.known_total(code) {
            Some(newest) => newest,
            None => {
                let newest = self.history.before(code, END)?;
                let place = self.meter.totals.partition_point(|(other, _)| *other < code);
                self.meter.totals.insert(place, (code, newest));
                newest
            }
        };
        let fresh = self.fresh.get(&code);
        // A text has just taken its place.
        let is_gone = |point: &Point| {
            let value = fresh.and_then(|values| values.get(&point.time));
            value.is_some_and(|value| total_of(code, value).is_none())
        };
        let (before, after) = match newest {
            Some(newest) if newest.time < time && !is_gone(&newest) => (Some(newest), None),
            Some(_) => {
                let before = self.history.before(code, time)?;
                let after = self.history.after(code, time)?;
                (
                    match before.filter(is_gone) {
                        Some(gone) => self.history.before(code, gone.time)?,
                        None => before,
                    },
                    match after.filter(is_gone) {
                        Some(gone) => self.history.after(code, gone.time)?,
                        None => after,
                    },
                )
            }
            None => (None, None),
        };
        let point = |(time, value): (&OffsetDateTime, &Value<'_>)| {
            Some(Point { time: *time, value: total_of(code, value)? })
        };
        let earlier = fresh.and_then(|it| it.range(..time).rev().find_map(point));
        let behind = (Bound::Excluded(time), Bound::Unbounded);
        let later = fresh.and_then(|it| it.range(behind).find_map(point));
        let by_time = |point: &Point| point.time;
        Ok(Neighbours {
            before: before.into_iter().chain(earlier).max_by_key(by_time),
            // What is fresh may have taken the place of what was there, which comes last here as it
            // comes first there.
            after: later
                .into_iter()
                .chain(after)
                .filter(|point| point.time <= self.horizon)
                .min_by_key(by_time),
        })
    }
}

/// What was accepted and is to make room for what is released.
fn replaced(known: &Registers<'static>, released: &Waiting) -> Option<Change> {
    let is_replaced = |one: &&Register<'_>| released.registers.get(one.code).is_some();
    let registers = collect(known.iter().filter(is_replaced).cloned().collect());
    let reasons = registers.iter().map(|one| Reason::Replaced { code: one.code }).collect();
    let serial = known.serial().map(Box::from);
    let refused = Refused { time: released.time, serial, registers, reasons };
    (!refused.registers.is_empty()).then_some(Change::Withdrawn(refused))
}
