//! Chance that is always the same.

/// A source of numbers that look as if by chance, and depend on nothing but what is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise(pub(super) u64);

impl Noise {
    /// From 0 to 1, another one for each index.
    pub(super) fn at(self, index: i64) -> f64 {
        // SplitMix64, <https://prng.di.unimi.it/splitmix64.c>; the cast keeps all bits.
        let mut bits = (self.0 << 48 ^ index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        // An `f64` holds 53 bits exactly.
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From -1 to 1, another one for each index.
    pub(super) fn around_zero(self, index: i64) -> f64 {
        self.at(index) * 2.0 - 1.0
    }

    /// From 0 to 1, on the way from one number to the next within each period, both in seconds.
    pub(super) fn smooth(self, second: i64, period: i64) -> f64 {
        let index = second.div_euclid(period);
        let way = second.rem_euclid(period) as f64 / period as f64;
        let way = way * way * (3.0 - 2.0 * way);
        self.at(index) * (1.0 - way) + self.at(index + 1) * way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_evenly_and_stay_the_same() {
        for noise in [Noise(0), Noise(7)] {
            let numbers: Vec<_> = (-5_000..5_000).map(|index| noise.at(index)).collect();
            assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
            let mean = numbers.iter().sum::<f64>() / 10_000.0;
            assert!((0.49..0.51).contains(&mean), "{mean}");
            let few = numbers.iter().filter(|number| **number < 0.1).count();
            assert!((900..1_100).contains(&few), "{few}");
            assert!(numbers.iter().zip(-5_000..).all(|(number, index)| noise.at(index) == *number));
        }
        assert_ne!(Noise(0).at(1), Noise(1).at(1));
    }

    #[test]
    fn what_is_smooth_does_not_jump() {
        let noise = Noise(3);
        let steps = (-1_000..1_000)
            .map(|second| (noise.smooth(second + 1, 100) - noise.smooth(second, 100)).abs());
        assert!(steps.fold(0.0, f64::max) < 0.016);
        assert_eq!(noise.smooth(-200, 100), noise.at(-2));
    }
}
