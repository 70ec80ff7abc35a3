//! Names a call's arguments in its span.

use std::fmt::Display;

use tracing::Span;
use tracing::field::display;

/// Records `value` as the field `name` of the current span, and returns it. For arguments whose
/// type is known only in the call: an attribute cannot name them.
pub(super) fn named_in_span<T: Display + Copy>(name: &'static str, value: T) -> T {
    Span::current().record(name, display(value));
    value
}
