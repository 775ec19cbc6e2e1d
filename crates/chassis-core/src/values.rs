//! Values of settings that people write by hand.

mod secret;

use std::time::Duration;

pub use secret::SecretUrl;

const LONGEST: Duration = Duration::from_hours(365 * 24);

/// Parses a duration such as `500ms`, `30s`, `5m` or `1h 30m`; zero to a year.
///
/// # Errors
/// A message fit for `clap` that shows how to write it.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "0" {
        return Err(format!("a duration needs a unit: `{text}s` or `{text}ms`"));
    }
    let parsed = humantime::parse_duration(text)
        .map_err(|_| "not a duration: write it as 500ms, 30s, 5m or 1h".to_owned())?;
    if parsed > LONGEST {
        return Err("longer than a year".to_owned());
    }
    Ok(parsed)
}

/// As [`duration`], but at least one millisecond.
///
/// # Errors
/// A message fit for `clap` that shows how to write it.
pub fn positive_duration(text: &str) -> Result<Duration, String> {
    let parsed = duration(text)?;
    if parsed < Duration::from_millis(1) {
        return Err("must be at least 1ms".to_owned());
    }
    Ok(parsed)
}

/// Parses a size in bytes: a number, or one with `KiB`, `MiB` or `GiB`; from
/// one byte to 2 GiB less one byte.
///
/// # Errors
/// A message fit for `clap` that shows how to write it.
pub fn bytes(text: &str) -> Result<usize, String> {
    match i32::try_from(size(text)?) {
        Ok(size) => Ok(size.unsigned_abs() as usize),
        Err(_) => Err("must be less than 2GiB".to_owned()),
    }
}

/// As [`bytes()`], with `TiB` too and up to 8 EiB less one byte.
///
/// # Errors
/// A message fit for `clap` that shows how to write it.
pub fn size(text: &str) -> Result<u64, String> {
    const FORM: &str = "not a size: write it as 65536, 64KiB, 4MiB or 1GiB";
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(FORM.to_owned()),
    };
    let number = number.parse::<u64>().ok();
    match number.and_then(|number| number.checked_mul(factor)) {
        Some(0) => Err("must be at least one byte".to_owned()),
        Some(size) if i64::try_from(size).is_ok() => Ok(size),
        _ => Err(FORM.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert!(duration("30").unwrap_err().contains("`30s`"));
        assert!(duration("-1s").is_err());
        assert!(duration("").is_err());
        assert!(duration("400d").unwrap_err().contains("year"));
        assert!(positive_duration("0s").unwrap_err().contains("1ms"));
        assert!(positive_duration("999us").is_err());
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes("4MiB"), Ok(4 << 20));
        assert_eq!(bytes("64 KiB"), Ok(64 << 10));
        assert_eq!(bytes("1"), Ok(1));
        for wrong in [
            "",
            "0",
            "-1",
            "4MB",
            "2GiB",
            "99999999999999999999",
            "1.5MiB",
        ] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(size("2TiB"), Ok(2 << 40));
        assert!(size("8388608TiB").is_err());
    }
}
