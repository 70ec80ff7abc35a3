//! serde: the text in human-readable formats, the 32 bytes in others.

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::Hlc;

/// The [text](Hlc::to_text) in human-readable formats, the [32 bytes](Hlc::to_bytes) in others.
impl Serialize for Hlc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_text())
        } else {
            serializer.serialize_bytes(&self.to_bytes())
        }
    }
}

/// Accepts the text and the bytes from every format that offers them. Both are as strict as
/// [`FromStr`](core::str::FromStr): any other value is an error.
impl<'de> Deserialize<'de> for Hlc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The request is a hint, which formats that do not describe themselves need. The answer
        // may be the other form: serde reads the fields of a tagged, untagged or flattened type
        // from a buffer, and the buffer claims to be human-readable whatever format filled it.
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(TextOrBytes)
        } else {
            deserializer.deserialize_bytes(TextOrBytes)
        }
    }
}

struct TextOrBytes;

impl<'de> Visitor<'de> for TextOrBytes {
    type Value = Hlc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, bytes) = (Hlc::TEXT_LEN, Hlc::BYTES_LEN);
        write!(
            f,
            "the {text} bytes of text or the {bytes} bytes of a stamp"
        )
    }

    // Borrowed and owned text comes here too, by the default methods.
    fn visit_str<E: Error>(self, text: &str) -> Result<Hlc, E> {
        text.parse().map_err(E::custom)
    }

    // Borrowed and owned bytes come here too, by the default methods.
    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Hlc, E> {
        let bytes = bytes
            .try_into()
            .map_err(|_| E::invalid_length(bytes.len(), &self))?;
        Ok(Hlc::from_bytes(bytes))
    }

    // Formats without a type for bytes write them as a sequence of numbers.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Hlc, A::Error> {
        let mut bytes = [0; Hlc::BYTES_LEN];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = seq
                .next_element()?
                .ok_or_else(|| A::Error::invalid_length(at, &self))?;
        }
        if seq.next_element::<u8>()?.is_some() {
            return Err(A::Error::invalid_length(Hlc::BYTES_LEN + 1, &self));
        }
        Ok(Hlc::from_bytes(bytes))
    }
}
