//! Whether the file is sound.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use sea_orm::{EntityTrait, QueryOrder, QueryTrait};
use sync_log_core::judge;
use sync_log_core::{Hlc, LogState, Mark, StoreError, Tag};

use super::chain;
use super::check::Check;
use super::inspector::Inspector;
use crate::driver::raw::catalogue::TABLES_AND_INDEXES;
use crate::driver::raw::pragma::INTEGRITY;
use crate::driver::{Port, Row, Template, Transaction, in_place, texts};
use crate::entity::shared_changes;
use crate::entity::time;
use crate::migration::{self, MIGRATION_TABLE, MIGRATIONS};
use crate::store::select;

/// The tables and indexes that other programs read too, and those with the state of the log.
const WANTED: [&str; 23] = [
    "table shared_changes.hlc",
    "table shared_changes.model_type",
    "table shared_changes.record_uuid",
    "table shared_changes.change_type",
    "table shared_changes.data",
    "table shared_changes.created_at",
    "index idx_shared_changes_hlc",
    "index idx_shared_changes_model",
    "index idx_shared_changes_record",
    "table peer_acks.peer_device_id",
    "table peer_acks.last_acked_hlc",
    "table peer_acks.acked_at",
    "index idx_peer_acks_hlc",
    "table sync_log_entries.hlc",
    "table sync_log_entries.tag",
    "table sync_log_entries.model_version",
    "table sync_log_entries.group_end",
    "table sync_log_state.head",
    "table sync_log_state.head_tag",
    "table sync_log_state.settled",
    "table sync_log_peers.acked",
    "table sync_log_verdicts.kind",
    "table sync_log_verdicts.hlc",
];

impl Inspector {
    /// Checks everything in the file, in one committed state and with a fixed amount of memory.
    /// Returns one [`Check`] for each kind of fault.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read at all.
    pub fn verify(&self) -> Result<Vec<Check>, StoreError> {
        let txn = Transaction::read(&self.db)?;
        let checks = in_place(verify(&self.db))?;
        txn.commit()?;
        Ok(checks)
    }
}

async fn verify(db: &impl Port) -> Result<Vec<Check>, StoreError> {
    let mut checks = vec![integrity(db).await?, schema(db).await?];
    let (check, state) = state(db).await;
    checks.push(check);
    if checks[1].is_ok() {
        checks.extend(entries(db, state.as_ref()).await?);
        checks.extend(chain::checks(db, state.as_ref()).await?);
    }
    if let Some(state) = &state {
        checks.push(peers(db, state).await);
    }
    Ok(checks)
}

async fn integrity(db: &impl Port) -> Result<Check, StoreError> {
    let mut check = Check::new("integrity", "SQLite finds the file sound");
    for text in texts(db, &INTEGRITY, &[], ("integrity_check", "integrity_check")).await? {
        check.expect(text == "ok", || text.clone());
    }
    Ok(check)
}

async fn schema(db: &impl Port) -> Result<Check, StoreError> {
    let mut check = Check::new("schema", "the tables, columns and indexes are there");
    let found = texts(db, &TABLES_AND_INDEXES, &[], ("sqlite_master", "name")).await?;
    let has = |wanted: &str| found.iter().any(|name| name == wanted);
    for wanted in WANTED {
        check.expect(has(wanted), || format!("there is no {wanted}"));
    }
    if has("table sync_log_migrations.version") {
        let applied = migration::LOG.applied(db).await?;
        for migration in &MIGRATIONS {
            let name = migration.name;
            let ran = applied.iter().any(|version| version == name);
            check.expect(ran, || format!("{name} did not run"));
        }
    } else {
        check.fault(format!("there is no table {MIGRATION_TABLE}"));
    }
    Ok(check)
}

async fn state(db: &impl Port) -> (Check, Option<LogState>) {
    let mut check = Check::new("state", "floor, head and high-water are in this order");
    let state = match select::state(db).await {
        Ok(state) => state,
        Err(error) => {
            check.fault(error);
            return (check, None);
        }
    };
    if let Some(what) = state.identity.nil_id() {
        check.fault(format!("the {what} is nil"));
    }
    check_order(&mut check, &state);
    check_ends(&mut check, &state);
    (check, Some(state))
}

fn check_order(check: &mut Check, state: &LogState) {
    let floor = state.floor.hlc;
    let head = state.head.hlc;
    check.expect(floor <= head, || {
        format!("the floor {floor} is above the head {head}")
    });
    check.expect(head <= state.high_water, || {
        format!(
            "the head {head} is above the high-water {}",
            state.high_water
        )
    });
    check.expect(state.settled <= state.high_water, || {
        format!(
            "the log is settled at {}, above the high-water {}",
            state.settled, state.high_water
        )
    });
}

fn check_ends(check: &mut Check, state: &LogState) {
    let device = state.identity.device_id;
    for (name, Mark { hlc, tag }) in [("floor", state.floor), ("head", state.head)] {
        let is_own = hlc.is_zero() || hlc.device_id == device;
        check.expect(is_own, || format!("the {name} {hlc} is of another device"));
        let is_whole = !hlc.is_zero() || tag == Tag::ZERO;
        check.expect(is_whole, || format!("the {name} is zero and has a tag"));
    }
}

/// The checks of each row, and of the first and the last row.
struct Entries {
    stamps: Check,
    position: Check,
    columns: Check,
    data: Check,
    times: Check,
}

async fn entries(db: &impl Port, state: Option<&LogState>) -> Result<Vec<Check>, StoreError> {
    let mut checks = Entries {
        stamps: Check::new("stamps", "each stamp is in strict form and of this device"),
        position: Check::new(
            "position",
            "each entry is above the floor, and the newest is the head",
        ),
        columns: Check::new("columns", "each record, kind and model is in strict form"),
        data: Check::new("data", "each payload is JSON and within its limit"),
        times: Check::new("times", "each time is RFC 3339"),
    };
    let mut newest = None;
    db.rows(&READ_ALL, &[], |row| {
        newest = checks.row(row, state).or(newest);
        Ok(ControlFlow::Continue(()))
    })
    .await?;
    if let Some(state) = state {
        let head = state.head.hlc;
        let is_there = newest.unwrap_or(state.floor.hlc) == head;
        checks.position.expect(is_there, || {
            format!("the newest entry is not the head {head}")
        });
    }
    let Entries {
        stamps,
        position,
        columns,
        data,
        times,
    } = checks;
    Ok(vec![stamps, position, columns, data, times])
}

impl Entries {
    /// Checks one row, and returns its stamp.
    fn row(&mut self, row: &Row<'_>, state: Option<&LogState>) -> Option<Hlc> {
        let hlc = judge::stamp(row.text(0).as_deref());
        let (stamped, placed) = match (hlc, state) {
            (Ok(hlc), Some(state)) => (
                judge::own_stamp(hlc, state.identity.device_id),
                judge::above_floor(hlc, state.floor.hlc),
            ),
            _ => (hlc.map(drop), Ok(())),
        };
        let key = row.text(0).unwrap_or_default();
        self.stamps.judge(&key, stamped);
        self.position.judge(&key, placed);
        if let (Ok(hlc), Some(state)) = (hlc, state) {
            self.position
                .expect(hlc <= state.head.hlc, || above_head(&key));
        }
        self.columns.judge(&key, judge::model_type(row.text(1)));
        let record = judge::record_uuid(row.text(2).as_deref());
        self.columns.judge(&key, record);
        let kind = judge::change_type(row.text(3).as_deref());
        self.columns.judge(&key, kind);
        self.data.judge(&key, judge::data(row.text(4).into()));
        let time = row.text(5).as_deref().and_then(time::from_text);
        self.times.expect(time.is_some(), || {
            format!("{key:?}: created_at is not RFC 3339")
        });
        hlc.ok()
    }
}

fn above_head(key: &str) -> String {
    format!("{key:?}: above the head")
}

async fn peers(db: &impl Port, state: &LogState) -> Check {
    let mut check = Check::new("peers", "each peer's row can be relied on");
    match select::peers(db).await {
        Err(error) => check.fault(error),
        Ok(rows) => {
            for untrusted in rows.iter().filter_map(|row| row.judge(state).err()) {
                check.fault(untrusted);
            }
        }
    }
    check
}

static READ_ALL: LazyLock<Template> = LazyLock::new(|| {
    let query = shared_changes::Entity::find().order_by_asc(shared_changes::Column::Hlc);
    Template::build("read entries", &query.into_query())
});
