//! Whether what is in the file holds together.

use std::fmt::Display;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use sea_orm::{EntityTrait, QueryOrder, QueryTrait};
use serde::Serialize;
use sync_log_core::{
    ChangeType, Hlc, JsonText, LogState, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, StoreError, Tag,
    parse_uuid,
};

use super::{Inspector, chain};
use crate::driver::{Port, Row, Template, Transaction, in_place};
use crate::entity::shared_changes;
use crate::migration::{self, MIGRATION_TABLE, MIGRATIONS};
use crate::raw::catalogue::TABLES_AND_INDEXES;
use crate::raw::pragma::INTEGRITY;
use crate::rows::texts;
use crate::store::select;
use crate::time;

/// How many places a [`Check`] names at most.
pub const EXAMPLES_MAX: usize = 5;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What, in a word.
    pub name: &'static str,
    /// What has to hold.
    pub claim: &'static str,
    /// At how many places it does not hold.
    pub faults: u64,
    /// The first of them, each with what is wrong there.
    pub examples: Vec<String>,
}

impl Check {
    pub(super) fn new(name: &'static str, claim: &'static str) -> Self {
        Self {
            name,
            claim,
            faults: 0,
            examples: Vec::new(),
        }
    }

    /// Whether it holds.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.faults == 0
    }

    pub(super) fn fault(&mut self, place: impl Display) {
        self.faults += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(place.to_string());
        }
    }

    fn expect(&mut self, holds: bool, place: impl FnOnce() -> String) {
        if !holds {
            self.fault(place());
        }
    }
}

/// What other programs read too, and what tells that the log has a state.
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
    /// Looks at everything in the file, in one state of it and in memory of a fixed
    /// size. Each check says by itself whether it holds.
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
        let applied = migration::applied(db).await?;
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
    let (floor, head) = (state.floor.hlc, state.head.hlc);
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
    let device = state.identity.device_id;
    for (name, hlc) in [("floor", floor), ("head", head)] {
        let is_own = hlc.is_zero() || hlc.device_id == device;
        check.expect(is_own, || format!("the {name} {hlc} is of another device"));
    }
    for (name, mark) in [("floor", state.floor), ("head", state.head)] {
        let is_whole = !mark.hlc.is_zero() || mark.tag == Tag::ZERO;
        check.expect(is_whole, || format!("the {name} is zero and has a tag"));
    }
    (check, Some(state))
}

/// What is checked of each row, and of the first and the last one.
struct Entries {
    stamps: Check,
    place: Check,
    columns: Check,
    data: Check,
    times: Check,
}

async fn entries(db: &impl Port, state: Option<&LogState>) -> Result<Vec<Check>, StoreError> {
    let mut checks = Entries {
        stamps: Check::new("stamps", "each stamp is in strict form and of this device"),
        place: Check::new(
            "place",
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
        checks.place.expect(is_there, || {
            format!("the newest entry is not the head {head}")
        });
    }
    let Entries {
        stamps,
        place,
        columns,
        data,
        times,
    } = checks;
    Ok(vec![stamps, place, columns, data, times])
}

impl Entries {
    /// Looks at one row; returns its stamp.
    fn row(&mut self, row: &Row<'_>, state: Option<&LogState>) -> Option<Hlc> {
        let key = row.text(0).unwrap_or_default();
        let fault = |check: &mut Check, what: &str| check.fault(format!("{key:?}: {what}"));
        let hlc = key.parse::<Hlc>().ok();
        match (hlc, state) {
            (None, _) => fault(&mut self.stamps, "not a stamp in strict form"),
            (Some(hlc), Some(state)) => {
                if hlc.device_id != state.identity.device_id {
                    fault(&mut self.stamps, "a stamp of another device");
                }
                if hlc <= state.floor.hlc {
                    fault(&mut self.place, "not above the floor");
                }
                if hlc > state.head.hlc {
                    fault(&mut self.place, "above the head");
                }
            }
            (Some(_), None) => {}
        }
        let model = row.text(1).map_or(0, |model| model.len());
        if !(1..=MAX_MODEL_TYPE_BYTES).contains(&model) {
            fault(
                &mut self.columns,
                "model_type is empty, too long or no text",
            );
        }
        if row.text(2).as_deref().and_then(parse_uuid).is_none() {
            fault(&mut self.columns, "record_uuid is not in strict form");
        }
        if row
            .text(3)
            .is_none_or(|kind| kind.parse::<ChangeType>().is_err())
        {
            fault(&mut self.columns, "change_type is none of the three");
        }
        match row.text(4) {
            Some(data) if data.len() > MAX_DATA_BYTES => fault(&mut self.data, "over the limit"),
            Some(data) if JsonText::new(&*data).is_err() => fault(&mut self.data, "not JSON"),
            Some(_) => {}
            None => fault(&mut self.data, "no text"),
        }
        if row.text(5).as_deref().and_then(time::from_text).is_none() {
            fault(&mut self.times, "created_at is not RFC 3339");
        }
        hlc
    }
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
