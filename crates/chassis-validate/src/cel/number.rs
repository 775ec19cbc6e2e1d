//! Whole numbers.

use super::Failed;

/// Arithmetic that fails where the result does not fit.
pub trait Whole: Sized {
    /// `self + other`.
    ///
    /// # Errors
    ///
    /// If it does not fit.
    fn plus(self, other: Self) -> Result<Self, Failed>;
    /// `self - other`.
    ///
    /// # Errors
    ///
    /// If it does not fit.
    fn minus(self, other: Self) -> Result<Self, Failed>;
    /// `self * other`.
    ///
    /// # Errors
    ///
    /// If it does not fit.
    fn times(self, other: Self) -> Result<Self, Failed>;
    /// `self / other`; `None` if there is none.
    fn over(self, other: Self) -> Option<Self>;
    /// `self % other`; `None` if there is none.
    fn rest(self, other: Self) -> Option<Self>;
    /// `-self`.
    ///
    /// # Errors
    ///
    /// If it does not fit.
    fn negated(self) -> Result<Self, Failed>;
}

const OVERFLOW: Failed = Failed("a number is too large");

macro_rules! whole {
    ($($number:ty),*) => {
        $(impl Whole for $number {
            fn plus(self, other: Self) -> Result<Self, Failed> {
                self.checked_add(other).ok_or(OVERFLOW)
            }
            fn minus(self, other: Self) -> Result<Self, Failed> {
                self.checked_sub(other).ok_or(OVERFLOW)
            }
            fn times(self, other: Self) -> Result<Self, Failed> {
                self.checked_mul(other).ok_or(OVERFLOW)
            }
            fn over(self, other: Self) -> Option<Self> {
                self.checked_div(other)
            }
            fn rest(self, other: Self) -> Option<Self> {
                self.checked_rem(other)
            }
            fn negated(self) -> Result<Self, Failed> {
                self.checked_neg().ok_or(OVERFLOW)
            }
        })*
    };
}

whole!(i64, u64);

/// `a / b`.
///
/// # Errors
///
/// If `b` is 0, or the result does not fit.
pub fn quotient<N: Whole>(a: N, b: N) -> Result<N, Failed> {
    a.over(b).ok_or(Failed("a division has no result"))
}

/// `a % b`.
///
/// # Errors
///
/// If `b` is 0, or the result does not fit.
pub fn remainder<N: Whole>(a: N, b: N) -> Result<N, Failed> {
    a.rest(b).ok_or(Failed("a division has no result"))
}
