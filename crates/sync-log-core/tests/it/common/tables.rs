//! An app's models, and tables as strict as a database.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::receive::{
    Facts, Key, Models, Move, Need, Reading, RecordId, Reference, Rule, Standing, merge,
};
use sync_log_core::{JsonText, SharedChangeEntry};

use super::records::{MemoryRecords, Tables};
use super::run;

/// Tags have a unique name. Albums may have a cover. A photo must be in an album, and may have a tag. A
/// link must refer to a photo, and follows an album. A part of a chain must refer to the next one, and
/// to a tag if it names one. A folder has a unique name, and follows the folder that it is in. A payload
/// with a `?` is refused, and so is a payload without the member that it names in `needs`.
pub(crate) struct App;

impl App {
    fn references(model: &str) -> &'static [(&'static str, &'static str, Need)] {
        match model {
            "album" => &[("cover", "photo", Need::May)],
            "photo" => &[("album", "album", Need::Must), ("tag", "tag", Need::May)],
            "link" => &[
                ("photo", "photo", Need::Must),
                ("album", "album", Need::Follows),
            ],
            "chain" => &[("next", "chain", Need::Must), ("tag", "tag", Need::Must)],
            "folder" => &[("parent", "folder", Need::Follows)],
            _ => &[],
        }
    }
}

impl Models for App {
    fn rule(&self, model_type: &str, model_version: u32) -> Rule {
        match (model_type, model_version) {
            ("tag" | "album" | "photo" | "link" | "chain" | "folder", 0) => Rule::WholeRecord,
            _ => Rule::Unknown,
        }
    }

    fn knows(&self, _: &str, member: &str) -> bool {
        member != "colour"
    }

    fn is_followed(&self, model_type: &str) -> bool {
        matches!(model_type, "album" | "folder")
    }

    fn is_follower(&self, model_type: &str) -> bool {
        matches!(model_type, "link" | "folder")
    }

    fn read(&self, model_type: &str, model_version: u32, payload: &JsonText) -> Reading {
        if model_version > 0 {
            return Reading::NewerModel;
        }
        let Ok(payload) = payload.parse_as::<BTreeMap<String, serde_json::Value>>() else {
            return Reading::Refused("it is no object".to_owned());
        };
        let member = |name: &str| payload.get(name)?.as_str().map(str::to_owned);
        let references = Self::references(model_type).iter();
        let references = references.filter_map(|(name, to, need)| {
            Some(Reference {
                member: (*name).to_owned(),
                to: RecordId::new(*to, member(name)?.parse().ok()?),
                need: *need,
            })
        });
        let keys = member("name").filter(|_| matches!(model_type, "tag" | "folder"));
        let keys = keys.into_iter().map(|value| Key {
            name: "name".to_owned(),
            value,
        });
        Reading::Readable(Facts {
            references: references.collect(),
            keys: keys.collect(),
        })
    }
}

/// The same app, but it merges the members of every record one by one.
pub(crate) struct ByMember;

impl Models for ByMember {
    fn rule(&self, _: &str, _: u32) -> Rule {
        Rule::PerField { since: 0 }
    }

    fn knows(&self, _: &str, _: &str) -> bool {
        true
    }

    fn is_followed(&self, model_type: &str) -> bool {
        App.is_followed(model_type)
    }

    fn is_follower(&self, model_type: &str) -> bool {
        App.is_follower(model_type)
    }

    fn read(&self, model_type: &str, model_version: u32, payload: &JsonText) -> Reading {
        App.read(model_type, model_version, payload)
    }
}

/// An app without references and keys, that merges the members of every record one by one from version 1
/// on.
pub(crate) struct PerField;

impl Models for PerField {
    fn rule(&self, _: &str, _: u32) -> Rule {
        Rule::PerField { since: 1 }
    }

    fn knows(&self, _: &str, _: &str) -> bool {
        true
    }

    fn read(&self, _: &str, _: u32, _: &JsonText) -> Reading {
        Reading::Readable(Facts::default())
    }
}

pub(crate) fn facts(id: &RecordId, payload: &JsonText) -> Facts {
    match App.read(&id.model_type, 0, payload) {
        Reading::Readable(facts) => facts,
        other => panic!("a row holds what can be read: {other:?}"),
    }
}

/// Why the tables refuse a payload with a `?`.
pub(crate) const A_QUESTION: &str = "a question";
/// Why the tables refuse a payload without the member that it needs.
pub(crate) const LACKS_A_MEMBER: &str = "it lacks a member";

/// The reference records, over tables as strict as a database.
pub(crate) type Strict = MemoryRecords<StrictRows>;

/// Unique keys hold after each step, no row goes while another one must refer to it, and all
/// references hold at the end.
#[derive(Clone, Default)]
pub(crate) struct StrictRows(pub(crate) BTreeMap<RecordId, JsonText>);

impl Tables for StrictRows {
    fn change(&mut self, steps: &[Move]) -> Vec<(RecordId, String)> {
        let before = self.0.clone();
        let mut refused = Vec::new();
        for step in steps {
            match step {
                // A row that could not be emptied may still refer to this one.
                Move::Hide(id) if !refused.is_empty() => drop(self.0.remove(id)),
                Move::Hide(id) => self.hide(id),
                Move::Show(id, payload) if payload.as_str().contains('?') => {
                    refused.push((id.clone(), A_QUESTION.to_owned()));
                }
                Move::Show(id, payload) if lacks_what_it_needs(payload) => {
                    refused.push((id.clone(), LACKS_A_MEMBER.to_owned()));
                }
                Move::Show(id, payload) => self.show(id, payload),
            }
        }
        if !refused.is_empty() {
            self.0 = before;
        }
        refused
    }
}

/// Whether the member that the payload names in `needs` is empty, as a `CHECK` would find it.
fn lacks_what_it_needs(payload: &JsonText) -> bool {
    let members = payload.parse_as::<BTreeMap<String, serde_json::Value>>();
    let members = members.unwrap_or_default();
    let is_empty = |name: &str| members.get(name).is_none_or(serde_json::Value::is_null);
    needed_member(payload).is_some_and(|name| is_empty(&name))
}

/// The member without which the app refuses the payload.
pub(crate) fn needed_member(payload: &JsonText) -> Option<String> {
    let members = payload.parse_as::<BTreeMap<String, serde_json::Value>>();
    Some(members.ok()?.get("needs")?.as_str()?.to_owned())
}

impl StrictRows {
    fn hide(&mut self, id: &RecordId) {
        let circle = self.referred_from(id);
        self.0.remove(id);
        for (other, row) in &self.0 {
            let needed = needed_member(row);
            for reference in facts(other, row).references {
                // Of the rows of a circle, one has to go first: one that needs its reference.
                let may_go = circle.contains(other) && Some(&reference.member) != needed.as_ref();
                assert!(reference.to != *id || may_go, "{id} went before {other}");
            }
        }
    }

    /// The records to which a row refers, through however many.
    fn referred_from(&self, id: &RecordId) -> BTreeSet<RecordId> {
        let mut reached = BTreeSet::new();
        let mut next = vec![id.clone()];
        while let Some(from) = next.pop() {
            let rows = self.0.get_key_value(&from).into_iter();
            let references = rows.flat_map(|(it, row)| facts(it, row).references);
            next.extend(
                references
                    .map(|it| it.to)
                    .filter(|to| reached.insert(to.clone())),
            );
        }
        reached
    }

    fn show(&mut self, id: &RecordId, payload: &JsonText) {
        for key in facts(id, payload).keys {
            let holds = |(other, row): (&RecordId, &JsonText)| {
                other.model_type == id.model_type
                    && other != id
                    && facts(other, row).keys.contains(&key)
            };
            assert!(!self.0.iter().any(holds), "{key:?} twice");
        }
        self.0.insert(id.clone(), payload.clone());
    }
}

impl Strict {
    pub(crate) fn take(&mut self, entries: &[SharedChangeEntry]) {
        self.take_with(&App, entries);
    }

    pub(crate) fn take_with(&mut self, models: &impl Models, entries: &[SharedChangeEntry]) {
        run(merge(self, models, entries)).unwrap();
        self.refuse_dangling();
    }

    pub(crate) fn refuse_dangling(&self) {
        for (id, row) in &self.tables.0 {
            for reference in facts(id, row).references {
                assert!(self.tables.0.contains_key(&reference.to), "{id} dangles");
            }
        }
    }

    pub(crate) fn standings(&self) -> BTreeMap<RecordId, Standing> {
        let records = self.records.iter();
        records
            .map(|(id, record)| (id.clone(), record.standing.clone()))
            .collect()
    }
}
