//! What is `Ok`, or served, is on disk, whatever the app's settings are (`A3`).
//!
//! A child does the work under `strace`, which reports each file that is synced.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sea_orm::DatabaseConnection;
use sync_log_sqlite::{Cursor, ReadLimits, SyncDb};

use super::pools::{Settings, connect};
use crate::common::{DEVICE, LIBRARY, PEER, change};

const FOLDER: &str = "APP_FOLDER";
const JOURNAL_MODE: &str = "APP_JOURNAL_MODE";
const SYNCHRONOUS: &str = "APP_SYNCHRONOUS";

/// Says in the report of `strace` what happens from here on.
fn mark(folder: &Path, what: &str) {
    std::fs::write(folder.join("mark"), format!("[{what}]")).unwrap();
}

async fn attach(folder: &Path, settings: &Settings) -> (DatabaseConnection, SyncDb) {
    let db = connect(&folder.join("app.db"), settings).await;
    let log = SyncDb::attach(&db, LIBRARY, DEVICE).await.unwrap();
    (db, log)
}

/// The child.
#[tokio::test]
async fn work_that_strace_watches() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return; // It is run by the tests below.
    };
    let folder = PathBuf::from(folder);
    let of_parent = |name| String::leak(std::env::var(name).unwrap());
    let settings = Settings {
        journal_mode: of_parent(JOURNAL_MODE),
        synchronous: of_parent(SYNCHRONOUS),
        connections: 1,
    };
    let (db, log) = attach(&folder, &settings).await;
    log.register_peer(PEER).await.unwrap();
    mark(&folder, "record");
    log.record(change(1)).await.unwrap();
    mark(&folder, "attach another");
    let (_other_db, other) = attach(&folder, &settings).await;
    mark(&folder, "serve");
    let serve = async || {
        let page = other.read_for(PEER, Cursor::ZERO, ReadLimits::default());
        assert_eq!(page.await.unwrap().entries.len(), 1);
    };
    serve().await;
    mark(&folder, "serve again");
    serve().await;
    mark(&folder, "end");
    log.close().await.unwrap();
    other.close().await.unwrap();
    drop(db);
}

/// What the child synced, from one mark to the next, by the ends of the paths.
struct Report {
    folder: String,
    lines: Vec<String>,
}

impl Report {
    /// `None` where there is no `strace`, or where it may not watch a process.
    fn of(journal_mode: &str, synchronous: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let report = path.join("report");
        let test = "attached::durable::work_that_strace_watches";
        let ran = Command::new("strace")
            .args(["-f", "-y", "-e", "trace=fsync,fdatasync,write", "-o"])
            .arg(&report)
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .env(FOLDER, &path)
            .env(JOURNAL_MODE, journal_mode)
            .env(SYNCHRONOUS, synchronous)
            .stdout(Stdio::null())
            .status();
        let Ok(ran) = ran else {
            eprintln!("not tested: there is no strace");
            return None;
        };
        let report = std::fs::read_to_string(report).unwrap();
        if !report.contains("[end]") && report.contains("ptrace") {
            eprintln!("not tested: strace may not watch a process");
            return None;
        }
        assert!(ran.success(), "{report}");
        Some(Self {
            folder: path.to_str().unwrap().to_owned(),
            lines: report.lines().map(str::to_owned).collect(),
        })
    }

    /// The files that were synced after this mark: what follows `app.db` in their names, and `folder`.
    fn synced(&self, during: &str) -> Vec<&str> {
        let mark = format!("[{during}]");
        let begun = self.lines.iter().skip_while(|line| !line.contains(&mark));
        let lines = begun.skip(1).take_while(|line| !line.contains("/mark>"));
        lines.filter_map(|line| self.file(line)).collect()
    }

    fn file<'a>(&self, line: &'a str) -> Option<&'a str> {
        let is_sync = line.contains("fdatasync(") || line.contains("fsync(");
        let (_, from_name) = line.split_once(&self.folder)?;
        let (name, _) = from_name.split_once('>')?;
        let name = if name.is_empty() { "folder" } else { name };
        is_sync.then(|| name.strip_prefix("/app.db").unwrap_or(name))
    }
}

#[test]
fn in_wal_mode_with_normal_a_second_commit_syncs_the_wal() {
    let Some(report) = Report::of("WAL", "NORMAL") else {
        return;
    };
    assert!(report.synced("record").contains(&"-wal"));
    // The second handle does not know that the first one synced, and finds that out once.
    assert_eq!(report.synced("serve"), ["-wal"]);
    assert_eq!(report.synced("serve again"), [""; 0]);
}

#[test]
fn in_wal_mode_with_full_there_is_no_second_commit() {
    let Some(report) = Report::of("WAL", "FULL") else {
        return;
    };
    assert_eq!(report.synced("record"), ["-wal"]);
    assert_eq!(report.synced("serve"), [""; 0]);
}

/// Else the journal could be there again after a power cut, and SQLite would roll the commit back.
#[test]
fn in_the_mode_delete_the_folder_is_synced_last() {
    for (synchronous, commits) in [("NORMAL", 2), ("FULL", 2), ("EXTRA", 1)] {
        let Some(report) = Report::of("DELETE", synchronous) else {
            return;
        };
        let synced = report.synced("record");
        assert_eq!(synced.last(), Some(&"folder"), "{synchronous}: {synced:?}");
        let files = synced.iter().filter(|name| name.is_empty()).count();
        assert_eq!(files, commits, "{synchronous}: {synced:?}");
        let served = report.synced("serve");
        assert_eq!(served.is_empty(), commits == 1, "{synchronous}: {served:?}");
    }
}

#[tokio::test]
async fn the_settings_of_the_app_stay_as_they_are() {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    for (journal_mode, synchronous, number) in [("WAL", "NORMAL", 1), ("DELETE", "FULL", 2)] {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            journal_mode,
            synchronous,
            connections: 1,
        };
        let db = connect(&folder.path().join("app.db"), &settings).await;
        let marked = "PRAGMA application_id = 4711; PRAGMA user_version = 12";
        db.execute_unprepared(marked).await.unwrap();
        let log = SyncDb::attach(&db, LIBRARY, DEVICE).await.unwrap();
        log.record(change(1)).await.unwrap();
        log.get_since(None, 10).await.unwrap();
        for (pragma, expected) in [
            ("synchronous", number),
            ("application_id", 4711),
            ("user_version", 12),
        ] {
            let read = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {pragma}"));
            let row = db.query_one_raw(read).await.unwrap().unwrap();
            assert_eq!(
                row.try_get_by_index::<i32>(0).unwrap(),
                expected,
                "{pragma}"
            );
        }
    }
}
