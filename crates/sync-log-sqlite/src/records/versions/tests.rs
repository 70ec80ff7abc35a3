//! Records that were written are found again, in a form that is frozen.

#![allow(clippy::disallowed_methods, reason = "a look past this crate")]

use std::collections::BTreeMap;

use rusqlite::Connection;
use sync_log_core::receive::{
    Field, Key, Record, RecordId, RecordWrite, Source, Standing, Tie, Version, Wanted, WhyNotShown,
};
use sync_log_core::{ChangeType, Digest, Hlc, JsonText, StoreFault, Uuid};

use super::{arrays, look_up, write};
use crate::driver::in_place;
use crate::records::tests::{database, id};

const DEVICE: Uuid = Uuid::from_u128(0xa0);

fn json(text: &str) -> JsonText {
    text.parse().unwrap()
}

fn source(ms: u64) -> Source {
    Source {
        hlc: Hlc::new(ms, 0, DEVICE),
        digest: Digest::from_bytes([ms.to_le_bytes()[0]; 16]),
    }
}

fn version(fields: Option<BTreeMap<String, Field>>) -> Version {
    Version {
        source: source(7),
        change_type: ChangeType::Update,
        model_version: 3,
        data: json("{ \"name\" : \"\\u0000 Beach\" }"),
        inserted: Hlc::new(2, 0, DEVICE),
        deleted: Hlc::ZERO,
        updated: BTreeMap::new(),
        fields,
    }
}

fn records() -> Vec<(RecordId, Record)> {
    let field = Field {
        source: source(5),
        model_version: 2,
        value: json("[ 1, \"two\" ]"),
    };
    let members = BTreeMap::from([("name".to_owned(), field)]);
    let deleted = Version {
        change_type: ChangeType::Delete,
        deleted: Hlc::new(9, 0, DEVICE),
        updated: BTreeMap::from([(4, Hlc::new(6, 1, DEVICE))]),
        ..version(Some(BTreeMap::new()))
    };
    let shown = |emptied: &[&str]| Standing::Shown {
        emptied: emptied.iter().map(ToString::to_string).collect(),
    };
    let of = [
        (version(None), shown(&[])),
        (version(Some(members)), shown(&["cover", "tag"])),
        (deleted, Standing::Deleted),
        (version(None), Standing::NotShown(WhyNotShown::UnknownModel)),
        (version(None), Standing::NotShown(WhyNotShown::NewerModel)),
        (
            version(None),
            Standing::NotShown(WhyNotShown::DuplicateOf(DEVICE)),
        ),
        (
            version(None),
            Standing::NotShown(WhyNotShown::MissingRecord(id("album", 1))),
        ),
        (
            version(None),
            Standing::NotShown(WhyNotShown::Refused("because".to_owned())),
        ),
    ];
    let of = of.into_iter().zip(0..);
    of.map(|((version, standing), number)| (id("tag", number), Record { version, standing }))
        .collect()
}

fn put(db: &Connection, records: &[(RecordId, Record)], ties: Option<&[Tie]>) {
    let writes = records.iter().map(|(id, record)| RecordWrite {
        id: id.clone(),
        record: record.clone(),
        ties: ties.map(<[Tie]>::to_vec),
    });
    in_place(write(db, &writes.collect::<Vec<_>>())).unwrap();
}

fn wanted(records: &[(RecordId, Record)], ties: &[Tie]) -> Wanted {
    Wanted {
        records: records.iter().map(|(id, _)| id.clone()).collect(),
        ties: ties.iter().cloned().collect(),
    }
}

#[test]
fn what_was_written_is_what_is_looked_up() {
    let db = database("");
    let records = records();
    put(&db, &records, None);
    let mut with_a_stranger = wanted(&records, &[]);
    with_a_stranger.records.insert(id("tag", 99));
    let found = in_place(look_up(&db, &with_a_stranger)).unwrap();
    assert_eq!(found.records, records);

    let (first, mut changed) = records[1].clone();
    changed.version.source = source(8);
    changed.standing = Standing::Deleted;
    put(&db, &[(first.clone(), changed.clone())], None);
    let again = in_place(look_up(&db, &wanted(&records[1..2], &[]))).unwrap();
    assert_eq!(again.records, [(first, changed)]);
}

#[test]
fn the_stored_form_is_frozen() {
    let db = database("");
    put(&db, &records(), None);
    let sql = "SELECT concat_ws('|', record_uuid, hex(digest), change_type, model_version, data, \
                 ifnull(deleted, 'never'), ifnull(parts, '-'), standing, ifnull(detail, '-')) \
               FROM sync_log_versions";
    let mut query = db.prepare(sql).unwrap();
    let rows = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let stored: Vec<_> = rows.map(Result::unwrap).collect();
    let expected = include_str!("stored.txt").lines();
    assert_eq!(
        stored,
        expected.collect::<Vec<_>>(),
        "{}",
        stored.join("\n")
    );
}

#[test]
fn every_name_of_a_model_is_kept_apart_from_every_other() {
    let db = database("");
    let names = [
        "tag",
        "TAG",
        "tag\0",
        "tag\0x",
        "\"",
        "[",
        "\u{1f3d6}",
        "tag ",
    ];
    let records: Vec<_> = names
        .iter()
        .zip(1..)
        .map(|(name, ms)| {
            let mut record = records()[0].1.clone();
            record.version.source = source(ms);
            (id(name, 1), record)
        })
        .collect();
    let key = |name: &str, value: &str| {
        let key = Key {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        key.tie("tag")
    };
    let ties = [
        Tie::Reference(id("tag", 1)),
        key("a", "\0b"),
        key("a", "\0c"),
    ];
    put(&db, &records, Some(&ties[..2]));
    for (id, record) in &records {
        let one = wanted(&[(id.clone(), record.clone())], &[]);
        let found = in_place(look_up(&db, &one)).unwrap();
        assert_eq!(found.records, [(id.clone(), record.clone())]);
    }
    let found = in_place(look_up(&db, &wanted(&[], &ties))).unwrap();
    let of_the_reference = found.tied.iter().filter(|(tie, _)| *tie == ties[0]);
    assert_eq!(of_the_reference.count(), names.len());
    let of_the_key: Vec<_> = found
        .tied
        .iter()
        .filter(|(tie, _)| *tie != ties[0])
        .collect();
    assert_eq!(of_the_key, [&(ties[1].clone(), id("tag", 1))]);
}

#[test]
fn ties_are_replaced_if_they_changed_and_stay_otherwise() {
    let db = database("");
    let one = &records()[..1];
    let ties = [1, 2, 3].map(|number| Tie::Reference(id("album", number)));
    put(&db, one, Some(&ties[..2]));
    put(&db, one, None);
    let tied = || {
        let found = in_place(look_up(&db, &wanted(&[], &ties))).unwrap();
        let tied = found.tied.into_iter();
        tied.map(|(tie, _)| tie).collect::<Vec<_>>()
    };
    assert_eq!(tied(), ties[..2]);
    put(&db, one, Some(&ties[1..]));
    assert_eq!(tied(), ties[1..]);
    put(&db, one, Some(&[]));
    assert_eq!(tied(), []);
}

#[test]
fn a_cell_that_cannot_be_read_is_damage_and_is_named() {
    let bad = [
        "hlc = 'now'",
        "digest = x'00'",
        "digest = 'text'",
        "change_type = 'upsert'",
        "model_version = -1",
        "data = '{'",
        "data = x'7b7d'",
        "inserted = 1",
        "deleted = ''",
        "parts = '1'",
        "standing = 'hidden'",
        "detail = '{}', standing = 'not_shown'",
        "detail = NULL, standing = 'not_shown'",
        "detail = '{}'",
    ];
    let one = &records()[..1];
    for set in bad {
        let db = database("");
        put(&db, one, None);
        let update = format!("UPDATE sync_log_versions SET {set}");
        db.execute(&update, []).unwrap();
        let damage = in_place(look_up(&db, &wanted(one, &[]))).unwrap_err();
        assert_eq!(damage.fault(), StoreFault::Corrupt, "{set}");
        let (column, _) = set.split_once(' ').unwrap();
        let name = format!(
            "column {column} of sync_log_versions row \"tag {}\"",
            one[0].0.record_uuid
        );
        assert!(damage.to_string().contains(&name), "{damage}");
    }
    let db = database("");
    put(&db, one, Some(&[Tie::Reference(id("tag", 1))]));
    db.execute("UPDATE sync_log_ties SET record_uuid = 1", [])
        .unwrap();
    let ties = [Tie::Reference(id("tag", 1))];
    let damage = in_place(look_up(&db, &wanted(&[], &ties))).unwrap_err();
    assert_eq!(damage.fault(), StoreFault::Corrupt, "{damage}");
}

#[test]
fn records_are_searched_by_their_keys() {
    let db = database("");
    for statement in [&super::RECORDS, &super::RECORDS_AND_TIED, &super::UNTIE] {
        let explain = format!("EXPLAIN QUERY PLAN {}", statement.text());
        let mut query = db.prepare(&explain).unwrap();
        let mut rows = query.raw_query();
        let mut plan = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push(row.get::<_, String>("detail").unwrap());
        }
        assert!(plan.iter().any(|it| it.starts_with("SEARCH")), "{plan:?}");
        let scans = |it: &&String| it.starts_with("SCAN") && !it.contains("VIRTUAL TABLE");
        assert_eq!(plan.iter().find(scans), None);
    }
}

#[test]
fn a_long_argument_is_passed_in_parts() {
    let element = "1".repeat(3 << 20);
    let parts = arrays(
        [&element, &element, "2", "3"]
            .map(ToString::to_string)
            .into_iter(),
    );
    let lengths: Vec<_> = parts.iter().map(|part| part.text.len()).collect();
    assert_eq!(lengths, [element.len() + 2, element.len() + 6]);
    let elements: Vec<_> = parts.iter().map(|part| part.elements).collect();
    assert_eq!(elements, [1, 3]);
    assert!(arrays(std::iter::empty()).is_empty());
}
