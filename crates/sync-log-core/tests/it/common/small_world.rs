//! Random changes of a small world, so that changes meet. The app's tests use it, too.

use proptest::prelude::*;
use serde_json::{Value, json};
use sync_log_core::{ChangeType, Hlc, SharedChangeEntry, Uuid};

/// What the payload of a change is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    /// 0 and 1 delete, 2 and 3 update.
    pub(crate) kind: u8,
    pub(crate) one: u8,
    pub(crate) other: u8,
    pub(crate) name: u8,
}

impl Draw {
    /// Refers to a record of this model, or to none.
    pub(crate) fn reference(self, model: u8) -> Option<Uuid> {
        (self.one < 3).then(|| id(model, self.one))
    }

    /// A photo is in an album, and may have a tag.
    pub(crate) fn photo(self) -> Value {
        json!({ "album": id(1, self.other), "tag": self.reference(0) })
    }

    /// A link is one of a photo in an album.
    pub(crate) fn link(self) -> Value {
        json!({ "photo": id(2, self.other), "album": id(1, self.name) })
    }

    fn change_type(self) -> ChangeType {
        match self.kind {
            0 | 1 => ChangeType::Delete,
            2 | 3 => ChangeType::Update,
            _ => ChangeType::Insert,
        }
    }
}

/// The record of a model, which is one by its place in the list of models.
pub(crate) fn id(model: u8, number: u8) -> Uuid {
    Uuid::from_u128(u128::from(model) << 64 | u128::from(number))
}

/// A change of a record of one of these models, in which stands what `payload` makes of a draw.
pub(crate) fn entry(
    models: &'static [&'static str],
    payload: fn(u8, Draw) -> Value,
) -> impl Strategy<Value = SharedChangeEntry> {
    let stamp = (1..40u64, 1..4u128);
    let content = (0..8u8, 0..4u8, 0..3u8, 0..3u8, 0..12u8);
    let model = 0..u8::try_from(models.len()).unwrap();
    (stamp, model, 0..3u8, content).prop_map(move |((ms, device), model, number, content)| {
        let (kind, one, other, name, newer) = content;
        let draw = Draw {
            kind,
            one,
            other,
            name,
        };
        let change_type = draw.change_type();
        let data = match change_type {
            ChangeType::Delete => Value::Null,
            _ => payload(model, draw),
        };
        let counter = u64::from(model) * 4 + u64::from(number);
        SharedChangeEntry {
            hlc: Hlc::new(ms, counter, Uuid::from_u128(device)),
            model_type: models[usize::from(model)].to_owned(),
            record_uuid: id(model, number),
            change_type,
            data: data.into(),
            model_version: u32::from(newer == 0),
            group_end: true,
        }
    })
}

/// Each of up to 40 changes twice, in any order, in batches of any size below `batch_end`.
pub(crate) fn arrivals(
    entry: impl Strategy<Value = SharedChangeEntry>,
    batch_end: usize,
) -> impl Strategy<Value = Vec<Vec<SharedChangeEntry>>> {
    let entries = proptest::collection::vec(entry, 1..40);
    let sizes = proptest::collection::vec(1..batch_end, 1..60);
    (entries, sizes).prop_flat_map(|(entries, sizes)| {
        let twice = [entries.clone(), entries].concat();
        let shuffled = Just(twice).prop_shuffle();
        (shuffled, Just(sizes)).prop_map(|(shuffled, sizes)| {
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
            batches
        })
    })
}
