//! What is written down of a message.

use time::{Duration, OffsetDateTime};
use xt211_decision::{
    Accepted, BEGINNING, Change, END, Judgement, Meter, Reason, Refused, judge_time,
};
use xt211_message::{Reading, Registers, Value};
use xt211_store::{Filed, MeterKey, NewContent, NewSetAside, Transaction};

use super::{Effect, Refusal, effect::Stored, past::Past};

/// A module has forgotten after so long what it sent.
const FORGOTTEN: Duration = Duration::hours(25);

/// A message that is being taken.
pub(super) struct Work<'w, 't, 'm> {
    pub(super) store: &'w mut Transaction<'t>,
    pub(super) topic: &'w str,
    pub(super) now: OffsetDateTime,
    pub(super) meter: MeterKey,
    pub(super) effect: Effect<'m>,
    /// Whether the whole message was set aside.
    pub(super) is_aside: bool,
}

impl<'w, 't, 'm> Work<'w, 't, 'm> {
    pub(super) fn new(
        store: &'w mut Transaction<'t>,
        topic: &'w str,
        now: OffsetDateTime,
        meter: MeterKey,
    ) -> Self {
        Self { store, topic, now, meter, effect: Effect::default(), is_aside: false }
    }

    pub(super) fn take_reading(
        &mut self,
        meter: &mut Meter,
        mut reading: Reading<'m>,
        payload: &[u8],
    ) -> Stored<()> {
        if let Err(reason) = judge_time(reading.time, self.now) {
            // The user may have released the very same.
            return match self.is_accepted(&reading)? {
                true => Ok(()),
                false => self.set_aside_whole(reason, payload),
            };
        }
        let Reading { time, registers, .. } = &reading;
        match self.store.without_discarded(self.meter, *time, registers, self.now)? {
            Some(left) if left.iter().all(|one| matches!(one.value, Value::Text(_))) => {
                return Ok(());
            }
            Some(left) => reading.registers = left,
            None => {}
        }
        let past = Past { store: self.store, meter: self.meter };
        match meter.judge(&reading, self.now, &past)? {
            Judgement::Repeated => {}
            Judgement::Accepted => {
                self.append(reading.time, &reading.registers, None)?;
                self.effect.readings.push(reading);
            }
            Judgement::Untimely(reason) => self.set_aside_whole(reason, payload)?,
            Judgement::Mixed { contradiction, changes } => {
                if let Some(refused) = contradiction {
                    self.refuse(&refused)?;
                }
                self.carry_out(meter, changes)?;
            }
        }
        Ok(())
    }

    fn is_accepted(&self, reading: &Reading<'_>) -> Stored<bool> {
        if !(BEGINNING..END).contains(&reading.time) {
            return Ok(false);
        }
        let there = self.store.reading_at(self.meter, reading.time)?.unwrap_or_default();
        Ok(reading.registers.iter().all(|one| there.get(one.code) == Some(&one.value)))
    }

    /// Whether the very same message was set aside for its time, and only comes again. It does not
    /// become right when that time has passed; but a module forgets what it sent within a day, so
    /// that after that it was our clock that was wrong.
    pub(super) fn is_known_for_its_time(&mut self, payload: &[u8]) -> Stored<bool> {
        match self.store.set_aside_message(self.topic, payload)? {
            Some((aside, is_discarded)) if aside.code.starts_with(Reason::UNTIMELY) => {
                if !is_discarded && self.now - aside.last_at > FORGOTTEN {
                    self.remove_set_aside(aside.id)?;
                    return Ok(false);
                }
                self.store.count_again(aside.id, self.now)?;
                self.is_aside = true;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    pub(super) fn carry_out(&mut self, meter: &mut Meter, changes: Vec<Change>) -> Stored<()> {
        for change in changes {
            match change {
                Change::Accepted(Accepted { time, serial, registers, is_current, entry }) => {
                    if let Some(entry) = entry {
                        self.remove_set_aside(entry)?;
                        self.effect.released += 1;
                    }
                    self.append(time, &registers, serial.as_deref())?;
                    if is_current {
                        self.effect.readings.push(Reading::new(time, registers));
                    }
                }
                Change::Withdrawn(refused) => {
                    self.store.withdraw(self.meter, refused.time, &refused.registers)?;
                    self.refuse(&refused)?;
                }
                Change::Refused(refused) => match self.refuse(&refused)? {
                    Filed::New(entry) | Filed::Known(entry) => meter.file(&refused, entry),
                    // Cannot be: what was discarded is not judged.
                    Filed::Discarded => {}
                },
            }
        }
        Ok(())
    }

    pub(super) fn append_state(&mut self, sent: OffsetDateTime, payload: &[u8]) -> Stored<()> {
        let is_new = self.store.append_state(self.meter, sent, payload)?.is_some();
        self.effect.records += u64::from(is_new);
        Ok(())
    }

    pub(super) fn append(
        &mut self,
        time: OffsetDateTime,
        registers: &Registers<'_>,
        serial: Option<&str>,
    ) -> Stored<()> {
        self.store.append_reading(self.meter, time, registers, serial)?;
        self.effect.records += 1;
        Ok(())
    }

    pub(super) fn refuse(&mut self, refused: &Refused) -> Stored<Filed> {
        let Refused { time, serial, registers, reasons } = refused;
        let content = NewContent::Reading { time: *time, registers, serial: serial.as_deref() };
        // Cannot be without a reason.
        let refusal = Refusal::of(reasons).unwrap_or(Refusal { code: "", text: String::new() });
        self.set_aside(refusal, content)
    }

    /// Sets the message aside as it came, once: its time may be one that the store cannot keep.
    pub(super) fn set_aside_whole(&mut self, reason: Reason, payload: &[u8]) -> Stored<()> {
        if !std::mem::replace(&mut self.is_aside, true) {
            self.set_aside(reason.into(), NewContent::Message(payload))?;
        }
        Ok(())
    }

    pub(super) fn set_aside(&mut self, refusal: Refusal, content: NewContent<'_>) -> Stored<Filed> {
        let filed = self.store.set_aside(&NewSetAside {
            at: self.now,
            meter: Some(self.meter),
            topic: self.topic,
            code: refusal.code,
            reason: &refusal.text,
            content,
        })?;
        if filed.is_new() {
            self.effect.set_aside += 1;
            self.effect.refusals.push(refusal);
        }
        Ok(filed)
    }

    pub(super) fn remove_set_aside(&mut self, entry: i64) -> Stored<()> {
        let counted = self.store.remove_set_aside(entry)?;
        self.effect.set_aside -= i64::from(counted);
        Ok(())
    }
}
