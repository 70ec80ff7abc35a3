//! What every form of a value keeps: it comes back as it was.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A stamp's text: `h` stands for a lower-case hexadecimal digit.
pub(crate) const STAMP: &str =
    "hhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";

/// Whether `text` has the form `pattern`, byte by byte.
pub(crate) fn has_form(text: &str, pattern: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| match wanted {
        b'h' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        exactly => byte == exactly,
    };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)
}

/// Writes `value` as JSON and in a binary format, and reads both back.
pub(crate) fn survives_serde<T>(value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value);
    let binary = postcard::to_stdvec(value).unwrap();
    assert_eq!(&postcard::from_bytes::<T>(&binary).unwrap(), value);
}
