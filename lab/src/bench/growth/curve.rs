//! What was measured at several sizes.

use std::fmt::Write as _;

use super::statistics::median;

/// One thing that was measured at each size.
#[derive(Debug)]
pub(super) struct Curve {
    /// What, with its unit.
    pub(super) name: &'static str,
    /// The middle at each size, and how far the middle half spreads.
    pub(super) points: Vec<(f64, f64)>,
}

/// Curves over the same sizes.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) title: &'static str,
    /// What the sizes count.
    pub(super) counted: &'static str,
    pub(super) sizes: Vec<u64>,
    pub(super) curves: Vec<Curve>,
    /// Of how many measurements each figure is the middle.
    pub(super) rounds: usize,
}

impl Table {
    pub(super) fn new(
        (title, counted): (&'static str, &'static str),
        sizes: &[u64],
        rounds: usize,
    ) -> Self {
        Self {
            title,
            counted,
            sizes: sizes.to_vec(),
            curves: Vec::new(),
            rounds,
        }
    }

    /// Adds what was measured at the next size; of each thing as often, in the same sequence.
    pub(super) fn add(&mut self, name: &'static str, measured: Vec<f64>) {
        let point = median(measured);
        match self.curves.iter_mut().find(|curve| curve.name == name) {
            Some(curve) => curve.points.push(point),
            None => self.curves.push(Curve {
                name,
                points: vec![point],
            }),
        }
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = format!("| {} |", self.counted);
        for size in &self.sizes {
            let _ = write!(text, " {} |", grouped(*size));
        }
        text.push_str(" slope |\n|---|");
        text.push_str(&"---:|".repeat(self.sizes.len() + 1));
        text.push('\n');
        for curve in &self.curves {
            let _ = write!(text, "| {} |", curve.name);
            for (middle, spread) in &curve.points {
                let _ = write!(text, " {} ± {} |", short(*middle), short(*spread));
            }
            let _ = writeln!(text, " {:.2} |", slope(&self.sizes, &curve.points));
        }
        let _ = writeln!(
            text,
            "\nThe median of {} measurements, ± how far the middle half of them spreads.",
            self.rounds
        );
        text
    }
}

/// The exponent of the power of the size by which the values grow: the straight line of
/// least squares through the logarithms.
fn slope(sizes: &[u64], points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = (sizes.iter().zip(points))
        .map(|(size, (value, _))| (float(*size).ln(), value.max(1e-9).ln()))
        .collect();
    let count = float(logs.len() as u64);
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(&|it| it.0), mean(&|it| it.1));
    let across: f64 = logs.iter().map(|it| (it.0 - x) * (it.1 - y)).sum();
    let along: f64 = logs.iter().map(|it| (it.0 - x).powi(2)).sum();
    if along == 0.0 { 0.0 } else { across / along }
}

/// Three digits that count.
pub(super) fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// As people read it.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_has_no_slope_and_what_doubles_has_one() {
        let sizes = [10, 100, 1_000];
        let near = |points: &[f64], wanted: f64| {
            let points: Vec<_> = points.iter().map(|it| (*it, 0.0)).collect();
            assert!((slope(&sizes, &points) - wanted).abs() < 1e-9, "{points:?}");
        };
        near(&[7.0, 7.0, 7.0], 0.0);
        near(&[3.0, 30.0, 300.0], 1.0);
        near(&[5.0, 500.0, 50_000.0], 2.0);
    }

    #[test]
    fn numbers_are_read_by_people() {
        assert_eq!(grouped(1), "1");
        assert_eq!(grouped(10_000), "10,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(short(1234.5), "1234");
        assert_eq!(short(12.34), "12.3");
        assert_eq!(short(0.126), "0.13");
    }
}
