//! Figures for people.

/// The middle of `values`, and how far the middle half spreads.
pub(crate) fn median(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |part: usize| values[(values.len() - 1) * part / 4];
    (at(2), at(3) - at(1))
}
