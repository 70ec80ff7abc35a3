//! `H6` through serde: text where a human reads it, 32 bytes elsewhere, both strict.

use hlc::{Hlc, Uuid};
use serde::de::value::{BorrowedBytesDeserializer, BytesDeserializer, Error, SeqDeserializer};
use serde::de::{Deserialize, Deserializer, Visitor};

fn stamp() -> Hlc {
    Hlc::new(
        1_700_000_000_000,
        7,
        Uuid::from_u128(0x0190_a5e4_7b1c_7000_8000_0000_0000_abcd),
    )
}

const JSON: &str = "\"0000018bcfe56800-0000000000000007-0190a5e4-7b1c-7000-8000-00000000abcd\"";

#[test]
fn in_json_a_stamp_is_its_text() {
    assert_eq!(serde_json::to_string(&stamp()).unwrap(), JSON);
    assert_eq!(serde_json::from_str::<Hlc>(JSON).unwrap(), stamp());
    assert_eq!(
        serde_json::from_reader::<_, Hlc>(JSON.as_bytes()).unwrap(),
        stamp()
    );
}

#[test]
fn in_json_nothing_else_is_a_stamp() {
    let bytes = serde_json::to_string(&stamp().to_bytes()).unwrap();
    for json in ["\"\"", "null", "7", &bytes, &JSON.replace("abcd", "ABCD")] {
        assert!(serde_json::from_str::<Hlc>(json).is_err(), "{json}");
    }
    let error = serde_json::from_str::<Hlc>(&JSON.replace("abcd", "ABCD")).unwrap_err();
    assert!(error.to_string().contains("at byte 66"), "{error}");
}

#[test]
fn in_postcard_a_stamp_is_its_length_and_its_bytes() {
    let written = postcard::to_stdvec(&stamp()).unwrap();
    assert_eq!(written[0], 32);
    assert_eq!(written[1..], stamp().to_bytes());
    assert_eq!(postcard::from_bytes::<Hlc>(&written).unwrap(), stamp());
}

#[test]
fn in_postcard_other_lengths_are_refused() {
    for length in [0, 31, 33] {
        let written = postcard::to_stdvec(&vec![0_u8; length]).unwrap();
        assert!(
            postcard::from_bytes::<Hlc>(&written).is_err(),
            "{length} bytes"
        );
    }
}

#[test]
fn a_binary_format_may_hand_over_bytes_borrowed_bytes_or_a_sequence() {
    let bytes = stamp().to_bytes();
    let from_bytes = Hlc::deserialize(Binary(BytesDeserializer::<Error>::new(&bytes)));
    assert_eq!(from_bytes.unwrap(), stamp());
    let borrowed = BorrowedBytesDeserializer::<Error>::new(&bytes);
    let from_borrowed = Hlc::deserialize(Binary(borrowed));
    assert_eq!(from_borrowed.unwrap(), stamp());
    assert_eq!(from_sequence(&bytes).unwrap(), stamp());
}

#[test]
fn a_sequence_of_another_length_is_refused() {
    for length in [0, 31, 33] {
        let error = from_sequence(&[0; 33][..length]).unwrap_err();
        assert!(
            error.to_string().contains("the 32 bytes of a stamp"),
            "{error}"
        );
    }
}

fn from_sequence(bytes: &[u8]) -> Result<Hlc, Error> {
    Hlc::deserialize(Binary(SeqDeserializer::<_, Error>::new(
        bytes.iter().copied(),
    )))
}

/// Makes a deserializer one of a binary format.
struct Binary<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Binary<D> {
    type Error = D::Error;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
