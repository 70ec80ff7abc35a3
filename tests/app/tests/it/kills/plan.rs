//! Which rows a device changes next.

use fastrand::Rng;
use sea_orm::{ConnectionTrait, DbErr};
use sync_log_sqlite::Change;
use sync_log_sqlite::records::{SyncError, Writing};

use super::row::Step;
use super::rows::{Rows, album_with_photo, insert_album};

/// The changes of one group.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    steps: Vec<Step>,
}

impl Plan {
    pub(super) fn changes(&self) -> Vec<Change> {
        self.steps.iter().map(|step| step.change.clone()).collect()
    }

    /// Changes the rows in a `write`.
    pub(super) async fn write(&self, rows: &Writing<'_>) -> Result<(), SyncError> {
        for step in &self.steps {
            step.write(rows).await?;
        }
        Ok(())
    }

    /// Changes the rows as an app does that records the changes by itself.
    pub(super) async fn change(&self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        for step in &self.steps {
            step.change(db).await?;
        }
        Ok(())
    }

    /// Insertions alone, which no constraint refuses.
    pub(super) fn of_insertions(rng: &mut Rng) -> Self {
        Self {
            steps: album_with_photo(rng).into(),
        }
    }

    /// Insertions that do not refer to each other, so that they can be recorded before there are rows.
    pub(super) fn of_albums(rng: &mut Rng) -> Self {
        Self {
            steps: [insert_album(rng), insert_album(rng)].into(),
        }
    }

    /// Some changes of different records. The app's tables may refuse them.
    pub(super) async fn of_rows(db: &impl ConnectionTrait, rng: &mut Rng) -> Result<Self, DbErr> {
        let rows = Rows::read(db).await?;
        let mut plan = Self::default();
        for _ in 0..rng.u32(1..=4) {
            for step in rows.pick(rng) {
                plan.add(step);
            }
        }
        Ok(plan)
    }

    /// A record is changed once only, so that the payload of a change follows from the row that was read. A
    /// row is not changed after the one with which the database deletes it.
    fn add(&mut self, step: Step) {
        let record = step.change.record_uuid;
        let followed = step.followed();
        let is_last = |earlier: &Step| {
            let changed = earlier.change.record_uuid;
            changed == record || Some(changed) == followed && earlier.is_deletion()
        };
        if !self.steps.iter().any(is_last) {
            self.steps.push(step);
        }
    }
}
