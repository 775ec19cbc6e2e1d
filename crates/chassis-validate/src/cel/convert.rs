//! From one type to another.

use super::Failed;

const RANGE: Failed = Failed("a number does not fit the type that it is made to");
const FORM: Failed = Failed("a text has not the form of what it is made to");

/// # Errors
///
/// If it is larger than the largest.
pub fn int_of_uint(number: u64) -> Result<i64, Failed> {
    i64::try_from(number).map_err(|_| RANGE)
}

/// # Errors
///
/// If it is negative.
pub fn uint_of_int(number: i64) -> Result<u64, Failed> {
    u64::try_from(number).map_err(|_| RANGE)
}

/// Without what is behind the point.
///
/// # Errors
///
/// If it is no number or out of range.
pub fn int_of_double(number: f64) -> Result<i64, Failed> {
    // The bounds are powers of two: exact.
    if number > -9_223_372_036_854_775_808.0 && number < 9_223_372_036_854_775_808.0 {
        #[expect(clippy::cast_possible_truncation, reason = "it is in range")]
        Ok(number as i64)
    } else {
        Err(RANGE)
    }
}

/// Without what is behind the point.
///
/// # Errors
///
/// If it is no number or out of range.
pub fn uint_of_double(number: f64) -> Result<u64, Failed> {
    if number > -1.0 && number < 18_446_744_073_709_551_616.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is in range"
        )]
        Ok(number as u64)
    } else {
        Err(RANGE)
    }
}

/// # Errors
///
/// If it is no number.
pub fn int_of_text(text: &str) -> Result<i64, Failed> {
    text.parse().map_err(|_| FORM)
}

/// # Errors
///
/// If it is no number.
pub fn uint_of_text(text: &str) -> Result<u64, Failed> {
    text.parse().map_err(|_| FORM)
}

/// # Errors
///
/// If it is no number.
pub fn double_of_text(text: &str) -> Result<f64, Failed> {
    text.parse().map_err(|_| FORM)
}

/// # Errors
///
/// If it is neither `true` nor `false`.
pub fn bool_of_text(text: &str) -> Result<bool, Failed> {
    text.parse().map_err(|_| FORM)
}

/// # Errors
///
/// If they are no UTF-8.
pub fn text_of_bytes(bytes: &[u8]) -> Result<&str, Failed> {
    std::str::from_utf8(bytes).map_err(|_| Failed("bytes are not UTF-8"))
}
