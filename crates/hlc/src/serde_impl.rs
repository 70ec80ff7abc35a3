//! serde: the text where a human reads it, the 32 bytes elsewhere.

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

/// As strict as [`FromStr`](core::str::FromStr): what is not exactly a stamp is an error.
impl<'de> Deserialize<'de> for Hlc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Text)
        } else {
            deserializer.deserialize_bytes(Bytes)
        }
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Hlc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} bytes of text of a stamp", Hlc::TEXT_LEN)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Hlc, E> {
        text.parse().map_err(E::custom)
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Hlc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} bytes of a stamp", Hlc::BYTES_LEN)
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
