//! `export`: what is kept, printed.

use std::{
    collections::HashMap,
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    process::ExitCode,
};

use anyhow::Result;
use time::format_description::well_known::Rfc3339;
use xt211_message::{Register, Registers, Value};
use xt211_store::{Content, MeterKey, Reader, Record, StoredMeter};

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
    let meters = store.meters()?.into_iter().map(|meter| (meter.key, meter)).collect();
    let out = BufWriter::new(io::stdout().lock());
    let mut exporter: Box<dyn Export> = match format {
        ExportFormat::Lines => {
            Box::new(Lines { maker: LineMaker::new(config), line: String::new(), out })
        }
        ExportFormat::Csv => Box::new(Csv::begin(LineMaker::new(config), out)?),
    };
    let mut written = Ok(());
    store.records(&range, &mut |record| {
        written = write(exporter.as_mut(), &meters, &record);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    exporter.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn write(
    exporter: &mut dyn Export,
    meters: &HashMap<MeterKey, StoredMeter>,
    record: &Record,
) -> io::Result<()> {
    match meters.get(&record.meter) {
        Some(meter) => exporter.write(record, meter),
        // One that was heard for the first time while this runs.
        None => Ok(()),
    }
}

/// A form in which records are printed.
trait Export {
    fn write(&mut self, record: &Record, meter: &StoredMeter) -> io::Result<()>;

    fn finish(&mut self) -> io::Result<()>;
}

/// InfluxDB's line protocol.
struct Lines<W> {
    maker: LineMaker,
    line: String,
    out: W,
}

impl<W: Write> Export for Lines<W> {
    fn write(&mut self, record: &Record, meter: &StoredMeter) -> io::Result<()> {
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
        let mut out = csv::Writer::from_writer(out);
        out.write_record(["time", "meter", "serial", "code", "value", "unit"])?;
        Ok(Self { maker, out })
    }

    fn row(
        &mut self,
        time: &str,
        serial: &str,
        meter: &StoredMeter,
        register: &Register<'_>,
    ) -> io::Result<()> {
        let Register { code, value } = register;
        let unit = code.meaning().map_or("", |meaning| meaning.unit().symbol());
        let number;
        let value = match value {
            Value::Number(value) => {
                number = value.text();
                number.as_str()
            }
            Value::Text(text) => text,
        };
        self.out.write_record([time, &meter.id, serial, &code.to_string(), value, unit])?;
        Ok(())
    }
}

impl<W: Write> Export for Csv<W> {
    fn write(&mut self, record: &Record, meter: &StoredMeter) -> io::Result<()> {
        let Content::Reading(registers) = &record.content else { return Ok(()) };
        // Cannot fail: the store keeps no time that it has no form for.
        let time = record.time.format(&Rfc3339).unwrap_or_default();
        let serial = self.serial(registers, meter);
        registers.iter().try_for_each(|register| self.row(&time, &serial, meter, register))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Csv<W> {
    fn serial(&self, registers: &Registers<'_>, meter: &StoredMeter) -> String {
        let tag = self.maker.tag(registers.serial(), meter.into());
        // That is what it falls back to.
        if tag == meter.id { String::new() } else { tag.to_owned() }
    }
}
