//! Changes and entries in the forms in which they travel.

use sync_log_core::{Change, Mark, SharedChangeEntry};

use crate::forms::survives_serde;
use crate::json::is_value;

/// Any bytes: as JSON and in a binary format, they are an entry or a change that
/// comes back as it was, or are refused.
pub fn entry(input: &[u8]) {
    if let Ok(entry) = serde_json::from_slice::<SharedChangeEntry>(input) {
        keeps_its_forms(&entry);
    }
    if let Ok(entry) = postcard::from_bytes::<SharedChangeEntry>(input) {
        keeps_its_forms(&entry);
    }
    if let Ok(change) = serde_json::from_slice::<Change>(input) {
        survives_serde(&change);
    }
}

fn keeps_its_forms(entry: &SharedChangeEntry) {
    survives_serde(entry);
    assert!(is_value(entry.data.as_str()), "{:?}", entry.data.as_str());
    let bytes = entry.model_type.len() + entry.data.as_str().len();
    assert_eq!(entry.content_bytes(), bytes);
    let kind = entry.change_type;
    assert_eq!(kind.to_string().parse(), Ok(kind));

    let change = Change {
        model_type: entry.model_type.clone(),
        record_uuid: entry.record_uuid,
        change_type: kind,
        data: entry.data.clone(),
        model_version: entry.model_version,
    };
    survives_serde(&change);
    let mut again = change.stamped(entry.hlc);
    again.group_end = entry.group_end;
    assert_eq!(&again, entry);
    assert_eq!(Mark::ZERO.then(&again), Mark::ZERO.then(entry));
    let tag = Mark::ZERO.then(entry).tag;
    assert_eq!(tag.to_string().parse(), Ok(tag));
}
