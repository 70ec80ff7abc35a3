//! Forms that are stored and sent: no value here may ever change.
//!
//! The tags were computed with another implementation of SHA-256, from the
//! description of the form alone.

#[cfg(feature = "natural-keys")]
use sync_log_core::receive::record_id;
use sync_log_core::{
    Altered, Birth, ChainFault, Change, ChangeType, Contents, Cursor, Hlc, JsonText, LogIdentity,
    LogState, Mark, OwnRow, PeerFacts, PeerRow, PeerState, RegisteredBy, RetireReason,
    SharedChangeEntry, StoredEntry, Tag, Uuid, Verdict, VerdictKind,
};

const DEVICE: Uuid = Uuid::from_u128(0xafe3_b279_4b1b_5c84_bccd_5eb5_8605_a254);
const RECORD: Uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
const LOG: Uuid = Uuid::from_u128(0x0f1e_2d3c_4b5a_6978_8796_a5b4_c3d2_e1f0);
const STAMP: Hlc = Hlc::new(0x18b_cfe5_6800, 7, DEVICE);
const CURSOR_TEXT: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/\
    0000018bcfe56800-0000000000000007-afe3b279-4b1b-5c84-bccd-5eb58605a254/\
    0123456789abcdeffedcba9876543210";
const CURSOR_HEX: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0\
    0000018bcfe568000000000000000007afe3b2794b1b5c84bccd5eb58605a254\
    0123456789abcdeffedcba9876543210";

/// The insert of a tag "Beach", as the first entry of a log is.
fn beach() -> SharedChangeEntry {
    let mut entry = change().stamped(STAMP);
    entry.data = JsonText::new(r#"{"name":"Beach"}"#).unwrap();
    entry
}

fn tag(entry: &SharedChangeEntry) -> String {
    Mark::ZERO.then(entry).tag.to_string()
}

fn change() -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: RECORD,
        change_type: ChangeType::Insert,
        data: JsonText::new(r#"{ "name" : "Beach" }"#).unwrap(),
        model_version: 0,
    }
}

const TAG: u128 = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210;

fn cursor() -> Cursor {
    Cursor::new(LOG, STAMP, Tag::from_bytes(TAG.to_be_bytes())).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_tag_of_every_change_type_is_frozen() {
    let of = |change_type| {
        tag(&SharedChangeEntry {
            change_type,
            ..beach()
        })
    };
    assert_eq!(of(ChangeType::Insert), "7d3da90aebcd93ab25b4a7866abb7dc0");
    assert_eq!(of(ChangeType::Update), "dc42150da0bc7adb50f62a529add571d");
    assert_eq!(of(ChangeType::Delete), "93dff8955373f4014c39398cb65bad2c");
}

#[cfg(feature = "natural-keys")]
#[test]
fn the_record_id_of_a_natural_key_is_frozen() {
    let of = |model, key: &[u8]| record_id(LOG, model, key).to_string();
    assert_eq!(of("tag", b"Beach"), "e58c7974-2e35-5ee1-86f7-2fbb96a7b219");
    assert_eq!(of("tagB", b"each"), "98c669ca-1817-5499-a8a2-f843912b2894");
    assert_eq!(of("tag", b""), "f4cfdac6-c892-5006-82ad-8de94cd17c1b");
    let both = [RECORD.into_bytes(), LOG.into_bytes()].concat();
    let id = record_id(LOG, "photo_tag", both);
    let text = "69e5a587-e043-5c27-a40e-6fb3ec420c41";
    assert_eq!(id.to_string(), text);
    assert_eq!(id.get_version_num(), 5);
}

#[test]
fn the_tag_covers_every_byte_of_the_data() {
    let spaced = change().stamped(STAMP);
    assert_eq!(tag(&spaced), "8e51ffff2d1afc8df6991dba61e219db");
}

#[test]
fn the_tag_covers_the_whole_stamp_and_all_that_came_before() {
    let mut next = beach();
    next.hlc.counter = 8;
    assert_eq!(tag(&next), "1f25c595d347f43da4ce8a03f9d65887");
    let second = Mark::ZERO.then(&beach()).then(&next);
    let text = "071413200c4a67001b7475ac68aa39dc";
    assert_eq!(
        (second.hlc, second.tag.to_string()),
        (next.hlc, text.to_owned())
    );
}

#[test]
fn the_tag_covers_the_model_version_and_the_end_of_a_group() {
    let of = |model_version, group_end| {
        tag(&SharedChangeEntry {
            model_version,
            group_end,
            ..beach()
        })
    };
    assert_eq!(of(1, true), "7539e0c53782b03944aa5f27e63a9679");
    assert_eq!(of(u32::MAX, true), "dfef1c7f9b73e85469cda330b36b1aad");
    assert_eq!(of(0, false), "78be855e1ef106b9459787f537bc58c8");
}

#[test]
fn the_tags_of_the_smallest_and_of_the_highest_values_are_frozen() {
    let smallest = SharedChangeEntry {
        hlc: Hlc::ZERO,
        model_type: "t".to_owned(),
        record_uuid: Uuid::nil(),
        change_type: ChangeType::Insert,
        data: JsonText::new("0").unwrap(),
        model_version: 0,
        group_end: true,
    };
    assert_eq!(tag(&smallest), "d7ceadde1dc180c10ccf2075e72b686f");
    let highest = SharedChangeEntry {
        hlc: Hlc::new(u64::MAX, u64::MAX, Uuid::max()),
        model_type: "\u{e4}\u{f6}".to_owned(),
        record_uuid: Uuid::max(),
        change_type: ChangeType::Delete,
        data: JsonText::new("\"\u{2603}\u{1f3d6}\"").unwrap(),
        model_version: u32::MAX,
        group_end: false,
    };
    let before = Mark {
        hlc: Hlc::ZERO,
        tag: Tag::from_bytes([u8::MAX; 16]),
    };
    let tag = before.then(&highest).tag.to_string();
    assert_eq!(tag, "b73f3498eb932a3fea0e63c1d03037bb");
}

#[test]
fn the_tag_tells_where_the_model_type_ends_and_the_data_begins() {
    let of = |model_type: &str, data: &str| {
        tag(&SharedChangeEntry {
            hlc: Hlc::new(1, 0, Uuid::from_u128(1)),
            model_type: model_type.to_owned(),
            record_uuid: Uuid::from_u128(1),
            change_type: ChangeType::Update,
            data: JsonText::new(data).unwrap(),
            model_version: 0,
            group_end: true,
        })
    };
    assert_eq!(of("tag1", "23"), "219e2317fe9c5b7ffaf224065b5cf605");
    assert_eq!(of("tag", "123"), "77614623ea6fdbe7143cc11185c77622");
}

#[test]
fn a_tag_has_one_spelling() {
    let text = "0123456789abcdeffedcba9876543210";
    let tag: Tag = text.parse().unwrap();
    assert_eq!(tag, cursor().tag());
    assert_eq!(tag.to_string(), text);
    for wrong in [
        String::new(),
        "0".to_owned(),
        text[1..].to_owned(),
        format!("{text}0"),
        text.to_uppercase(),
        format!("+{}", &text[1..]),
        format!(" {}", &text[1..]),
        format!("0x{}", &text[2..]),
    ] {
        assert!(wrong.parse::<Tag>().is_err(), "{wrong:?}");
    }
}

#[test]
fn a_tag_is_text_where_people_read_and_bytes_elsewhere() {
    let json = serde_json::to_string(&cursor().tag()).unwrap();
    assert_eq!(json, "\"0123456789abcdeffedcba9876543210\"");
    let bytes = postcard::to_stdvec(&cursor().tag()).unwrap();
    assert_eq!(hex(&bytes), "100123456789abcdeffedcba9876543210");
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
    assert_eq!(hex(&written), format!("40{CURSOR_HEX}"));
    assert_eq!(postcard::from_bytes::<Cursor>(&written).unwrap(), cursor());
    let mut short = written.clone();
    short[0] = 63;
    assert!(postcard::from_bytes::<Cursor>(&short).is_err());
    let mut zero_stamp = written;
    zero_stamp[17..49].fill(0);
    assert!(postcard::from_bytes::<Cursor>(&zero_stamp).is_err());
}

#[test]
fn the_zero_cursor_is_all_zeros() {
    assert_eq!(Cursor::ZERO.to_bytes(), [0; Cursor::BYTES_LEN]);
    assert_eq!(Cursor::from_bytes([0; 64]), Ok(Cursor::ZERO));
    let text = Cursor::ZERO.to_string();
    assert_eq!(text.parse(), Ok(Cursor::ZERO));
    assert!(text.bytes().all(|byte| b"0-/".contains(&byte)), "{text}");
}

#[test]
fn no_other_cursor_holds_the_zero_stamp_in_any_form() {
    for at in [0, 15, 48, 63] {
        let mut bytes = [0; Cursor::BYTES_LEN];
        bytes[at] = 1;
        assert!(Cursor::from_bytes(bytes).is_err(), "byte {at}");
    }
    for (log_id, tag) in [(1, 0), (0, 1), (1, 1)] {
        let tag = Tag::from_bytes([tag; Tag::BYTES_LEN]);
        let made = Cursor::new(Uuid::from_u128(log_id), Hlc::ZERO, tag);
        assert!(made.is_err(), "{log_id} {tag}");
    }
    let zero = Hlc::ZERO;
    let with_a_log_id = format!("{LOG}/{zero}/{:032x}", 0);
    assert!(with_a_log_id.parse::<Cursor>().is_err());
    let with_a_tag = format!("{}/{zero}/{:032x}", Uuid::nil(), 1);
    assert!(with_a_tag.parse::<Cursor>().is_err());
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
    let json = r#"{"hlc":"0000018bcfe56800-0000000000000007-afe3b279-4b1b-5c84-bccd-5eb58605a254","model_type":"tag","record_uuid":"00112233-4455-6677-8899-aabbccddeeff","change_type":"insert","data":"{ \"name\" : \"Beach\" }","model_version":0,"group_end":true}"#;
    assert_eq!(serde_json::to_string(&entry).unwrap(), json);
    let read: sync_log_core::SharedChangeEntry = serde_json::from_str(json).unwrap();
    assert_eq!(read, entry);
}

/// What a backend may keep as JSON, of one log.
#[test]
fn what_a_log_holds_as_json_is_frozen() {
    let mut state = LogState::new(LogIdentity {
        library_id: RECORD.into(),
        device_id: DEVICE.into(),
        log_id: LOG,
    });
    (state.head, state.floor) = (cursor().mark(), cursor().mark());
    (state.high_water, state.solo) = (STAMP, true);
    let text = "0000018bcfe56800-0000000000000007-afe3b279-4b1b-5c84-bccd-5eb58605a254";
    let tag = "0123456789abcdeffedcba9876543210";
    let json = format!(
        r#"{{"identity":{{"library_id":"{RECORD}","device_id":"{DEVICE}","log_id":"{LOG}"}},"head":{{"hlc":"{text}","tag":"{tag}"}},"floor":{{"hlc":"{text}","tag":"{tag}"}},"high_water":"{text}","solo":true}}"#
    );
    assert_eq!(serde_json::to_string(&state).unwrap(), json);
    assert_eq!(serde_json::from_str::<LogState>(&json).unwrap(), state);

    let mut adopted = state;
    adopted.peers_declared = false;
    adopted.altered = Some(Altered {
        hlc: STAMP,
        fault: ChainFault::NoTag,
    });
    let altered_json = format!(
        r#""solo":true,"peers_declared":false,"altered":{{"hlc":"{text}","fault":"no_tag"}}"#
    );
    let adopted_json = json.replace(r#""solo":true"#, &altered_json);
    assert_eq!(serde_json::to_string(&adopted).unwrap(), adopted_json);
    let read: LogState = serde_json::from_str(&adopted_json).unwrap();
    assert_eq!(read, adopted);

    let mut contents = Contents::new(state.identity);
    contents.state = state;
    let entry = change().stamped(STAMP);
    let entry_json = serde_json::to_string(&entry).unwrap();
    let created_at_ms = 7;
    contents.entries.insert(
        STAMP,
        StoredEntry {
            entry,
            created_at_ms,
            tag: Some(cursor().tag()),
        },
    );
    let contents_json = format!(
        r#"{{"state":{json},"entries":{{"{text}":{{"entry":{entry_json},"created_at_ms":7,"tag":"{tag}"}}}},"peers":{{}}}}"#
    );
    assert_eq!(serde_json::to_string(&contents).unwrap(), contents_json);
    assert_eq!(
        serde_json::from_str::<Contents>(&contents_json).unwrap(),
        contents
    );
}

#[test]
fn rows_of_peers_as_json_are_frozen() {
    let text = "0000018bcfe56800-0000000000000007-afe3b279-4b1b-5c84-bccd-5eb58605a254";
    let mut row = PeerRow {
        peer_device_id: "anything".to_owned(),
        own: None,
        mirror: Some(String::new()),
    };
    let json = r#"{"peer_device_id":"anything","own":null,"mirror":""}"#;
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
        let mut facts = PeerFacts {
            state,
            registered_by,
            registered_at_ms: 3,
            admission: 1,
            hold: Some(STAMP),
            verified: true,
        };
        let own = |own_facts| {
            Some(OwnRow::Known {
                acked: STAMP,
                acked_at_ms: -1,
                facts: own_facts,
            })
        };
        row.own = own(facts);
        let [state_json, by_json] = forms;
        let known = format!(
            r#"{{"peer_device_id":"anything","own":{{"known":{{"acked":"{text}","acked_at_ms":-1,"facts":{{"state":{state_json},"registered_by":"{by_json}","registered_at_ms":3,"admission":1,"hold":"{text}"}}}}}},"mirror":""}}"#
        );
        assert_eq!(serde_json::to_string(&row).unwrap(), known);
        assert_eq!(serde_json::from_str::<PeerRow>(&known).unwrap(), row);
        facts.verified = false;
        row.own = own(facts);
        let unverified = known.replace(r#"}}},"mirror""#, r#","verified":false}}},"mirror""#);
        assert_eq!(serde_json::to_string(&row).unwrap(), unverified);
        assert_eq!(serde_json::from_str::<PeerRow>(&unverified).unwrap(), row);
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

#[test]
fn the_words_that_are_stored_of_damage_are_frozen() {
    for (word, fault) in [
        ("no_tag", ChainFault::NoTag),
        ("other_tag", ChainFault::OtherTag),
        ("out_of_order", ChainFault::OutOfOrder),
        ("missing", ChainFault::Missing),
        ("open_group", ChainFault::OpenGroup),
        ("unreadable", ChainFault::Unreadable),
        ("lacks_records", ChainFault::LacksRecords),
    ] {
        assert_eq!(fault.as_str(), word);
        assert_eq!(ChainFault::from_stored(word), Some(fault));
        assert_eq!(
            serde_json::to_string(&fault).unwrap(),
            format!("\"{word}\"")
        );
    }
    assert_eq!(ChainFault::from_stored("lost"), None);
}

#[test]
fn the_words_that_are_stored_of_verdicts_are_frozen() {
    for (word, kind) in [
        ("own_stamp", VerdictKind::OwnStamp),
        ("diverged", VerdictKind::Diverged),
        ("ahead_of_head", VerdictKind::AheadOfHead),
        ("admission", VerdictKind::Admission),
    ] {
        assert_eq!(kind.to_string(), word);
        assert_eq!(VerdictKind::from_stored(word), Some(kind));
    }
    assert_eq!(VerdictKind::from_stored("restored"), None);
    let verdict = Verdict {
        kind: VerdictKind::Diverged,
        hlc: STAMP,
        peer: Some(RECORD.into()),
        found_at_ms: 7,
    };
    let json =
        format!(r#"{{"kind":"diverged","hlc":"{STAMP}","peer":"{RECORD}","found_at_ms":7}}"#);
    assert_eq!(serde_json::to_string(&verdict).unwrap(), json);
    assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), verdict);
}

/// A log that cannot have had an earlier one says nothing about it.
#[test]
fn where_a_log_was_settled_is_written_if_it_was() {
    let identity = LogIdentity {
        library_id: RECORD.into(),
        device_id: DEVICE.into(),
        log_id: LOG,
    };
    let made = LogState::made(identity, 1000, Birth::Alone);
    let json = serde_json::to_string(&made).unwrap();
    let settled = Hlc::new(999, 0, DEVICE);
    assert!(
        json.contains(&format!(r#""settled":"{settled}""#)),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<LogState>(&json).unwrap(), made);
    let unsettled = serde_json::to_string(&LogState::new(identity)).unwrap();
    assert!(!unsettled.contains("settled"), "{unsettled}");
}
