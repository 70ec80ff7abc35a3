//! One job inside a transaction: look, decide, write.

use std::sync::LazyLock;

use sync_log_core::{
    Altered, ChainFault, LogError, LogState, Mark, Needs, PeerRow, PeersNeeded, StoreError,
    StoredEntry, Uuid, View, WriteJob, Writes,
};

use super::anchor::Anchor;
use super::chain::{self, Place};
use super::rows::CHANGE;
use super::{peers, select, state, verdicts};
use crate::driver::build::insert;
use crate::driver::{Argument, Port, Template};
use crate::entity::{shared_changes, time};

/// A write transaction that several jobs share.
pub(super) struct Shared<'a, P> {
    db: &'a P,
    /// The state once everything is written.
    state: LogState,
    /// The state in the database.
    stored: LogState,
    /// What this handle committed before, and is missing.
    lost: Option<Altered>,
    created_at: CreatedAt,
}

impl<'a, P: Port> Shared<'a, P> {
    /// Reads the state under the write lock: another process may have moved it, or may have
    /// written another log.
    ///
    /// `committed` is the head that this handle committed last. If it is missing, other programs
    /// damaged the file or put an earlier one in its place (`R4`). That is put on record, so that the
    /// next opening adopts the file.
    pub(super) async fn begin(
        db: &'a P,
        anchor: &Anchor,
        committed: Option<Mark>,
    ) -> Result<Self, StoreError> {
        let stored = select::state(db).await?;
        anchor.refuse_other(stored.identity)?;
        let lost = match committed {
            Some(mark) if !chain::has(db, &stored, mark).await? => Some(Altered {
                hlc: mark.hlc,
                fault: ChainFault::Missing,
            }),
            _ => None,
        };
        let mut shared = Self::at(db, stored);
        shared.state.altered = stored.altered.or(lost);
        shared.lost = lost;
        Ok(shared)
    }

    /// The same, if the state was read and judged before, under the write lock.
    pub(super) fn at(db: &'a P, stored: LogState) -> Self {
        Self {
            db,
            state: stored,
            stored,
            lost: None,
            created_at: CreatedAt::default(),
        }
    }

    /// Runs one job. A refusal concerns this job alone; a failure concerns the whole transaction.
    pub(super) async fn run(
        &mut self,
        job: &mut WriteJob,
    ) -> Result<Result<(), LogError>, StoreError> {
        if let Some(lost) = self.lost {
            return Ok(Err(lost.into()));
        }
        match self.decide(job).await {
            Ok((changes, floor)) => self.apply(changes, floor).await.map(Ok),
            Err(LogError::Store(failure)) => Err(failure),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Decides one job, and where the floor is after it. Nothing is written yet, so that a
    /// refusal leaves no trace.
    async fn decide(&self, job: &mut WriteJob) -> Result<(Writes, Mark), LogError> {
        let view = self.view(&job.needs(&self.state)).await?;
        let changes = job.decide(&view)?;
        let floor = match changes.prune_through {
            Some(through) => chain::prove(self.db, self.state.floor, through).await??,
            None => self.state.floor,
        };
        Ok((changes, floor))
    }

    /// Changes where the log begins and is settled.
    pub(super) fn settle(&mut self, settle: impl Fn(&mut LogState)) {
        settle(&mut self.state);
    }

    /// Writes the state, if it changed. Returns the head, and what is missing of what this handle
    /// committed before.
    pub(super) async fn finish(self) -> Result<(Mark, Option<Altered>), StoreError> {
        if self.state != self.stored {
            state::write(self.db, self.stored.head, &self.state).await?;
        }
        self.db.flush().await?;
        Ok((self.state.head, self.lost))
    }

    async fn view(&self, needs: &Needs) -> Result<View<'_>, StoreError> {
        let mut entries = Vec::new();
        let mut marks = Vec::new();
        for hlc in &needs.entries {
            entries.extend(chain::retained(self.db, *hlc).await?);
        }
        for hlc in &needs.marks {
            marks.extend(chain::mark(self.db, *hlc).await?);
        }
        Ok(View {
            state: &self.state,
            entries,
            marks,
            peers: self.peers(needs.peers).await?,
            oldest: match needs.oldest {
                0 => Vec::new(),
                count => select::oldest(self.db, count).await?,
            },
        })
    }

    async fn peers(&self, needed: PeersNeeded) -> Result<Vec<PeerRow>, StoreError> {
        match needed {
            PeersNeeded::None => Ok(Vec::new()),
            PeersNeeded::One(peer) => Ok(select::peer(self.db, peer).await?.into_iter().collect()),
            PeersNeeded::All => select::peers(self.db).await,
        }
    }

    /// Writes what a job decided. `floor` is what was proven of what it prunes.
    async fn apply(&mut self, changes: Writes, floor: Mark) -> Result<(), StoreError> {
        // Every field by name: a kind of change that is added later must not be
        // ignored here.
        let Writes {
            append,
            high_water,
            peer,
            solo,
            peers_declared,
            with_records,
            prune_through,
            altered,
            verdict,
            dismiss_verdicts,
        } = changes;
        if let Some(through) = prune_through {
            chain::delete(self.db, through).await?;
            self.state.floor = floor;
        }
        for stored in &append {
            self.insert(stored).await?;
        }
        if let Some(last) = append.last() {
            self.state.head = Mark {
                hlc: last.entry.hlc,
                tag: last.tag.unwrap_or_default(),
            };
        }
        if let Some(peer) = peer {
            peers::write(self.db, &peer).await?;
        }
        for seen in dismiss_verdicts {
            verdicts::dismiss(self.db, seen).await?;
        }
        if let Some(verdict) = verdict {
            verdicts::keep(self.db, verdict).await?;
        }
        // So that the next opening adopts it. What happened first stays on record.
        self.state.altered = self.state.altered.or(altered);
        self.state.high_water = high_water.unwrap_or(self.state.high_water);
        self.state.solo = solo.unwrap_or(self.state.solo);
        self.state.peers_declared = peers_declared.unwrap_or(self.state.peers_declared);
        self.state.with_records = with_records.unwrap_or(self.state.with_records);
        Ok(())
    }

    async fn insert(&mut self, stored: &StoredEntry) -> Result<(), StoreError> {
        let entry = &stored.entry;
        let mut record_uuid = Uuid::encode_buffer();
        let record_uuid = entry
            .record_uuid
            .hyphenated()
            .encode_lower(&mut record_uuid);
        let hlc = entry.hlc.to_text();
        let arguments = [
            hlc.as_str(),
            &entry.model_type,
            record_uuid,
            entry.change_type.as_str(),
            entry.data.as_str(),
            self.created_at.text(stored.created_at_ms),
        ];
        let arguments = arguments.map(Argument::from);
        self.db.change_row(&INSERT_ENTRY, &arguments).await?;
        Place::of(entry, stored.tag).write(self.db).await
    }
}

/// Arguments: the columns of [`CHANGE`].
pub(crate) static INSERT_ENTRY: LazyLock<Template> = LazyLock::new(|| {
    Template::build(
        "insert an entry",
        &insert::<shared_changes::Entity>(&CHANGE),
    )
});

/// The text of a time. Entries of one batch have one, so it is kept.
#[derive(Default)]
struct CreatedAt {
    ms: i64,
    text: String,
}

impl CreatedAt {
    fn text(&mut self, ms: i64) -> &str {
        if self.text.is_empty() || self.ms != ms {
            self.ms = ms;
            self.text = time::to_text(ms);
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DatabaseTransaction;

    use super::*;
    use crate::driver::Over;

    fn is_send(_: impl Send) {}

    /// That this compiles is the test. It cannot run, because this crate has no driver.
    fn spawned(txn: &'static DatabaseTransaction, anchor: &'static Anchor, mut job: WriteJob) {
        is_send(async move {
            let db = Over(txn);
            let mut shared = Shared::begin(&db, anchor, None).await?;
            let outcome = shared.run(&mut job).await?;
            shared.finish().await.map(|_| outcome)
        });
    }

    #[test]
    fn a_job_can_be_spawned_with_an_apps_transaction() {
        let _ = spawned;
    }
}
