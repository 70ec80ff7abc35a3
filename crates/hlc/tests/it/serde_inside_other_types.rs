//! `H6` through serde: a stamp inside tagged, untagged and flattened types. One that was written
//! as bytes comes as bytes there where text is asked for.

use hlc::{Hlc, Uuid};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{BytesDeserializer, Error, SeqDeserializer, StrDeserializer};

use crate::inside_other_types::{Format, round_trips, round_trips_unnamed};

fn stamp() -> Hlc {
    Hlc::new(1_700_000_000_000, 7, Uuid::from_u128(0xabcd))
}

#[test]
fn a_stamp_is_read_back() {
    round_trips(&stamp());
    round_trips_unnamed(Format::CompactMessagePack, &stamp());
}

/// These deserializers claim to be human-readable, as the buffers of serde do.
#[test]
fn where_text_is_asked_for_bytes_and_a_sequence_of_bytes_are_taken_too() {
    let (text, bytes) = (stamp().to_string(), stamp().to_bytes());
    let from_text = Hlc::deserialize(StrDeserializer::<Error>::new(&text));
    assert_eq!(from_text, Ok(stamp()));
    let from_bytes = Hlc::deserialize(BytesDeserializer::<Error>::new(&bytes));
    assert_eq!(from_bytes, Ok(stamp()));
    let from_sequence = Hlc::deserialize(SeqDeserializer::<_, Error>::new(bytes.into_iter()));
    assert_eq!(from_sequence, Ok(stamp()));
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
    let upper_case = rmp_serde::to_vec(&stamp().to_string().to_uppercase()).unwrap();
    assert!(rmp_serde::from_slice::<Hlc>(&upper_case).is_err());
}
