//! The numbers of a chart as CSV: times in UTC, numbers with a point, nothing where nothing is known.

use std::io;

use csv::Writer;

use super::{
    answer::{Consumption, Course},
    consumption::TARIFFS,
};

impl Consumption {
    /// A row for each bar.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub(crate) fn write_csv(&self, out: impl io::Write) -> Result<(), csv::Error> {
        let mut rows = Writer::from_writer(out);
        rows.write_record([
            "start",
            "end",
            "import_kwh",
            "import_tariff_1_kwh",
            "import_tariff_2_kwh",
            "import_tariff_3_kwh",
            "import_tariff_4_kwh",
            "export_kwh",
            "counted_from",
            "counted_to",
        ])?;
        for bucket in &self.buckets {
            let tariffs = TARIFFS.map(|tariff| bucket.of_tariff(tariff));
            rows.serialize((
                bucket.span.start,
                bucket.span.end,
                bucket.import,
                tariffs,
                bucket.export,
                bucket.from,
                bucket.to,
            ))?;
        }
        Ok(rows.flush()?)
    }
}

impl Course {
    /// A row for each sample of each curve.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub(crate) fn write_csv(&self, out: impl io::Write) -> Result<(), csv::Error> {
        let mut rows = Writer::from_writer(out);
        rows.write_record(["curve", "unit", "from", "to", "low", "mean", "high"])?;
        for curve in &self.curves {
            for sample in curve.runs.iter().flatten() {
                let (low, mean, high) = (sample.low, sample.mean, sample.high);
                rows.serialize((curve.name, self.unit, sample.from, sample.to, low, mean, high))?;
            }
        }
        Ok(rows.flush()?)
    }
}
