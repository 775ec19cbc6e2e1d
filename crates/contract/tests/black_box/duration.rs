//! Durations survive being written.

use std::time::Duration;

use contract::duration::{json, prose};
use proptest::prelude::*;

proptest! {
    #[test]
    fn json_says_exactly_the_same(seconds in 0_u64..=315_576_000_000, nanos in 0_u32..1_000_000_000) {
        let text = json(Duration::new(seconds, nanos));
        let (whole, fraction) = text
            .strip_suffix('s')
            .and_then(|it| it.split_once('.'))
            .expect("seconds, a point, a fraction, an s");
        prop_assert_eq!(fraction.len(), 9);
        prop_assert_eq!(whole.parse::<u64>().expect("a number"), seconds);
        prop_assert_eq!(fraction.parse::<u32>().expect("a number"), nanos);
    }

    #[test]
    fn prose_says_exactly_the_same(millis in 1_u64..=86_400_000) {
        let text = prose(Duration::from_millis(millis));
        let (number, unit) = text.split_once(' ').expect("a number and a unit");
        let number: f64 = number.parse().expect("a number");
        let factor = if unit == "ms" { 1.0 } else { 1000.0 };
        prop_assert!(unit == "ms" || unit == "s");
        let difference = number * factor - f64::from(u32::try_from(millis).expect("a day"));
        prop_assert!(difference.abs() < 1e-6);
    }
}

#[test]
fn people_read_the_shortest_form() {
    let text = |millis| prose(Duration::from_millis(millis));
    assert_eq!(text(50), "50 ms");
    assert_eq!(text(5000), "5 s");
    assert_eq!(text(1500), "1.5 s");
    assert_eq!(text(1050), "1.05 s");
}
