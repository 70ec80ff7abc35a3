//! What is in the files of a device, read by plain SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::{Change, Cursor, Hlc, SharedChangeEntry};

use super::setup::{Name, Setup};
use crate::common::database::{Layout, database};
use crate::common::found::{self, all, parsed};

/// What is in the files of one device.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// The rows of the app's tables, in the form of payloads.
    pub(super) rows: BTreeMap<RecordId, Value>,
    pub(super) versions: BTreeMap<RecordId, FoundVersion>,
    pub(super) outbox: BTreeMap<Hlc, Entry>,
    pub(super) log: BTreeMap<Hlc, Entry>,
    pub(super) waiting: BTreeSet<Hlc>,
    pub(super) marks: Marks,
    /// Whether the device has a log.
    pub(super) is_made: bool,
    /// Whether changes wait in an outbox.
    pub(super) has_outbox: bool,
    /// What SQLite says against the files.
    pub(super) faults: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundVersion {
    /// The stamp of the highest change.
    pub(super) hlc: Hlc,
    pub(super) change_type: String,
    pub(super) data: Value,
    /// The members that were merged by themselves.
    pub(super) members: Option<Map<String, Value>>,
    /// The stamps of these members.
    pub(super) member_stamps: BTreeSet<Hlc>,
    pub(super) standing: String,
    pub(super) detail: Value,
}

impl FoundVersion {
    /// The payload of a live record.
    pub(super) fn payload(&self) -> Option<&Map<String, Value>> {
        self.members.as_ref().or_else(|| self.data.as_object())
    }
}

/// A change, as it is in an outbox or a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) change: Change,
    pub(super) group_end: bool,
}

/// The stamps that a device keeps; zero where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) issued: Hlc,
    pub(super) observed: Hlc,
    pub(super) cleared: Hlc,
    pub(super) forgotten: Hlc,
    pub(super) unversioned: Hlc,
    /// Up to where the log of the other device was applied.
    pub(super) watermark: Hlc,
    pub(super) head: Hlc,
    pub(super) floor: Hlc,
    /// The highest stamp that the log knows.
    pub(super) high_water: Hlc,
    /// Up to where the other device acknowledged this log.
    pub(super) acked: Hlc,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            issued: Hlc::ZERO,
            observed: Hlc::ZERO,
            cleared: Hlc::ZERO,
            forgotten: Hlc::ZERO,
            unversioned: Hlc::ZERO,
            watermark: Hlc::ZERO,
            head: Hlc::ZERO,
            floor: Hlc::ZERO,
            high_water: Hlc::ZERO,
            acked: Hlc::ZERO,
        }
    }
}

/// The tables of a receiver.
const RECEIVER: [&str; 5] = [
    "sync_log_receiver",
    "sync_log_versions",
    "sync_log_outbox",
    "sync_log_waiting",
    "sync_log_watermarks",
];

/// Reads the files of a device. A copy of them is read: the files stay as they were left, so that the
/// product has to recover them.
pub(super) fn read(setup: Setup, name: Name, of_both: &Path) -> Found {
    let folder = name.folder(of_both);
    let copies = tempfile::tempdir().unwrap();
    let mut found = Found {
        has_outbox: setup.layout == Layout::Outbox,
        ..Found::default()
    };
    if let Some(app) = copied(&database(&folder), copies.path()) {
        found.faults.extend(faults(&app));
        read_app(&app, name, &mut found);
        if setup.layout == Layout::Attached {
            read_log(&app, name, &mut found);
            // The log keeps the stamps that an outbox needs in the receiver's row.
            found.marks.issued = found.marks.head;
            found.marks.observed = found.marks.high_water;
        }
    }
    if setup.layout == Layout::Outbox
        && let Some(log) = copied(&setup.layout.log_in(&folder), copies.path())
    {
        found.faults.extend(faults(&log));
        read_log(&log, name, &mut found);
    }
    found
}

/// Opens a copy of a database, with what SQLite keeps beside it. The index of the `-wal` is left out:
/// SQLite makes it again.
fn copied(database: &Path, to: &Path) -> Option<Connection> {
    if !database.exists() {
        return None;
    }
    let name = database.file_name().expect("a database is a file");
    for suffix in ["", "-wal", "-journal"] {
        let mut from = database.as_os_str().to_owned();
        from.push(suffix);
        let mut copy = to.join(name).into_os_string();
        copy.push(suffix);
        if Path::new(&from).exists() {
            std::fs::copy(from, copy).unwrap();
        }
    }
    Some(Connection::open(to.join(name)).unwrap())
}

fn faults(db: &Connection) -> Vec<String> {
    let mut faults = all(db, "PRAGMA integrity_check", |row| row.get(0).unwrap());
    faults.retain(|said: &String| said != "ok");
    faults.extend(found::dangling(db));
    faults
}

fn read_app(db: &Connection, name: Name, found: &mut Found) {
    found.rows = rows(db);
    // They are made one after the other, and nothing is written before the last one is there.
    if !RECEIVER.into_iter().all(|table| has(db, table)) {
        return;
    }
    let versions = "SELECT model_type, record_uuid, hlc, change_type, data, parts, standing, detail \
                    FROM sync_log_versions";
    found.versions = all(db, versions, version).into_iter().collect();
    found.outbox = by_stamp(found::outbox(db));
    found.waiting = found::waiting(db);
    let marks = "SELECT issued, observed, cleared, forgotten, unversioned FROM sync_log_receiver";
    for [issued, observed, cleared, forgotten, unversioned] in all(db, marks, stamps) {
        found.marks = Marks {
            issued,
            observed,
            cleared,
            forgotten,
            unversioned,
            ..found.marks
        };
    }
    let origin = name.other().id();
    let watermark = format!("SELECT cursor FROM sync_log_watermarks WHERE origin = '{origin}'");
    for cursor in all(db, &watermark, |row| parsed::<Cursor>(row, 0)) {
        found.marks.watermark = cursor.hlc();
    }
}

fn read_log(db: &Connection, name: Name, found: &mut Found) {
    if !has(db, "sync_log_state") {
        return;
    }
    found.log = by_stamp(found::log(db));
    let marks = "SELECT head, floor, high_water FROM sync_log_state";
    for [head, floor, high_water] in all(db, marks, stamps) {
        found.is_made = true;
        found.marks.head = head;
        found.marks.floor = floor;
        found.marks.high_water = high_water;
    }
    let peer = name.other().id();
    let sql = format!("SELECT acked FROM sync_log_peers WHERE peer_device_id = '{peer}'");
    for acked in all(db, &sql, |row| parsed(row, 0)) {
        found.marks.acked = acked;
    }
}

fn rows(db: &Connection) -> BTreeMap<RecordId, Value> {
    let tables = [
        ("tag", &["name"][..]),
        ("album", &["title", "cover"]),
        ("photo", &["album", "tag"]),
        ("link", &["photo", "album"]),
    ];
    let rows = tables.into_iter().flat_map(|(model, columns)| {
        let rows = found::rows(db, model, columns).into_iter();
        rows.map(|(id, values)| {
            let mut payload = json!({ "id": id.record_uuid });
            for (column, value) in columns.iter().zip(values) {
                payload[*column] = value;
            }
            (id, payload)
        })
    });
    rows.collect()
}

fn version(row: &Row<'_>) -> (RecordId, FoundVersion) {
    let parts = optional_json(row, 5);
    let fields = parts["fields"].as_object();
    let member = |(name, field): (&String, &Value)| {
        let text = field["value"]
            .as_str()
            .expect("a value is JSON in a string");
        (name.clone(), serde_json::from_str(text).unwrap())
    };
    let stamps = fields.into_iter().flatten();
    let stamps = stamps.map(|(_, field)| field["hlc"].as_str().unwrap().parse().unwrap());
    let found = FoundVersion {
        hlc: parsed(row, 2),
        change_type: row.get(3).unwrap(),
        data: optional_json(row, 4),
        members: fields.map(|fields| fields.iter().map(member).collect()),
        member_stamps: stamps.collect(),
        standing: row.get(6).unwrap(),
        detail: optional_json(row, 7),
    };
    let model: String = row.get(0).unwrap();
    (RecordId::new(model, parsed(row, 1)), found)
}

/// The order of the members of a payload says nothing.
fn by_stamp(entries: Vec<SharedChangeEntry>) -> BTreeMap<Hlc, Entry> {
    let of_stamp = |entry: SharedChangeEntry| {
        let change = Change {
            model_type: entry.model_type,
            record_uuid: entry.record_uuid,
            change_type: entry.change_type,
            data: entry.data.parse_as::<Value>().unwrap().into(),
            model_version: entry.model_version,
        };
        let group_end = entry.group_end;
        (entry.hlc, Entry { change, group_end })
    };
    entries.into_iter().map(of_stamp).collect()
}

fn stamps<const N: usize>(row: &Row<'_>) -> [Hlc; N] {
    std::array::from_fn(|position| parsed(row, position))
}

fn optional_json(row: &Row<'_>, position: usize) -> Value {
    let text: Option<String> = row.get(position).unwrap();
    text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
}

fn has(db: &Connection, table: &str) -> bool {
    db.table_exists(None, table).unwrap()
}
