//! The names of what happens to pages and records.

use sync_log_core::receive::{ApplyError, ReceiveError, Standing, WhyNotShown};

pub(crate) fn standing_name(standing: &Standing) -> &'static str {
    match standing {
        Standing::Deleted => "deleted",
        Standing::Shown { emptied } if emptied.is_empty() => "shown",
        Standing::Shown { .. } => "shown with an empty reference",
        Standing::NotShown(why) => match why {
            WhyNotShown::UnknownModel => "not shown: unknown model",
            WhyNotShown::NewerModel => "not shown: newer model",
            WhyNotShown::DuplicateOf(_) => "not shown: duplicate",
            WhyNotShown::MissingRecord(_) => "not shown: missing record",
            WhyNotShown::Refused(_) => "not shown: refused",
            _ => "not shown: something else",
        },
    }
}

/// The name of the reason for which a page was refused.
pub fn refusal_of_page(error: &ApplyError) -> &'static str {
    match error {
        ApplyError::Page(ReceiveError::Altered { .. }) => "page refused: altered",
        ApplyError::Page(ReceiveError::OtherLog { .. }) => "page refused: other log",
        ApplyError::Page(ReceiveError::OutOfOrder { .. }) => "page refused: out of order",
        ApplyError::Page(ReceiveError::Diverged { .. }) => "page refused: diverged",
        ApplyError::Clock(_) => "page refused: drift",
        ApplyError::Store(_) => "page rolled back",
        _ => "page refused: something else",
    }
}
