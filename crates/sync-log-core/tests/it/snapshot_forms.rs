//! The forms in which a snapshot travels.

use std::collections::BTreeMap;

use sync_log_core::receive::{Field, RecordId, Rule, Snapshot, SnapshotPage, Source, Version};
use sync_log_core::{Change, Cursor, Digest, Hlc, SharedChangeEntry, Tag, Uuid};

use crate::inside_other_types::round_trips;

const DEVICE: Uuid = Uuid::from_u128(0xd0);
const STAMP: Hlc = Hlc::new(1_700_000_000_000, 7, DEVICE);

fn entry() -> SharedChangeEntry {
    let name = serde_json::json!({ "name": "Beach" });
    let change = Change::insert("tag", Uuid::from_u128(1), &name).unwrap();
    change.model_version(2).stamped(STAMP)
}

fn snapshot() -> Snapshot {
    let cursor = Cursor::new(Uuid::from_u128(0x10), STAMP, Tag::from_bytes([0xff; 16]));
    let cursor = cursor.unwrap();
    Snapshot {
        donor: DEVICE.into(),
        head: cursor,
        watermarks: [(Uuid::from_u128(0xd1).into(), Cursor::ZERO)].into(),
        waiting: vec![entry()],
        forgotten: STAMP,
    }
}

fn page() -> SnapshotPage {
    let id = RecordId::of(&entry());
    let digest = Digest::from_bytes([0xab; 16]);
    let source = Source { hlc: STAMP, digest };
    let field = Field {
        source,
        model_version: 3,
        value: serde_json::json!("Beach").into(),
    };
    let version = Version {
        source,
        updated: BTreeMap::from([(3, STAMP)]),
        fields: Some([("name".to_owned(), field)].into()),
        ..Version::first(&entry(), Rule::WholeRecord)
    };
    SnapshotPage {
        after: None,
        records: vec![(id.clone(), version)],
        next: Some(id),
    }
}

#[test]
fn snapshots_are_read_back() {
    round_trips(&Digest::from_bytes([0xab; 16]));
    round_trips(&snapshot());
    round_trips(&page());
    let whole = Version::first(&entry(), Rule::WholeRecord);
    round_trips(&whole);
}

#[test]
fn a_digest_has_one_spelling() {
    let digest = Digest::from_bytes([0xab; 16]);
    let text = "ab".repeat(16);
    assert_eq!(digest.to_string(), text);
    assert_eq!(text.parse(), Ok(digest));
    assert!(text.to_uppercase().parse::<Digest>().is_err());
    assert!(text[1..].parse::<Digest>().is_err());
}

#[test]
fn snapshots_as_json_are_frozen() {
    let json = concat!(
        r#"{"donor":"00000000-0000-0000-0000-0000000000d0","#,
        r#""head":"00000000-0000-0000-0000-000000000010/"#,
        r#"0000018bcfe56800-0000000000000007-00000000-0000-0000-0000-0000000000d0/"#,
        r#"ffffffffffffffffffffffffffffffff","#,
        r#""watermarks":{"00000000-0000-0000-0000-0000000000d1":"#,
        r#""00000000-0000-0000-0000-000000000000/"#,
        r#"0000000000000000-0000000000000000-00000000-0000-0000-0000-000000000000/"#,
        r#"00000000000000000000000000000000"},"#,
        r#""waiting":[{"hlc":"0000018bcfe56800-0000000000000007-"#,
        r#"00000000-0000-0000-0000-0000000000d0","model_type":"tag","#,
        r#""record_uuid":"00000000-0000-0000-0000-000000000001","change_type":"insert","#,
        r#""data":"{\"name\":\"Beach\"}","model_version":2,"group_end":true}],"#,
        r#""forgotten":"0000018bcfe56800-0000000000000007-00000000-0000-0000-0000-0000000000d0"}"#,
    );
    assert_eq!(serde_json::to_string(&snapshot()).unwrap(), json);
    let stamp = "0000018bcfe56800-0000000000000007-00000000-0000-0000-0000-0000000000d0";
    let never = "0000000000000000-0000000000000000-00000000-0000-0000-0000-000000000000";
    let id = r#"{"model_type":"tag","record_uuid":"00000000-0000-0000-0000-000000000001"}"#;
    let digest = "ab".repeat(16);
    let source = format!(r#"{{"hlc":"{stamp}","digest":"{digest}"}}"#);
    let page_json = format!(
        r#"{{"after":null,"records":[[{id},{{"source":{source},"change_type":"insert","model_version":2,"data":"{{\"name\":\"Beach\"}}","inserted":"{stamp}","deleted":"{never}","updated":[[3,"{stamp}"]],"fields":{{"name":{{"source":{source},"model_version":3,"value":"\"Beach\""}}}}}}]],"next":{id}}}"#
    );
    assert_eq!(serde_json::to_string(&page()).unwrap(), page_json);
}
