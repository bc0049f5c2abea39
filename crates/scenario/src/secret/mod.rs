//! Values that cannot be printed, and the redactor that keeps them out of everything that is.

mod escapes;
mod needle;
mod needles;
mod parameters;
mod redactor;
#[cfg(test)]
mod tests;

use std::fmt;

pub use parameters::{mask_parameters, parameter_values};
pub use redactor::Redactor;

/// A password, a token, a key. It has no `Display`, its `Debug` shows nothing of it, and it can't be serialised.
///
/// It can be sent, and shows nothing:
/// ```
/// let secret = scenario::Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose().len(), 7);
/// ```
/// It can't be printed:
/// ```compile_fail,E0277
/// println!("{}", scenario::Secret::new("hunter2"));
/// ```
/// Nor turned into text by accident:
/// ```compile_fail,E0599
/// let text = scenario::Secret::new("hunter2").to_string();
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret with this value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
