//! Values as every store writes them, and back.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::table::Table;

/// Reads all of one, as events and answers held it before they said only what changed.
pub(crate) fn document<R: Table>(json: &str) -> Result<R, Error> {
    R::from_document(json).map_err(|why| Error::damaged("data", why))
}

/// Reads what [`to_content`] wrote.
pub(crate) fn content<C: DeserializeOwned>(json: &str) -> Result<C, Error> {
    serde_json::from_str(json).map_err(|why| Error::damaged("content", why))
}

/// What was asked for.
pub(crate) fn to_content(content: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(content).map_err(|error| Error::Internal(error.into()))
}

/// Counters stay far below the sign.
pub(crate) fn to_signed(counter: u64) -> Result<i64, Error> {
    i64::try_from(counter).map_err(|error| Error::Internal(error.into()))
}

/// The inverse of [`to_signed`].
pub(crate) fn unsigned(value: i64, column: &str) -> Result<u64, Error> {
    u64::try_from(value).map_err(|why| Error::damaged(column, why))
}

/// Nanoseconds since 1970; reaches to the year 2262.
pub(crate) fn to_nanos(time: SystemTime) -> Result<i64, Error> {
    let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()),
        Err(before) => i64::try_from(before.duration().as_nanos()).map(|nanos| -nanos),
    };
    nanos.map_err(|error| Error::Internal(error.into()))
}

/// The inverse of [`to_nanos`].
pub(crate) fn time(nanos: i64) -> Result<SystemTime, Error> {
    let distance = Duration::from_nanos(nanos.unsigned_abs());
    let time = if nanos < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    time.ok_or_else(|| Error::damaged("time", nanos.to_string()))
}
