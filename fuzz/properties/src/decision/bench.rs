//! A meter with a store around it.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;
use xt211_decision::{
    Change, END, Eras, History as _, Judgement, Limit, MOST_WAITING, Meter, Reason, Refused,
    Waiting,
};
use xt211_message::{Reading, Registers};

use super::archive::Archive;

const LIMIT: Limit = Limit { max_power: 60.0 };

/// Does with what is decided what the bridge does.
pub(crate) struct Bench {
    meter: Meter,
    /// As the meter last told them.
    eras: Eras,
    pub(crate) archive: Archive,
    /// What is set aside, by its number.
    aside: BTreeMap<i64, Refused>,
    /// Our clock.
    pub(crate) now: OffsetDateTime,
    /// Whether it was never certainly wrong, and never set back.
    pub(crate) has_steady_clock: bool,
    next_entry: i64,
}

impl Bench {
    pub(crate) fn new(now: OffsetDateTime) -> Self {
        Self {
            meter: Meter::new(LIMIT, Eras::default(), None, Vec::new()),
            eras: Eras::default(),
            archive: Archive::default(),
            aside: BTreeMap::new(),
            now,
            has_steady_clock: true,
            next_entry: 0,
        }
    }

    /// Takes a reading. Returns what of it is to be shown.
    pub(crate) fn take(&mut self, reading: &Reading<'_>) -> Option<Registers<'static>> {
        let Ok(judgement) = self.meter.judge(reading, self.now, &self.archive);
        self.has_asked_little(reading.registers.len());
        let shown = match judgement {
            Judgement::Repeated | Judgement::Untimely(_) => None,
            Judgement::Accepted => {
                self.archive.keep(reading.time, &reading.registers);
                Some(reading.registers.clone().into_owned())
            }
            Judgement::Mixed { contradiction, changes } => {
                if let Some(refused) = &contradiction {
                    self.set_aside(refused);
                }
                self.carry_out(&changes)
            }
        };
        self.note_eras();
        shown
    }

    pub(crate) fn learn_serial(&mut self, serial: &str, told: OffsetDateTime) {
        let Ok(changes) = self.meter.learn_serial(serial, told, self.now, &self.archive);
        self.carry_out(&changes);
        self.note_eras();
    }

    /// Releases what was set aside, one of all that is.
    pub(crate) fn release(&mut self, which: usize) {
        let Some(count) = std::num::NonZero::new(self.aside.len()) else { return };
        let Some((&entry, refused)) = self.aside.iter().nth(which % count) else { return };
        let refused = refused.clone();
        let reading = Reading::new(refused.time, refused.registers);
        let serial = refused.serial.as_deref();
        let Ok(changes) = self.meter.release(&reading, serial, self.now, &self.archive);
        // Taken out first, as nothing of it is to be found there by what follows.
        self.aside.remove(&entry);
        self.carry_out(&changes);
        self.note_eras();
        for register in &reading.registers {
            assert!(self.archive.contains(reading.time, register), "{register:?} is not released");
        }
    }

    /// Starts again, with what the store knows.
    pub(crate) fn restart(&mut self) {
        let Ok(newest) = self.archive.newest(END);
        let waiting = self.waiting();
        let newest_waiting = waiting.len().saturating_sub(MOST_WAITING);
        let waiting = waiting.into_iter().skip(newest_waiting).collect();
        self.meter = Meter::new(LIMIT, self.eras.clone(), newest, waiting);
    }

    /// What may yet be accepted of what is set aside, by time.
    fn waiting(&self) -> Vec<Waiting> {
        let may_pass = |refused: &Refused| {
            refused
                .reasons
                .first()
                .is_some_and(|reason| reason.code().starts_with(Reason::MAY_PASS))
        };
        let waiting = self.aside.iter().filter(|(_, refused)| may_pass(refused));
        let mut waiting: Vec<_> = waiting
            .map(|(entry, refused)| Waiting {
                time: refused.time,
                serial: refused.serial.clone(),
                is_zero: matches!(refused.reasons.first(), Some(Reason::AllZero)),
                registers: refused.registers.clone(),
                entry: Some(*entry),
            })
            .collect();
        waiting.sort_by_key(|waiting| waiting.time);
        waiting
    }

    /// What is set aside, whatever its number.
    pub(crate) fn waiting_and_aside(&self) -> BTreeSet<(OffsetDateTime, String)> {
        let aside = self.aside.values();
        aside.map(|refused| (refused.time, format!("{:?}", refused.registers))).collect()
    }

    /// A reading that was sent is accepted, or set aside.
    pub(crate) fn knows(&self, reading: &Reading<'_>) {
        for register in &reading.registers {
            let is_aside = self.aside.values().any(|refused| {
                refused.time == reading.time
                    && refused.registers.get(register.code) == Some(&register.value)
            });
            let is_accepted = self.archive.contains(reading.time, register);
            assert!(is_aside || is_accepted, "{register:?} of {} is lost", reading.time);
        }
    }

    /// Of one era, a total only rises, and not too fast.
    pub(crate) fn check_totals(&self) {
        // A clock of ours that was wrong lets readings pass that are of the future once it is right, and
        // then bear no witness.
        let codes = if self.has_steady_clock { super::TOTALS.as_slice() } else { &[] };
        for code in codes {
            let points: Vec<_> = self.archive.points(*code).collect();
            for pair in points.windows(2) {
                let [from, to] = [pair[0], pair[1]];
                let is_of_one_era = !self.eras.part(*code, from.time, to.time);
                if is_of_one_era {
                    assert_eq!(LIMIT.check(*code, from, to), Ok(()));
                }
            }
        }
    }

    fn carry_out(&mut self, changes: &[Change]) -> Option<Registers<'static>> {
        let mut shown = None;
        for change in changes {
            match change {
                Change::Accepted(accepted) => {
                    if let Some(entry) = accepted.entry {
                        let refused = self.aside.remove(&entry).expect("set aside before");
                        assert_eq!(refused.time, accepted.time);
                    }
                    self.archive.keep(accepted.time, &accepted.registers);
                    if accepted.is_current {
                        shown = Some(accepted.registers.clone());
                    }
                }
                Change::Withdrawn(refused) => {
                    self.archive.withdraw(refused.time, &refused.registers);
                    self.set_aside(refused);
                }
                Change::Refused(refused) => {
                    let entry = self.set_aside(refused);
                    self.meter.file(refused, entry);
                }
            }
        }
        shown
    }

    fn set_aside(&mut self, refused: &Refused) -> i64 {
        assert!(!refused.reasons.is_empty() && !refused.registers.is_empty());
        self.next_entry += 1;
        self.aside.insert(self.next_entry, refused.clone());
        self.next_entry
    }

    fn note_eras(&mut self) {
        if let Some(eras) = self.meter.changed_eras() {
            self.eras = eras.clone();
        }
    }

    /// A decision looks at each reading that waits, and at each again when one of them is accepted.
    fn has_asked_little(&self, registers: usize) {
        let most = 8 * (MOST_WAITING + 2) * (registers + 4);
        let asked = self.archive.take_asked();
        assert!(asked <= most, "{asked} questions, not {most}");
    }
}
