//! Payloads: text that is JSON, and nothing else, byte for byte (`A6`).

use sync_log_core::JsonText;

use crate::forms::survives_serde;

/// Any text: it is a payload if serde_json reads it as a value, and then it is kept.
pub fn json_text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let taken = JsonText::new(text);
    assert_eq!(taken.is_ok(), is_value(text), "{text:?}");
    let as_string = serde_json::from_value::<JsonText>(text.into());
    assert_eq!(as_string.ok(), taken.as_ref().ok().cloned());
    let Ok(payload) = taken else { return };
    assert_eq!(payload.as_str(), text);
    assert_eq!(payload.len_bytes(), text.len());
    assert!(!format!("{payload:?}").contains('"'), "a payload is shown");
    survives_serde(&payload);
    // The last digit of a long number may differ: reading it as a float is the caller's
    // choice. That what is written is a payload again is ours.
    let value = payload.parse_as::<serde_json::Value>().expect("a value");
    assert!(is_value(JsonText::from(value).as_str()));
}

/// Whether a reader can take `text` for a value.
pub(crate) fn is_value(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}
