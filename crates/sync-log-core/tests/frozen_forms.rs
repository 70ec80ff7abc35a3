//! Forms that are stored and sent: no value here may ever change.
//!
//! The tags were computed with another implementation of SHA-256, from the
//! description of the form alone.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use sync_log_core::{
    Change, ChangeType, Contents, Cursor, Hlc, JsonText, LogIdentity, LogState, Mark, PeerFacts,
    PeerRow, PeerState, RegisteredBy, RetireReason, StoredEntry, Tag, Uuid,
};

const DEVICE: Uuid = Uuid::from_u128(0xafe3_b279_4b1b_5c84_bccd_5eb5_8605_a254);
const RECORD: Uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
const LOG: Uuid = Uuid::from_u128(0x0f1e_2d3c_4b5a_6978_8796_a5b4_c3d2_e1f0);
const STAMP: Hlc = Hlc::new(0x18b_cfe5_6800, 7, DEVICE);
const CURSOR_TEXT: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/\
    0000018bcfe56800-0000000000000007-afe3b279-4b1b-5c84-bccd-5eb58605a254/0123456789abcdef";
const CURSOR_HEX: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0\
    0000018bcfe568000000000000000007afe3b2794b1b5c84bccd5eb58605a254\
    0123456789abcdef";

fn tag(hlc: Hlc, record_uuid: Uuid, kind: ChangeType, model_type: &str, data: &str) -> String {
    let change = Change {
        model_type: model_type.to_owned(),
        record_uuid,
        change_type: kind,
        data: JsonText::new(data).unwrap(),
    };
    Tag::of(&change.stamped(hlc)).to_string()
}

fn change() -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: RECORD,
        change_type: ChangeType::Insert,
        data: JsonText::new(r#"{ "name" : "Beach" }"#).unwrap(),
    }
}

fn cursor() -> Cursor {
    Cursor::new(LOG, STAMP, Tag::from_u64(0x0123_4567_89ab_cdef)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_tag_of_every_change_type_is_frozen() {
    let beach = |kind| tag(STAMP, RECORD, kind, "tag", r#"{"name":"Beach"}"#);
    assert_eq!(beach(ChangeType::Insert), "1fe746319c825368");
    assert_eq!(beach(ChangeType::Update), "91f6124aa405698b");
    assert_eq!(beach(ChangeType::Delete), "00c55d0044b6ad40");
}

#[test]
fn the_tag_covers_every_byte_of_the_data() {
    let spaced = r#"{ "name" : "Beach" }"#;
    let spaced = tag(STAMP, RECORD, ChangeType::Insert, "tag", spaced);
    assert_eq!(spaced, "f37ca163a32bdece");
}

#[test]
fn the_tag_covers_the_whole_stamp() {
    let next = Hlc {
        counter: 8,
        ..STAMP
    };
    let data = r#"{"name":"Beach"}"#;
    let next = tag(next, RECORD, ChangeType::Insert, "tag", data);
    assert_eq!(next, "79f5689bc24d27d8");
}

#[test]
fn the_tags_of_the_smallest_and_of_the_highest_values_are_frozen() {
    let smallest = tag(Hlc::ZERO, Uuid::nil(), ChangeType::Insert, "t", "0");
    assert_eq!(smallest, "628d6276d1701433");
    let highest = Hlc::new(u64::MAX, u64::MAX, Uuid::max());
    let text = "\"\u{2603}\u{1f3d6}\"";
    let highest = tag(
        highest,
        Uuid::max(),
        ChangeType::Delete,
        "\u{e4}\u{f6}",
        text,
    );
    assert_eq!(highest, "d5831856514fba9b");
}

#[test]
fn the_tag_tells_where_the_model_type_ends_and_the_data_begins() {
    let stamp = Hlc::new(1, 0, Uuid::from_u128(1));
    let of = |model_type, data| {
        let record = Uuid::from_u128(1);
        tag(stamp, record, ChangeType::Update, model_type, data)
    };
    assert_eq!(of("tag1", "23"), "bb2fbdf1efe162ae");
    assert_eq!(of("tag", "123"), "dbefa27e62933ba7");
}

#[test]
fn a_tag_has_one_spelling() {
    let tag: Tag = "00c55d0044b6ad40".parse().unwrap();
    assert_eq!(tag, Tag::from_u64(0x00c5_5d00_44b6_ad40));
    for text in [
        "",
        "0",
        "00c55d0044b6ad4",
        "00c55d0044b6ad400",
        "00C55d0044b6ad40",
        "+0c55d0044b6ad40",
        " 0c55d0044b6ad40",
        "0x55d0044b6ad400",
    ] {
        assert!(text.parse::<Tag>().is_err(), "{text:?}");
    }
}

#[test]
fn the_text_of_a_cursor_is_frozen() {
    assert_eq!(cursor().to_string(), CURSOR_TEXT);
    assert_eq!(CURSOR_TEXT.len(), Cursor::TEXT_LEN);
    assert_eq!(CURSOR_TEXT.parse(), Ok(cursor()));
    let json = serde_json::to_string(&cursor()).unwrap();
    assert_eq!(json, format!("\"{CURSOR_TEXT}\""));
    assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor());
}

#[test]
fn the_bytes_of_a_cursor_are_frozen() {
    assert_eq!(hex(&cursor().to_bytes()), CURSOR_HEX);
    assert_eq!(Cursor::from_bytes(cursor().to_bytes()), Ok(cursor()));
}

#[test]
fn in_a_binary_format_a_cursor_is_its_bytes_and_nothing_else() {
    let written = postcard::to_stdvec(&cursor()).unwrap();
    assert_eq!(hex(&written), format!("38{CURSOR_HEX}"));
    assert_eq!(postcard::from_bytes::<Cursor>(&written).unwrap(), cursor());
    let mut short = written.clone();
    short[0] = 55;
    assert!(postcard::from_bytes::<Cursor>(&short).is_err());
    let mut zero_stamp = written;
    zero_stamp[17..49].fill(0);
    assert!(postcard::from_bytes::<Cursor>(&zero_stamp).is_err());
}

#[test]
fn the_zero_cursor_is_all_zeros() {
    assert_eq!(Cursor::ZERO.to_bytes(), [0; Cursor::BYTES_LEN]);
    assert_eq!(Cursor::from_bytes([0; 56]), Ok(Cursor::ZERO));
    let text = Cursor::ZERO.to_string();
    assert_eq!(text.parse(), Ok(Cursor::ZERO));
    assert!(text.bytes().all(|byte| b"0-/".contains(&byte)), "{text}");
}

#[test]
fn no_other_cursor_holds_the_zero_stamp_in_any_form() {
    for at in [0, 15, 48, 55] {
        let mut bytes = [0; Cursor::BYTES_LEN];
        bytes[at] = 1;
        assert!(Cursor::from_bytes(bytes).is_err(), "byte {at}");
    }
    let zero = Hlc::ZERO;
    let text = format!("{LOG}/{zero}/0000000000000000");
    assert!(text.parse::<Cursor>().is_err());
    let text = format!("{}/{zero}/0000000000000001", Uuid::nil());
    assert!(text.parse::<Cursor>().is_err());
}

#[test]
fn a_cursor_has_one_spelling() {
    let (head, tail) = CURSOR_TEXT.split_at(36);
    let others = [
        String::new(),
        CURSOR_TEXT.to_uppercase(),
        format!(" {CURSOR_TEXT}"),
        format!("{CURSOR_TEXT} "),
        format!("{CURSOR_TEXT}/"),
        format!("/{CURSOR_TEXT}"),
        format!("{}{tail}", head.replace('-', "")),
        format!("{{{head}}}{tail}"),
        CURSOR_TEXT.replace('/', "-"),
        CURSOR_TEXT.replacen('/', "//", 1),
        CURSOR_TEXT[..CURSOR_TEXT.len() - 1].to_owned(),
    ];
    for text in others {
        assert!(text.parse::<Cursor>().is_err(), "{text:?}");
    }
}

#[test]
fn an_entry_as_json_is_frozen() {
    let entry = change().stamped(STAMP);
    let json = r#"{"hlc":"0000018bcfe56800-0000000000000007-afe3b279-4b1b-5c84-bccd-5eb58605a254","model_type":"tag","record_uuid":"00112233-4455-6677-8899-aabbccddeeff","change_type":"insert","data":"{ \"name\" : \"Beach\" }"}"#;
    assert_eq!(serde_json::to_string(&entry).unwrap(), json);
    let read: sync_log_core::SharedChangeEntry = serde_json::from_str(json).unwrap();
    assert_eq!(read, entry);
}

/// What a backend may keep as JSON, of one log.
#[test]
fn what_a_log_holds_as_json_is_frozen() {
    let mut state = LogState::new(LogIdentity {
        library_id: RECORD,
        device_id: DEVICE,
        log_id: LOG,
    });
    (state.head, state.high_water, state.solo) = (STAMP, STAMP, true);
    state.floor = Mark {
        hlc: STAMP,
        tag: Tag::from_u64(u64::MAX),
    };
    let text = "0000018bcfe56800-0000000000000007-afe3b279-4b1b-5c84-bccd-5eb58605a254";
    let json = format!(
        r#"{{"identity":{{"library_id":"{RECORD}","device_id":"{DEVICE}","log_id":"{LOG}"}},"head":"{text}","floor":{{"hlc":"{text}","tag":18446744073709551615}},"high_water":"{text}","solo":true}}"#
    );
    assert_eq!(serde_json::to_string(&state).unwrap(), json);
    assert_eq!(serde_json::from_str::<LogState>(&json).unwrap(), state);

    let mut contents = Contents::new(state.identity);
    contents.state = state;
    let mut adopted = state;
    (adopted.peers_declared, adopted.foreign_write) = (false, true);
    let adopted_json = json.replace(
        r#""solo":true"#,
        r#""solo":true,"peers_declared":false,"foreign_write":true"#,
    );
    assert_eq!(serde_json::to_string(&adopted).unwrap(), adopted_json);
    let read: LogState = serde_json::from_str(&adopted_json).unwrap();
    assert_eq!(read, adopted);

    let entry = change().stamped(STAMP);
    let entry_json = serde_json::to_string(&entry).unwrap();
    let created_at_ms = 7;
    contents.entries.insert(
        STAMP,
        StoredEntry {
            entry,
            created_at_ms,
        },
    );
    let json = format!(
        r#"{{"state":{json},"entries":{{"{text}":{{"entry":{entry_json},"created_at_ms":7}}}},"peers":{{}}}}"#
    );
    assert_eq!(serde_json::to_string(&contents).unwrap(), json);
    assert_eq!(serde_json::from_str::<Contents>(&json).unwrap(), contents);

    let mut row = PeerRow {
        peer_device_id: "anything".to_owned(),
        last_acked_hlc: String::new(),
        acked_at_ms: -1,
        facts: None,
    };
    let json = r#"{"peer_device_id":"anything","last_acked_hlc":"","acked_at_ms":-1,"facts":null}"#;
    assert_eq!(serde_json::to_string(&row).unwrap(), json);
    assert_eq!(serde_json::from_str::<PeerRow>(json).unwrap(), row);

    for (state, registered_by, forms) in [
        (PeerState::Active, RegisteredBy::App, ["\"active\"", "app"]),
        (
            PeerState::Retired {
                since_ms: 5,
                reason: RetireReason::Operator,
            },
            RegisteredBy::Ack,
            [r#"{"retired":{"since_ms":5,"reason":"operator"}}"#, "ack"],
        ),
    ] {
        row.facts = Some(PeerFacts {
            state,
            registered_by,
            registered_at_ms: 3,
            admission: 1,
            hold: Some(STAMP),
            verified: true,
        });
        let [state, registered_by] = forms;
        let json = format!(
            r#"{{"peer_device_id":"anything","last_acked_hlc":"","acked_at_ms":-1,"facts":{{"state":{state},"registered_by":"{registered_by}","registered_at_ms":3,"admission":1,"hold":"{text}"}}}}"#
        );
        assert_eq!(serde_json::to_string(&row).unwrap(), json);
        assert_eq!(serde_json::from_str::<PeerRow>(&json).unwrap(), row);
        row.facts.as_mut().unwrap().verified = false;
        let json = format!(
            "{},\"verified\":false}}}}",
            json.strip_suffix("}}").unwrap()
        );
        assert_eq!(serde_json::to_string(&row).unwrap(), json);
        assert_eq!(serde_json::from_str::<PeerRow>(&json).unwrap(), row);
    }
}

#[test]
fn the_words_that_are_stored_of_a_peer_are_frozen() {
    for (word, by) in [
        ("app", RegisteredBy::App),
        ("ack", RegisteredBy::Ack),
        ("adoption", RegisteredBy::Adoption),
    ] {
        assert_eq!(by.as_str(), word);
        assert_eq!(RegisteredBy::from_stored(word), Some(by));
    }
    assert_eq!(RegisteredBy::from_stored("App"), None);
    assert_eq!(RetireReason::Operator.to_string(), "operator");
    let reason = RetireReason::from_stored("operator");
    assert_eq!(reason, Some(RetireReason::Operator));
    assert_eq!(RetireReason::from_stored(""), None);
}
