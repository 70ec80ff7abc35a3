//! What a device has to show, computed from all the changes that it has, at once and the slow way.
//!
//! Nothing here asks core: a mistake of core would be a mistake here. The rules are written once more,
//! from the contract.

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::receive::{Need, RecordId, Reference, Standing, WhyNotShown};
use sync_log_core::{ChangeType, Hlc, Uuid};

use super::history::Committed;
use super::release::{PER_FIELD_SINCE, Payload, REFUSAL, Release, references, unique_key};

/// What is to be shown of one record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expected {
    pub(crate) standing: Standing,
    /// The row, if one shows it.
    pub(crate) row: Option<Payload>,
    /// The stamp of its highest change.
    pub(crate) newest: Hlc,
}

/// What is left of the changes of one record.
struct Fold {
    newest: Hlc,
    deleted: Hlc,
    content: Content,
}

enum Content {
    Deleted,
    Unreadable(WhyNotShown),
    Live {
        payload: Payload,
        references: Vec<Reference>,
    },
}

/// What a device of this release has to show that has these changes, in any order.
pub(crate) fn expected<'a>(
    changes: impl Iterator<Item = &'a Committed>,
    release: Release,
) -> BTreeMap<RecordId, Expected> {
    let mut by_record: BTreeMap<&RecordId, Vec<&Committed>> = BTreeMap::new();
    for change in changes {
        by_record.entry(&change.id).or_default().push(change);
    }
    let folds = by_record.into_iter().map(|(id, mut of_it)| {
        of_it.sort_by_key(|change| change.entry.hlc);
        (id.clone(), fold(&id.model_type, &of_it, release))
    });
    let mut oracle = Oracle {
        folds: folds.collect(),
        release,
    };
    oracle.delete_what_follows();
    oracle.decide()
}

/// The changes are ascending.
fn fold(model: &str, changes: &[&Committed], release: Release) -> Fold {
    let deletes = changes.iter().filter(|it| is_delete(it));
    let deleted = deletes.map(|it| it.entry.hlc).max().unwrap_or(Hlc::ZERO);
    let newest = changes.last().map_or(Hlc::ZERO, |it| it.entry.hlc);
    let content = if release.is_per_field(model) {
        each_member(model, changes, deleted)
    } else {
        whole_record(model, changes, release)
    };
    Fold {
        newest,
        deleted,
        content,
    }
}

fn is_delete(change: &Committed) -> bool {
    change.entry.change_type == ChangeType::Delete
}

fn live(model: &str, payload: Payload) -> Content {
    Content::Live {
        references: references(model, &payload),
        payload,
    }
}

fn whole_record(model: &str, changes: &[&Committed], release: Release) -> Content {
    let Some(winner) = changes.last().filter(|winner| !is_delete(winner)) else {
        return Content::Deleted;
    };
    match release.version(model) {
        None => Content::Unreadable(WhyNotShown::UnknownModel),
        Some(version) if winner.entry.model_version > version => {
            Content::Unreadable(WhyNotShown::NewerModel)
        }
        Some(_) => live(model, winner.members.clone()),
    }
}

fn each_member(model: &str, changes: &[&Committed], deleted: Hlc) -> Content {
    let inserts = |it: &&&Committed| match it.entry.change_type {
        ChangeType::Insert => true,
        ChangeType::Update => it.entry.model_version < PER_FIELD_SINCE,
        ChangeType::Delete => false,
    };
    let inserted = changes.iter().filter(inserts).map(|it| it.entry.hlc).max();
    if inserted.is_none_or(|inserted| inserted < deleted) {
        return Content::Deleted;
    }
    let mut payload = Payload::new();
    for change in changes.iter().filter(|it| it.entry.hlc > deleted) {
        payload.extend(change.members.clone());
    }
    live(model, payload)
}

struct Oracle {
    folds: BTreeMap<RecordId, Fold>,
    release: Release,
}

impl Oracle {
    /// A record is deleted if one that it follows was deleted after its last change, and so is what follows
    /// this record and was last changed before that deletion.
    fn delete_what_follows(&mut self) {
        let own = self.folds.iter();
        let mut deletions: BTreeMap<_, _> = own.map(|(id, it)| (id.clone(), it.deleted)).collect();
        loop {
            let outlived = self.folds.iter().filter_map(|(id, fold)| {
                let references = live_references(fold).iter();
                let followed = references.filter(|it| it.need == Need::Follows);
                let above = followed.filter_map(|it| deletions.get(&it.to)).max()?;
                let is_news = *above > fold.newest && *above > deletions[id];
                is_news.then(|| (id.clone(), *above))
            });
            let outlived: Vec<_> = outlived.collect();
            if outlived.is_empty() {
                break;
            }
            deletions.extend(outlived);
        }
        for (id, fold) in &mut self.folds {
            if deletions[id] > fold.newest {
                fold.content = Content::Deleted;
            }
        }
    }

    /// The lowest record that has the unique key of this one.
    fn lowest_with_key_of(&self, id: &RecordId) -> Option<Uuid> {
        let key = |of: &RecordId| match &self.folds.get(of)?.content {
            Content::Live { payload, .. } => unique_key(&of.model_type, payload),
            _ => None,
        };
        let own = key(id)?;
        let same_model = self
            .folds
            .keys()
            .filter(|it| it.model_type == id.model_type);
        let mut same_key = same_model.filter(|it| key(it).as_ref() == Some(&own));
        same_key.next().map(|lowest| lowest.record_uuid)
    }

    fn is_duplicate(&self, id: &RecordId) -> Option<Uuid> {
        let lowest = self.lowest_with_key_of(id)?;
        (lowest != id.record_uuid).then_some(lowest)
    }

    /// Whether the tables refuse a row without its references to records that are not shown.
    fn is_refused(&self, id: &RecordId, shown: &BTreeSet<RecordId>) -> bool {
        let fold = &self.folds[id];
        let row = self.row(id, fold, &emptied(fold, shown));
        self.release.refuses(&id.model_type, &row)
    }

    /// Begins with all records that do not fail by themselves, and takes out those that must refer to
    /// one that is not among them, and those that are refused without one, until none is left.
    fn shown(&self) -> BTreeSet<RecordId> {
        let is_live = |fold: &Fold| matches!(fold.content, Content::Live { .. });
        let fits =
            |(id, fold): &(&RecordId, &Fold)| is_live(fold) && self.is_duplicate(id).is_none();
        let fitting = self.folds.iter().filter(fits);
        let mut shown: BTreeSet<_> = fitting.map(|(id, _)| id.clone()).collect();
        loop {
            let lacks = |id: &&RecordId| {
                missing(&self.folds[*id], &shown).is_some() || self.is_refused(id, &shown)
            };
            let Some(lacking) = shown.iter().find(lacks).cloned() else {
                return shown;
            };
            shown.remove(&lacking);
        }
    }

    fn decide(&self) -> BTreeMap<RecordId, Expected> {
        let shown = self.shown();
        let decided = self.folds.iter().map(|(id, fold)| {
            let standing = self.standing(id, fold, &shown);
            let row = standing
                .emptied()
                .map(|emptied| self.row(id, fold, emptied));
            let newest = fold.newest;
            (
                id.clone(),
                Expected {
                    standing,
                    row,
                    newest,
                },
            )
        });
        decided.collect()
    }

    fn standing(&self, id: &RecordId, fold: &Fold, shown: &BTreeSet<RecordId>) -> Standing {
        match &fold.content {
            Content::Deleted => return Standing::Deleted,
            Content::Unreadable(why) => return Standing::NotShown(why.clone()),
            Content::Live { .. } => {}
        }
        if shown.contains(id) {
            let emptied = emptied(fold, shown);
            return Standing::Shown { emptied };
        }
        let duplicate = self.is_duplicate(id).map(WhyNotShown::DuplicateOf);
        let missing = || missing(fold, shown).map(WhyNotShown::MissingRecord);
        let refused = || WhyNotShown::Refused(REFUSAL.to_owned());
        Standing::NotShown(duplicate.or_else(missing).unwrap_or_else(refused))
    }

    fn row(&self, id: &RecordId, fold: &Fold, emptied: &[String]) -> Payload {
        let mut row = match &fold.content {
            Content::Live { payload, .. } => self.release.row(&id.model_type, payload),
            _ => Payload::new(),
        };
        for member in emptied {
            row.insert(member.clone(), serde_json::Value::Null);
        }
        row
    }
}

fn live_references(fold: &Fold) -> &[Reference] {
    match &fold.content {
        Content::Live { references, .. } => references,
        _ => &[],
    }
}

/// The members that refer to records that are not shown, and may.
fn emptied(fold: &Fold, shown: &BTreeSet<RecordId>) -> Vec<String> {
    let references = live_references(fold).iter();
    let may = references.filter(|it| it.need == Need::May);
    let emptied = may.filter(|it| !shown.contains(&it.to));
    emptied.map(|it| it.member.clone()).collect()
}

/// The first record that this one must refer to and that is not shown.
fn missing(fold: &Fold, shown: &BTreeSet<RecordId>) -> Option<RecordId> {
    let mut needed = live_references(fold)
        .iter()
        .filter(|it| it.need != Need::May);
    let missing = needed.find(|it| !shown.contains(&it.to))?;
    Some(missing.to.clone())
}
