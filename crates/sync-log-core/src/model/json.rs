//! The payload of an entry: JSON text, kept byte for byte.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::limits::MAX_DATA_DEPTH;

/// JSON text that serde_json can read back as a value, kept exactly as the app passed it (`A6`).
///
/// Some JSON has no value: arrays and objects that are nested more than
/// [`MAX_DATA_DEPTH`](crate::MAX_DATA_DEPTH) levels deep, a `\uD800` without its other half, a
/// number beyond all floating-point numbers. A peer could not apply such JSON, so it is refused
/// here.
///
/// The text itself is stored, hashed into the [`Tag`](crate::Tag) and sent to peers: white space,
/// the order of keys and the spelling of numbers survive. A clone is cheap.
///
/// Serde writes a *string* that holds the JSON text, not the JSON value itself: a format that
/// changed the white space would change the tag of the entry.
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

/// Text that is not JSON or has no value, or a value that cannot be written as JSON.
///
/// Nothing was stored. Correct the payload: the source of the error says what is wrong with it, and
/// where.
#[derive(Debug, thiserror::Error)]
#[error("failed to take the payload as JSON text")]
pub struct JsonTextError(#[from] serde_json::Error);

impl JsonText {
    /// Keeps `text` as it is, if it is JSON that has a value.
    ///
    /// # Errors
    /// [`JsonTextError`] if it is not.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, JsonTextError> {
        let text = text.into();
        serde_json::from_str::<Readable>(&text)?;
        Ok(Self(text))
    }

    /// Writes `value` as compact JSON text.
    ///
    /// # Errors
    /// [`JsonTextError`] if `value` has no JSON form (a map with keys that are
    /// not strings, or a `Serialize` that fails), or is nested too deeply.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, JsonTextError> {
        Self::new(serde_json::to_string(value)?)
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

    /// Whether the JSON is nested no more deeply than readers accept. A value that was made in
    /// memory can be nested more deeply, and is not parsed when it is converted.
    pub(crate) fn is_shallow(&self) -> bool {
        let is_opening = |byte: &u8| matches!(byte, b'[' | b'{');
        let openings = self.0.as_bytes().iter().filter(|byte| is_opening(byte));
        // Text with few openings is shallow. Only other text has to be read.
        openings.count() <= MAX_DATA_DEPTH || serde_json::from_str::<Readable>(&self.0).is_ok()
    }

    /// The members of an object, each as it is spelled; none if it is no object.
    pub(crate) fn members(&self) -> BTreeMap<String, Self> {
        let members = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(&self.0);
        let members = members.unwrap_or_default().into_iter();
        // A part of text that has a value has one too.
        let part = |value: Box<RawValue>| Self(value.get().into());
        members.map(|(name, value)| (name, part(value))).collect()
    }

    /// The names of the members of an object; none if it is no object.
    pub(crate) fn member_names(&self) -> Vec<String> {
        let members = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(&self.0);
        members.unwrap_or_default().into_keys().collect()
    }

    /// The object that has these members.
    pub(crate) fn object(members: &BTreeMap<String, Self>) -> Self {
        let member =
            |(name, value): (&str, &Self)| format!("{}:{value}", serde_json::Value::from(name));
        let members = members.iter().map(|(name, value)| (name.as_str(), value));
        let members: Vec<_> = members.map(member).collect();
        Self(format!("{{{}}}", members.join(",")).into())
    }

    /// Reads the text as a `T`, for instance a [`serde_json::Value`].
    ///
    /// # Errors
    /// [`JsonTextError`] if the JSON is not a `T`.
    pub fn parse_as<T: DeserializeOwned>(&self) -> Result<T, JsonTextError> {
        Ok(serde_json::from_str(&self.0)?)
    }
}

/// Accepts the JSON that a [`serde_json::Value`] can hold, and keeps nothing of it.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

/// A value that is nested too deeply is refused when it is logged.
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
        for text in [
            "{}",
            " { \"a\" : 1e2 }\n",
            "\"\\ud83c\\udfd6\"",
            "1.0",
            "null",
        ] {
            assert_eq!(JsonText::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn members_keep_their_spelling_and_make_an_object_again() {
        let text = r#"{ "b" : 1e2, "a\"/": { "x": 123456789012345678901234567890 }, "b": [ ] }"#;
        let members = JsonText::new(text).unwrap().members();
        let spelled: Vec<_> = members
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let large = "{ \"x\": 123456789012345678901234567890 }";
        assert_eq!(spelled, [("a\"/", large), ("b", "[ ]")]);
        assert_eq!(JsonText::new(text).unwrap().member_names(), ["a\"/", "b"]);
        let object = JsonText::object(&members);
        assert!(JsonText::new(object.as_str()).is_ok(), "{object}");
        assert_eq!(object.members(), members);
        assert_eq!(JsonText::object(&BTreeMap::new()).as_str(), "{}");
        for other in ["[1]", "null", "\"text\""] {
            let other = JsonText::new(other).unwrap();
            assert!(other.members().is_empty());
            assert!(other.member_names().is_empty());
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

    fn nested(levels: usize) -> String {
        "[".repeat(levels) + &"]".repeat(levels)
    }

    #[test]
    fn what_serde_json_cannot_read_as_a_value_is_refused_and_nothing_else() {
        let texts = [
            "\"\\ud800\"".to_owned(),
            "{\"\\udc00\":1}".to_owned(),
            "1e999".to_owned(),
            "-1e999".to_owned(),
            "1e-999".to_owned(),
            "123456789012345678901234567890".to_owned(),
            "{\"a\":1,\"a\":[true,null,-7,\"x\"]}".to_owned(),
            nested(MAX_DATA_DEPTH),
            nested(MAX_DATA_DEPTH + 1),
            nested(500_000),
        ];
        for text in texts {
            let is_value = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            let is_taken = JsonText::new(text.as_str()).is_ok();
            assert_eq!(is_taken, is_value, "{:.40}", text);
        }
        assert!(JsonText::new("1e999").is_err());
        assert!(JsonText::new(nested(MAX_DATA_DEPTH)).is_ok());
        assert!(JsonText::new(nested(MAX_DATA_DEPTH + 1)).is_err());
    }

    #[test]
    fn the_depth_of_a_value_that_was_made_in_memory_is_known() {
        let nested = |levels: usize| {
            let value = (0..levels).fold(serde_json::Value::Null, |inner, level| match level % 2 {
                0 => serde_json::json!([inner, "]]{\"\\[["]),
                _ => serde_json::json!({ "[{": inner }),
            });
            JsonText::from(value)
        };
        assert!(nested(MAX_DATA_DEPTH).is_shallow());
        assert!(!nested(MAX_DATA_DEPTH + 1).is_shallow());
        let wide = serde_json::json!(vec![serde_json::json!({}); 2 * MAX_DATA_DEPTH]);
        assert!(JsonText::from(wide).is_shallow());
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
