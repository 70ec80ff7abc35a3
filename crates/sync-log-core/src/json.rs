//! The payload of an entry: JSON text, kept byte for byte.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Valid JSON text, kept exactly as it was given (`A6`).
///
/// The text is what is stored, hashed into the [`Tag`](crate::Tag) and sent to
/// peers: white space, key order and number spelling survive. Cloning is cheap.
///
/// With serde it is a *string* that holds JSON text, not the JSON value itself:
/// a format that re-wrote white space would change the tag of the entry.
///
/// ```
/// use sync_log_core::JsonText;
///
/// let from_value = JsonText::from(serde_json::json!({"name": "Beach"}));
/// assert_eq!(from_value.as_str(), r#"{"name":"Beach"}"#);
///
/// let kept: JsonText = r#"{ "name" : "Beach" }"#.parse()?;
/// assert_eq!(kept.as_str(), r#"{ "name" : "Beach" }"#);
/// # Ok::<(), sync_log_core::JsonTextError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JsonText(Arc<str>);

/// Text that is not valid JSON, or a value that cannot be written as JSON.
///
/// Nothing was stored. Fix the payload; the source says where it is wrong.
#[derive(Debug, thiserror::Error)]
#[error("failed to take the payload as JSON text")]
pub struct JsonTextError(#[from] serde_json::Error);

impl JsonText {
    /// Takes `text` as it is, if it is valid JSON.
    ///
    /// # Errors
    /// [`JsonTextError`] if it is not.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, JsonTextError> {
        let text = text.into();
        serde_json::from_str::<IgnoredAny>(&text)?;
        Ok(Self(text))
    }

    /// Writes `value` as compact JSON text.
    ///
    /// # Errors
    /// [`JsonTextError`] if `value` has no JSON form (a map with keys that are
    /// not strings, or a `Serialize` that fails).
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonTextError> {
        Ok(Self(serde_json::to_string(value)?.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Length of the text, in bytes.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.0.len()
    }

    /// Reads the text as a `T`, for instance a [`serde_json::Value`].
    ///
    /// # Errors
    /// [`JsonTextError`] if the JSON is not a `T`.
    pub fn parse_as<T: DeserializeOwned>(&self) -> Result<T, JsonTextError> {
        Ok(serde_json::from_str(&self.0)?)
    }
}

impl From<serde_json::Value> for JsonText {
    fn from(value: serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

impl FromStr for JsonText {
    type Err = JsonTextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows the length only: payloads do not belong in logs.
impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonText({} bytes)", self.0.len())
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).map_err(|error| serde::de::Error::custom(error.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_kept_byte_for_byte() {
        for text in ["{}", " { \"a\" : 1e2 }\n", "\"\\ud800\"", "1.0", "null"] {
            assert_eq!(JsonText::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn text_that_is_not_json_is_refused() {
        for text in [
            "",
            "{",
            "{'a':1}",
            "01",
            "nul",
            "{} {}",
            "\u{feff}{}",
            "NaN",
        ] {
            assert!(JsonText::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn deep_nesting_neither_panics_nor_overflows() {
        let deep = "[".repeat(500_000) + &"]".repeat(500_000);
        // Either answer is fine; a crash is not.
        let _ = JsonText::new(deep);
    }

    #[test]
    fn serde_keeps_white_space_because_the_tag_covers_it() {
        let spaced = JsonText::new(" [ 1 ] ").unwrap();
        let wire = serde_json::to_string(&spaced).unwrap();
        assert_eq!(serde_json::from_str::<JsonText>(&wire).unwrap(), spaced);
    }

    #[test]
    fn debug_output_does_not_show_the_payload() {
        let secret = JsonText::new("\"secret\"").unwrap();
        assert!(!format!("{secret:?}").contains("secret"));
    }
}
