//! A file that an earlier program made, and what may have become of it while it was
//! adopted: each row is in its table or aside, byte for byte, and all of them are where
//! they were, or all where they belong (`I3`).

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rusqlite::{Connection, params_from_iter};
use sync_log_sqlite::{FILE_NAME, Hlc, SharedChangeEntry, Uuid};

use crate::entry::{DEVICE, EntryId, PEERS, STRANGER};
use crate::file;

const TABLES: &str = "
CREATE TABLE shared_changes (hlc TEXT PRIMARY KEY, model_type TEXT NOT NULL,
    record_uuid TEXT NOT NULL, change_type TEXT NOT NULL, data TEXT NOT NULL,
    created_at TEXT NOT NULL);
CREATE TABLE peer_acks (peer_device_id TEXT PRIMARY KEY, last_acked_hlc TEXT NOT NULL,
    acked_at TEXT NOT NULL);
";

const WRITTEN_AT: &str = "2023-11-14 22:13:20";

/// Own entries.
const OWN: u32 = 40;

/// Makes the file in `folder`.
pub(crate) fn make(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = Connection::open(folder.join(FILE_NAME))?;
    file.execute_batch(TABLES)?;
    for row in rows() {
        let sql = "INSERT INTO shared_changes VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        file.execute(sql, params_from_iter(row))?;
    }
    for ack in acks() {
        let sql = "INSERT INTO peer_acks VALUES (?1, ?2, ?3)";
        file.execute(sql, params_from_iter(ack))?;
    }
    Ok(())
}

/// The entries that the log has to have.
pub(crate) fn own_entries() -> Vec<SharedChangeEntry> {
    let stamps = (0..OWN).map(|index| (index, stamp(index, DEVICE)));
    // The earlier program knew no versions.
    let entry = |(index, hlc)| SharedChangeEntry {
        model_version: 0,
        ..named(index).stamped(hlc)
    };
    stamps.map(entry).collect()
}

fn named(index: u32) -> EntryId {
    EntryId {
        child: 0,
        operation: 1,
        index,
    }
}

fn stamp(index: u32, device_id: Uuid) -> Hlc {
    Hlc::new(1_700_000_000_000, index.into(), device_id)
}

/// Own entries, and one of a device whose entries do not belong here.
fn rows() -> Vec<Vec<String>> {
    let strange = named(OWN).stamped(stamp(OWN, STRANGER));
    let entries = own_entries().into_iter().chain([strange]);
    entries
        .map(|entry| {
            vec![
                entry.hlc.to_string(),
                entry.model_type,
                entry.record_uuid.to_string(),
                entry.change_type.as_str().to_owned(),
                entry.data.as_str().to_owned(),
                WRITTEN_AT.to_owned(),
            ]
        })
        .collect()
}

/// One that can be true, and one that cannot.
fn acks() -> Vec<Vec<String>> {
    let claims = [(PEERS[0], DEVICE), (PEERS[1], STRANGER)].into_iter();
    claims
        .map(|(peer, device)| {
            let acked = stamp(OWN - 1, device).to_string();
            vec![peer.to_string(), acked, WRITTEN_AT.to_owned()]
        })
        .collect()
}

/// Says which log the file is, if it was adopted.
pub(crate) fn check(folder: &Path) -> Result<Option<Uuid>> {
    let file = file::recover(folder)?;
    let parts = file::refuse_parts(&file, ORIGINAL_PARTS)?;
    let adopted = parts != ORIGINAL_PARTS && !has_to_be_adopted(&file)?;
    let changes = |table| rows_of(&file, &format!("SELECT * FROM {table} ORDER BY hlc"));
    let acks_in = |table| {
        let sql = format!("SELECT * FROM {table} ORDER BY peer_device_id");
        rows_of(&file, &sql)
    };
    let (rows, acks) = (rows(), acks());
    if !adopted {
        ensure!(changes("shared_changes")? == rows, "changes are gone");
        ensure!(acks_in("peer_acks")? == acks, "acks are gone");
        return Ok(None);
    }
    let [own, strange] = [&rows[..OWN as usize], &rows[OWN as usize..]];
    ensure!(changes("shared_changes")? == own, "own entries are gone");
    let aside_changes = "(SELECT hlc, model_type, record_uuid, change_type, data, created_at \
                 FROM sync_log_aside_changes)";
    ensure!(
        changes(aside_changes)? == strange,
        "what went aside is gone"
    );
    let claims = acks_in("peer_acks")?;
    ensure!(claims[0] == acks[0], "the ack that can be true is gone");
    ensure!(claims[1][1] == Hlc::ZERO.to_string(), "an ack is made up");
    let aside_acks = "(SELECT peer_device_id, last_acked_hlc, acked_at FROM sync_log_aside_acks)";
    ensure!(acks_in(aside_acks)? == acks[1..], "the other ack is gone");
    let log = file::read(folder)?.context("the log is gone")?;
    let newest = stamp(OWN - 1, DEVICE);
    ensure!(log.state.head == newest && log.state.high_water >= stamp(OWN, STRANGER));
    ensure!(log.state.floor < stamp(0, DEVICE), "the floor is too high");
    Ok(Some(log.identity[2]))
}

/// Tables of the file as it was found.
const ORIGINAL_PARTS: i64 = 2;

fn has_to_be_adopted(file: &Connection) -> Result<bool> {
    let sql = "SELECT altered IS NOT NULL FROM sync_log_state";
    Ok(file.query_row(sql, [], |row| row.get(0))?)
}

fn rows_of(file: &Connection, sql: &str) -> Result<Vec<Vec<String>>> {
    let mut query = file.prepare(sql)?;
    let columns = query.column_count();
    let rows = query.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
    Ok(rows.collect::<Result<_, _>>()?)
}
