//! Random numbers for jitter, where predicting them gains nothing.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

thread_local! {
    static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0_u8) | 1);
}

fn bits() -> u32 {
    // xorshift64*
    STATE.with(|state| {
        let mut x = state.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        state.set(x);
        let [high @ .., _, _, _, _] = x.wrapping_mul(0x2545_F491_4F6C_DD1D).to_be_bytes();
        u32::from_be_bytes(high)
    })
}

/// A number from 0 (included) to 1 (excluded).
#[must_use]
pub fn fraction() -> f64 {
    f64::from(bits()) / (f64::from(u32::MAX) + 1.0)
}

/// A number below `bound`, which is not 0.
#[must_use]
pub fn below(bound: usize) -> usize {
    bits() as usize % bound
}

#[cfg(test)]
mod tests {
    #[test]
    fn fractions_spread() {
        let drawn: Vec<_> = (0..1000).map(|_| super::fraction()).collect();
        assert!(drawn.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = drawn.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }
}
