//! Whether a log can hold a change.

use crate::error::LogError;
use crate::limits::{MAX_DATA_BYTES, MAX_DATA_DEPTH, MAX_MODEL_TYPE_BYTES, MAX_PAGE_BYTES};
use crate::model::judge::{self, EntryFault};
use crate::model::{Change, JsonText, SharedChangeEntry};

/// Refuses a change that no log can hold, or that is larger than the app's own limit.
pub(crate) fn validate_change(change: &Change, max_data_bytes: usize) -> Result<(), LogError> {
    validate(&change.model_type, &change.data, max_data_bytes)
}

/// Refuses an entry as [`validate_change`] refuses a change.
pub(crate) fn validate_entry(
    entry: &SharedChangeEntry,
    max_data_bytes: usize,
) -> Result<(), LogError> {
    validate(&entry.model_type, &entry.data, max_data_bytes)
}

fn validate(model_type: &str, data: &JsonText, max: usize) -> Result<(), LogError> {
    judge::content(model_type, data, max).map_err(|fault| match fault {
        EntryFault::ModelType => LogError::ModelTypeLength {
            length_bytes: model_type.len(),
        },
        EntryFault::DataTooLarge => LogError::DataTooLarge {
            length_bytes: data.len_bytes(),
            limit_bytes: max,
        },
        // Text that was read is JSON, so it is the depth.
        _ => LogError::DataTooDeep {
            limit: MAX_DATA_DEPTH,
        },
    })
}

// Every entry that passes validation fits a page.
const _: () = assert!(MAX_DATA_BYTES + MAX_MODEL_TYPE_BYTES <= MAX_PAGE_BYTES);
