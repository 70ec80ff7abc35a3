//! A record while it is decided.

use hlc::Hlc;

use super::facts::{Facts, Models, Reading, Tie};
use super::record::RecordId;
use super::standing::{Record, Standing, WhyNotShown};
use super::version::Version;
use crate::model::JsonText;

/// A record that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// As it is stored.
    pub(super) old: Option<Record>,
    /// The facts of the stored version, if that version is live and can be read.
    pub(super) old_facts: Facts,
    /// The row of the record in the app's tables.
    pub(super) row: Option<Row>,
    /// Whether the row may differ from what was decided for it: it was made for other models, the database
    /// emptied a reference in it, or the app may not have written it.
    pub(super) is_stale: bool,
    /// Whether row and ties were made for other models than those of today.
    pub(super) is_outdated: bool,
    /// The version, as it is now.
    pub(super) version: Version,
    /// The facts of the version, if it is live and can be read.
    pub(super) facts: Facts,
    /// The payload of the version, if it is live and can be read.
    pub(super) payload: Option<JsonText>,
    /// Why the record is not shown, if the reason is in the record itself.
    pub(super) unfit: Option<Unfit>,
    /// The highest deletion that reached the record so far: its own, or one that deleted it together with
    /// a record that it follows.
    pub(super) reached_before: Hlc,
    /// The highest deletion that reaches the record now.
    pub(super) reached: Hlc,
    /// What the app's tables are to show of the record.
    pub(super) standing: Standing,
}

/// A row of the app's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The payload that the row shows.
    pub(super) payload: JsonText,
    /// What the payload says.
    pub(super) facts: Facts,
    /// The members that are empty in the row.
    pub(super) emptied: Vec<String>,
}

/// Why a record is not shown, if the reason is in the record itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    Deleted,
    Because(WhyNotShown),
}

impl Node {
    /// Whether a row shows the record so far.
    pub(super) fn was_shown(&self) -> bool {
        let old = self.old.as_ref();
        old.is_some_and(|old| old.standing.is_shown())
    }

    /// Whether a record that this one follows was deleted after its last change.
    pub(super) fn is_outlived(&self) -> bool {
        self.reached > self.version.source.hlc
    }

    /// What ties the records whose standing may change because of this one.
    pub(super) fn ties_moved(&self, id: &RecordId) -> Vec<Tie> {
        let is_held = |facts: &Facts, standing: Option<&Standing>| {
            let is_live = standing.is_some_and(|standing| *standing != Standing::Deleted);
            if is_live {
                facts.keys.clone()
            } else {
                Vec::new()
            }
        };
        let stored = self.old.as_ref();
        let before = if self.is_outdated {
            // What the record held for other models is not known any more.
            Vec::new()
        } else {
            is_held(&self.old_facts, stored.map(|record| &record.standing))
        };
        let now = is_held(&self.facts, Some(&self.standing));
        let lost = before.iter().filter(|key| !now.contains(key));
        let gained = now.iter().filter(|key| !before.contains(key));
        let keys = lost.chain(gained).map(|key| key.tie(&id.model_type));
        let mut ties: Vec<_> = keys.collect();
        // What follows this record counts as deleted by what reaches this record.
        if self.was_shown() != self.standing.is_shown() || self.reached_before != self.reached {
            ties.push(Tie::Reference(id.clone()));
        }
        ties
    }
}

/// Reads a version by itself: its facts and its payload, or why its record is not shown.
pub(super) fn read(
    models: &impl Models,
    id: &RecordId,
    version: &Version,
) -> (Facts, Option<JsonText>, Option<Unfit>) {
    let none = |unfit| (Facts::default(), None, Some(unfit));
    let because = |why| none(Unfit::Because(why));
    let model = id.model_type.as_str();
    let rule = models.rule(model, version.model_version);
    let Some(payload) = version.payload(rule) else {
        return none(Unfit::Deleted);
    };
    let newest = version.newest_model_version(rule);
    match models.read(model, newest, &payload) {
        Reading::Readable(facts) => (facts, Some(payload), None),
        Reading::UnknownModel => because(WhyNotShown::UnknownModel),
        Reading::NewerModel => because(WhyNotShown::NewerModel),
        Reading::Refused(why) => because(WhyNotShown::Refused(why)),
    }
}
