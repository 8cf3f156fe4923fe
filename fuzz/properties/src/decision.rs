//! What is believed of a meter's readings.

pub(crate) mod archive;
pub(crate) mod bench;

use arbitrary::Arbitrary;
use time::{Duration, OffsetDateTime, macros::datetime};
use xt211_decision::{RELEASED, judge_time};
use xt211_message::{Decimal, Reading, Register, Registers, Value};
use xt211_obis::ObisCode;

use self::bench::Bench;
use crate::{memory, structured::structured};

/// Whatever a meter sends, and whatever its clock and ours say, each register that it sends is
/// accepted or set aside; what is accepted stays so, once for its time, and of one era only rises and
/// not too fast; and a restart at any time changes nothing.
///
/// # Panics
///
/// This does not hold.
pub fn decision(data: &[u8]) {
    structured(data, |history: &History| {
        let plain = history.play(false);
        plain.check_totals();
        let restarted = history.play(true);
        assert_eq!(restarted.archive, plain.archive);
        assert_eq!(restarted.waiting_and_aside(), plain.waiting_and_aside());
    });
}

/// The longest history. What waits is compared with each other, so that longer ones take long.
const MOST_STEPS: usize = 200;

const START: OffsetDateTime = datetime!(2026-11-24 0:00 UTC);

/// What happens, one after the other.
#[derive(Arbitrary, Debug)]
struct History {
    steps: Vec<Step>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    /// The module sends a reading.
    Reading { after: After, serial: Serial, totals: [Option<Total>; 2], text: Option<bool> },
    /// It tells the serial number of its meter.
    Status { after: After, serial: Serial },
    /// The user releases what was set aside, one of all that is.
    Release(u8),
    /// The bridge starts again.
    Restart,
    /// Our clock is set, so many days after the start.
    Clock(i16),
}

/// How long after the latest reading, in seconds; before it, if less than zero.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum After {
    Usual(u8),
    Any(i32),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Serial {
    None,
    One,
    Other,
}

/// The value of a total.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Total {
    /// By so many Wh more than the last one that was no nonsense.
    Rise(u8),
    Zero,
    /// In Wh; from here on, it counts on.
    Reset(u32),
    /// In Wh; nonsense.
    Any(u32),
    /// No number.
    Text,
}

const TOTALS: [ObisCode; 2] = [ObisCode::reduced(1, 8, 0), ObisCode::reduced(2, 8, 0)];
const TARIFF: ObisCode = ObisCode::reduced(96, 14, 0);
const SERIAL: ObisCode = ObisCode::reduced(96, 1, 1);

impl Serial {
    fn text(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::One => Some("1"),
            Self::Other => Some("2"),
        }
    }
}

/// The module, and the meter that it reads.
struct Module {
    at: OffsetDateTime,
    /// In Wh.
    totals: [u32; 2],
}

impl Module {
    fn pass(&mut self, after: After) -> OffsetDateTime {
        let seconds = match after {
            After::Usual(tens) => i64::from(tens) * 10,
            After::Any(seconds) => i64::from(seconds % 4_000_000),
        };
        let time = self.at.saturating_add(Duration::seconds(seconds));
        self.at = self.at.max(time);
        time
    }

    fn value(&mut self, number: usize, total: Total) -> Value<'static> {
        let counted = &mut self.totals[number];
        let wh = match total {
            Total::Rise(rise) => {
                *counted = counted.saturating_add(rise.into());
                *counted
            }
            Total::Reset(wh) => {
                *counted = wh;
                wh
            }
            Total::Zero => 0,
            Total::Any(wh) => wh,
            Total::Text => return Value::Text("?".into()),
        };
        let kwh: Decimal = format!("{}.{:03}", wh / 1_000, wh % 1_000).parse().expect("a number");
        Value::Number(kwh)
    }

    fn reading(&mut self, step: Step) -> Option<Reading<'static>> {
        let Step::Reading { after, serial, totals, text } = step else { return None };
        let mut registers = Vec::new();
        for (number, total) in totals.into_iter().enumerate() {
            let value = total.map(|total| self.value(number, total));
            registers.extend(value.map(|value| Register { code: TOTALS[number], value }));
        }
        let texts = [
            (TARIFF, text.map(|is_high| if is_high { "T1" } else { "T2" })),
            (SERIAL, serial.text()),
        ];
        for (code, text) in texts {
            registers.extend(text.map(|text| Register { code, value: Value::Text(text.into()) }));
        }
        // The message of a module always has a register.
        let time = self.pass(after);
        (!registers.is_empty())
            .then(|| Reading::new(time, Registers::from_vec(registers).expect("each code once")))
    }
}

impl History {
    fn play(&self, may_restart: bool) -> Bench {
        let mut bench = Bench::new(START + Duration::days(7));
        let mut module = Module { at: START, totals: [5_000_000, 3_000] };
        let mut sent = Vec::new();
        for step in self.steps.iter().take(MOST_STEPS) {
            let before = bench.archive.clone();
            match *step {
                Step::Reading { .. } => {
                    let Some(reading) = module.reading(*step) else { continue };
                    // A list of what waits, and of what becomes of it.
                    memory::within(1 << 20, || bench.take(&reading));
                    if judge_time(reading.time, bench.now).is_ok() {
                        sent.push(reading);
                    }
                }
                Step::Status { after, serial } => {
                    let time = module.pass(after);
                    if let Some(serial) = serial.text()
                        && judge_time(time, bench.now).is_ok()
                    {
                        bench.learn_serial(serial, time);
                    }
                }
                Step::Release(which) => bench.release(which.into()),
                Step::Restart if may_restart => bench.restart(),
                Step::Restart => {}
                Step::Clock(days) => {
                    let now = START + Duration::days(days.into());
                    bench.has_steady_clock &= now >= RELEASED && now >= bench.now;
                    bench.now = now;
                }
            }
            if !matches!(step, Step::Release(_)) {
                assert!(bench.archive.holds(&before), "what was accepted is not there any more");
            }
        }
        for reading in &sent {
            bench.knows(reading);
        }
        bench
    }
}
