//! `H6` through serde: a stamp inside tagged, untagged and flattened types. serde buffers what
//! these hold, and its buffer claims to be human-readable whatever the format is: a stamp that was
//! written as bytes comes as bytes where text is asked for.

use std::fmt::Debug;

use hlc::{Hlc, Uuid};
use serde::de::value::{BytesDeserializer, Error, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde::{Deserialize, Serialize};

fn stamp() -> Hlc {
    Hlc::new(1_700_000_000_000, 7, Uuid::from_u128(0xabcd))
}

/// A format that says itself what it holds: without that, nothing can be buffered.
#[derive(Clone, Copy, Debug)]
enum Format {
    Json,
    JsonValue,
    Cbor,
    MessagePack,
    /// Structs as arrays, without the names of their fields.
    CompactMessagePack,
    ReadableMessagePack,
}

use Format::{Cbor, CompactMessagePack, Json, JsonValue, MessagePack, ReadableMessagePack};

/// All that can hold a flattened type, which is a map.
const NAMING: [Format; 5] = [Json, JsonValue, Cbor, MessagePack, ReadableMessagePack];

const ALL: [Format; 6] = [
    Json,
    JsonValue,
    Cbor,
    MessagePack,
    CompactMessagePack,
    ReadableMessagePack,
];

impl Format {
    /// Writes a value and reads it back, perhaps as another type.
    fn read<T: DeserializeOwned>(self, value: &impl Serialize) -> T {
        match self {
            Json => serde_json::from_slice(&serde_json::to_vec(value).unwrap()).unwrap(),
            JsonValue => serde_json::from_value(serde_json::to_value(value).unwrap()).unwrap(),
            Cbor => {
                let mut written = Vec::new();
                ciborium::into_writer(value, &mut written).unwrap();
                ciborium::from_reader(&*written).unwrap()
            }
            MessagePack => rmp_serde::from_slice(&rmp_serde::to_vec_named(value).unwrap()).unwrap(),
            CompactMessagePack => {
                rmp_serde::from_slice(&rmp_serde::to_vec(value).unwrap()).unwrap()
            }
            ReadableMessagePack => {
                let mut written = Vec::new();
                let writer = rmp_serde::Serializer::new(&mut written).with_struct_map();
                value.serialize(&mut writer.with_human_readable()).unwrap();
                let reader = rmp_serde::Deserializer::new(&*written);
                T::deserialize(&mut reader.with_human_readable()).unwrap()
            }
        }
    }
}

fn round_trips<T>(formats: &[Format], value: T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    for format in formats {
        assert_eq!(format.read::<T>(&value), value, "{format:?}");
    }
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(tag = "kind")]
enum Tagged {
    At { stamp: Hlc },
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(tag = "kind", content = "content")]
enum Adjacent {
    At(Hlc),
}

/// What [`Adjacent`] looks like when the content comes first: then it is buffered.
#[derive(Serialize)]
struct ContentFirst {
    content: Hlc,
    kind: &'static str,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    At(Hlc),
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Flattened {
    #[serde(flatten)]
    inner: Inner,
    more: u8,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Inner {
    stamp: Option<Hlc>,
}

#[test]
fn a_stamp_by_itself_is_read_back() {
    round_trips(&ALL, stamp());
}

#[test]
fn a_stamp_in_an_internally_tagged_type_is_read_back() {
    round_trips(&ALL, Tagged::At { stamp: stamp() });
}

#[test]
fn a_stamp_in_an_adjacently_tagged_type_is_read_back() {
    round_trips(&ALL, Adjacent::At(stamp()));
    let (content, kind) = (stamp(), "At");
    let written = ContentFirst { content, kind };
    for format in NAMING {
        let read: Adjacent = format.read(&written);
        assert_eq!(read, Adjacent::At(stamp()), "{format:?}");
    }
}

#[test]
fn a_stamp_in_an_untagged_type_is_read_back() {
    round_trips(&ALL, Untagged::At(stamp()));
}

#[test]
fn a_stamp_in_a_flattened_type_is_read_back() {
    let inner = Inner {
        stamp: Some(stamp()),
    };
    round_trips(&NAMING, Flattened { inner, more: 3 });
}

/// These deserializers claim to be human-readable, as the buffers of serde do.
#[test]
fn where_text_is_asked_for_bytes_and_a_sequence_of_bytes_are_taken_too() {
    let (text, bytes) = (stamp().to_string(), stamp().to_bytes());
    let read = Hlc::deserialize(StrDeserializer::<Error>::new(&text));
    assert_eq!(read, Ok(stamp()));
    let read = Hlc::deserialize(BytesDeserializer::<Error>::new(&bytes));
    assert_eq!(read, Ok(stamp()));
    let read = Hlc::deserialize(SeqDeserializer::<_, Error>::new(bytes.into_iter()));
    assert_eq!(read, Ok(stamp()));
}

#[test]
fn bytes_that_are_no_stamp_are_refused_where_text_is_asked_for() {
    for length in [0, 31, 33, Hlc::TEXT_LEN] {
        let bytes = vec![b'0'; length];
        let read = Hlc::deserialize(BytesDeserializer::<Error>::new(&bytes));
        assert!(read.is_err(), "{length} bytes");
    }
    let number: serde::de::value::U64Deserializer<Error> = 7_u64.into_deserializer();
    assert!(Hlc::deserialize(number).is_err());
}

#[test]
fn text_is_taken_where_bytes_are_asked_for() {
    let written = rmp_serde::to_vec(&stamp().to_string()).unwrap();
    assert_eq!(rmp_serde::from_slice::<Hlc>(&written).unwrap(), stamp());
    let written = rmp_serde::to_vec(&stamp().to_string().to_uppercase()).unwrap();
    assert!(rmp_serde::from_slice::<Hlc>(&written).is_err());
}
