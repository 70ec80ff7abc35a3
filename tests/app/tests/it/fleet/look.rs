//! What is committed on a device, read by plain SQL.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Row};
use simulator::apps::{Found, FoundLog, Payload, Release};
use sync_log_sqlite::receive::{RecordId, Standing, WhyNotShown};
use sync_log_sqlite::{Cursor, DeviceId, FILE_NAME, Hlc, Uuid};

use crate::common::database::{Layout, database};
use crate::common::found::{self, all, parsed};

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
            waiting: found::waiting(&self.app),
            outbox: found::outbox(&self.app),
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
            let rows = found::rows(&self.app, model, members).into_iter();
            rows.map(|(id, values)| {
                let names = members.iter().map(|member| (*member).to_owned());
                (id, names.zip(values).collect())
            })
        });
        rows.collect()
    }

    /// What SQLite says against the app's tables.
    fn unsound(&self) -> Option<String> {
        found::dangling(&self.app).pop()
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
            entries: found::log(log),
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
