//! Rows that have to make room.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Need};
use super::node::Node;
use super::record::RecordId;

/// The rows that are removed and inserted again, because SQLite checks unique keys, and foreign keys that
/// restrict, at each statement:
/// - a row that gives up a unique key to another row, for instance if two rows swap their keys;
/// - a row that referred to a row which is removed, and now refers to another row;
/// - a row that must refer to one of these rows;
/// - a `rigid` row that refers to one of these rows, or to a row that is removed.
pub(super) fn lifted(
    nodes: &BTreeMap<RecordId, Node>,
    rigid: &BTreeSet<RecordId>,
) -> BTreeSet<RecordId> {
    let goes = |node: &Node| node.row.is_some() && !node.standing.is_shown();
    let staying = || {
        let staying = nodes.iter().filter(|(_, node)| node.standing.is_shown());
        staying.filter_map(|(id, node)| Some((id, &node.row.as_ref()?.facts)))
    };
    let shown = nodes.iter().filter(|(_, node)| node.standing.is_shown());
    let holders = shown.flat_map(|(id, node)| {
        let keys = node.facts.keys.iter();
        keys.map(move |key| (key.tie(&id.model_type), id))
    });
    let holders: BTreeMap<_, _> = holders.collect();
    let gives_up = |(id, row): &(&RecordId, &Facts)| {
        let mut keys = row.keys.iter();
        keys.any(|key| {
            let holder = holders.get(&key.tie(&id.model_type));
            holder.is_some_and(|holder| holder != id)
        })
    };
    let lifted = staying().filter(gives_up);
    let mut lifted: BTreeSet<_> = lifted.map(|(id, _)| id.clone()).collect();
    loop {
        let is_out = |id: &RecordId| lifted.contains(id) || nodes.get(id).is_some_and(goes);
        let referred = |(id, row): &(&RecordId, &Facts)| {
            let is_kept = |need| need != Need::May || rigid.contains(*id);
            let mut references = row.references.iter();
            !lifted.contains(*id) && references.any(|it| is_kept(it.need) && is_out(&it.to))
        };
        let more = staying().filter(referred);
        let more: Vec<_> = more.map(|(id, _)| id.clone()).collect();
        if more.is_empty() {
            return lifted;
        }
        lifted.extend(more);
    }
}
