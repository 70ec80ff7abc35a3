//! Stamps as text and as bytes (`H6`).

use sync_log_core::Hlc;
use sync_log_core::Uuid;

use crate::forms::{STAMP, has_form, survives_serde};

/// Any text: it is a stamp if it has the one form, and then it is the text of that
/// stamp and of no other.
pub fn hlc_text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let parsed = text.parse::<Hlc>();
    assert_eq!(parsed.is_ok(), has_form(text, STAMP), "{text:?}");
    let as_json = serde_json::from_value::<Hlc>(text.into());
    assert_eq!(as_json.ok(), parsed.ok());
    match parsed {
        Ok(stamp) => {
            assert_eq!(stamp.to_text().as_str(), text);
            assert_eq!(stamp.to_string(), text);
            let number = |from, to| u64::from_str_radix(&text[from..to], 16).unwrap();
            assert_eq!(
                (stamp.timestamp, stamp.counter),
                (number(0, 16), number(17, 33))
            );
            assert_eq!(stamp.device_id, text[34..].parse::<Uuid>().unwrap());
            assert_eq!(Hlc::from_bytes(stamp.to_bytes()), stamp);
            survives_serde(&stamp);
        }
        Err(error) => {
            assert!(
                error.position() <= text.len().min(Hlc::TEXT_LEN),
                "{text:?}"
            );
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Any two times 32 bytes are stamps, and sort in every form alike. What is no stamp
/// in a binary format is refused.
pub fn hlc_bytes(input: &[u8]) {
    if let Ok(stamp) = postcard::from_bytes::<Hlc>(input) {
        survives_serde(&stamp);
    }
    let Some((first, rest)) = input.split_first_chunk::<32>() else {
        return;
    };
    let one = Hlc::from_bytes(*first);
    assert_eq!(one.to_bytes(), *first);
    assert_eq!(one.to_string().parse(), Ok(one));
    survives_serde(&one);
    let Some((second, _)) = rest.split_first_chunk::<32>() else {
        return;
    };
    let other = Hlc::from_bytes(*second);
    assert_eq!(one.cmp(&other), first.cmp(second));
    assert_eq!(one.cmp(&other), one.to_text().cmp(&other.to_text()));
    assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
}
