//! What is kept, in a form for others.

use std::{
    borrow::Cow,
    io::{self, Write},
    ops::ControlFlow,
};

use anyhow::{Result, bail};
use time::format_description::well_known::Rfc3339;
use xt211_message::{Register, Value};
use xt211_store::{Content, MeterKey, Queries, Range, Record, StoredMeter};
use xt211_web::ExportForm;

use crate::{config::Config, influx::LineMaker};

/// Writes what is kept, oldest first. Returns how many records cannot be read any more, and so are
/// missing.
///
/// # Errors
///
/// The store cannot be read, or the writer not be written to.
pub(crate) fn export(
    config: &Config,
    store: &Queries,
    form: ExportForm,
    range: &Range,
    out: &mut dyn Write,
) -> Result<u64> {
    let maker = LineMaker::new(config);
    let mut exporter: Box<dyn Export + '_> = match form {
        ExportForm::Lines => Box::new(Lines { maker, line: String::new(), out }),
        ExportForm::Csv => Box::new(Csv::begin(maker, out)?),
    };
    let (mut meter, mut unreadable, mut exported) = (None, 0_u64, Ok(()));
    store.records(range, &mut |record| {
        exported = export_one(store, &mut meter, exporter.as_mut(), &record)
            .map(|is_readable| unreadable += u64::from(!is_readable));
        if exported.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    exported?;
    exporter.finish()?;
    Ok(unreadable)
}

/// The meter of an id.
///
/// # Errors
///
/// Nothing is kept of it, or the store cannot be read.
pub(crate) fn meter_key(id: &str, store: &Queries) -> Result<MeterKey> {
    if let Some(meter) = store.meter(id)? {
        return Ok(meter.key);
    }
    let ids: Vec<_> = store.meters()?.into_iter().map(|meter| meter.id).collect();
    if ids.is_empty() {
        bail!("nothing is kept of {id:?}, nor of any other meter");
    }
    bail!("nothing is kept of {id:?}, only of {}", ids.join(", "));
}

/// Writes a record, if it can be read; `known` is the meter of the last one.
fn export_one(
    store: &Queries,
    known: &mut Option<StoredMeter>,
    exporter: &mut dyn Export,
    record: &Record,
) -> Result<bool> {
    if known.as_ref().is_none_or(|known| known.key != record.meter) {
        *known = store.meter_of(record.meter)?;
    }
    match known {
        Some(meter) => Ok(exporter.export(record, meter)?),
        // Cannot be: a record refers to its meter.
        None => Ok(true),
    }
}

/// A form in which records are written.
trait Export {
    /// Returns whether it could be read.
    fn export(&mut self, record: &Record, meter: &StoredMeter) -> io::Result<bool>;

    fn finish(&mut self) -> io::Result<()>;
}

/// InfluxDB's line protocol.
struct Lines<W> {
    maker: LineMaker,
    line: String,
    out: W,
}

impl<W: Write> Export for Lines<W> {
    fn export(&mut self, record: &Record, meter: &StoredMeter) -> io::Result<bool> {
        self.line.clear();
        let is_readable = self.maker.append(&mut self.line, record, meter.into()).is_ok();
        self.out.write_all(self.line.as_bytes())?;
        Ok(is_readable)
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
    fn export(&mut self, record: &Record, meter: &StoredMeter) -> io::Result<bool> {
        let registers = match &record.content {
            Content::Reading(registers) => registers,
            Content::State(_) => return Ok(true),
            Content::Unreadable(_) => return Ok(false),
        };
        // Cannot fail: the store keeps no time that it has no form for.
        let time = record.time.format(&Rfc3339).unwrap_or_default();
        let serial = self.maker.serial(registers.serial(), meter.into()).unwrap_or_default();
        let serial = no_formula(serial);
        for Register { code, value } in registers {
            let unit = code.meaning().map_or("", |meaning| meaning.unit().symbol());
            let number;
            let value = match value {
                Value::Number(value) => {
                    number = value.text();
                    Cow::Borrowed(number.as_str())
                }
                Value::Text(text) => no_formula(text),
            };
            let code = code.to_string();
            let row = [time.as_str(), &meter.id, &serial, &code, &value, unit];
            write_row(&mut self.out, row)?;
        }
        Ok(true)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A text as spreadsheets show it. What they would compute, for it begins like a formula, and anybody
/// may have sent it, gets the apostrophe by which they take it for a text.
fn no_formula(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
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
