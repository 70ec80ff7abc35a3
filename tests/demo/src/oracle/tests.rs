//! Each fault is planted by hand, and is found under its own name.

use rusqlite::Connection;
use sync_log_core::Uuid;
use tempfile::TempDir;

use super::*;
use crate::args::Layout;
use crate::record;

/// Libraries made by hand, with what the oracle reads of their tables.
const LOG_TABLE: &str = "CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY)";
const DATABASE_TABLES: &str = "
CREATE TABLE records (id BLOB PRIMARY KEY, model TEXT, name TEXT, data TEXT);
CREATE TABLE sync_log_versions (model_type TEXT, record_uuid TEXT, hlc TEXT, data TEXT)";

struct Libraries {
    folder: TempDir,
    oracle: Oracle,
    devices: usize,
}

fn id(device: usize) -> String {
    Uuid::from_u128(0xd0 + device as u128).to_string()
}

fn hlc(ms: u64, device: usize) -> String {
    format!("{ms:016x}-0000000000000000-{}", id(device))
}

/// The one record.
const RECORD: Uuid = Uuid::from_u128(1);

fn change(device: usize, op: ChangeType, data: &str) -> PastChange {
    let row = record::Model {
        id: RECORD,
        model: "tag".to_owned(),
        name: "beach".to_owned(),
        data: data.to_owned(),
    };
    PastChange {
        t: 0,
        wall: 0,
        device,
        op,
        row,
    }
}

fn update(device: usize, data: &str) -> PastChange {
    change(device, ChangeType::Update, data)
}

impl Libraries {
    fn new(devices: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut oracle = Oracle::default();
        for device in 0..devices {
            let path = folder.path().join(device.to_string());
            std::fs::create_dir(&path).unwrap();
            let open = |file| Connection::open(path.join(file)).unwrap();
            open("sync.db").execute_batch(LOG_TABLE).unwrap();
            open("database.db").execute_batch(DATABASE_TABLES).unwrap();
            let number = u8::try_from(device).unwrap();
            let files = Files::in_library(&path, Layout::Outbox);
            oracle.add_device(number, id(device), files);
        }
        Self {
            folder,
            oracle,
            devices,
        }
    }

    fn sql(&self, device: usize, file: &str, sql: &str, values: &[&str]) {
        let path = self.folder.path().join(device.to_string()).join(file);
        let connection = Connection::open(path).unwrap();
        let values = rusqlite::params_from_iter(values);
        connection.execute(sql, values).unwrap();
    }

    /// Puts an entry into the device's log.
    fn append(&self, device: usize, hlc: &str) {
        let sql = "INSERT INTO shared_changes VALUES (?1)";
        self.sql(device, "sync.db", sql, &[hlc]);
    }

    /// The device's log gets an entry, and the device holds the record so.
    fn record(&mut self, hlc: &str, change: &PastChange) {
        let device = change.device;
        self.append(device, hlc);
        let is_deleted = change.op == ChangeType::Delete;
        self.hold(device, hlc, Some(&*change.row.data).filter(|_| !is_deleted));
        self.oracle.recorded(hlc, change).unwrap();
    }

    fn delete(&self, device: usize, hlc: &str) {
        let sql = "DELETE FROM shared_changes WHERE hlc = ?1";
        self.sql(device, "sync.db", sql, &[hlc]);
    }

    /// The device says that it applied a change.
    fn apply(&mut self, device: usize, origin: usize, hlc: &str) {
        let page = [hlc.to_owned()].into_iter();
        self.oracle.applied(device, origin, page).unwrap();
    }

    /// All others apply a change, which is their highest version of the record.
    fn spread(&mut self, origin: usize, hlc: &str, data: Option<&str>) {
        for device in (0..self.devices).filter(|device| *device != origin) {
            self.hold(device, hlc, data);
            self.apply(device, origin, hlc);
        }
    }

    /// The record, as one device holds it.
    fn hold(&self, device: usize, hlc: &str, data: Option<&str>) {
        self.forget(device);
        let version = "INSERT INTO sync_log_versions VALUES ('record', ?1, ?2, '{}')";
        self.sql(device, "database.db", version, &[&RECORD.to_string(), hlc]);
        if let Some(data) = data {
            let row = "INSERT INTO records VALUES (unhex(?1), 'tag', 'beach', ?2)";
            let id = RECORD.simple().to_string();
            self.sql(device, "database.db", row, &[&id, data]);
        }
    }

    fn forget(&self, device: usize) {
        for table in ["records", "sync_log_versions"] {
            let sql = format!("DELETE FROM {table}");
            self.sql(device, "database.db", &sql, &[]);
        }
    }

    /// A prune that deletes `gone` and says how many that were.
    fn prune(&mut self, origin: usize, gone: &[&str]) {
        self.oracle.before_prune(origin).unwrap();
        gone.iter().for_each(|hlc| self.delete(origin, hlc));
        self.oracle.after_prune(origin, gone.len()).unwrap();
    }

    /// One change, applied everywhere and pruned; nothing is wrong.
    fn sound() -> Self {
        let mut libraries = Self::new(3);
        let stamp = hlc(5, 0);
        libraries.record(&stamp, &update(0, "5"));
        libraries.spread(0, &stamp, Some("5"));
        libraries.prune(0, &[&stamp]);
        libraries
    }

    fn findings(mut self) -> Findings {
        self.oracle.judge_end().unwrap();
        self.oracle.into_findings()
    }

    fn names(self) -> Vec<&'static str> {
        self.findings().names()
    }
}

#[test]
fn sound_libraries_give_no_finding() {
    assert!(Libraries::sound().findings().is_empty());
}

#[test]
fn a_change_that_loses_counts_as_applied() {
    let mut libraries = Libraries::new(3);
    let loser = hlc(4, 1);
    let winner = hlc(5, 0);
    libraries.record(&winner, &update(0, "5"));
    libraries.record(&loser, &update(1, "4"));
    libraries.spread(0, &winner, Some("5"));
    libraries.apply(0, 1, &loser);
    libraries.apply(2, 1, &loser);
    libraries.prune(0, &[&winner]);
    libraries.prune(1, &[&loser]);
    assert!(libraries.findings().is_empty());
}

#[test]
fn a_stamp_of_another_device_or_in_another_form_is_found() {
    for wrong in [hlc(6, 1), hlc(6, 0).to_uppercase(), String::new()] {
        let mut libraries = Libraries::sound();
        libraries.oracle.recorded(&wrong, &update(0, "6")).unwrap();
        assert_eq!(libraries.names(), ["malformed-stamp"], "{wrong}");
    }
}

#[test]
fn a_stamp_that_does_not_rise_is_found() {
    for ms in [4, 5] {
        let mut libraries = Libraries::sound();
        let stamp = hlc(ms, 0);
        libraries.oracle.recorded(&stamp, &update(0, "5")).unwrap();
        let names = libraries.names();
        assert!(names.contains(&"stamp-not-above"), "{names:?}");
    }
}

#[test]
fn a_stamp_that_is_not_above_what_its_device_had_applied_is_found() {
    let mut libraries = Libraries::sound();
    let lower = hlc(4, 1);
    libraries.append(1, &lower);
    libraries.oracle.recorded(&lower, &update(1, "4")).unwrap();
    libraries.apply(0, 1, &lower);
    libraries.apply(2, 1, &lower);
    libraries.prune(1, &[&lower]);
    assert_eq!(libraries.names(), ["not-above-applied"]);
}

#[test]
fn a_lost_change_is_found() {
    let mut libraries = Libraries::new(3);
    let stamp = hlc(5, 0);
    libraries.record(&stamp, &update(0, "5"));
    libraries.hold(1, &stamp, Some("5"));
    libraries.apply(1, 0, &stamp);
    libraries.hold(2, &stamp, Some("5"));
    libraries.delete(0, &stamp);
    let findings = libraries.findings();
    let expected = format!("device 2 never got {stamp}");
    assert_eq!(findings.names(), ["lost-change"]);
    assert_eq!(findings.groups().next().unwrap().1.examples, [expected]);
}

#[test]
fn a_change_that_is_said_to_be_applied_and_is_not_held_is_found() {
    for held in [None, Some((hlc(5, 0), "5")), Some((hlc(6, 0), "5"))] {
        let mut libraries = Libraries::sound();
        let newer = hlc(6, 0);
        libraries.record(&newer, &update(0, "6"));
        libraries.spread(0, &newer, Some("6"));
        libraries.prune(0, &[&newer]);
        assert!(libraries.oracle.findings.is_empty());
        match &held {
            None => libraries.forget(1),
            Some((stamp, data)) => libraries.hold(1, stamp, Some(data)),
        }
        let newest = hlc(7, 2);
        libraries.record(&newest, &update(2, "7"));
        libraries.apply(1, 2, &newest);
        assert_eq!(
            libraries.oracle.findings.names(),
            ["wrong-winner"],
            "{held:?}"
        );
    }
}

#[test]
fn an_own_change_that_its_device_does_not_hold_is_found() {
    let mut libraries = Libraries::sound();
    libraries
        .oracle
        .recorded(&hlc(6, 0), &update(0, "6"))
        .unwrap();
    assert_eq!(libraries.oracle.findings.names(), ["wrong-winner"]);
}

#[test]
fn a_row_without_a_version_is_found() {
    let libraries = Libraries::sound();
    let sql = "INSERT INTO records VALUES (unhex(?1), 'tag', 'city', '5')";
    let other = Uuid::from_u128(2).simple().to_string();
    libraries.sql(2, "database.db", sql, &[&other]);
    let names = libraries.names();
    assert_eq!(names, ["databases-differ", "wrong-winner"]);
}

#[test]
fn a_change_that_was_applied_twice_is_found() {
    let mut libraries = Libraries::sound();
    libraries.apply(1, 0, &hlc(5, 0));
    assert_eq!(libraries.names(), ["applied-twice"]);
}

#[test]
fn an_applied_change_that_no_device_recorded_is_found() {
    for unknown in [hlc(6, 0), String::new()] {
        let mut libraries = Libraries::sound();
        libraries.apply(1, 0, &unknown);
        assert_eq!(libraries.names(), ["applied-unknown"]);
    }
}

#[test]
fn a_change_that_came_back_to_its_origin_is_found() {
    let mut libraries = Libraries::sound();
    libraries.apply(0, 0, &hlc(5, 0));
    assert_eq!(libraries.names(), ["applied-unknown"]);
}

#[test]
fn a_change_that_was_applied_under_another_origin_is_found() {
    let mut libraries = Libraries::sound();
    let stamp = hlc(6, 0);
    libraries.record(&stamp, &update(0, "6"));
    libraries.hold(1, &stamp, Some("6"));
    libraries.apply(1, 0, &stamp);
    libraries.hold(2, &stamp, Some("6"));
    libraries.apply(2, 1, &stamp);
    libraries.delete(0, &stamp);
    assert_eq!(libraries.names(), ["applied-unknown", "lost-change"]);
}

#[test]
fn an_entry_that_was_pruned_too_early_is_found_even_if_it_arrives_later() {
    let mut libraries = Libraries::sound();
    let stamp = hlc(6, 0);
    libraries.record(&stamp, &update(0, "6"));
    libraries.hold(1, &stamp, Some("6"));
    libraries.apply(1, 0, &stamp);
    libraries.prune(0, &[&stamp]);
    libraries.hold(2, &stamp, Some("6"));
    libraries.apply(2, 0, &stamp);
    let findings = libraries.findings();
    let expected = format!("device 0 pruned {stamp} before device 2 applied it");
    assert_eq!(findings.names(), ["pruned-before-applied"]);
    assert_eq!(findings.groups().next().unwrap().1.examples, [expected]);
}

#[test]
fn an_entry_that_leaves_the_log_between_prunes_is_found() {
    let mut libraries = Libraries::sound();
    let stamp = hlc(6, 0);
    libraries.record(&stamp, &update(0, "6"));
    libraries.spread(0, &stamp, Some("6"));
    libraries.delete(0, &stamp);
    libraries.prune(0, &[]);
    assert_eq!(libraries.names(), ["vanished"]);
}

#[test]
fn an_entry_that_was_never_recorded_is_found() {
    let mut libraries = Libraries::sound();
    let stamp = hlc(6, 0);
    libraries.append(0, &stamp);
    libraries.prune(0, &[]);
    libraries.delete(0, &stamp);
    assert_eq!(libraries.names(), ["unrecorded"]);
}

#[test]
fn a_prune_that_says_another_number_than_is_gone_is_found() {
    let mut libraries = Libraries::sound();
    libraries.oracle.before_prune(0).unwrap();
    libraries.oracle.after_prune(0, 1).unwrap();
    assert_eq!(libraries.names(), ["miscounted"]);
}

#[test]
fn databases_that_differ_are_found() {
    let wrong = [
        (hlc(4, 0), Some("5")),
        (hlc(5, 0), Some(" 5")),
        (hlc(5, 0), None),
    ];
    for (stamp, data) in wrong {
        let libraries = Libraries::sound();
        libraries.hold(2, &stamp, data);
        let names = libraries.names();
        assert_eq!(names, ["databases-differ", "wrong-winner"], "{data:?}");
    }
}

#[test]
fn databases_that_agree_on_the_wrong_version_are_found() {
    let libraries = Libraries::sound();
    for device in 0..3 {
        libraries.hold(device, &hlc(4, 0), Some("4"));
    }
    assert_eq!(libraries.names(), ["wrong-winner"]);
}

#[test]
fn a_record_that_every_device_lacks_is_found() {
    let libraries = Libraries::sound();
    (0..3).for_each(|device| libraries.forget(device));
    let findings = libraries.findings();
    assert_eq!(findings.names(), ["wrong-winner"]);
    assert_eq!(findings.groups().next().unwrap().1.count, 3);
}

#[test]
fn a_delete_that_wins_leaves_a_stamp_without_a_row() {
    let delete = change(2, ChangeType::Delete, "6");
    for (held, expected) in [(None, &[][..]), (Some("5"), &["wrong-winner"][..])] {
        let mut libraries = Libraries::sound();
        let stamp = hlc(6, 2);
        libraries.record(&stamp, &delete);
        libraries.spread(2, &stamp, held);
        libraries.prune(2, &[&stamp]);
        assert_eq!(libraries.oracle.findings.names(), expected);
    }
}

#[test]
fn a_log_that_is_not_empty_is_found() {
    let mut libraries = Libraries::sound();
    let stamp = hlc(6, 0);
    libraries.record(&stamp, &update(0, "6"));
    libraries.spread(0, &stamp, Some("6"));
    assert_eq!(libraries.oracle.log_length(0).unwrap(), 1);
    assert_eq!(libraries.names(), ["log-not-empty"]);
}

#[test]
fn files_can_be_let_go_of_and_are_opened_again_when_asked() {
    let mut libraries = Libraries::sound();
    libraries.oracle.let_go(0);
    assert_eq!(libraries.oracle.log_length(0).unwrap(), 0);
}

#[test]
fn reading_never_makes_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for layout in [Layout::Outbox, Layout::Attached] {
        let mut oracle = Oracle::default();
        oracle.add_device(0, id(0), Files::in_library(folder.path(), layout));
        assert!(oracle.log_length(0).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
