//! One job inside a transaction: look, decide, write.

use rusqlite::{Connection, Params, params, params_from_iter};
use sync_log_core::{
    Changes, Hlc, LogError, LogState, Mark, Needs, Peer, PeerRow, PeersNeeded, StoreError,
    StoreErrorKind, StoredEntry, Tag, Uuid, View, WriteJob,
};

use super::select;
use crate::failure::failed;
use crate::rows;
use crate::statement::prepare;
use crate::time;

/// A write transaction that several jobs share.
pub(super) struct Shared<'a> {
    db: &'a Connection,
    /// As it will be once everything is written.
    state: LogState,
    /// As it is in the database.
    stored: LogState,
    created_at: CreatedAt,
}

impl<'a> Shared<'a> {
    /// Reads the state under the write lock: another process may have moved it, or made
    /// the tables anew, after which nothing is written (`I4`).
    pub(super) fn begin(db: &'a Connection, anew: bool) -> Result<Self, StoreError> {
        let mut state = select::state(db)?;
        state.foreign_write |= anew;
        Ok(Self {
            db,
            state,
            stored: state,
            created_at: CreatedAt::default(),
        })
    }

    /// Runs one job. A refusal is its own; a failure is the transaction's.
    pub(super) fn run(&mut self, job: &mut WriteJob) -> Result<Result<(), LogError>, StoreError> {
        let view = self.view(&job.needs(&self.state))?;
        match job.decide(&view) {
            Ok(changes) => self.apply(changes).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Writes what is left.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        if self.state != self.stored {
            self.write_state()?;
        }
        Ok(())
    }

    fn view(&self, needs: &Needs) -> Result<View<'_>, StoreError> {
        let mut entries = Vec::new();
        for hlc in &needs.entries {
            entries.extend(select::entry(self.db, *hlc)?);
        }
        Ok(View {
            state: &self.state,
            entries,
            peers: self.peers(needs.peers)?,
            oldest: match needs.oldest {
                0 => Vec::new(),
                count => select::oldest(self.db, count)?,
            },
        })
    }

    fn peers(&self, needed: PeersNeeded) -> Result<Vec<PeerRow>, StoreError> {
        match needed {
            PeersNeeded::None => Ok(Vec::new()),
            PeersNeeded::One(peer) => Ok(select::peer(self.db, peer)?.into_iter().collect()),
            PeersNeeded::All => select::peers(self.db),
        }
    }

    fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        // Every field by name: a kind of change that is added later must not be
        // ignored here.
        let Changes {
            append,
            high_water,
            peer,
            solo,
            peers_declared,
            prune_through,
        } = changes;
        if let Some(hlc) = prune_through {
            self.prune(hlc)?;
        }
        for stored in &append {
            self.insert(stored)?;
        }
        if let Some(last) = append.last() {
            self.state.head = last.entry.hlc;
        }
        if let Some(peer) = peer {
            self.write_peer(&peer)?;
        }
        self.state.high_water = high_water.unwrap_or(self.state.high_water);
        self.state.solo = solo.unwrap_or(self.state.solo);
        self.state.peers_declared = peers_declared.unwrap_or(self.state.peers_declared);
        Ok(())
    }

    fn insert(&mut self, stored: &StoredEntry) -> Result<(), StoreError> {
        let entry = &stored.entry;
        let sql = "INSERT INTO shared_changes \
                   (hlc, model_type, record_uuid, change_type, data, created_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut record_uuid = Uuid::encode_buffer();
        let hlc = entry.hlc.to_text();
        let values = params![
            hlc.as_str(),
            entry.model_type,
            &*entry
                .record_uuid
                .hyphenated()
                .encode_lower(&mut record_uuid),
            entry.change_type.as_str(),
            entry.data.as_str(),
            self.created_at.text(stored.created_at_ms),
        ];
        execute(self.db, sql, values, "insert an entry")
    }

    fn prune(&mut self, through: Hlc) -> Result<(), StoreError> {
        let last = select::entry(self.db, through)?.ok_or_else(|| {
            StoreError::new(StoreErrorKind::Corrupt, "find the entry to prune through")
        })?;
        let sql = "DELETE FROM shared_changes WHERE hlc <= ?1";
        let through_text = through.to_text();
        execute(self.db, sql, [through_text.as_str()], "delete entries")?;
        self.state.floor = Mark {
            hlc: through,
            tag: Tag::of(&last),
        };
        Ok(())
    }

    fn write_state(&self) -> Result<(), StoreError> {
        let sql = "UPDATE sync_log_state \
                   SET head = ?1, floor = ?2, floor_tag = ?3, high_water = ?4, solo = ?5, \
                   peers_declared = ?6 \
                   WHERE id = 1";
        let state = &self.state;
        let [head, floor, high_water] =
            [state.head, state.floor.hlc, state.high_water].map(|hlc| hlc.to_text());
        let values = params![
            head.as_str(),
            floor.as_str(),
            state.floor.tag.to_string(),
            high_water.as_str(),
            state.solo,
            state.peers_declared,
        ];
        execute(self.db, sql, values, "write the state")
    }

    fn write_peer(&self, peer: &Peer) -> Result<(), StoreError> {
        // Columns that are not named here keep what they have.
        let ack = "INSERT INTO peer_acks (peer_device_id, last_acked_hlc, acked_at) \
                   VALUES (?1, ?2, ?3) \
                   ON CONFLICT (peer_device_id) DO UPDATE SET \
                   last_acked_hlc = excluded.last_acked_hlc, acked_at = excluded.acked_at";
        let values = params_from_iter(rows::ack_values(peer));
        execute(self.db, ack, values, "write a peer's ack")?;
        let facts = "INSERT INTO sync_log_peers (peer_device_id, state, admission, \
                     registered_by, registered_at, retired_at, retired_reason, hold, verified) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
                     ON CONFLICT (peer_device_id) DO UPDATE SET \
                     state = excluded.state, admission = excluded.admission, \
                     registered_by = excluded.registered_by, \
                     registered_at = excluded.registered_at, \
                     retired_at = excluded.retired_at, \
                     retired_reason = excluded.retired_reason, hold = excluded.hold, \
                     verified = excluded.verified";
        let values = params_from_iter(rows::peer_values(peer));
        execute(self.db, facts, values, "write a peer")
    }
}

fn execute(
    db: &Connection,
    sql: &str,
    values: impl Params,
    doing: &'static str,
) -> Result<(), StoreError> {
    let failed = |error| failed(doing, error);
    let mut statement = prepare(db, sql).map_err(failed)?;
    statement.execute(values).map(drop).map_err(failed)
}

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
