//! What is known, as Prometheus collects it (`OpenMetrics` 1.0).
//!
//! Units are Prometheus' own: energy is told in joules, so that its `rate` is the power in watts.

use std::{collections::BTreeMap, sync::atomic::AtomicU64};

use axum::{
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse as _, Response},
};
use jiff::tz::TimeZone;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit as MetricUnit},
};
use xt211_message::Decimal;
use xt211_obis::{Quantity, RegisterKind, Unit};

use crate::{
    app::App,
    failure::Failure,
    view::{MeterView, RegisterView, Standing, State as Is},
};

/// How many meters' own values are told. Each value of each is a series of its own, and a database
/// of ten thousand meters' series is not what a scrape is for.
const MOST_METERS: usize = 1000;

const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfMeter {
    meter: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRegister {
    meter: String,
    code: String,
}

type Number = Gauge<f64, AtomicU64>;
type Count = Counter<f64, AtomicU64>;

pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, Failure> {
    let standing = app.standing().await?;
    let meters = app.meters(String::new(), None, MOST_METERS, TimeZone::UTC).await?;
    let mut registry = Registry::with_prefix("xt211");
    tell_standing(&mut registry, &standing);
    tell_meters(&mut registry, &meters.items);
    let mut registers = Registers::default();
    for meter in &meters.items {
        for register in &meter.registers {
            registers.add(&meter.id, register);
        }
    }
    registers.tell(&mut registry);
    let mut text = String::new();
    text::encode(&mut text, &registry).map_err(|error| Failure::Fault(error.to_string()))?;
    Ok(([(CONTENT_TYPE, KIND)], text).into_response())
}

fn tell_standing(registry: &mut Registry, standing: &Standing) {
    let mut tell = |name: &str, help: &str, unit: Option<MetricUnit>, value: f64| {
        let gauge = Number::default();
        gauge.set(value);
        match unit {
            Some(unit) => registry.register_with_unit(name, help, unit, gauge),
            None => registry.register(name, help, gauge),
        }
    };
    let is = |state, good| f64::from(u8::from(state == good));
    let (broker, influxdb) = (standing.broker.state, standing.influxdb.state);
    tell("broker_connected", "Whether the broker is connected", None, is(broker, Is::Good));
    if influxdb != Is::Off {
        tell(
            "influxdb_good",
            "Whether InfluxDB takes what it is sent",
            None,
            is(influxdb, Is::Good),
        );
    }
    tell(
        "store_good",
        "Whether the store can be written",
        None,
        is(standing.store.state, Is::Good),
    );
    // As precise as Prometheus is.
    let count = |count: u64| count as f64;
    let bytes = Some(MetricUnit::Bytes);
    tell("store_size", "Size of the store on the disk", bytes, count(standing.size));
    let help = "Records that wait for InfluxDB";
    tell("waiting_records", help, None, count(standing.waiting));
    let help = "What is set aside, of all meters and of none";
    tell("set_aside_entries", help, None, count(standing.set_aside));
    tell("meters", "Meters that are known", None, count(standing.meters));
}

fn tell_meters(registry: &mut Registry, meters: &[MeterView]) {
    let mut tell = |name: &str, help: &str, unit, of: &dyn Fn(&MeterView) -> Option<f64>| {
        let family = Family::<OfMeter, Number>::default();
        for meter in meters {
            if let Some(value) = of(meter) {
                family.get_or_create(&OfMeter { meter: meter.id.clone() }).set(value);
            }
        }
        match unit {
            Some(unit) => registry.register_with_unit(name, help, unit, family),
            None => registry.register(name, help, family),
        }
    };
    let (seconds, ratio) = (Some(MetricUnit::Seconds), Some(MetricUnit::Ratios));
    let volts = Some(MetricUnit::Volts);
    let unix = |moment: crate::view::Moment| moment.0.unix_timestamp() as f64;
    tell("meter_read_timestamp", "When the meter was last read", seconds.clone(), &|meter| {
        meter.read_at.map(unix)
    });
    tell("module_heard_timestamp", "When the module was last heard", seconds, &|meter| {
        meter.heard_at.map(unix)
    });
    tell("module_overdue", "Whether the module is silent for too long", None, &|meter| {
        Some(f64::from(u8::from(meter.is_overdue)))
    });
    tell("meter_waiting_records", "Records of it that wait for InfluxDB", None, &|meter| {
        Some(meter.waiting as f64)
    });
    tell("meter_set_aside_entries", "What is set aside of it", None, &|meter| {
        Some(meter.set_aside as f64)
    });
    tell("battery_charge", "The battery's state of charge", ratio, &|meter| {
        meter.module.battery_percent.map(|percent| percent.to_f64() / 100.0)
    });
    tell("battery_voltage", "The battery's voltage", volts, &|meter| {
        meter.module.battery_volts.map(Decimal::to_f64)
    });
    tell("signal_dbm", "The strength of the module's signal, in dBm", None, &|meter| {
        meter.module.signal_dbm.map(Decimal::to_f64)
    });
}

/// The registers' values, those of one unit together.
#[derive(Default)]
struct Registers {
    totals: BTreeMap<&'static str, (Kind, Family<OfRegister, Count>)>,
    others: BTreeMap<&'static str, (Kind, Family<OfRegister, Number>)>,
}

/// What registers of one unit are called, how they are counted, and by how much that is larger than
/// how the meter counts.
struct Kind {
    help: &'static str,
    unit: Option<MetricUnit>,
    factor: u32,
}

impl Registers {
    fn add(&mut self, meter: &str, register: &RegisterView) {
        let Some(number) = register.number() else { return };
        let label = OfRegister { meter: meter.to_owned(), code: register.code.to_string() };
        let Some(meaning) = register.meaning() else {
            let kind =
                Kind { help: "Registers of a meaning that is not known", unit: None, factor: 1 };
            let (_, family) = self.others.entry("register").or_insert((kind, Family::default()));
            family.get_or_create(&label).set(number.to_f64());
            return;
        };
        let (name, kind) = kind(meaning.quantity, meaning.unit());
        let value = scaled(number, kind.factor);
        // A counter that would fall, or be below nothing, is none: the net total of both ways.
        let is_counter = meaning.kind == RegisterKind::Total
            && meaning.direction != Some(xt211_obis::Direction::Net)
            && !number.is_negative();
        if is_counter {
            let (_, family) = self.totals.entry(name).or_insert((kind, Family::default()));
            family.get_or_create(&label).inc_by(value);
        } else {
            let name = if meaning.kind == RegisterKind::Total { "net_energy" } else { name };
            let (_, family) = self.others.entry(name).or_insert((kind, Family::default()));
            family.get_or_create(&label).set(value);
        }
    }

    fn tell(self, registry: &mut Registry) {
        for (name, (Kind { help, unit, .. }, family)) in self.totals {
            match unit {
                Some(unit) => registry.register_with_unit(name, help, unit, family),
                None => registry.register(name, help, family),
            }
        }
        for (name, (Kind { help, unit, .. }, family)) in self.others {
            match unit {
                Some(unit) => registry.register_with_unit(name, help, unit, family),
                None => registry.register(name, help, family),
            }
        }
    }
}

fn kind(quantity: Quantity, unit: Unit) -> (&'static str, Kind) {
    let other = |name: &str| Some(MetricUnit::Other(name.into()));
    let (name, help, unit, factor) = match unit {
        Unit::KilowattHour => ("energy", "Active energy", Some(MetricUnit::Joules), 3_600_000),
        Unit::KilovarHour => ("reactive_energy", "Reactive energy", other("varseconds"), 3_600_000),
        Unit::KilovoltAmpereHour => {
            ("apparent_energy", "Apparent energy", other("voltampereseconds"), 3_600_000)
        }
        Unit::Watt if quantity == Quantity::Limiter => {
            ("limiter", "Power above which the meter disconnects", other("watts"), 1)
        }
        Unit::Watt => ("power", "Active power", other("watts"), 1),
        Unit::Var => ("reactive_power", "Reactive power", other("vars"), 1),
        Unit::VoltAmpere => ("apparent_power", "Apparent power", other("voltamperes"), 1),
        Unit::Ampere => ("current", "Current", Some(MetricUnit::Amperes), 1),
        Unit::Volt => ("voltage", "Voltage", Some(MetricUnit::Volts), 1),
        Unit::Hertz => ("frequency", "Frequency of the grid", other("hertz"), 1),
        _ if quantity == Quantity::PowerFactor => {
            ("power_factor", "Power factor", Some(MetricUnit::Ratios), 1)
        }
        _ => ("switch", "Whether a switch is on, and numbers without a unit", None, 1),
    };
    (name, Kind { help, unit, factor })
}

/// A number times another, as near to it as can be.
fn scaled(number: Decimal, factor: u32) -> f64 {
    let (mantissa, scale) = number.parts();
    // Of at most 18 digits times seven: this neither overflows nor rounds more than once.
    let product = i128::from(mantissa) * i128::from(factor);
    let power = 10_i128.pow(u32::from(scale));
    match product % power {
        0 => (product / power) as f64,
        _ => product as f64 / power as f64,
    }
}
