//! What an app's tables show is a function of the versions alone, whatever the order of arrival
//! (`X4`, `X6`).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sync_log_core::receive::{
    Facts, Found, Key, Models, Move, Need, Reading, Record, RecordId, RecordStore, RecordWrite,
    Reference, Rule, Standing, Tie, Wanted, WhyNotShown, merge,
};
use sync_log_core::{ChangeType, Digest, Hlc, JsonText, SharedChangeEntry, StoreError, Uuid};

use crate::common::run;

/// Tags have a unique name. Albums may have a cover, and refuse the title `?`. A photo must be in an
/// album, and may have a tag. A link must refer to a photo, and follows an album.
struct App;

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

fn facts(id: &RecordId, payload: &JsonText) -> Facts {
    match App.read(&id.model_type, 0, payload) {
        Reading::Readable(facts) => facts,
        other => panic!("a row holds what can be read: {other:?}"),
    }
}

/// Tables as strict as a database: unique keys hold after each step, no row goes while another one
/// must refer to it, and all references hold at the end.
#[derive(Default)]
struct Strict {
    records: BTreeMap<RecordId, Record>,
    ties: BTreeSet<(Tie, RecordId)>,
    rows: BTreeMap<RecordId, JsonText>,
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

impl Strict {
    fn take(&mut self, entries: &[SharedChangeEntry]) {
        run(merge(self, &App, entries)).unwrap();
        for (id, row) in &self.rows {
            for reference in facts(id, row).references {
                assert!(self.rows.contains_key(&reference.to), "{id} dangles");
            }
        }
    }

    fn standings(&self) -> BTreeMap<RecordId, Standing> {
        let records = self.records.iter();
        records
            .map(|(id, record)| (id.clone(), record.standing.clone()))
            .collect()
    }
}

/// What is to be shown, computed from all changes at once, the slow way.
struct Oracle {
    winners: BTreeMap<RecordId, SharedChangeEntry>,
    deleted: BTreeMap<RecordId, Hlc>,
}

impl Oracle {
    fn of(entries: &[SharedChangeEntry]) -> Self {
        let mut winners: BTreeMap<RecordId, SharedChangeEntry> = BTreeMap::new();
        let mut deleted = BTreeMap::new();
        for entry in entries {
            let id = RecordId::of(entry);
            let rank = |of: &SharedChangeEntry| (of.hlc, Digest::of(of));
            let wins = |other: &SharedChangeEntry| rank(entry) > rank(other);
            if winners.get(&id).is_none_or(wins) {
                winners.insert(id.clone(), entry.clone());
            }
            if entry.change_type == ChangeType::Delete {
                let highest = deleted.entry(id).or_insert(Hlc::ZERO);
                *highest = entry.hlc.max(*highest);
            }
        }
        Self { winners, deleted }
    }

    fn facts(&self, id: &RecordId) -> Option<Facts> {
        let winner = &self.winners[id];
        let is_readable = winner.model_version == 0 && winner.change_type != ChangeType::Delete;
        let facts = is_readable.then(|| facts(id, &winner.data))?;
        let is_outlived = facts.references.iter().any(|reference| {
            reference.need == Need::Follows
                && self
                    .deleted
                    .get(&reference.to)
                    .is_some_and(|it| *it > winner.hlc)
        });
        (!is_outlived).then_some(facts)
    }

    fn duplicate_of(&self, id: &RecordId, facts: &Facts) -> Option<Uuid> {
        let same_key = |other: &&RecordId| {
            let others = self.facts(other).unwrap_or_default().keys;
            other.model_type == id.model_type && others.iter().any(|key| facts.keys.contains(key))
        };
        let lowest = self.winners.keys().find(same_key)?;
        (lowest < id).then_some(lowest.record_uuid)
    }

    fn standings(&self) -> BTreeMap<RecordId, Standing> {
        let mut shown: BTreeSet<RecordId> = BTreeSet::new();
        for id in self.winners.keys() {
            let facts = self.facts(id);
            let is_refused = self.winners[id].data.as_str().contains('?');
            if facts.is_some_and(|facts| self.duplicate_of(id, &facts).is_none()) && !is_refused {
                shown.insert(id.clone());
            }
        }
        loop {
            let lacks = |id: &&RecordId| self.missing(id, &shown).is_some();
            let Some(lacking) = shown.iter().find(lacks).cloned() else {
                break;
            };
            shown.remove(&lacking);
        }
        let ids = self.winners.keys();
        ids.map(|id| (id.clone(), self.standing(id, &shown)))
            .collect()
    }

    fn missing(&self, id: &RecordId, shown: &BTreeSet<RecordId>) -> Option<RecordId> {
        let facts = self.facts(id)?;
        let mut needed = facts
            .references
            .into_iter()
            .filter(|it| it.need != Need::May);
        let missing = needed.find(|it| !shown.contains(&it.to))?;
        Some(missing.to)
    }

    fn standing(&self, id: &RecordId, shown: &BTreeSet<RecordId>) -> Standing {
        let winner = &self.winners[id];
        if winner.change_type != ChangeType::Delete && winner.model_version > 0 {
            return Standing::NotShown(WhyNotShown::NewerModel);
        }
        let Some(facts) = self.facts(id) else {
            return Standing::Deleted;
        };
        if let Some(other) = self.duplicate_of(id, &facts) {
            return Standing::NotShown(WhyNotShown::DuplicateOf(other));
        }
        if let Some(missing) = self.missing(id, shown) {
            return Standing::NotShown(WhyNotShown::MissingRecord(missing));
        }
        if !shown.contains(id) {
            return Standing::NotShown(WhyNotShown::Refused("a question".to_owned()));
        }
        let may = facts.references.iter().filter(|it| it.need == Need::May);
        let emptied = may.filter(|it| !shown.contains(&it.to));
        Standing::Shown {
            emptied: emptied.map(|it| it.member.clone()).collect(),
        }
    }
}

fn id(model: u8, number: u8) -> Uuid {
    Uuid::from_u128(u128::from(model) << 64 | u128::from(number))
}

/// A change of a small world, so that changes meet.
fn entry() -> impl Strategy<Value = SharedChangeEntry> {
    let stamp = (1..40u64, 1..4u128);
    let content = (0..8u8, 0..4u8, 0..3u8, 0..3u8, 0..12u8);
    (stamp, 0..4u8, 0..3u8, content).prop_map(|((ms, device), model, number, content)| {
        let (kind, one, other, name, newer) = content;
        let model_type = ["tag", "album", "photo", "link"][usize::from(model)];
        let colour = ["red", "blue", "green"][usize::from(name)];
        let data = match model {
            0 => serde_json::json!({ "name": colour }),
            1 => serde_json::json!({
                "title": if kind == 3 { "?" } else { "fine" },
                "cover": (one < 3).then(|| id(2, one)),
            }),
            2 => serde_json::json!({
                "album": id(1, other),
                "tag": (one < 3).then(|| id(0, one)),
            }),
            _ => serde_json::json!({ "photo": id(2, other), "album": id(1, name) }),
        };
        let change_type = match kind {
            0 | 1 => ChangeType::Delete,
            2 | 3 => ChangeType::Update,
            _ => ChangeType::Insert,
        };
        SharedChangeEntry {
            hlc: Hlc::new(
                ms,
                u64::from(model) * 4 + u64::from(number),
                Uuid::from_u128(device),
            ),
            model_type: model_type.to_owned(),
            record_uuid: id(model, number),
            change_type,
            data: if change_type == ChangeType::Delete {
                serde_json::Value::Null.into()
            } else {
                data.into()
            },
            model_version: u32::from(newer == 0),
            group_end: true,
        }
    })
}

fn arrivals() -> impl Strategy<Value = (Vec<SharedChangeEntry>, Vec<Vec<SharedChangeEntry>>)> {
    let entries = proptest::collection::vec(entry(), 1..40);
    let sizes = proptest::collection::vec(1..8usize, 1..60);
    (entries, sizes).prop_flat_map(|(entries, sizes)| {
        let twice = [entries.clone(), entries.clone()].concat();
        let shuffled = Just(twice).prop_shuffle();
        (Just(entries), shuffled, Just(sizes)).prop_map(|(entries, shuffled, sizes)| {
            let mut rest = shuffled.as_slice();
            let mut batches = Vec::new();
            for size in sizes.iter().cycle() {
                let (batch, after) = rest.split_at(rest.len().min(*size));
                batches.push(batch.to_vec());
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            (entries, batches)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_shown_follows_from_the_changes_and_not_from_their_order((_, batches) in arrivals()) {
        let mut tables = Strict::default();
        let mut so_far = Vec::new();
        for batch in batches {
            tables.take(&batch);
            so_far.extend(batch);
            prop_assert_eq!(tables.standings(), Oracle::of(&so_far).standings());
            let shown: Vec<_> = tables.rows.keys().cloned().collect();
            let standings = tables.standings();
            let to_be_shown = standings.iter().filter(|(_, standing)| standing.is_shown());
            let to_be_shown: Vec<_> = to_be_shown.map(|(id, _)| id.clone()).collect();
            prop_assert_eq!(shown, to_be_shown);
        }
    }
}
