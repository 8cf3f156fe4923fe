//! What was used and fed in, hour by hour, day by day, month by month.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use xt211_obis::ObisCode;

use super::{
    period::Span,
    totals::{Around, Counted, Cuts, Readings, Totals, rounded},
};

/// What was drawn from the grid in all, and fed into it.
pub(crate) const IMPORT: ObisCode = ObisCode::reduced(1, 8, 0);
pub(crate) const EXPORT: ObisCode = ObisCode::reduced(2, 8, 0);

/// How many tariffs a meter has.
pub(crate) const TARIFFS: [u8; 4] = [1, 2, 3, 4];

/// The total of a tariff beside that of all.
pub(crate) const fn of_tariff(all: ObisCode, tariff: u8) -> ObisCode {
    ObisCode::reduced(all.c(), all.d(), tariff)
}

/// All totals that a chart of energy needs.
pub(crate) fn energy_codes() -> impl Iterator<Item = ObisCode> {
    [IMPORT, EXPORT].into_iter().flat_map(|all| {
        std::iter::once(all).chain(TARIFFS.into_iter().map(move |tariff| of_tariff(all, tariff)))
    })
}

/// What was used in a span of time, in kWh. What is not known is missing, and never zero.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Bucket {
    #[serde(flatten)]
    pub(crate) span: Span,
    /// Drawn from the grid.
    pub(crate) import: Option<f64>,
    /// The same by tariff, if the tariffs are known and add up to it.
    pub(crate) tariffs: Vec<TariffEnergy>,
    /// Fed into the grid.
    pub(crate) export: Option<f64>,
    /// The reading that this is counted from: the last one before the span, or the first of all.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) from: Option<Timestamp>,
    /// The last reading in it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) to: Option<Timestamp>,
}

/// What was used at a tariff, in kWh.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct TariffEnergy {
    /// Its number, from 1 on.
    pub(crate) tariff: u8,
    /// Drawn from the grid.
    pub(crate) import: f64,
}

impl Bucket {
    pub(crate) fn is_known(&self) -> bool {
        self.import.is_some() || self.export.is_some()
    }

    pub(crate) fn of_tariff(&self, tariff: u8) -> Option<f64> {
        self.tariffs.iter().find(|it| it.tariff == tariff).map(|it| it.import)
    }

    /// What was drawn from the grid and has no tariff.
    pub(crate) fn without_tariff(&self) -> Option<f64> {
        self.import.filter(|_| self.tariffs.is_empty())
    }

    /// From when on it is counted, if that is not about when the span begins.
    pub(crate) fn odd_start(&self) -> Option<Timestamp> {
        /// Readings are minutes apart, and hours are to be told from each other.
        const MOST: SignedDuration = SignedDuration::from_hours(1);
        let from = self.from?;
        let allowed = (self.span.duration() / 2).min(MOST);
        (from.duration_since(self.span.start).abs() > allowed).then_some(from)
    }
}

/// What was used in each of some spans of time that follow each other.
pub(crate) fn consumption<R: Readings>(
    readings: &R,
    cuts: &Cuts,
    spans: &[Span],
) -> Result<Vec<Bucket>, R::Error> {
    let Some(first) = spans.first() else { return Ok(Vec::new()) };
    let mut start = readings.before(first.start)?;
    let mut buckets = Vec::with_capacity(spans.len());
    for span in spans {
        let end = readings.before(span.end)?;
        buckets.push(bucket(readings, cuts, *span, &start, &end)?);
        start = end;
    }
    Ok(buckets)
}

fn bucket<R: Readings>(
    readings: &R,
    cuts: &Cuts,
    span: Span,
    start: &Totals,
    end: &Totals,
) -> Result<Bucket, R::Error> {
    let has_new = end.keys().any(|code| !start.contains_key(code));
    let first = if has_new { readings.from(span.start)? } else { Totals::new() };
    let around = Around { readings, cuts, span, start, first: &first, end };
    let import = direction(&around, IMPORT)?;
    let export = direction(&around, EXPORT)?;
    let counted = import.all.or(export.all);
    Ok(Bucket {
        span,
        import: import.all.map(|all| all.amount),
        tariffs: import.tariffs,
        export: export.all.map(|all| all.amount),
        from: counted.map(|counted| counted.from),
        to: counted.map(|counted| counted.to),
    })
}

struct Direction {
    all: Option<Counted>,
    /// None unless they add up to it.
    tariffs: Vec<TariffEnergy>,
}

fn direction<R: Readings>(around: &Around<'_, R>, code: ObisCode) -> Result<Direction, R::Error> {
    let mut tariffs = Vec::new();
    for tariff in TARIFFS {
        if let Some(counted) = around.count(of_tariff(code, tariff))? {
            tariffs.push((tariff, counted));
        }
    }
    let sum = tariffs.iter().map(|(_, counted)| *counted).reduce(|one, other| Counted {
        amount: rounded(one.amount + other.amount),
        from: one.from.min(other.from),
        to: one.to.max(other.to),
        decimals: one.decimals.max(other.decimals),
    });
    let total = around.count(code)?;
    if let (Some(total), Some(sum)) = (total, sum) {
        // Each of them may be cut off in its last digit.
        let digit = 10f64.powi(-i32::from(total.decimals.max(sum.decimals)));
        let most = digit * (tariffs.len() + 1) as f64;
        if (total.amount - sum.amount).abs() > most + 1e-6 {
            tariffs.clear();
        }
    }
    let energy =
        tariffs.iter().map(|(tariff, it)| TariffEnergy { tariff: *tariff, import: it.amount });
    Ok(Direction { all: total.or(sum), tariffs: energy.collect() })
}

/// What was used in all, in kWh.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Sums {
    /// Drawn from the grid.
    pub(crate) import: Option<f64>,
    /// Of each tariff at which something was used.
    pub(crate) tariffs: Vec<TariffEnergy>,
    /// What has no tariff, if there is any.
    pub(crate) without_tariff: Option<f64>,
    /// Fed into the grid.
    pub(crate) export: Option<f64>,
}

impl Sums {
    pub(crate) fn of(buckets: &[Bucket]) -> Self {
        let sum = |value: &dyn Fn(&Bucket) -> Option<f64>| {
            buckets.iter().filter_map(value).reduce(|one, other| rounded(one + other))
        };
        let tariffs = TARIFFS.into_iter().filter_map(|tariff| {
            let import = sum(&|bucket| bucket.of_tariff(tariff)).filter(|sum| *sum > 0.0)?;
            Some(TariffEnergy { tariff, import })
        });
        Self {
            import: sum(&|bucket| bucket.import),
            tariffs: tariffs.collect(),
            without_tariff: sum(&Bucket::without_tariff).filter(|sum| *sum > 0.0),
            export: sum(&|bucket| bucket.export),
        }
    }
}
