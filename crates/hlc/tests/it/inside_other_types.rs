//! Values inside tagged, untagged and flattened types, in several formats. serde buffers what
//! these hold, and its buffer claims to be human-readable whatever the format is.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A format that says itself what it holds: without that, nothing can be buffered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    Json,
    JsonValue,
    Cbor,
    MessagePack,
    /// Structs as arrays, without the names of their fields.
    CompactMessagePack,
    ReadableMessagePack,
}

use Format::{Cbor, CompactMessagePack, Json, JsonValue, MessagePack, ReadableMessagePack};

/// All that write the names of fields, as a flattened type needs it, which is a map.
pub(crate) const NAMING: [Format; 5] = [Json, JsonValue, Cbor, MessagePack, ReadableMessagePack];

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

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(tag = "kind")]
enum Tagged<T> {
    Holding { value: T },
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(tag = "kind", content = "content")]
enum Adjacent<T> {
    Holding(T),
}

/// What [`Adjacent`] looks like when the content comes first: then it is buffered.
#[derive(Serialize)]
struct ContentFirst<'a, T> {
    content: &'a T,
    kind: &'static str,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(untagged)]
enum Untagged<T> {
    Flag(bool),
    Holding(T),
    Several(Vec<T>),
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Flattened<T> {
    #[serde(flatten)]
    inner: Inner<T>,
    more: u8,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Inner<T> {
    value: Option<T>,
}

/// Reads `value` back by itself and inside each kind of type, in each format that names fields.
pub(crate) fn round_trips<T>(value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + Clone,
{
    for format in NAMING {
        round_trips_unnamed(format, value);
        let inner = Inner {
            value: Some(value.clone()),
        };
        same(format, &Flattened { inner, more: 3 });
        let kind = "Holding";
        let content = value;
        let read: Adjacent<T> = format.read(&ContentFirst { content, kind });
        assert_eq!(read, Adjacent::Holding(value.clone()), "{format:?}");
    }
}

/// The same in one format, inside the types that need no names.
pub(crate) fn round_trips_unnamed<T>(format: Format, value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + Clone,
{
    let held = || value.clone();
    same(format, value);
    same(format, &Tagged::Holding { value: held() });
    same(format, &Adjacent::Holding(held()));
    same(format, &Untagged::Holding(held()));
    same(format, &Untagged::Several(vec![held(), held()]));
}

/// What was written is read back.
pub(crate) fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(format: Format, value: &T) {
    assert_eq!(format.read::<T>(value), *value, "{format:?}");
}
