//! `export`: what is kept, printed.

use std::{
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    process::ExitCode,
};

use anyhow::Result;
use time::format_description::well_known::Rfc3339;
use xt211_message::{Register, Value};
use xt211_store::{Content, Queries, Reader, Record, StoredMeter};

use super::range::range;
use crate::{
    cli::{ExportFormat, RangeArguments},
    config::Config,
    influx::LineMaker,
};

/// Prints what is kept, oldest first.
///
/// # Errors
///
/// The store cannot be read, or standard output not be written.
pub fn export(
    config: &Config,
    format: ExportFormat,
    arguments: &RangeArguments,
) -> Result<ExitCode> {
    let store = Reader::open(&config.store.path)?;
    let range = range(arguments, &store)?;
    let maker = LineMaker::new(config);
    let out = BufWriter::new(io::stdout().lock());
    let mut exporter: Box<dyn Export> = match format {
        ExportFormat::Lines => Box::new(Lines { maker, line: String::new(), out }),
        ExportFormat::Csv => Box::new(Csv::begin(maker, out)?),
    };
    let (mut meter, mut exported) = (None, Ok(()));
    store.records(&range, &mut |record| {
        exported = export_one(&store, &mut meter, exporter.as_mut(), &record);
        if exported.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    exported?;
    exporter.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a record; `known` is the meter of the last one.
fn export_one(
    store: &Queries,
    known: &mut Option<StoredMeter>,
    exporter: &mut dyn Export,
    record: &Record,
) -> Result<()> {
    if known.as_ref().is_none_or(|known| known.key != record.meter) {
        *known = store.meter_of(record.meter)?;
    }
    // There always is one: a record refers to its meter.
    known.iter().try_for_each(|meter| exporter.export(record, meter))?;
    Ok(())
}

/// A form in which records are printed.
trait Export {
    fn export(&mut self, record: &Record, meter: &StoredMeter) -> io::Result<()>;

    fn finish(&mut self) -> io::Result<()>;
}

/// InfluxDB's line protocol.
struct Lines<W> {
    maker: LineMaker,
    line: String,
    out: W,
}

impl<W: Write> Export for Lines<W> {
    fn export(&mut self, record: &Record, meter: &StoredMeter) -> io::Result<()> {
        self.line.clear();
        self.maker.append(&mut self.line, record, meter.into());
        self.out.write_all(self.line.as_bytes())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A row for each register.
struct Csv<W: Write> {
    maker: LineMaker,
    out: csv::Writer<W>,
}

impl<W: Write> Csv<W> {
    fn begin(maker: LineMaker, out: W) -> io::Result<Self> {
        let mut csv = Self { maker, out: csv::Writer::from_writer(out) };
        write_row(&mut csv.out, ["time", "meter", "serial", "code", "value", "unit"])?;
        Ok(csv)
    }
}

impl<W: Write> Export for Csv<W> {
    fn export(&mut self, record: &Record, meter: &StoredMeter) -> io::Result<()> {
        let Content::Reading(registers) = &record.content else { return Ok(()) };
        // Cannot fail: the store keeps no time that it has no form for.
        let time = record.time.format(&Rfc3339).unwrap_or_default();
        let serial = self.maker.serial(registers.serial(), meter.into()).unwrap_or_default();
        for Register { code, value } in registers {
            let unit = code.meaning().map_or("", |meaning| meaning.unit().symbol());
            let number;
            let value = match value {
                Value::Number(value) => {
                    number = value.text();
                    number.as_str()
                }
                Value::Text(text) => text,
            };
            let row = [&time, &meter.id, serial, &code.to_string(), value, unit];
            write_row(&mut self.out, row)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn write_row(out: &mut csv::Writer<impl Write>, row: [&str; 6]) -> io::Result<()> {
    out.write_record(row).map_err(|error| match error.into_kind() {
        // As it is: it may be that nobody reads any further.
        csv::ErrorKind::Io(error) => error,
        // Cannot be: all rows are of one length, and nothing is read.
        other => io::Error::other(format!("{other:?}")),
    })
}
