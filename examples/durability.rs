//! How many readings a second are kept for good on this disk, and how much room they take.
//!
//! ```text
//! cargo run --release -p xt211-examples --example durability -- [FOLDER [READINGS]]
//! ```
//!
//! The folder is where it tries; a temporary one unless given.

use std::{
    env,
    fs::{self, File},
    io::Write,
    path::Path,
    process::ExitCode,
    time::Instant,
};

use time::{Duration, macros::datetime};
use xt211_examples::{Failure, exit};
use xt211_message::{Message, Registers};
use xt211_store::{MeterKey, Store};

/// What a module sends each time: five totals.
const MESSAGE: &[u8] = include_bytes!("../crates/xt211-message/corpus/fw-2026-04-data.json");

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    exit(run(arguments.next(), arguments.next()))
}

fn run(folder: Option<String>, readings: Option<String>) -> Result<(), Failure> {
    let own = tempfile::tempdir()?;
    let folder = folder.as_deref().map_or(own.path(), Path::new);
    let readings = readings.as_deref().unwrap_or("100000").parse()?;
    let message = Message::decode(MESSAGE, &time::UtcOffset::UTC)?;
    let registers = message.reading.ok_or("the sample holds no reading")?.registers;

    let synced = sync_alone(folder)?;
    println!("{synced:>10.0} writes of 4 KiB a second, each synced: what the disk allows");
    for burst in [1, 20, 100, 1_000] {
        let path = folder.join(format!("durability-{burst}.db"));
        let count = if burst == 1 { 1_000.min(readings) } else { readings };
        let (a_second, bytes) = keep(&path, &registers, count, burst)?;
        println!("{a_second:>10.0} readings a second in bursts of {burst}, {bytes:.0} bytes each");
    }
    Ok(())
}

/// How often a second something small can be written for good.
fn sync_alone(folder: &Path) -> Result<f64, Failure> {
    const TIMES: u32 = 500;

    let path = folder.join("durability-sync");
    let mut file = File::create(&path)?;
    let start = Instant::now();
    for _ in 0..TIMES {
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
    }
    let seconds = start.elapsed().as_secs_f64();
    fs::remove_file(path)?;
    Ok(f64::from(TIMES) / seconds)
}

/// Keeps readings, so many in a transaction. Returns how many a second, and bytes for each.
fn keep(
    path: &Path,
    registers: &Registers<'_>,
    count: u32,
    burst: u32,
) -> Result<(f64, f64), Failure> {
    let mut store = Store::open(path)?.store;
    let meter: MeterKey = store.write(|store| store.add_meter("meter", None))?;
    let begin = datetime!(2026-01-01 0:00 UTC);
    let start = Instant::now();
    for first in (0..count).step_by(usize::try_from(burst)?) {
        store.write(|store| {
            for number in first..count.min(first + burst) {
                let time = begin + Duration::minutes(number.into());
                store.append_reading(meter, time, registers, None)?;
            }
            Ok::<_, xt211_store::StoreError>(())
        })?;
    }
    let seconds = start.elapsed().as_secs_f64();
    // Closing writes everything into the one file.
    drop(store);
    let bytes = fs::metadata(path)?.len();
    for name in [path.to_owned(), path.with_extension("db.lock")] {
        fs::remove_file(name)?;
    }
    Ok((f64::from(count) / seconds, bytes as f64 / f64::from(count)))
}
