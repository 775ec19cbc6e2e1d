//! Work that waits for other programs, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// What `of` makes of each of `items`, in their sequence.
///
/// # Errors
/// The first of them that failed; what was not begun yet is not begun.
pub(crate) fn map<T: Sync, R: Send>(
    items: &[T],
    of: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::new());
    let work = || {
        while let Some((at, item)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            items.get(at).map(|item| (at, item))
        } {
            let result = of(item);
            if result.is_err() {
                next.store(items.len(), Ordering::Relaxed);
            }
            made.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((at, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::map;

    #[test]
    fn the_sequence_stays_and_the_first_error_is_told() {
        let numbers: Vec<u32> = (0..100).collect();
        let doubled = map(&numbers, |number| Ok(number * 2)).unwrap();
        assert_eq!(doubled, (0..100).map(|it| it * 2).collect::<Vec<_>>());
        let failed = map(&numbers, |number| match number {
            50.. => bail!("{number} is too much"),
            _ => Ok(()),
        });
        assert_eq!(failed.unwrap_err().to_string(), "50 is too much");
    }
}
