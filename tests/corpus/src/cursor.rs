//! Cursors as text and as bytes.

use sync_log_core::{Cursor, Hlc, Tag, Uuid, parse_uuid};

use crate::forms::{STAMP, has_form, survives_serde};

const UUID: &str = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";
const TAG: &str = "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh";

/// Any text: it is a cursor if it has the one form and if only the zero cursor holds
/// the zero stamp.
pub fn cursor_text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    assert_eq!(parse_uuid(text).is_some(), has_form(text, UUID), "{text:?}");
    assert_eq!(text.parse::<Tag>().is_ok(), has_form(text, TAG), "{text:?}");
    let zero_stamp = Hlc::ZERO.to_string();
    let has_zero_stamp = text.get(37..107) == Some(zero_stamp.as_str());
    let is_zero = text.bytes().all(|byte| b"0-/".contains(&byte));
    let is_cursor = has_form(text, &format!("{UUID}/{STAMP}/{TAG}")) && has_zero_stamp == is_zero;

    let parsed = text.parse::<Cursor>();
    assert_eq!(parsed.is_ok(), is_cursor, "{text:?}");
    let as_json = serde_json::from_value::<Cursor>(text.into());
    assert_eq!(as_json.ok(), parsed.ok());
    if let Ok(cursor) = parsed {
        assert_eq!(cursor.to_string(), text);
        keeps_its_forms(cursor);
    }
}

/// Any 64 bytes: they are a cursor unless they hold the zero stamp and more.
pub fn cursor_bytes(input: &[u8]) {
    if let Ok(cursor) = postcard::from_bytes::<Cursor>(input) {
        keeps_its_forms(cursor);
    }
    let Some((bytes, _)) = input.split_first_chunk::<{ Cursor::BYTES_LEN }>() else {
        return;
    };
    let has_zero_stamp = bytes[16..48].iter().all(|byte| *byte == 0);
    let is_zero = bytes.iter().all(|byte| *byte == 0);
    match Cursor::from_bytes(*bytes) {
        Ok(cursor) => {
            assert_eq!(has_zero_stamp, is_zero);
            assert_eq!(cursor.to_bytes(), *bytes);
            keeps_its_forms(cursor);
        }
        Err(_) => assert!(has_zero_stamp && !is_zero),
    }
}

fn keeps_its_forms(cursor: Cursor) {
    assert_eq!(Cursor::from_bytes(cursor.to_bytes()), Ok(cursor));
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
    let parts = (cursor.log_id(), cursor.hlc(), cursor.tag());
    assert_eq!(Cursor::new(parts.0, parts.1, parts.2), Ok(cursor));
    assert_eq!(
        cursor.is_zero(),
        parts == (Uuid::nil(), Hlc::ZERO, Tag::ZERO)
    );
    survives_serde(&cursor);
}
