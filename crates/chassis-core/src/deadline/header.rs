//! The `grpc-timeout` header (gRPC over HTTP/2: `Timeout`).

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

/// Name of the header.
pub const NAME: &str = "grpc-timeout";

/// A `grpc-timeout` that is not one to eight digits and a unit, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The time the caller allows; `None` if it does not say.
///
/// # Errors
/// [`Malformed`] if it cannot be understood.
pub fn parse(headers: &HeaderMap) -> Result<Option<Duration>, Malformed> {
    let mut values = headers.get_all(NAME).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => parse_value(value.as_bytes()).map(Some),
        (Some(_), Some(_)) => Err(Malformed),
    }
}

fn parse_value(value: &[u8]) -> Result<Duration, Malformed> {
    let (unit, digits) = value.split_last().ok_or(Malformed)?;
    if digits.is_empty() || digits.len() > 8 {
        return Err(Malformed);
    }
    let mut count = 0_u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Malformed);
        }
        count = count * 10 + u64::from(digit - b'0');
    }
    Ok(match unit {
        b'H' => Duration::from_secs(count * 3600),
        b'M' => Duration::from_secs(count * 60),
        b'S' => Duration::from_secs(count),
        b'm' => Duration::from_millis(count),
        b'u' => Duration::from_micros(count),
        b'n' => Duration::from_nanos(count),
        _ => return Err(Malformed),
    })
}

/// Writes `time` in the finest unit that fits eight digits, rounded down: a
/// callee must not believe it has longer than it has.
#[must_use]
pub fn format(time: Duration) -> HeaderValue {
    const UNITS: [(u128, u8); 5] = [
        (1, b'n'),
        (1_000, b'u'),
        (1_000_000, b'm'),
        (1_000_000_000, b'S'),
        (60_000_000_000, b'M'),
    ];
    let nanos = time.as_nanos();
    let (count, unit) = UNITS
        .into_iter()
        .map(|(size, unit)| (nanos / size, unit))
        .find(|(count, _)| *count < 100_000_000)
        .unwrap_or((99_999_999, b'M'));

    // Nine bytes at most, written from the back.
    let mut text = [0; 9];
    let mut at = text.len() - 1;
    text[at] = unit;
    let mut rest = u32::try_from(count).unwrap_or(99_999_999);
    loop {
        at -= 1;
        text[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    HeaderValue::from_bytes(&text[at..]).unwrap_or(HeaderValue::from_static("0n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Duration, Malformed> {
        parse_value(text.as_bytes())
    }

    #[test]
    fn units() {
        assert_eq!(read("2H"), Ok(Duration::from_hours(2)));
        assert_eq!(read("3M"), Ok(Duration::from_mins(3)));
        assert_eq!(read("99999999S"), Ok(Duration::from_secs(99_999_999)));
        assert_eq!(read("5m"), Ok(Duration::from_millis(5)));
        assert_eq!(read("6u"), Ok(Duration::from_micros(6)));
        assert_eq!(read("0n"), Ok(Duration::ZERO));
    }

    #[test]
    fn malformed() {
        for text in [
            "",
            "S",
            "1",
            "1s",
            "-1S",
            "+1S",
            "1.5S",
            " 1S",
            "1S ",
            "123456789S",
            "1 S",
        ] {
            assert_eq!(read(text), Err(Malformed), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_never_longer(nanos in 0..99_999_999_000_000_000_u64) {
            let time = Duration::from_nanos(nanos);
            let read = parse_value(format(time).as_bytes()).unwrap();
            prop_assert!(read <= time);
            // At least five digits are kept.
            prop_assert!((time.as_nanos() - read.as_nanos()) * 100_000 <= time.as_nanos());
        }

        #[test]
        fn anything_is_read_without_panic(text in ".*") {
            let _ = read(&text);
        }
    }
}
