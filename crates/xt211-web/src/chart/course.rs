//! How power, voltage and current went.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use xt211_message::Value;
use xt211_obis::ObisCode;
use xt211_store::{MeterKey, Queries, StoreError};

use super::{
    consumption::{EXPORT, IMPORT, TARIFFS, of_tariff},
    kept,
    period::{Period, View},
    sampler::{Sample, Sampler, usual_distance},
    totals::{Cuts, rounded},
};

/// What goes up and down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Quantity {
    /// In W.
    Power,
    /// In V.
    Voltage,
    /// In A.
    Current,
}

impl Quantity {
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Power => "W",
            Self::Voltage => "V",
            Self::Current => "A",
        }
    }

    pub(crate) const fn decimals(self) -> usize {
        match self {
            Self::Power => 0,
            Self::Voltage => 1,
            Self::Current => 2,
        }
    }
}

/// How one quantity went.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Curve {
    /// What it is of.
    pub(crate) name: &'static str,
    /// Its place among all of its kind, so that it always has the same colour.
    #[serde(skip)]
    pub(crate) series: usize,
    /// Whether it is what totals have counted between two readings, and not what was measured.
    pub(crate) is_average: bool,
    /// Between two of these, nothing is known for a while.
    pub(crate) runs: Vec<Vec<Sample>>,
}

/// How long a slot is, so that no chart has more than about 500 of them.
const fn slot(view: View) -> SignedDuration {
    SignedDuration::from_secs(match view {
        View::Day => 180,
        View::Week => 1_200,
        View::Month => 5_400,
        View::Year | View::All => 64_800,
    })
}

/// How long readings may be away if nothing is known of their rhythm.
const PATIENCE: SignedDuration = SignedDuration::from_hours(3);

/// Of registers, some added and some taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Formula {
    plus: Vec<ObisCode>,
    minus: Vec<ObisCode>,
}

impl Formula {
    /// A register, or one less another where there is such. `None` if the meter does not send it.
    fn of(
        codes: &BTreeSet<ObisCode>,
        net: Option<ObisCode>,
        plus: ObisCode,
        minus: Option<ObisCode>,
    ) -> Option<Self> {
        if let Some(net) = net.filter(|net| codes.contains(net)) {
            return Some(Self { plus: vec![net], minus: vec![] });
        }
        let minus = minus.into_iter().filter(|code| codes.contains(code)).collect();
        codes.contains(&plus).then(|| Self { plus: vec![plus], minus })
    }

    /// What the totals have counted: of all, or the tariffs'.
    fn of_totals(codes: &BTreeSet<ObisCode>) -> Option<Self> {
        let total = |all: ObisCode| {
            let tariffs = TARIFFS.into_iter().map(|tariff| of_tariff(all, tariff));
            let known = |code: &ObisCode| codes.contains(code);
            if known(&all) { vec![all] } else { tariffs.filter(known).collect() }
        };
        let formula = Self { plus: total(IMPORT), minus: total(EXPORT) };
        (!formula.plus.is_empty()).then_some(formula)
    }

    fn codes(&self) -> impl Iterator<Item = ObisCode> + '_ {
        self.plus.iter().chain(&self.minus).copied()
    }

    /// What each of them held. `None` if one of them is missing.
    fn held(&self, values: impl Fn(ObisCode) -> Option<f64>) -> Option<Vec<f64>> {
        self.codes().map(values).collect()
    }

    /// Those that are added, less the others.
    fn sum(&self, values: impl Iterator<Item = f64>) -> f64 {
        let plus = self.plus.len();
        values.enumerate().map(|(at, value)| if at < plus { value } else { -value }).sum()
    }

    /// The power on average between two readings of totals, in W. `None` if it is not known, as one
    /// of the totals began anew or fell.
    fn average(&self, cuts: &Cuts, before: &Held, now: &Held) -> Option<f64> {
        let is_cut = |code| cuts.between(code, before.time, now.time).next().is_some();
        let counted = before.values.iter().zip(&now.values).map(|(before, now)| now - before);
        if self.codes().any(is_cut) || counted.clone().any(|amount| amount < 0.0) {
            return None;
        }
        let hours = now.time.duration_since(before.time).as_secs_f64() / 3_600.0;
        // Watts of kilowatt hours. The times differ, as all of one time come at once.
        Some(rounded(self.sum(counted) / hours * 1_000.0))
    }
}

/// What the registers of a formula held at a time.
#[derive(Clone, Debug)]
struct Held {
    time: Timestamp,
    values: Vec<f64>,
}

/// A curve to be.
struct Plan {
    name: &'static str,
    series: usize,
    formula: Formula,
    is_average: bool,
}

/// The instantaneous values of a phase have these added to their group C.
const PHASES: [(u8, &str); 3] = [(20, "L1"), (40, "L2"), (60, "L3")];

fn plans(quantity: Quantity, codes: &BTreeSet<ObisCode>) -> Vec<Plan> {
    let now = |group| ObisCode::reduced(group, 7, 0);
    let formula = |phase: u8| match quantity {
        Quantity::Power => {
            Formula::of(codes, Some(now(16 + phase)), now(1 + phase), Some(now(2 + phase)))
        }
        Quantity::Voltage => Formula::of(codes, None, now(12 + phase), None),
        Quantity::Current => Formula::of(codes, None, now(11 + phase), None),
    };
    let all = formula(0).map(|formula| ("Total", 0, formula));
    let phases = PHASES.into_iter().zip(1..);
    let phases =
        phases.filter_map(|((phase, name), series)| formula(phase).map(|it| (name, series, it)));
    let mut plans: Vec<_> = all
        .into_iter()
        .chain(phases)
        .map(|(name, series, formula)| Plan { name, series, formula, is_average: false })
        .collect();
    if let ([], Quantity::Power) = (plans.as_slice(), quantity) {
        let average = Formula::of_totals(codes).map(|formula| Plan {
            name: "Average between readings",
            series: 0,
            formula,
            is_average: true,
        });
        plans.extend(average);
    }
    plans
}

/// Whether a meter with these registers has anything of a quantity.
pub(crate) fn is_sent(quantity: Quantity, codes: &BTreeSet<ObisCode>) -> bool {
    !plans(quantity, codes).is_empty()
}

/// How a quantity went in a period. Looks at each reading, one after the other.
pub(crate) fn course(
    queries: &Queries,
    meter: MeterKey,
    patience: Option<Duration>,
    cuts: &Cuts,
    quantity: Quantity,
    period: &Period,
) -> Result<Vec<Curve>, StoreError> {
    let span = period.span();
    let recent = kept::recent(queries, meter, span.end)?;
    let codes = recent.keys().copied().collect();
    let patience = patience.and_then(|it| SignedDuration::try_from(it).ok());
    let mut tracers: Vec<_> = plans(quantity, &codes)
        .into_iter()
        .map(|plan| {
            let times = plan.formula.plus.first().and_then(|code| recent.get(code));
            let usual = times.and_then(|times| usual_distance(times)).map(|usual| usual * 3);
            let gap = patience.into_iter().chain(usual).min().unwrap_or(PATIENCE);
            let sampler = Sampler::new(span.start, slot(period.view), gap);
            Tracer { plan, sampler, before: None }
        })
        .collect();
    kept::visit(queries, meter, span, &mut |time, values| {
        for tracer in &mut tracers {
            tracer.take(cuts, time, values);
        }
    })?;
    Ok(tracers.into_iter().map(Tracer::finish).collect())
}

/// The power on average between two readings of totals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Average {
    /// In W; below zero, more was fed in than drawn.
    pub(crate) watts: f64,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// How many readings are looked through for two that have all totals.
const LOOK_THROUGH: usize = 20;

/// The power on average between the last two readings of totals up to a time, as its curve would
/// have it. `None` for a meter with a register of power, and if it is not known.
pub(crate) fn newest_average(
    queries: &Queries,
    meter: MeterKey,
    codes: &BTreeSet<ObisCode>,
    until: Timestamp,
) -> Result<Option<Average>, StoreError> {
    let plan = plans(Quantity::Power, codes).into_iter().find(|plan| plan.is_average);
    let Some(Plan { formula, .. }) = plan else { return Ok(None) };
    let (mut newest, mut latest): (Option<Held>, _) = (None, kept::to_time(until));
    for _ in 0..LOOK_THROUGH {
        let Some((time, registers)) = queries.newest_reading(meter, latest)? else { break };
        latest = time.saturating_sub(time::Duration::NANOSECOND);
        let number = |code| match registers.get(code)? {
            Value::Number(value) => Some(value.to_f64()),
            Value::Text(_) => None,
        };
        let Some(values) = formula.held(number) else { continue };
        let held = Held { time: kept::to_timestamp(time), values };
        let Some(now) = &newest else {
            newest = Some(held);
            continue;
        };
        let watts = formula.average(&kept::cuts(queries, meter)?, &held, now);
        return Ok(watts.map(|watts| Average { watts, from: held.time, to: now.time }));
    }
    Ok(None)
}

/// Follows one curve through the readings.
struct Tracer {
    plan: Plan,
    sampler: Sampler,
    /// The totals before.
    before: Option<Held>,
}

impl Tracer {
    fn take(&mut self, cuts: &Cuts, time: Timestamp, values: &BTreeMap<ObisCode, f64>) {
        let formula = &self.plan.formula;
        let Some(values) = formula.held(|code| values.get(&code).copied()) else { return };
        if !self.plan.is_average {
            return self.sampler.measured(time, formula.sum(values.into_iter()));
        }
        let now = Held { time, values };
        if let Some(before) = &self.before
            && let Some(watts) = formula.average(cuts, before, &now)
        {
            self.sampler.averaged(before.time, time, watts);
        }
        self.before = Some(now);
    }

    fn finish(self) -> Curve {
        let Plan { name, series, is_average, .. } = self.plan;
        Curve { name, series, is_average, runs: self.sampler.finish() }
    }
}
