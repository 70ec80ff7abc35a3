//! The chain of a log that is adopted: a new one, over the entries that stay.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use sea_orm::{EntityTrait, QueryFilter, QueryTrait};
use sync_log_core::{Hlc, Mark, SharedChangeEntry, StoreError, Tag};

use super::rows::{ADOPT, CHUNK_ROWS};
use crate::driver::{Port, Template};
use crate::entity::entries;
use crate::store::chain::{Place, after, has_no_entry};
use crate::store::group::Group;

/// Gives each entry its link in a chain that begins at `floor`, without a past, and deletes the
/// links of entries that are missing. Returns the end of the chain.
///
/// The versions of payloads and the ends of groups are kept, as far as they are stored.
pub(super) async fn make(db: &impl Port, floor: Hlc) -> Result<Mark, StoreError> {
    db.run(&DELETE_PLACES_WITHOUT_ENTRY, &[]).await?;
    let mut chain = Chain::from(floor);
    let mut read = floor;
    loop {
        let mut positions = Vec::with_capacity(CHUNK_ROWS);
        let begun = read;
        after(db, begun, CHUNK_ROWS, |found| {
            read = found.entry.hlc;
            positions.extend(chain.take(found.entry));
            ControlFlow::Continue(())
        })
        .await?;
        let is_end = read == begun;
        if is_end {
            positions.extend(chain.position_waiting(true));
        }
        // Not while they are read: the query looks at places too.
        for position in positions {
            position.write(db).await?;
        }
        if is_end {
            return Ok(chain.reached);
        }
    }
}

/// The chain so far.
struct Chain {
    reached: Mark,
    /// The entry after the chain. It gets its link once the next entry is known: if a page has no
    /// room for both, the end of the group was lost, so this entry ends its group.
    waiting: Option<SharedChangeEntry>,
    /// The group of the waiting entry, up to that entry.
    group: Group,
}

impl Chain {
    fn from(floor: Hlc) -> Self {
        Self {
            reached: Mark {
                hlc: floor,
                tag: Tag::ZERO,
            },
            waiting: None,
            group: Group::default(),
        }
    }

    /// Adds the next entry. Returns the link of the entry before it.
    fn take(&mut self, entry: SharedChangeEntry) -> Option<Place> {
        let position = self.position_waiting(!self.group.has_room_for(&entry));
        self.group.add(&entry);
        self.waiting = Some(entry);
        position
    }

    /// The link of the waiting entry, if one waits. If the entry `must_end` its group, it does.
    fn position_waiting(&mut self, must_end: bool) -> Option<Place> {
        let mut entry = self.waiting.take()?;
        entry.group_end |= must_end;
        if entry.group_end {
            self.group = Group::default();
        }
        self.reached = self.reached.then(&entry);
        Some(Place::of(&entry, Some(self.reached.tag)))
    }
}

static DELETE_PLACES_WITHOUT_ENTRY: LazyLock<Template> = LazyLock::new(|| {
    let delete = entries::Entity::delete_many().filter(has_no_entry());
    Template::build(ADOPT, &delete.into_query())
});

#[cfg(test)]
mod tests {
    use sync_log_core::{Change, ChangeType, JsonText, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, Uuid};

    use super::*;

    fn entry(counter: u64, bytes: usize, group_end: bool) -> SharedChangeEntry {
        let change = Change {
            model_type: "t".to_owned(),
            record_uuid: Uuid::from_u128(1),
            change_type: ChangeType::Insert,
            data: JsonText::new(format!("\"{}\"", "x".repeat(bytes))).unwrap(),
            model_version: 7,
        };
        let mut entry = change.stamped(Hlc::new(5, counter, Uuid::from_u128(2)));
        entry.group_end = group_end;
        entry
    }

    /// Which of the entries end a group.
    fn ends(entries: impl IntoIterator<Item = SharedChangeEntry>) -> Vec<u64> {
        let mut chain = Chain::from(Hlc::ZERO);
        let mut positions: Vec<_> = entries
            .into_iter()
            .filter_map(|entry| chain.take(entry))
            .collect();
        positions.extend(chain.position_waiting(true));
        assert!(positions.iter().all(|position| position.model_version == 7));
        let ends = positions.iter().filter(|position| position.group_end);
        ends.map(|position| position.hlc.counter).collect()
    }

    #[test]
    fn groups_stay_as_they_were_and_the_last_entry_ends_one() {
        let group_ends = [false, true, true, false, false];
        let entries = (0..).zip(group_ends);
        let entries = entries.map(|(counter, group_end)| entry(counter, 1, group_end));
        assert_eq!(ends(entries), [1, 2, 4]);
        assert_eq!(ends([]), [0; 0]);
    }

    #[test]
    fn a_group_that_lost_its_end_is_cut_where_a_page_is_full() {
        let most = MAX_PAGE_ENTRIES as u64;
        let small = (0..2 * most + 1).map(|counter| entry(counter, 1, false));
        assert_eq!(ends(small), [most - 1, 2 * most - 1, 2 * most]);
        // Four of these fill a page: each is a model type, two quotes, and the text.
        let quarter = MAX_PAGE_BYTES / 4 - 3;
        let large = (0..6).map(|counter| entry(counter, quarter, false));
        assert_eq!(ends(large), [3, 5]);
    }
}
