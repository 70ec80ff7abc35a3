//! Triggers of an earlier version of this crate.

use crate::driver::Template;

const NAMES: [&str; 5] = [
    "sync_log_inserted",
    "sync_log_updated",
    "sync_log_deleted",
    "sync_log_ack_inserted",
    "sync_log_ack_updated",
];

/// Removes the triggers from wherever they are: they write a column that is no longer there.
pub(crate) fn remove() -> Vec<Template> {
    let remove = |name: &str| {
        let text = format!("DROP TRIGGER IF EXISTS {name}");
        Template::raw("remove the triggers", text, 0)
    };
    NAMES.iter().copied().map(remove).collect()
}
