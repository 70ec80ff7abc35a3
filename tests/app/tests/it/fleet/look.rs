//! What is committed on a device, read by plain SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;
use std::str::FromStr;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, Row};
use serde_json::Value;
use simulator::apps::{Found, FoundLog, Payload, Release};
use sync_log_sqlite::receive::{RecordId, Standing, WhyNotShown};
use sync_log_sqlite::{Cursor, DeviceId, FILE_NAME, Hlc, SharedChangeEntry, Uuid};

use crate::common::database::{Layout, database};

/// A look at the files of a device past the product.
pub(super) struct Look {
    app: Connection,
    /// If the log is in a file of its own.
    own_log: Option<Connection>,
    /// What was found last, and in which state of the files.
    last: Option<([i64; 2], Found)>,
}

impl Look {
    pub(super) fn at(folder: &Path, layout: Layout) -> Self {
        let own_log = match layout {
            Layout::Outbox => Some(Connection::open(folder.join(FILE_NAME)).unwrap()),
            Layout::Attached => None,
        };
        Self {
            app: Connection::open(database(folder)).unwrap(),
            own_log,
            last: None,
        }
    }

    /// What is committed. It is read again if another connection has committed something since.
    pub(super) fn find(&mut self, id: DeviceId, release: Release) -> Found {
        let state = [&self.app, self.of_log()].map(|db| {
            let version = "SELECT data_version FROM pragma_data_version";
            all(db, version, |row| row.get(0).unwrap())[0]
        });
        match &self.last {
            Some((then, found)) if *then == state => found.clone(),
            _ => {
                let found = self.read(id, release);
                self.last = Some((state, found.clone()));
                found
            }
        }
    }

    fn read(&self, id: DeviceId, release: Release) -> Found {
        // One transaction, because each takes its locks.
        let reading = self.app.unchecked_transaction().unwrap();
        let found = Found {
            id,
            release,
            rows: self.rows(release),
            unsound: self.unsound(),
            standings: self.standings(),
            watermarks: self.watermarks(),
            waiting: self.waiting(),
            outbox: self.outbox(),
            log: self.log(),
            mark: self.mark(),
        };
        reading.commit().unwrap();
        found
    }

    /// The database of the log.
    fn of_log(&self) -> &Connection {
        self.own_log.as_ref().unwrap_or(&self.app)
    }

    /// The rows of the app's tables, in the form of payloads.
    fn rows(&self, release: Release) -> BTreeMap<RecordId, Payload> {
        let models = ["tag", "album", "link", "note", "memo"];
        let models = models
            .into_iter()
            .map(|model| (model, release.members(model)));
        let tables = models.filter(|(_, members)| !members.is_empty());
        let rows = tables.flat_map(|(model, members)| {
            let sql = format!("SELECT id, {} FROM {model}", members.join(", "));
            all(&self.app, &sql, |row| {
                let values = members.iter().zip(1..);
                let values = values.map(|(member, position)| {
                    ((*member).to_owned(), value(row.get(position).unwrap()))
                });
                (
                    RecordId::new(model, uuid(row.get(0).unwrap())),
                    values.collect(),
                )
            })
        });
        rows.collect()
    }

    /// What SQLite says against the app's tables.
    fn unsound(&self) -> Option<String> {
        let dangling = "SELECT \"table\" || ' ' || rowid || ' refers to no ' || parent \
                        FROM pragma_foreign_key_check";
        all(&self.app, dangling, |row| row.get(0).unwrap()).pop()
    }

    fn standings(&self) -> BTreeMap<RecordId, Standing> {
        let sql = "SELECT model_type, record_uuid, standing, detail FROM sync_log_versions";
        all(&self.app, sql, standing).into_iter().collect()
    }

    fn watermarks(&self) -> BTreeMap<DeviceId, Cursor> {
        let sql = "SELECT origin, cursor FROM sync_log_watermarks";
        let watermark = |row: &Row<'_>| (parsed::<Uuid>(row, 0).into(), parsed(row, 1));
        all(&self.app, sql, watermark).into_iter().collect()
    }

    fn waiting(&self) -> BTreeSet<Hlc> {
        let waiting = all(&self.app, "SELECT hlc FROM sync_log_waiting", |row| {
            parsed(row, 0)
        });
        waiting.into_iter().collect()
    }

    fn outbox(&self) -> Vec<SharedChangeEntry> {
        let sql = "SELECT hlc, model_type, record_uuid, change_type, data, model_version, group_end \
                   FROM sync_log_outbox ORDER BY hlc";
        all(&self.app, sql, entry)
    }

    /// The highest stamp that was given out or received.
    fn mark(&self) -> Hlc {
        let stamps = match self.own_log {
            Some(_) => "SELECT issued, observed FROM sync_log_receiver",
            None => "SELECT head, high_water FROM sync_log_state",
        };
        let marks = all(&self.app, stamps, |row| {
            parsed::<Hlc>(row, 0).max(parsed(row, 1))
        });
        marks[0]
    }

    fn log(&self) -> FoundLog {
        let log = self.of_log();
        let entries = "SELECT hlc, model_type, record_uuid, change_type, data, model_version, group_end \
                       FROM shared_changes JOIN sync_log_entries USING (hlc) ORDER BY hlc";
        let marks = "SELECT floor, head FROM sync_log_state";
        let marks = all(log, marks, |row| (parsed(row, 0), parsed(row, 1)));
        let (floor, head) = marks[0];
        let acked = "SELECT peer_device_id, acked FROM sync_log_peers";
        let acked = all(log, acked, |row| {
            (parsed::<Uuid>(row, 0).into(), parsed(row, 1))
        });
        FoundLog {
            floor,
            head,
            entries: all(log, entries, entry),
            acked: acked.into_iter().collect(),
        }
    }
}

fn standing(row: &Row<'_>) -> (RecordId, Standing) {
    let detail: Option<String> = row.get(3).unwrap();
    let said: String = row.get(2).unwrap();
    let standing = match (said.as_str(), detail) {
        ("deleted", None) => Standing::Deleted,
        ("shown", None) => Standing::Shown {
            emptied: Vec::new(),
        },
        ("shown", Some(emptied)) => Standing::Shown {
            emptied: serde_json::from_str(&emptied).unwrap(),
        },
        ("not_shown", Some(why)) => Standing::NotShown(serde_json::from_str(&why).unwrap()),
        (other, detail) => panic!("a record is {other}: {detail:?}"),
    };
    let id = RecordId::new(row.get::<_, String>(0).unwrap(), parsed(row, 1));
    (id, without_prefix(standing))
}

/// A refusal without what SQLite says of each constraint.
pub(super) fn without_prefix(standing: Standing) -> Standing {
    match standing {
        Standing::NotShown(WhyNotShown::Refused(why)) => {
            let why = why.replace("CHECK constraint failed: ", "");
            Standing::NotShown(WhyNotShown::Refused(why))
        }
        other => other,
    }
}

fn entry(row: &Row<'_>) -> SharedChangeEntry {
    SharedChangeEntry {
        hlc: parsed(row, 0),
        model_type: row.get(1).unwrap(),
        record_uuid: parsed(row, 2),
        change_type: parsed(row, 3),
        data: parsed(row, 4),
        model_version: row.get(5).unwrap(),
        group_end: row.get(6).unwrap(),
    }
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => number.into(),
        Cell::Text(text) => text.into(),
        bytes => uuid(bytes).to_string().into(),
    }
}

/// The 16 bytes that SeaORM makes of a UUID.
fn uuid(cell: Cell) -> Uuid {
    let Cell::Blob(bytes) = cell else {
        panic!("an id is bytes, not {cell:?}");
    };
    Uuid::from_slice(&bytes).unwrap()
}

fn parsed<T: FromStr<Err: Debug>>(row: &Row<'_>, position: usize) -> T {
    row.get::<_, String>(position).unwrap().parse().unwrap()
}

fn all<T>(db: &Connection, sql: &str, read: impl Fn(&Row<'_>) -> T) -> Vec<T> {
    let mut query = db.prepare_cached(sql).unwrap();
    let rows = query.query_map([], |row| Ok(read(row))).unwrap();
    rows.map(Result::unwrap).collect()
}
