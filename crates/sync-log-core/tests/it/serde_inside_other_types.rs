//! What peers exchange and backends keep, inside tagged, untagged and flattened types.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::de::value::{BytesDeserializer, Error, SeqDeserializer, StrDeserializer};
use serde::{Deserialize, Serialize};
use sync_log_core::{
    Change, ChangeType, Contents, Cursor, Hlc, JsonText, LogIdentity, LogState, Mark, OwnRow,
    PeerFacts, PeerRow, PeerState, RegisteredBy, RetireReason, SharedChangeEntry, StoredEntry, Tag,
    Uuid,
};

use crate::inside_other_types::{Format, NAMING, round_trips, round_trips_unnamed, same};

const DEVICE: Uuid = Uuid::from_u128(0xd0);
const STAMP: Hlc = Hlc::new(1_700_000_000_000, 7, DEVICE);

/// A type that is a map by itself may be flattened, and be what a tag is beside.
fn round_trips_as_a_map<T>(value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + Clone,
{
    round_trips(value);
    for format in NAMING {
        let (map, more) = (value.clone(), 3);
        same(format, &FlattenedMap { map, more });
        same(format, &TaggedMap::Holding(value.clone()));
    }
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct FlattenedMap<T> {
    #[serde(flatten)]
    map: T,
    more: u8,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
#[serde(tag = "kind")]
enum TaggedMap<T> {
    Holding(T),
}

fn cursor() -> Cursor {
    Cursor::new(Uuid::from_u128(0x10), STAMP, Tag::from_bytes([u8::MAX; 16])).unwrap()
}

fn change() -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(1),
        change_type: ChangeType::Insert,
        // White space, and numbers that no float holds, must stay as they are.
        data: JsonText::new("{ \"n\" : 1.00 , \"big\":18446744073709551617 }\n").unwrap(),
        model_version: 0,
    }
}

fn entry() -> SharedChangeEntry {
    change().stamped(STAMP)
}

#[test]
fn a_stamp_is_read_back() {
    round_trips(&STAMP);
    round_trips(&Hlc::ZERO);
    round_trips_unnamed(Format::CompactMessagePack, &STAMP);
}

#[test]
fn a_cursor_is_read_back() {
    round_trips(&cursor());
    round_trips(&Cursor::ZERO);
}

#[test]
fn a_tag_is_read_back() {
    round_trips(&Tag::ZERO);
    round_trips(&Tag::from_bytes([u8::MAX; 16]));
}

#[test]
fn a_payload_is_read_back_byte_for_byte() {
    round_trips(&change().data);
    for text in ["null", " 7 ", "\"text\"", "[1, 2]", "\"{\\\"a\\\":1}\""] {
        round_trips(&JsonText::new(text).unwrap());
    }
}

#[test]
fn changes_and_entries_are_read_back() {
    round_trips_as_a_map(&change());
    round_trips_as_a_map(&entry());
    round_trips(&vec![entry(), entry()]);
    for kind in [ChangeType::Insert, ChangeType::Update, ChangeType::Delete] {
        round_trips(&kind);
    }
}

fn state() -> LogState {
    let mut state = LogState::new(LogIdentity {
        library_id: Uuid::from_u128(2).into(),
        device_id: DEVICE.into(),
        log_id: Uuid::from_u128(3),
    });
    (state.head.hlc, state.high_water) = (STAMP, STAMP);
    state.floor = Mark {
        hlc: STAMP,
        tag: Tag::from_bytes([u8::MAX; 16]),
    };
    state
}

fn row(state: PeerState) -> PeerRow {
    PeerRow {
        peer_device_id: DEVICE.to_string(),
        own: Some(OwnRow::Known {
            acked: STAMP,
            acked_at_ms: -1,
            facts: PeerFacts {
                state,
                registered_by: RegisteredBy::App,
                registered_at_ms: 3,
                admission: 2,
                hold: Some(STAMP),
                verified: false,
            },
        }),
        mirror: Some(STAMP.to_string()),
    }
}

#[test]
fn what_a_log_holds_is_read_back() {
    let retired = PeerState::Retired {
        since_ms: 5,
        reason: RetireReason::Operator,
    };
    round_trips_as_a_map(&state());
    round_trips_as_a_map(&row(PeerState::Active));
    round_trips_as_a_map(&row(retired));
    let stored = StoredEntry {
        entry: entry(),
        created_at_ms: -7,
        tag: Some(Tag::ZERO),
    };
    round_trips_as_a_map(&stored);
    let mut contents = Contents::new(state().identity);
    contents.state = state();
    contents.entries.insert(STAMP, stored);
    contents.peers.insert(DEVICE.to_string(), row(retired));
    round_trips_as_a_map(&contents);
}

/// These deserializers claim to be human-readable, as the buffers of serde do.
#[test]
fn where_text_is_asked_for_the_bytes_of_a_cursor_are_taken_too() {
    let (text, bytes) = (cursor().to_string(), cursor().to_bytes());
    let from_text = Cursor::deserialize(StrDeserializer::<Error>::new(&text));
    assert_eq!(from_text, Ok(cursor()));
    let from_bytes = Cursor::deserialize(BytesDeserializer::<Error>::new(&bytes));
    assert_eq!(from_bytes, Ok(cursor()));
    let from_sequence = Cursor::deserialize(SeqDeserializer::<_, Error>::new(bytes.into_iter()));
    assert_eq!(from_sequence, Ok(cursor()));
}

#[test]
fn what_is_not_exactly_a_cursor_is_refused_in_either_form() {
    let bytes = [b'0'; Cursor::TEXT_LEN];
    for length in [0, Cursor::BYTES_LEN - 1, Cursor::BYTES_LEN + 1, bytes.len()] {
        let bytes = &bytes[..length];
        let read = Cursor::deserialize(BytesDeserializer::<Error>::new(bytes));
        assert!(read.is_err(), "{length} bytes");
        let sequence = SeqDeserializer::<_, Error>::new(bytes.iter().copied());
        assert!(Cursor::deserialize(sequence).is_err(), "{length} numbers");
    }
    let mut zero_stamp = cursor().to_bytes();
    zero_stamp[16..48].fill(0);
    let read = Cursor::deserialize(BytesDeserializer::<Error>::new(&zero_stamp));
    assert!(read.is_err());
    let numbers = serde_json::to_string(&cursor().to_bytes().to_vec()).unwrap();
    assert!(serde_json::from_str::<Cursor>(&numbers).is_err());
}

#[test]
fn text_is_taken_where_bytes_are_asked_for() {
    let written = rmp_serde::to_vec(&cursor().to_string()).unwrap();
    assert_eq!(rmp_serde::from_slice::<Cursor>(&written).unwrap(), cursor());
    let upper_case = rmp_serde::to_vec(&cursor().to_string().to_uppercase()).unwrap();
    assert!(rmp_serde::from_slice::<Cursor>(&upper_case).is_err());
}
