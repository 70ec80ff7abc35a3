//! Whether what is in the file holds together.

use std::fmt::Display;

use rusqlite::{Connection, Row};
use serde::Serialize;
use sync_log_core::{
    ChangeType, Hlc, JsonText, LogState, MAX_DATA_BYTES, MAX_MODEL_TYPE_BYTES, StoreError, Tag,
    parse_uuid,
};

use super::Inspector;
use crate::failure::failed;
use crate::migration::{MIGRATION_TABLE, TRIGGERS_ARE_MISSING, migrations};
use crate::rows::text;
use crate::statement::prepare;
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
    fn new(name: &'static str, claim: &'static str) -> Self {
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

    fn fault(&mut self, place: impl Display) {
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

/// Tables with their columns, and indexes: what other programs read too.
const SCHEMA: &str = "
SELECT m.type || ' ' || m.name || COALESCE('.' || c.name, '')
FROM sqlite_master AS m LEFT JOIN pragma_table_info(m.name) AS c ON m.type = 'table'
WHERE m.type IN ('table', 'index')";

const WANTED: [&str; 14] = [
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
    "table sync_log_state.head",
];

impl Inspector {
    /// Looks at everything in the file, in one state of it and in memory of a fixed
    /// size. Each check says by itself whether it holds.
    ///
    /// # Errors
    /// A [`StoreError`] if the file cannot be read at all.
    pub fn verify(&self) -> Result<Vec<Check>, StoreError> {
        let txn = self.db.unchecked_transaction();
        let txn = txn.map_err(|error| failed("begin to read", error))?;
        let mut checks = vec![integrity(&txn)?, schema(&txn)?];
        let (check, state) = state(&txn);
        checks.push(check);
        if checks[1].is_ok() {
            checks.extend(entries(&txn, state.as_ref())?);
        }
        if let Some(state) = &state {
            checks.push(peers(&txn, state));
        }
        Ok(checks)
    }
}

fn integrity(db: &Connection) -> Result<Check, StoreError> {
    let mut check = Check::new("integrity", "SQLite finds the file sound");
    for text in texts(db, "PRAGMA integrity_check(100)")? {
        check.expect(text == "ok", || text.clone());
    }
    Ok(check)
}

fn schema(db: &Connection) -> Result<Check, StoreError> {
    let mut check = Check::new(
        "schema",
        "the tables, columns, indexes and triggers are there",
    );
    let found = texts(db, SCHEMA)?;
    let has = |wanted: &str| found.iter().any(|name| name == wanted);
    for wanted in WANTED {
        check.expect(has(wanted), || format!("there is no {wanted}"));
    }
    if has("table sync_log_migrations.version") {
        let sql = format!("SELECT version FROM {MIGRATION_TABLE}");
        let applied = texts(db, &sql)?;
        for migration in migrations() {
            let name = migration.name();
            let ran = applied.iter().any(|version| version == name);
            check.expect(ran, || format!("{name} did not run"));
        }
        let missing = db.query_row(TRIGGERS_ARE_MISSING, [], |row| row.get(0));
        let missing: bool = missing.map_err(|error| failed("look for triggers", error))?;
        check.expect(!missing, || {
            "a trigger is missing, or watches another table".to_owned()
        });
    } else {
        check.fault(format!("there is no table {MIGRATION_TABLE}"));
    }
    Ok(check)
}

fn state(db: &Connection) -> (Check, Option<LogState>) {
    let mut check = Check::new("state", "floor, head and high-water are in this order");
    let state = match select::state(db) {
        Ok(state) => state,
        Err(error) => {
            check.fault(error);
            return (check, None);
        }
    };
    if let Err(error) = state.identity.validate() {
        check.fault(error);
    }
    let (floor, head) = (state.floor, state.head);
    check.expect(floor.hlc <= head, || {
        format!("the floor {} is above the head {head}", floor.hlc)
    });
    check.expect(head <= state.high_water, || {
        format!(
            "the head {head} is above the high-water {}",
            state.high_water
        )
    });
    let device = state.identity.device_id;
    for (name, hlc) in [("floor", floor.hlc), ("head", head)] {
        let is_own = hlc.is_zero() || hlc.device_id == device;
        check.expect(is_own, || format!("the {name} {hlc} is of another device"));
    }
    check.expect(!floor.hlc.is_zero() || floor.tag == Tag::ZERO, || {
        "the floor is zero and has a tag".to_owned()
    });
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

fn entries(db: &Connection, state: Option<&LogState>) -> Result<Vec<Check>, StoreError> {
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
    let failed = |error| failed("read entries", error);
    let sql = "SELECT hlc, model_type, record_uuid, change_type, data, created_at \
               FROM shared_changes ORDER BY hlc";
    let mut query = prepare(db, sql).map_err(failed)?;
    let mut rows = query.query([]).map_err(failed)?;
    let mut newest = None;
    while let Some(row) = rows.next().map_err(failed)? {
        newest = checks.row(row, state).or(newest);
    }
    if let Some(state) = state {
        let is_there = newest.unwrap_or(state.floor.hlc) == state.head;
        checks.place.expect(is_there, || {
            format!("the newest entry is not the head {}", state.head)
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
        let key = text(row, 0).unwrap_or("");
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
                if hlc > state.head {
                    fault(&mut self.place, "above the head");
                }
            }
            (Some(_), None) => {}
        }
        let model = text(row, 1).map_or(0, str::len);
        if !(1..=MAX_MODEL_TYPE_BYTES).contains(&model) {
            fault(
                &mut self.columns,
                "model_type is empty, too long or no text",
            );
        }
        if text(row, 2).and_then(parse_uuid).is_none() {
            fault(&mut self.columns, "record_uuid is not in strict form");
        }
        if text(row, 3).is_none_or(|kind| kind.parse::<ChangeType>().is_err()) {
            fault(&mut self.columns, "change_type is none of the three");
        }
        match text(row, 4) {
            Some(data) if data.len() > MAX_DATA_BYTES => fault(&mut self.data, "over the limit"),
            Some(data) if JsonText::new(data).is_err() => fault(&mut self.data, "not JSON"),
            Some(_) => {}
            None => fault(&mut self.data, "no text"),
        }
        if text(row, 5).and_then(time::from_text).is_none() {
            fault(&mut self.times, "created_at is not RFC 3339");
        }
        hlc
    }
}

fn peers(db: &Connection, state: &LogState) -> Check {
    let mut check = Check::new("peers", "each peer's row can be relied on");
    match select::peers(db) {
        Err(error) => check.fault(error),
        Ok(rows) => {
            for untrusted in rows.iter().filter_map(|row| row.judge(state).err()) {
                check.fault(untrusted);
            }
        }
    }
    check
}

fn texts(db: &Connection, sql: &str) -> Result<Vec<String>, StoreError> {
    let failed = |error| failed("verify", error);
    let mut query = prepare(db, sql).map_err(failed)?;
    let rows = query.query_map([], |row| row.get(0)).map_err(failed)?;
    rows.collect::<Result<_, _>>().map_err(failed)
}
