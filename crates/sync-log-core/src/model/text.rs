//! Strict forms: one value has one spelling, as text and as bytes.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};
use uuid::Uuid;

/// Reads a UUID in its stored form: lower-case, hyphenated, nothing else.
///
/// Stores use it for every UUID column, so that a row in which another program spelled the UUID
/// differently is noticed, and not matched by accident.
#[must_use]
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    let uuid = Uuid::try_parse(text).ok()?;
    let mut buffer = Uuid::encode_buffer();
    (uuid.hyphenated().encode_lower(&mut buffer) == text).then_some(uuid)
}

/// A value with one text form and one binary form. Serde writes text in human-readable formats and
/// bytes in others, and reads either form in every format.
pub(crate) trait Forms: Display + FromStr<Err: Display> {
    /// The name of the value in an error message.
    const WHAT: &'static str;
    /// Length of the binary form, in bytes.
    const BYTES: usize;

    fn bytes(&self) -> Vec<u8>;

    /// Reads the binary form; `None` of another length.
    fn read(bytes: &[u8]) -> Option<Result<Self, Self::Err>>;
}

pub(crate) fn serialize<T: Forms, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    if to.is_human_readable() {
        to.collect_str(value)
    } else {
        to.serialize_bytes(&value.bytes())
    }
}

pub(crate) fn deserialize<'de, T: Forms, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    // What is asked for is a hint, as for `Hlc`: the buffers of serde claim to be
    // human-readable, and hold bytes where the format did.
    if from.is_human_readable() {
        from.deserialize_str(TextOrBytes(PhantomData))
    } else {
        from.deserialize_bytes(TextOrBytes(PhantomData))
    }
}

struct TextOrBytes<T>(PhantomData<T>);

impl<'de, T: Forms> Visitor<'de> for TextOrBytes<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text or the {} bytes of a {}", T::BYTES, T::WHAT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
        match T::read(bytes) {
            Some(read) => read.map_err(E::custom),
            None => Err(E::invalid_length(bytes.len(), &self)),
        }
    }

    // Formats without a type for bytes write them as a sequence of numbers.
    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<T, A::Error> {
        let mut bytes = Vec::with_capacity(T::BYTES);
        while let Some(byte) = numbers.next_element()? {
            if bytes.len() == T::BYTES {
                return Err(A::Error::invalid_length(bytes.len() + 1, &self));
            }
            bytes.push(byte);
        }
        self.visit_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lower_case_hyphenated_form_is_a_uuid() {
        let canonical = "afe3b279-4b1b-5c84-bccd-5eb58605a254";
        assert_eq!(parse_uuid(canonical).unwrap().to_string(), canonical);
        let simple = canonical.replace('-', "");
        let others = [
            canonical.to_uppercase(),
            simple,
            format!("{{{canonical}}}"),
            format!("urn:uuid:{canonical}"),
        ];
        for other in &others {
            assert_eq!(parse_uuid(other), None, "{other}");
        }
    }
}
