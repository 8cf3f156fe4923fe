//! A meter whose readings nobody can foretell.

use fastrand::Rng;
use time::{Duration, OffsetDateTime};

use super::{SERIAL, minute, nanoseconds, reading};

/// A reading as the module sends it, and the line that it makes.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) message: String,
    pub(crate) line: String,
}

/// Readings of one meter, of which all are to be believed: in the order of their times the totals
/// grow, and by no more than the house can draw.
pub(crate) struct Walk {
    rng: Rng,
    time: OffsetDateTime,
    /// In Wh.
    import: i64,
    export: i64,
}

impl Walk {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { rng, time: minute(0), import: 7_369_066, export: 0 }
    }

    /// In tenths, hundredths or thousandths, or without a point.
    fn rise(&mut self) -> i64 {
        let unit = [1, 10, 100, 1_000, 0][self.rng.usize(0..5)];
        self.rng.i64(0..3) * unit
    }
}

impl Iterator for Walk {
    type Item = Sent;

    fn next(&mut self) -> Option<Sent> {
        self.time += Duration::minutes(self.rng.i64(3..15));
        self.import += self.rise();
        self.export += self.rise();
        let values = [
            ("1.8.0", decimal(self.import)),
            ("2.8.0", decimal(self.export)),
            ("16.7.0", self.rng.i64(-5_000..10_000).to_string()),
        ];
        let (mut members, mut fields) = (Vec::new(), Vec::new());
        for (code, value) in values {
            members.push(format!("\"{code}\":{value}"));
            fields.push(format!("{}={value}", code.replace('.', "_")));
        }
        members.push(format!("\"96.1.1\":\"{SERIAL}\""));
        let (fields, time) = (fields.join(","), nanoseconds(self.time));
        Some(Sent {
            message: reading(self.time, &members.join(",")),
            line: format!("home_energy,meter={SERIAL} {fields} {time}"),
        })
    }
}

/// Thousandths, with no digit that says nothing.
fn decimal(thousandths: i64) -> String {
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
