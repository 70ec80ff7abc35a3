//! The steps that change the app's tables, in order.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Need, Reference, Tie};
use super::lift::lifted;
use super::node::{Node, Row};
use super::record::RecordId;
use super::standing::{Record, Standing, without};
use crate::model::JsonText;

/// One step on the app's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Remove the row of a record.
    Hide(RecordId),
    /// Make the row of a record show this payload. Insert the row if there is none.
    Show(RecordId, JsonText),
}

/// A record to write into the receiver's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordWrite {
    /// Which record.
    pub id: RecordId,
    /// What to write.
    pub record: Record,
    /// What ties it to other records from now on, if that changed.
    pub ties: Option<Vec<Tie>>,
}

/// What a decision changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Moves {
    /// The steps on the app's tables, in this order, with foreign keys deferred.
    pub rows: Vec<Move>,
    /// The records whose rows are emptied first.
    pub emptied: BTreeSet<RecordId>,
    /// The records to write.
    pub records: Vec<RecordWrite>,
}

/// Returns the steps that make the tables show what was decided.
///
/// References to rows that will be removed are emptied first. Then rows are removed, children before
/// their parents. Then rows are inserted or changed, parents before their children. So a unique key is
/// free before another row takes it, and foreign keys that are not deferred hold at each step.
///
/// The `rigid` rows are not emptied: they are removed before the rows to which they refer, and inserted
/// again if they are to be shown.
pub(super) fn moves(nodes: &BTreeMap<RecordId, Node>, rigid: &BTreeSet<RecordId>) -> Moves {
    let lifted = lifted(nodes, rigid);
    let is_leaving = |(id, node): &(&RecordId, &Node)| {
        node.row.is_some() && (!node.standing.is_shown() || lifted.contains(*id))
    };
    let leaving = nodes.iter().filter(is_leaving).map(|(id, _)| id);
    let leaving: BTreeSet<&RecordId> = leaving.collect();
    let flexible = nodes.iter().filter(|(id, _)| !rigid.contains(*id));
    let emptied: BTreeMap<_, _> = flexible
        .filter_map(|(id, node)| Some((id, emptied_before(node, &leaving)?)))
        .collect();
    let coming = nodes.iter().filter(|(id, node)| {
        let is_put_in = lifted.contains(*id) || emptied.contains_key(*id) || node.is_stale;
        node.standing.is_shown() && (is_put_in || node.shown() != node.row.as_ref().map(Row::shown))
    });
    let coming: BTreeSet<&RecordId> = coming.map(|(id, _)| id).collect();

    let mut hides = parents_first(&leaving, |id| {
        let row = nodes[id].row.iter();
        let references = row.flat_map(|row| &row.facts.references);
        let is_kept = |reference: &&Reference| reference.need != Need::May || rigid.contains(id);
        references.filter(is_kept).map(|it| &it.to).collect()
    });
    hides.reverse();
    rigid_first(&mut hides, nodes, rigid);
    let shows = parents_first(&coming, |id| {
        let references = nodes[id].facts.references.iter();
        references.map(|reference| &reference.to).collect()
    });
    let first = emptied
        .iter()
        .map(|(id, row)| Move::Show((*id).clone(), row.clone()));
    let hides = hides.into_iter().map(|id| Move::Hide(id.clone()));
    let shows = shows.into_iter().filter_map(|id| {
        let row = nodes[id].shown()?;
        Some(Move::Show(id.clone(), row))
    });
    Moves {
        rows: first.chain(hides).chain(shows).collect(),
        emptied: emptied.into_keys().cloned().collect(),
        records: nodes
            .iter()
            .filter_map(|(id, node)| node.write(id))
            .collect(),
    }
}

/// Moves rigid rows before the rows to which they may refer. The database would empty the reference of a rigid
/// row that is still there, and refuse that.
///
/// Only a circle has a rigid row after such a row. What is between the two was reached from the other one, so
/// only references within the circle lead to a row that is gone now.
fn rigid_first(
    hides: &mut [&RecordId],
    nodes: &BTreeMap<RecordId, Node>,
    rigid: &BTreeSet<RecordId>,
) {
    for at in 0..hides.len() {
        let id = hides[at];
        let may_refer = |to: &&RecordId| {
            let row = nodes[id].row.iter();
            let mut references = row.flat_map(|row| &row.facts.references);
            references.any(|it| it.need == Need::May && it.to == **to)
        };
        if rigid.contains(id)
            && let Some(first) = hides[..at].iter().position(may_refer)
        {
            hides[first..=at].rotate_right(1);
        }
    }
}

/// The row without its references to rows that will be removed; `None` if it has no such reference.
fn emptied_before(node: &Node, leaving: &BTreeSet<&RecordId>) -> Option<JsonText> {
    let row = node.row.as_ref()?;
    let references = row.facts.references.iter();
    let leads_out = references.filter(|reference| {
        let is_empty = row.emptied.contains(&reference.member);
        reference.need == Need::May && !is_empty && leaving.contains(&reference.to)
    });
    let members: Vec<_> = leads_out.map(|it| it.member.clone()).collect();
    if members.is_empty() {
        return None;
    }
    let emptied = [row.emptied.as_slice(), &members].concat();
    Some(without(&row.payload, &emptied))
}

impl Row {
    /// The payload that the row shows, with its empty members.
    fn shown(&self) -> JsonText {
        without(&self.payload, &self.emptied)
    }
}

impl Node {
    /// The payload that the row of the record is to show.
    fn shown(&self) -> Option<JsonText> {
        let emptied = self.standing.emptied()?;
        Some(without(self.payload.as_ref()?, emptied))
    }

    fn write(&self, id: &RecordId) -> Option<RecordWrite> {
        let record = Record {
            version: self.version.clone(),
            standing: self.standing.clone(),
        };
        if self.old.as_ref() == Some(&record) && !self.is_outdated {
            return None;
        }
        let old = self.old.as_ref();
        let old_ties = old.map_or_else(Vec::new, |old| ties(id, &self.old_facts, &old.standing));
        let ties = ties(id, &self.facts, &self.standing);
        Some(RecordWrite {
            id: id.clone(),
            record,
            ties: (ties != old_ties || self.is_outdated).then_some(ties),
        })
    }
}

/// What ties a record to others. A deleted record holds no key.
pub(super) fn ties(id: &RecordId, facts: &Facts, standing: &Standing) -> Vec<Tie> {
    let mut ties = facts.ties(id);
    if *standing == Standing::Deleted {
        ties.retain(|tie| matches!(tie, Tie::Reference(_)));
    }
    ties
}

/// Orders records so that each comes after those to which it refers, unless they refer to each other
/// in a circle. It is a depth-first search; the stack is a list, because chains can be long.
fn parents_first<'a>(
    records: &BTreeSet<&'a RecordId>,
    parents: impl Fn(&RecordId) -> Vec<&'a RecordId>,
) -> Vec<&'a RecordId> {
    enum Step<'a> {
        Enter(&'a RecordId),
        Leave(&'a RecordId),
    }
    let mut entered = BTreeSet::new();
    let mut ordered = Vec::with_capacity(records.len());
    for first in records {
        let mut steps = vec![Step::Enter(first)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Leave(id) => ordered.push(id),
                Step::Enter(id) => {
                    if !entered.insert(id) {
                        continue;
                    }
                    steps.push(Step::Leave(id));
                    let here = parents(id).into_iter().filter(|id| records.contains(id));
                    steps.extend(here.map(Step::Enter));
                }
            }
        }
    }
    ordered
}
