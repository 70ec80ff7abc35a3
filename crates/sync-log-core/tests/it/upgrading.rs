//! A newer app shows what it would have shown if it had been there from the start (`X6`).

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use sync_log_core::receive::{
    Facts, Models, Move, Reading, RecordId, Rule, Standing, merge, redecide,
};
use sync_log_core::{Change, Hlc, JsonText, Uuid};

use crate::common::oracle::Oracle;
use crate::common::records::{MemoryRecords, Rows, Tables};
use crate::common::run;
use crate::common::tables::{App, PerField};
use crate::showing::entry;

/// The app before it knew photos, the newest links, that names are unique, and what refers to what.
struct Older;

impl Models for Older {
    fn rule(&self, model_type: &str, model_version: u32) -> Rule {
        if model_type == "photo" {
            return Rule::Unknown;
        }
        App.rule(model_type, model_version)
    }

    fn knows(&self, model_type: &str, member: &str) -> bool {
        App.knows(model_type, member)
    }

    fn read(&self, model_type: &str, model_version: u32, payload: &JsonText) -> Reading {
        match (model_type, App.read(model_type, model_version, payload)) {
            ("photo", _) => Reading::UnknownModel,
            ("link", Reading::Readable(_)) => Reading::NewerModel,
            (_, Reading::Readable(_)) => Reading::Readable(Facts::default()),
            (_, other) => other,
        }
    }
}

/// Tables that refuse a payload with a question in it, and nothing else.
#[derive(Default)]
struct NoQuestions(Rows);

impl Tables for NoQuestions {
    fn change(&mut self, steps: &[Move]) -> Vec<(RecordId, String)> {
        let refused = steps.iter().filter_map(|step| match step {
            Move::Show(id, payload) if payload.as_str().contains('?') => {
                Some((id.clone(), "a question".to_owned()))
            }
            _ => None,
        });
        let refused: Vec<_> = refused.collect();
        if refused.is_empty() {
            self.0.change(steps);
        }
        refused
    }
}

type Records = MemoryRecords<NoQuestions>;

/// What the tables hold, and why the rest is not in them.
fn shown(tables: &Records) -> BTreeMap<RecordId, (Standing, Option<Value>)> {
    let row = |id| tables.tables.0.0.get(id).map(|row| row.parse_as().unwrap());
    let records = tables.records.iter();
    records
        .map(|(id, record)| (id.clone(), (record.standing.clone(), row(id))))
        .collect()
}

fn to_be_shown(oracle: &Oracle) -> BTreeMap<RecordId, (Standing, Option<Value>)> {
    let standings = oracle.standings().into_iter();
    let with_row = standings.map(|(id, standing)| {
        let row = standing.emptied().map(|emptied| {
            let mut row: Value = oracle.winners[&id].data.parse_as().unwrap();
            for member in emptied {
                row[member] = Value::Null;
            }
            row
        });
        (id, (standing, row))
    });
    with_row.collect()
}

/// The app of today does not know the colour of a tag, and merges tags as a whole.
#[test]
fn a_member_that_the_older_app_did_not_know_is_not_lost_with_the_change_that_had_it() {
    let id = RecordId::new("tag", Uuid::from_u128(1));
    let change = |ms, data: Value| {
        let change = Change::update("tag", id.record_uuid, &data).unwrap();
        change.stamped(Hlc::new(ms, 0, Uuid::from_u128(2)))
    };
    let lower = change(1, serde_json::json!({ "name": "red", "colour": "blue" }));
    let higher = change(2, serde_json::json!({ "name": "sea" }));
    for entries in [[lower.clone(), higher.clone()], [higher, lower]] {
        let mut tables = Records::default();
        for entry in entries {
            run(merge(&mut tables, &App, &[entry])).unwrap();
        }
        let row = |of: &Records| of.tables.0.0[&id].parse_as::<Value>().unwrap();
        assert_eq!(row(&tables), serde_json::json!({ "name": "sea" }));
        run(redecide(&mut tables, &PerField)).unwrap();
        let whole = serde_json::json!({ "name": "sea", "colour": "blue" });
        assert_eq!(row(&tables), whole);
    }
}

proptest! {
    #[test]
    fn a_newer_app_shows_what_it_would_have_shown_from_the_start(
        history in proptest::collection::vec(entry(), 1..40),
        later in proptest::collection::vec(entry(), 0..20),
    ) {
        let mut tables = Records::default();
        run(merge(&mut tables, &Older, &history)).unwrap();
        run(redecide(&mut tables, &App)).unwrap();
        let mut so_far = history;
        prop_assert_eq!(shown(&tables), to_be_shown(&Oracle::of(&so_far)));
        for entry in later {
            run(merge(&mut tables, &App, std::slice::from_ref(&entry))).unwrap();
            so_far.push(entry);
            prop_assert_eq!(shown(&tables), to_be_shown(&Oracle::of(&so_far)));
        }
    }
}
