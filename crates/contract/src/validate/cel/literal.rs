//! Times that are written out.

use super::value::{Ty, Val};

const SECOND: i128 = 1_000_000_000;

/// `1h30m`, `-1.5s`.
pub(super) fn duration(text: &str) -> Result<Val, String> {
    let wrong = || format!("duration('{text}') is none: write 90s, 1h30m or 250ms");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let mut nanos = 0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.');
        let (digits, after) = rest.split_at(end.ok_or_else(wrong)?);
        let (unit, after) = [
            ("ms", 1_000_000),
            ("us", 1_000),
            ("ns", 1),
            ("h", 3600 * SECOND),
            ("m", 60 * SECOND),
            ("s", SECOND),
        ]
        .into_iter()
        .find_map(|(name, unit)| Some((unit, after.strip_prefix(name)?)))
        .ok_or_else(wrong)?;
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if digits.len() > 18 {
            return Err(wrong());
        }
        nanos += whole.parse::<i128>().map_err(|_| wrong())? * unit;
        if !part.is_empty() {
            let scale = 10_i128.pow(u32::try_from(part.len()).map_err(|_| wrong())?);
            nanos += part.parse::<i128>().map_err(|_| wrong())? * unit / scale;
        }
        rest = after;
    }
    Ok(Val::time(Ty::Duration, sign * nanos))
}

/// RFC 3339.
pub(super) fn timestamp(text: &str) -> Result<Val, String> {
    parsed(text)
        .map(|nanos| Val::time(Ty::Timestamp, nanos))
        .ok_or_else(|| format!("timestamp('{text}') is none: write 2024-12-31T23:59:59Z"))
}

fn parsed(text: &str) -> Option<i128> {
    let (date, time) = text.split_once(['T', 't'])?;
    let date: Vec<i128> = numbers(date, '-')?;
    let at = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at(at);
    let (time, part) = time.split_once('.').unwrap_or((time, ""));
    let time = numbers(time, ':')?;
    let ([year, month, day], [hour, minute, second]) = (date.as_slice(), time.as_slice()) else {
        return None;
    };
    let offset = match zone.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign, rest) => {
            let offset = numbers(rest, ':')?;
            let [hours, minutes] = offset.as_slice() else {
                return None;
            };
            let seconds = hours * 3600 + minutes * 60;
            if sign == "-" { -seconds } else { seconds }
        }
    };
    if !(1..=12).contains(month) || !(1..=31).contains(day) || *hour > 23 || *minute > 59 {
        return None;
    }
    // Days since 0000-03-01: leap days come last in a year.
    let (y, m) = if *month > 2 {
        (*year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    let nanos = if part.is_empty() {
        0
    } else {
        format!("{part:0<9}").get(..9)?.parse().ok()?
    };
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(seconds * SECOND + nanos)
}

fn numbers(text: &str, between: char) -> Option<Vec<i128>> {
    let number = |it: &str| {
        let digits = !it.is_empty() && it.len() <= 4 && it.bytes().all(|it| it.is_ascii_digit());
        it.parse().ok().filter(|_| digits)
    };
    text.split(between).map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_cel_writes_them() {
        let code = |it: Result<Val, String>| it.map(|it| it.code);
        assert_eq!(
            code(duration("-1h0.5s")),
            Ok("__v::cel::Duration(-3600500000000)".to_owned())
        );
        assert_eq!(
            code(timestamp("1970-01-02T00:00:01.5+01:00")),
            Ok("__v::cel::Timestamp(82801500000000)".to_owned())
        );
        for wrong in ["", "1", "1d", "s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "2024-01-01",
            "2024-13-01T00:00:00Z",
            "2024-01-01T00:00:00",
        ] {
            assert!(timestamp(wrong).is_err(), "{wrong}");
        }
    }
}
