//! A value that must not be printed, logged or written down, and is wiped when it goes.

use zeroize::Zeroize;

/// Holds a secret. No `Debug`, `Display` or `Serialize`; wiped on drop.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it. Never for a log, an error or an argument of a process.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
