//! What the tests of this crate share: ids, changes, a raw look at the file,
//! and children that are this test binary once more.

pub(crate) mod earlier;
pub(crate) mod events;
pub(crate) mod kills;
pub(crate) mod old_log;
#[cfg(unix)]
pub(crate) mod rights;
pub(crate) mod tables;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use sync_log_sqlite::{Change, ChangeType, FILE_NAME, Hlc, SyncDb, Uuid};

pub(crate) const LIBRARY: Uuid = Uuid::from_u128(0x11);
pub(crate) const DEVICE: Uuid = Uuid::from_u128(0xa0);
pub(crate) const PEER: Uuid = Uuid::from_u128(0xb0);

pub(crate) fn change(record: u128) -> Change {
    change_with(record, serde_json::json!({ "record": record.to_string() }))
}

pub(crate) fn change_with(record: u128, data: serde_json::Value) -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(record),
        change_type: ChangeType::Update,
        data: data.into(),
        model_version: 0,
    }
}

pub(crate) async fn open(data_dir: &Path) -> SyncDb {
    SyncDb::open(LIBRARY, DEVICE, data_dir)
        .await
        .expect("the log opens")
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

/// A new log, in a folder of its own.
pub(crate) async fn fresh() -> (tempfile::TempDir, SyncDb) {
    let folder = folder();
    let log = open(folder.path()).await;
    (folder, log)
}

pub(crate) fn file_in(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE_NAME)
}

/// A look at the file, and damage to it, also such as its checks refuse.
pub(crate) fn raw(data_dir: &Path) -> rusqlite::Connection {
    let raw = other_program(data_dir);
    let off = raw.pragma_update(None, "ignore_check_constraints", true);
    off.expect("checks can be switched off");
    raw
}

/// Another program's connection to the file.
pub(crate) fn other_program(data_dir: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(file_in(data_dir)).expect("the file opens")
}

/// Writes the pages of the database `from` over the file of a log, through SQLite, as `.restore` of
/// its shell does.
pub(crate) fn put_back(data_dir: &Path, from: &Path) {
    let from = rusqlite::Connection::open(from).unwrap();
    let mut tool = other_program(data_dir);
    let backup = rusqlite::backup::Backup::new(&from, &mut tool).unwrap();
    backup.run_to_completion(100, Duration::ZERO, None).unwrap();
}

/// A file as it is, told by name, length and a hash of its bytes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Content {
    name: PathBuf,
    length: usize,
    hash: u64,
}

/// Everything in a folder.
pub(crate) fn contents(folder: &Path) -> Vec<Content> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder can be listed")
        .map(|entry| {
            let path = entry.expect("the folder can be listed").path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            let mut hash = DefaultHasher::new();
            bytes.hash(&mut hash);
            Content {
                name: path.file_name().expect("it has a name").into(),
                length: bytes.len(),
                hash: hash.finish(),
            }
        })
        .collect();
    files.sort();
    files
}

/// The stamps of all entries, as another program reads them.
pub(crate) fn stamps(connection: &rusqlite::Connection) -> Vec<String> {
    let mut query = connection
        .prepare("SELECT hlc FROM shared_changes ORDER BY hlc")
        .expect("the table is there");
    let rows = query
        .query_map([], |row| row.get(0))
        .expect("the table can be read");
    rows.collect::<Result<_, _>>().expect("the rows are text")
}

const CHILD: &str = "SYNC_LOG_TEST_FOLDER";

/// The folder that a parent gave to this process, if it is a child.
pub(crate) fn as_child() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// A command that runs `test` once more, as a child that works in `data_dir`.
pub(crate) fn child<Test>(test: Test, data_dir: &Path) -> Command {
    child_of(&this_binary(), test, data_dir)
}

pub(crate) fn child_of<Test>(binary: &Path, _: Test, data_dir: &Path) -> Command {
    let path = std::any::type_name::<Test>();
    let (_, name) = path.split_once("::").expect("a test is in a crate");
    let mut command = Command::new(binary);
    command
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, data_dir)
        .stdout(Stdio::piped());
    command
}

/// Runs `test` as a child that shares its process with no other test.
pub(crate) fn run_alone<Test>(test: Test) {
    let folder = folder();
    let output = child(test, folder.path()).stderr(Stdio::piped()).output();
    assert_passed(&output.expect("a child can be started"));
}

/// The child ran its test, and the test passed.
pub(crate) fn assert_passed(ended: &Output) {
    let said = String::from_utf8_lossy(&ended.stdout);
    let failed = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}{failed}");
    assert!(said.contains("1 passed"), "{said}");
}

pub(crate) fn this_binary() -> PathBuf {
    std::env::current_exe().expect("this binary has a path")
}

const SAID: &str = "said: ";

/// Tells the parent something, at once.
pub(crate) fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{SAID}{what}").expect("the parent listens");
    out.flush().expect("the parent listens");
}

/// What a child says, line by line, until it ends. A line that it was killed in
/// the middle of is left out.
pub(crate) fn heard(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let out = child.stdout.take().expect("the child's output is a pipe");
    let mut lines = BufReader::new(out);
    std::iter::from_fn(move || {
        let mut line = String::new();
        lines.read_line(&mut line).expect("the child speaks UTF-8");
        (!line.is_empty()).then_some(line)
    })
    .filter(|line| line.ends_with('\n'))
    .filter_map(|line| Some(line.trim_end().strip_prefix(SAID)?.to_owned()))
}

pub(crate) fn parse_stamps(said: impl Iterator<Item = String>) -> Vec<Hlc> {
    said.map(|text| text.parse().expect("the child said a stamp"))
        .collect()
}
