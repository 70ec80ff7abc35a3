//! An app's models, and tables as strict as a database.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::receive::{
    Facts, Found, Key, Models, Move, Need, OwnStore, Reading, ReceiverStore, Record, RecordId,
    RecordStore, RecordWrite, Reference, Rule, Standing, Tie, Wanted, merge,
};
use sync_log_core::{Cursor, DeviceId, Hlc, JsonText, SharedChangeEntry, StoreError};

use super::run;

/// Tags have a unique name. Albums may have a cover, and refuse the title `?`. A photo must be in an
/// album, and may have a tag. A link must refer to a photo, and follows an album.
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
            _ => &[],
        }
    }
}

impl Models for App {
    fn rule(&self, model_type: &str, model_version: u32) -> Rule {
        match (model_type, model_version) {
            ("tag" | "album" | "photo" | "link", 0) => Rule::WholeRecord,
            _ => Rule::Unknown,
        }
    }

    fn knows(&self, _: &str, member: &str) -> bool {
        member != "colour"
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
        let keys = member("name").filter(|_| model_type == "tag");
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

pub(crate) fn facts(id: &RecordId, payload: &JsonText) -> Facts {
    match App.read(&id.model_type, 0, payload) {
        Reading::Readable(facts) => facts,
        other => panic!("a row holds what can be read: {other:?}"),
    }
}

/// Tables as strict as a database: unique keys hold after each step, no row goes while another one
/// must refer to it, and all references hold at the end.
#[derive(Default)]
pub(crate) struct Strict {
    records: BTreeMap<RecordId, Record>,
    ties: BTreeSet<(Tie, RecordId)>,
    pub(crate) rows: BTreeMap<RecordId, JsonText>,
    pub(crate) watermarks: BTreeMap<DeviceId, Cursor>,
    pub(crate) waiting: BTreeMap<Hlc, SharedChangeEntry>,
    pub(crate) observed: Option<Hlc>,
    pub(crate) outbox: Vec<SharedChangeEntry>,
}

impl RecordStore for Strict {
    async fn look_up(&mut self, wanted: &Wanted) -> Result<Found, StoreError> {
        let records = wanted.records.iter();
        let records = records.filter_map(|id| Some((id.clone(), self.records.get(id)?.clone())));
        let tied = self
            .ties
            .iter()
            .filter(|(tie, _)| wanted.ties.contains(tie));
        Ok(Found {
            records: records.collect(),
            tied: tied.cloned().collect(),
        })
    }

    async fn write(&mut self, records: &[RecordWrite]) -> Result<(), StoreError> {
        for write in records {
            self.records.insert(write.id.clone(), write.record.clone());
            if let Some(ties) = &write.ties {
                self.ties.retain(|(_, id)| *id != write.id);
                let ties = ties.iter().map(|tie| (tie.clone(), write.id.clone()));
                self.ties.extend(ties);
            }
        }
        Ok(())
    }

    async fn change(&mut self, steps: &[Move]) -> Result<Vec<(RecordId, String)>, StoreError> {
        let mut refused = Vec::new();
        let before = self.rows.clone();
        for step in steps {
            match step {
                Move::Hide(id) => {
                    self.rows.remove(id);
                    for (other, row) in &self.rows {
                        let facts = facts(other, row);
                        let leads = facts.references.iter().any(|it| it.to == *id);
                        assert!(!leads, "{id} went before {other}");
                    }
                }
                Move::Show(id, payload) if payload.as_str().contains('?') => {
                    refused.push((id.clone(), "a question".to_owned()));
                }
                Move::Show(id, payload) => {
                    for key in facts(id, payload).keys {
                        let holds = |(other, row): (&RecordId, &JsonText)| {
                            other.model_type == id.model_type
                                && other != id
                                && facts(other, row).keys.contains(&key)
                        };
                        assert!(!self.rows.iter().any(holds), "{key:?} twice");
                    }
                    self.rows.insert(id.clone(), payload.clone());
                }
            }
        }
        if !refused.is_empty() {
            self.rows = before;
        }
        Ok(refused)
    }
}

impl OwnStore for Strict {
    async fn mark(&mut self) -> Result<Hlc, StoreError> {
        let given_out = self.outbox.last().map(|last| last.hlc);
        Ok(self.observed.max(given_out).unwrap_or(Hlc::ZERO))
    }

    async fn put_out(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        self.outbox.extend_from_slice(entries);
        Ok(())
    }
}

impl ReceiverStore for Strict {
    async fn watermark(&mut self, origin: DeviceId) -> Result<Cursor, StoreError> {
        Ok(self
            .watermarks
            .get(&origin)
            .copied()
            .unwrap_or(Cursor::ZERO))
    }

    async fn move_watermark(&mut self, origin: DeviceId, to: Cursor) -> Result<(), StoreError> {
        self.watermarks.insert(origin, to);
        Ok(())
    }

    async fn waiting(&mut self) -> Result<Vec<SharedChangeEntry>, StoreError> {
        Ok(self.waiting.values().cloned().collect())
    }

    async fn set_aside(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        for entry in entries {
            let there = self.waiting.insert(entry.hlc, entry.clone());
            assert_eq!(there, None, "it waits already");
        }
        Ok(())
    }

    async fn take_back(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        for entry in entries {
            assert!(
                self.waiting.remove(&entry.hlc).is_some(),
                "it does not wait"
            );
        }
        Ok(())
    }

    async fn observe(&mut self, highest: Hlc) -> Result<(), StoreError> {
        self.observed = self.observed.max(Some(highest));
        Ok(())
    }
}

impl Strict {
    pub(crate) fn take(&mut self, entries: &[SharedChangeEntry]) {
        run(merge(self, &App, entries)).unwrap();
        self.refuse_dangling();
    }

    pub(crate) fn refuse_dangling(&self) {
        for (id, row) in &self.rows {
            for reference in facts(id, row).references {
                assert!(self.rows.contains_key(&reference.to), "{id} dangles");
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
