//! Each fault is planted by hand, and is found under its own name.

use rusqlite::Connection;
use sync_log_core::Uuid;
use tempfile::TempDir;

use super::*;

/// Libraries made by hand, with the two tables that the oracle reads. `applied`
/// has no key here, so that a second row can be planted.
const LOG_TABLE: &str = "CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY)";
const DATABASE_TABLES: &str = "
CREATE TABLE records (model_type TEXT, record_uuid TEXT, hlc TEXT, deleted INTEGER, data TEXT);
CREATE TABLE applied (origin TEXT, hlc TEXT)";

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

fn change(change_type: ChangeType, data: &str) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(1),
        change_type,
        data: data.parse().unwrap(),
        model_version: 0,
    }
}

fn update(data: &str) -> Change {
    change(ChangeType::Update, data)
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
            oracle.add_device(number, id(device), &path);
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

    /// The device's log gets an entry, and returned its stamp.
    fn record(&mut self, device: usize, hlc: &str, change: &Change) {
        self.sql(
            device,
            "sync.db",
            "INSERT INTO shared_changes VALUES (?1)",
            &[hlc],
        );
        self.oracle.recorded(device, hlc, change).unwrap();
    }

    fn delete(&self, device: usize, hlc: &str) {
        let sql = "DELETE FROM shared_changes WHERE hlc = ?1";
        self.sql(device, "sync.db", sql, &[hlc]);
    }

    fn apply(&self, device: usize, origin: usize, hlc: &str) {
        let sql = "INSERT INTO applied VALUES (?1, ?2)";
        self.sql(device, "database.db", sql, &[&id(origin), hlc]);
    }

    fn apply_everywhere(&self, origin: usize, hlc: &str) {
        for device in (0..self.devices).filter(|device| *device != origin) {
            self.apply(device, origin, hlc);
        }
    }

    /// The record of `update`, as one device holds it.
    fn hold(&self, device: usize, hlc: &str, data: Option<&str>) {
        let record = Uuid::from_u128(1).to_string();
        self.sql(device, "database.db", "DELETE FROM records", &[]);
        let (deleted, data) = (data.is_none(), data.unwrap_or_default());
        let sql = if deleted {
            "INSERT INTO records VALUES ('tag', ?1, ?2, 1, NULLIF(?3, ''))"
        } else {
            "INSERT INTO records VALUES ('tag', ?1, ?2, 0, ?3)"
        };
        self.sql(device, "database.db", sql, &[&record, hlc, data]);
    }

    fn hold_everywhere(&self, hlc: &str, data: Option<&str>) {
        (0..self.devices).for_each(|device| self.hold(device, hlc, data));
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
        libraries.record(0, &stamp, &update("5"));
        libraries.apply_everywhere(0, &stamp);
        libraries.hold_everywhere(&stamp, Some("5"));
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
    let (loser, winner) = (hlc(4, 1), hlc(5, 0));
    libraries.record(0, &winner, &update("5"));
    libraries.record(1, &loser, &update("4"));
    libraries.apply_everywhere(0, &winner);
    libraries.apply_everywhere(1, &loser);
    libraries.hold_everywhere(&winner, Some("5"));
    libraries.prune(0, &[&winner]);
    libraries.prune(1, &[&loser]);
    assert!(libraries.findings().is_empty());
}

#[test]
fn a_stamp_of_another_device_or_in_another_form_is_found() {
    for wrong in [hlc(6, 1), hlc(6, 0).to_uppercase(), String::new()] {
        let mut libraries = Libraries::sound();
        libraries.oracle.recorded(0, &wrong, &update("6")).unwrap();
        assert_eq!(libraries.names(), ["malformed-stamp"], "{wrong}");
    }
}

#[test]
fn a_stamp_that_does_not_rise_is_found() {
    for ms in [4, 5] {
        let mut libraries = Libraries::sound();
        let stamp = hlc(ms, 0);
        libraries.oracle.recorded(0, &stamp, &update("5")).unwrap();
        let names = libraries.names();
        assert!(names.contains(&"stamp-not-above"), "{names:?}");
    }
}

#[test]
fn a_stamp_that_is_not_above_what_its_device_had_applied_is_found() {
    let mut libraries = Libraries::sound();
    let lower = hlc(4, 1);
    libraries.record(1, &lower, &update("4"));
    libraries.apply_everywhere(1, &lower);
    libraries.prune(1, &[&lower]);
    assert_eq!(libraries.names(), ["not-above-applied"]);
}

#[test]
fn a_lost_change_is_found() {
    let libraries = Libraries::sound();
    libraries.sql(2, "database.db", "DELETE FROM applied", &[]);
    let findings = libraries.findings();
    let expected = format!("device 2 never got {}", hlc(5, 0));
    assert_eq!(findings.names(), ["lost-change"]);
    assert_eq!(findings.groups().next().unwrap().1.examples, [expected]);
}

#[test]
fn a_change_that_was_applied_twice_is_found_in_the_table() {
    let libraries = Libraries::sound();
    libraries.apply(1, 0, &hlc(5, 0));
    assert_eq!(libraries.names(), ["applied-twice"]);
}

#[test]
fn a_change_that_was_applied_twice_is_found_when_the_database_tells() {
    let mut libraries = Libraries::sound();
    libraries.oracle.applied_twice(1, &hlc(5, 0));
    assert_eq!(libraries.names(), ["applied-twice"]);
}

#[test]
fn an_applied_change_that_nobody_recorded_is_found() {
    let libraries = Libraries::sound();
    libraries.apply(1, 0, &hlc(6, 0));
    assert_eq!(libraries.names(), ["applied-unknown"]);
}

#[test]
fn a_change_that_came_back_to_its_origin_is_found() {
    let libraries = Libraries::sound();
    libraries.apply(0, 0, &hlc(5, 0));
    assert_eq!(libraries.names(), ["applied-unknown"]);
}

#[test]
fn a_change_that_was_applied_under_another_origin_is_found() {
    let libraries = Libraries::sound();
    libraries.sql(2, "database.db", "DELETE FROM applied", &[]);
    libraries.apply(2, 1, &hlc(5, 0));
    assert_eq!(libraries.names(), ["applied-unknown", "lost-change"]);
}

#[test]
fn an_entry_that_was_pruned_too_early_is_found_even_if_it_arrives_later() {
    let mut libraries = Libraries::sound();
    let stamp = hlc(6, 0);
    libraries.record(0, &stamp, &update("6"));
    libraries.apply(1, 0, &stamp);
    libraries.prune(0, &[&stamp]);
    libraries.apply(2, 0, &stamp);
    libraries.hold_everywhere(&stamp, Some("6"));
    let findings = libraries.findings();
    let expected = format!("device 0 pruned {stamp} before device 2 applied it");
    assert_eq!(findings.names(), ["pruned-before-applied"]);
    assert_eq!(findings.groups().next().unwrap().1.examples, [expected]);
}

#[test]
fn an_entry_that_leaves_the_log_between_prunes_is_found() {
    let mut libraries = Libraries::sound();
    let stamp = hlc(6, 0);
    libraries.record(0, &stamp, &update("6"));
    libraries.apply_everywhere(0, &stamp);
    libraries.hold_everywhere(&stamp, Some("6"));
    libraries.delete(0, &stamp);
    libraries.prune(0, &[]);
    assert_eq!(libraries.names(), ["vanished"]);
}

#[test]
fn an_entry_that_was_never_recorded_is_found() {
    let mut libraries = Libraries::sound();
    let stamp = hlc(6, 0);
    let sql = "INSERT INTO shared_changes VALUES (?1)";
    libraries.sql(0, "sync.db", sql, &[&stamp]);
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
    let mut libraries = Libraries::sound();
    let newer = hlc(6, 1);
    libraries.record(1, &newer, &update("6"));
    libraries.apply_everywhere(1, &newer);
    libraries.prune(1, &[&newer]);
    assert_eq!(libraries.names(), ["wrong-winner"]);
}

#[test]
fn a_record_that_everybody_lacks_is_found() {
    let libraries = Libraries::sound();
    for device in 0..3 {
        libraries.sql(device, "database.db", "DELETE FROM records", &[]);
    }
    let findings = libraries.findings();
    assert_eq!(findings.names(), ["wrong-winner"]);
    assert_eq!(findings.groups().next().unwrap().1.count, 3);
}

#[test]
fn a_delete_that_wins_leaves_a_tombstone_without_data() {
    for (held, expected) in [(None, &[][..]), (Some("6"), &["wrong-winner"][..])] {
        let mut libraries = Libraries::sound();
        let stamp = hlc(6, 2);
        libraries.record(2, &stamp, &change(ChangeType::Delete, "6"));
        libraries.apply_everywhere(2, &stamp);
        libraries.prune(2, &[&stamp]);
        libraries.hold_everywhere(&stamp, held);
        assert_eq!(libraries.names(), expected);
    }
}

#[test]
fn a_log_that_is_not_empty_is_found() {
    let mut libraries = Libraries::sound();
    let stamp = hlc(6, 0);
    libraries.record(0, &stamp, &update("6"));
    libraries.apply_everywhere(0, &stamp);
    libraries.hold_everywhere(&stamp, Some("6"));
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
    let mut oracle = Oracle::default();
    oracle.add_device(0, id(0), folder.path());
    assert!(oracle.log_length(0).is_err());
    assert!(!folder.path().join("sync.db").exists());
}
