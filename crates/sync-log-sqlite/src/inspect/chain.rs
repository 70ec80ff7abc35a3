//! Whether the chain holds (`R4`), and whether groups fit a page (`R1`).

use std::ops::ControlFlow;
use std::sync::LazyLock;

use sea_orm::{EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use sync_log_core::{FoundEntry, LogState, Mark, Proof, SharedChangeEntry, StoreError, Tag};

use super::check::Check;
use crate::driver::{Port, Row, Template};
use crate::entity::entries;
use crate::store::chain::{all_entries, has_no_entry};
use crate::store::group::Group;
use crate::store::rows::{self, Columns};

/// Follows the chain over all entries, one of which is in memory at a time.
pub(super) async fn checks(
    db: &impl Port,
    state: Option<&LogState>,
) -> Result<[Check; 3], StoreError> {
    let mut chain = Chain::new(state);
    db.rows(&READ_ALL, &[], |row| {
        chain.row(row);
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    db.rows(&READ_PLACES_WITHOUT_ENTRY, &[], |row| {
        let key = row.text(0).unwrap_or_default();
        chain.tags.fault(format!("{key:?}: there is no such entry"));
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    Ok(chain.end(state))
}

struct Chain {
    tags: Check,
    links: Check,
    groups: Check,
    /// The mark up to which the chain was followed; `None` if it is not known.
    reached: Option<Mark>,
    /// The group that has no end yet.
    group: Option<Group>,
}

impl Chain {
    fn new(state: Option<&LogState>) -> Self {
        Self {
            tags: Check::new("tags", "each entry has a tag, and each tag its entry"),
            links: Check::new("chain", "each tag follows from the floor, up to the head"),
            groups: Check::new("groups", "each group has an end and fits a page"),
            reached: state.map(|state| state.floor),
            group: None,
        }
    }

    fn row(&mut self, row: &Row<'_>) {
        let key = row.text(0).unwrap_or_default();
        match rows::found(&mut Columns::of(row)) {
            Ok(FoundEntry {
                entry,
                tag: Some(tag),
            }) => {
                self.follow(&entry, tag);
                self.count(&entry);
            }
            // Another program's, or its tag is lost: then the next tag does not follow.
            Ok(_) => self.tags.fault(format!("{key:?}: no tag")),
            Err(_) => {
                self.links.fault(format!("{key:?}: cannot be read"));
                self.reached = None;
            }
        }
    }

    /// Continues from the stored tag, so that one break is one fault.
    fn follow(&mut self, entry: &SharedChangeEntry, tag: Tag) {
        let hlc = entry.hlc;
        if let Some(reached) = self.reached
            && let Err(altered) = Proof::after(reached).take(entry, Some(tag))
        {
            self.links.fault(format!("{hlc}: {}", altered.fault));
        }
        self.reached = Some(Mark { hlc, tag });
    }

    fn count(&mut self, entry: &SharedChangeEntry) {
        let mut group = self.group.take().unwrap_or_default();
        if !group.has_room_for(entry) {
            let hlc = entry.hlc;
            self.groups
                .fault(format!("{hlc}: no page has room for it and its group"));
            group = Group::default();
        }
        group.add(entry);
        self.group = (!entry.group_end).then_some(group);
    }

    fn end(mut self, state: Option<&LogState>) -> [Check; 3] {
        if let (Some(state), Some(reached)) = (state, self.reached)
            && reached != state.head
        {
            let end = reached.hlc;
            let head = state.head.hlc;
            let position =
                format!("the chain ends at {end}, and not with the tag of the head {head}");
            self.links.fault(position);
        }
        if self.group.is_some() {
            self.groups.fault("the newest entry does not end its group");
        }
        [self.tags, self.links, self.groups]
    }
}

static READ_ALL: LazyLock<Template> =
    LazyLock::new(|| Template::build("verify the chain", &all_entries()));

static READ_PLACES_WITHOUT_ENTRY: LazyLock<Template> = LazyLock::new(|| {
    let query = entries::Entity::find()
        .select_only()
        .column(entries::Column::Hlc)
        .filter(has_no_entry())
        .order_by_asc(entries::Column::Hlc);
    Template::build("verify the chain", &query.into_query())
});
