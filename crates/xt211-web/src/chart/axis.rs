//! Numbers at the side of a chart.

/// The scale of a chart's values: from where to where, and which are written beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) ticks: Vec<f64>,
    /// How many decimals tell the ticks apart.
    pub(crate) decimals: usize,
}

/// Into about how many steps a scale is cut.
const STEPS: f64 = 5.0;

impl Axis {
    /// One that holds all values from one to another, and begins and ends at a tick.
    pub(crate) fn around(low: f64, high: f64) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0., 1.) };
        let high = if high - low > f64::EPSILON * high.abs().max(1.0) { high } else { low + 1.0 };
        let step = nice_step((high - low) / STEPS);
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        // There are about as many as STEPS.
        let count = (last - first).round() as usize;
        let ticks: Vec<_> = (0..=count).map(|number| (first + number as f64) * step).collect();
        let decimals = (-step.log10()).ceil().max(0.0) as usize;
        Self { low: first * step, high: last * step, ticks, decimals }
    }

    /// Where a value is, from 0 at the bottom to 1 at the top.
    pub(crate) fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// The smallest of 1, 2 and 5, times a power of ten, that is at least as large.
fn nice_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let nice = [1.0, 2.0, 5.0].into_iter().find(|nice| nice * power >= least * (1.0 - 1e-9));
    nice.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ticks(low: f64, high: f64) -> Vec<String> {
        let axis = Axis::around(low, high);
        axis.ticks.iter().map(|tick| format!("{tick:.*}", axis.decimals)).collect()
    }

    #[test]
    fn round_numbers() {
        assert_eq!(ticks(0.0, 0.73), ["0.0", "0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(ticks(0.0, 10.0), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(ticks(0.0, 10.1), ["0", "5", "10", "15"]);
        assert_eq!(ticks(-3.2, 9.0), ["-5", "0", "5", "10"]);
        assert_eq!(ticks(229.3, 236.8), ["228", "230", "232", "234", "236", "238"]);
        assert_eq!(ticks(0.0, 0.012), ["0.000", "0.005", "0.010", "0.015"]);
        // Nothing, and nothing but one value.
        assert_eq!(ticks(0.0, 0.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(ticks(f64::INFINITY, f64::NEG_INFINITY).len(), 6);
    }

    proptest! {
        #[test]
        fn every_value_is_on_it(low in -1e7..1e7, length in 1e-3..1e7) {
            let axis = Axis::around(low, low + length);
            let is_on_it = |value| (-1e-6..=1.0 + 1e-6).contains(&axis.place(value));
            prop_assert!(is_on_it(low) && is_on_it(low + length), "{axis:?}");
            prop_assert!((3..=8).contains(&axis.ticks.len()), "{axis:?}");
        }
    }
}
