//! A database with a meter in it, and short words for what tests say often.

use std::{ops::ControlFlow, path::PathBuf};

use tempfile::TempDir;
use time::{Duration, OffsetDateTime, macros::datetime};
use xt211_message::{Register, Registers, Value};
use xt211_store::{MeterKey, Opened, Record, Sequence, Store, StoreError, Ticket, Transaction};

/// When all tests begin.
pub(crate) const START: OffsetDateTime = datetime!(2026-02-21 20:27:09 UTC);

/// So many minutes later.
pub(crate) fn minute(minutes: i64) -> OffsetDateTime {
    START + Duration::minutes(minutes)
}

/// Registers from codes and numbers or words.
pub(crate) fn registers(list: &[(&str, &str)]) -> Registers<'static> {
    let register = |(code, value): &(&str, &str)| Register {
        code: code.parse().unwrap(),
        value: match value.parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Text(value.to_string().into()),
        },
    };
    Registers::from_vec(list.iter().map(register).collect()).unwrap()
}

/// A reading of nothing but a total.
pub(crate) fn total(value: u32) -> Registers<'static> {
    registers(&[("1.8.0", &value.to_string())])
}

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    pub(crate) meter: MeterKey,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let Opened { mut store, damaged } = Store::open(&folder.path().join("a.db")).unwrap();
        assert_eq!(damaged, None);
        let meter = store.write(|transaction| transaction.add_meter("one", None)).unwrap();
        Self { folder, store, meter }
    }

    /// One with readings of the minutes 1, 2, …, whose sequences are the same numbers.
    pub(crate) fn with_readings(count: u32) -> Self {
        let mut fixture = Self::new();
        let meter = fixture.meter;
        fixture.write(|transaction| {
            for number in 1..=count {
                let sequence = transaction.append_reading(
                    meter,
                    minute(number.into()),
                    &total(number),
                    None,
                )?;
                assert_eq!(sequence, Sequence::from(i64::from(number)));
            }
            Ok(())
        });
        fixture
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.store.path().to_owned()
    }

    /// A transaction that works.
    pub(crate) fn write<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError>,
    ) -> T {
        self.store.write(work).unwrap()
    }

    /// Closes the database and opens it again.
    pub(crate) fn reopen(self) -> Self {
        let Self { folder, store, meter } = self;
        let path = store.path().to_owned();
        drop(store);
        let Opened { store, damaged } = Store::open(&path).unwrap();
        assert_eq!(damaged, None);
        Self { folder, store, meter }
    }

    /// The sequences of what waits.
    pub(crate) fn waiting(&self) -> Vec<i64> {
        sequences(&self.store.waiting(usize::MAX).unwrap())
    }

    /// The tickets of what waits and has one of these sequences.
    pub(crate) fn tickets(&self, sequences: &[i64]) -> Vec<Ticket> {
        let waiting = self.store.waiting(usize::MAX).unwrap();
        let tickets = waiting.iter().map(|record| record.ticket);
        tickets.filter(|ticket| sequences.contains(&ticket.sequence().into())).collect()
    }

    /// Says that these were taken.
    pub(crate) fn forward(&mut self, sequences: &[i64]) {
        let tickets = self.tickets(sequences);
        assert_eq!(tickets.len(), sequences.len());
        self.write(|transaction| transaction.forwarded(&tickets, Some(minute(100))));
    }

    /// The names in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = self.folder.path().read_dir().unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(crate) fn sequences(records: &[Record]) -> Vec<i64> {
    records.iter().map(|record| record.ticket.sequence().into()).collect()
}

/// A visitor that keeps everything.
pub(crate) fn into<T>(all: &mut Vec<T>) -> impl FnMut(T) -> ControlFlow<()> {
    |item| {
        all.push(item);
        ControlFlow::Continue(())
    }
}
