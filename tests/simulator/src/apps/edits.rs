//! What an app does to its rows, and what it hands to the log for it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_log_core::receive::RecordId;
use sync_log_core::{Change, ChangeType, Uuid};

use super::release::{Payload, REFUSED_TITLE, TITLE_OF_A_COVER};
use super::rows::Rows;
use super::step::{Edit, How, Model, References};

/// How many records of a model there are: few, so that devices change the same ones.
const RECORDS: u8 = 4;

/// How many names tags can have.
const NAMES: u8 = 4;

/// The record of a model with this number.
fn record(model: Model, number: u8) -> RecordId {
    let kind = Model::ALL.iter().position(|other| *other == model);
    let kind = kind.map_or(0, |place| place as u64 + 1);
    let id = Uuid::from_u64_pair(kind, u64::from(number % RECORDS) + 1);
    RecordId::new(model.name(), id)
}

/// A change that the app records.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    pub change: Change,
    /// Whether the app changed the row. It leaves the row of a record that is not shown to the receiver.
    pub has_row: bool,
}

/// Makes edits in the rows, and returns the changes that they are for the log. `hidden` are the records
/// that are not shown. There are no changes if the database checks references and one leads nowhere: then
/// it commits nothing.
pub fn make_all(
    rows: &mut Rows,
    hidden: &BTreeSet<RecordId>,
    edits: &[Edit],
    references: References,
) -> Vec<Made> {
    let changes = edits.iter().flat_map(|edit| make(rows, hidden, *edit));
    let changes: Vec<Made> = changes.collect();
    let is_refused = references == References::Checked && rows.dangling().is_some();
    if is_refused { Vec::new() } else { changes }
}

fn make(rows: &mut Rows, hidden: &BTreeSet<RecordId>, edit: Edit) -> Vec<Made> {
    let id = record(edit.model, edit.record);
    let is_hidden = hidden.contains(&id) && !rows.rows.contains_key(&id);
    // The other half of these edits inserts a row.
    let has_row = !is_hidden || edit.values[2].is_multiple_of(2);
    let changes = if has_row {
        change_rows(rows, edit)
    } else {
        change_hidden(rows, &id, edit).into_iter().collect()
    };
    let made = changes.into_iter().map(|change| Made { change, has_row });
    made.collect()
}

/// Changes a record that has no row. The app knows from the receiver that there is one.
fn change_hidden(rows: &Rows, id: &RecordId, edit: Edit) -> Option<Change> {
    rows.release.version(&id.model_type)?;
    let row = || Some(rows.release.row(&id.model_type, &payload(edit)));
    match edit.how {
        How::Delete => Some(change(rows, id, ChangeType::Delete, None)),
        How::Save | How::Insert => Some(change(rows, id, ChangeType::Insert, row())),
        How::Update => Some(change(rows, id, ChangeType::Update, row())),
        How::SaveUnchanged | How::Swap => None,
    }
}

/// Makes an edit in the rows, and returns the changes that it is for the log. There are none if the
/// database does not let it, or if the app does not know the model.
fn change_rows(rows: &mut Rows, edit: Edit) -> Vec<Change> {
    let id = record(edit.model, edit.record);
    let is_there = rows.rows.contains_key(&id);
    match edit.how {
        How::Swap => swap(rows, edit),
        How::Delete if rows.delete(&id) => vec![change(rows, &id, ChangeType::Delete, None)],
        How::Delete => Vec::new(),
        How::SaveUnchanged => save_unchanged(rows, &id),
        How::Save | How::Update if is_there => update(rows, &id, edit),
        How::Update if rows.release.is_per_field(&id.model_type) => {
            // It changes no row, as an `UPDATE` of one that is not there.
            let part = part_of(payload(edit), edit);
            vec![change(rows, &id, ChangeType::Update, Some(part))]
        }
        How::Update => put(rows, &id, ChangeType::Update, payload(edit)),
        How::Save | How::Insert => put(rows, &id, ChangeType::Insert, payload(edit)),
    }
}

/// The whole payload, as the values say, in the newest release.
fn payload(edit: Edit) -> Payload {
    let [first, second, third] = edit.values;
    let id = |model, number| record(model, number).record_uuid.to_string();
    let value = match edit.model {
        Model::Tag => json!({
            "name": format!("n{}", first % NAMES),
            "colour": (third % 3 > 0).then(|| format!("c{third}")),
        }),
        Model::Album => json!({
            "title": title(first),
            "cover": (second % 3 > 0).then(|| id(Model::Link, third)),
        }),
        Model::Link => json!({
            "album": id(Model::Album, first),
            "tag": id(Model::Tag, second),
            "rank": third,
        }),
        Model::Note => json!({ "a": first, "b": second, "c": third }),
        Model::Memo => json!({ "text": first, "tag": id(Model::Tag, second) }),
    };
    let Value::Object(members) = value else {
        unreachable!("a payload is an object");
    };
    members.into_iter().collect()
}

fn title(drawn: u8) -> String {
    match drawn % 6 {
        0 => REFUSED_TITLE.to_owned(),
        1 => TITLE_OF_A_COVER.to_owned(),
        _ => format!("t{drawn}"),
    }
}

/// Some of the members of a payload.
fn part_of(whole: Payload, edit: Edit) -> Payload {
    let chosen = whole.into_iter().zip(edit.values);
    let chosen = chosen.filter(|(_, value)| value % 2 == 1);
    chosen.map(|(member, _)| member).collect()
}

fn update(rows: &mut Rows, id: &RecordId, edit: Edit) -> Vec<Change> {
    if !rows.release.is_per_field(&id.model_type) {
        return put(rows, id, ChangeType::Update, payload(edit));
    }
    let part = part_of(payload(edit), edit);
    if let Some(row) = rows.rows.get_mut(id) {
        row.extend(part.clone());
    }
    vec![change(rows, id, ChangeType::Update, Some(part))]
}

/// Writes the whole row.
fn put(rows: &mut Rows, id: &RecordId, kind: ChangeType, whole: Payload) -> Vec<Change> {
    let row = rows.release.row(&id.model_type, &whole);
    let is_known = rows.release.version(&id.model_type).is_some();
    if !is_known || !rows.save(id, row.clone()) {
        return Vec::new();
    }
    vec![change(rows, id, kind, Some(row))]
}

fn save_unchanged(rows: &Rows, id: &RecordId) -> Vec<Change> {
    let row = rows.rows.get(id).cloned();
    let saved = row.map(|row| change(rows, id, ChangeType::Update, Some(row)));
    saved.into_iter().collect()
}

/// Two tags change their names. A database lets an app do this in three steps.
fn swap(rows: &mut Rows, edit: Edit) -> Vec<Change> {
    let one = record(Model::Tag, edit.record);
    let other = record(Model::Tag, edit.values[0]);
    let names = (name(rows, &one), name(rows, &other));
    let (Some(name_of_one), Some(name_of_other)) = names else {
        return Vec::new();
    };
    if one == other {
        return Vec::new();
    }
    let mut renamed = |id: &RecordId, name: Value| {
        let row = rows.rows.get_mut(id)?;
        row.insert("name".to_owned(), name);
        let row = row.clone();
        Some(change(rows, id, ChangeType::Update, Some(row)))
    };
    let changes = [renamed(&one, name_of_other), renamed(&other, name_of_one)];
    changes.into_iter().flatten().collect()
}

fn name(rows: &Rows, id: &RecordId) -> Option<Value> {
    rows.rows.get(id)?.get("name").cloned()
}

fn change(rows: &Rows, id: &RecordId, kind: ChangeType, payload: Option<Payload>) -> Change {
    let payload = payload.map_or(Value::Null, |members| members.into_iter().collect());
    Change {
        model_type: id.model_type.clone(),
        record_uuid: id.record_uuid,
        change_type: kind,
        data: payload.into(),
        model_version: rows.release.version(&id.model_type).unwrap_or_default(),
    }
}
