//! Values of fields that a document may lack.

/// The value of a field that is `true` where it is missing.
pub(crate) const fn yes() -> bool {
    true
}
