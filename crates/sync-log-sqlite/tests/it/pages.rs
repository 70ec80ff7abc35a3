//! Files of which a page was overwritten, or the end is missing: every call is
//! answered by a clear error or as if nothing had happened, never by other data.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sync_log_sqlite::{
    ChainFault, Cursor, Hlc, LogError, OpenError, ReadLimits, SharedChangeEntry, StoreFault,
    SyncDb, Uuid,
};

use crate::common::{DEVICE, LIBRARY, PEER, change_with, file_in, folder, fresh, raw};

const OTHER_PEER: Uuid = Uuid::from_u128(0xb1);

/// A closed log, and what is in it.
struct Sound {
    bytes: Vec<u8>,
    page_bytes: usize,
    /// Which table or index each page belongs to.
    owners: BTreeMap<usize, String>,
    entries: Vec<SharedChangeEntry>,
    /// Up to here every peer has everything.
    acked_by_all: Hlc,
}

impl Sound {
    async fn new() -> Self {
        let (folder, log) = fresh().await;
        for peer in [PEER, OTHER_PEER] {
            log.register_peer(peer).await.unwrap();
        }
        // Some of the entries are too long for one page.
        for record in 0..60 {
            let data = "x".repeat(if record % 9 == 0 { 9_000 } else { 700 });
            let data = serde_json::json!(data);
            log.record(change_with(record, data)).await.unwrap();
        }
        let entries = log.get_since(None, usize::MAX).await.unwrap();
        log.record_ack(PEER, entries[40].hlc).await.unwrap();
        let acked_by_all = entries[20].hlc;
        log.record_ack(OTHER_PEER, acked_by_all).await.unwrap();
        log.close().await.unwrap();
        let file = raw(folder.path());
        let page_bytes: u32 = file
            .query_row("PRAGMA page_size", [], |row| row.get(0))
            .unwrap();
        let mut owners = file.prepare("SELECT pageno, name FROM dbstat").unwrap();
        let owners = owners.query_map([], |row| Ok((row.get::<_, u32>(0)? as usize, row.get(1)?)));
        Self {
            bytes: std::fs::read(file_in(folder.path())).unwrap(),
            page_bytes: page_bytes as usize,
            owners: owners.unwrap().map(Result::unwrap).collect(),
            entries,
            acked_by_all,
        }
    }

    fn pages(&self) -> usize {
        self.bytes.len() / self.page_bytes
    }
}

/// What a page may be overwritten with.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Zeros,
    Ones,
    Noise,
    /// All of it but for the first bytes, which hold the file's header.
    NoiseAfterHeader,
    /// A page of 512-byte sectors of which only the first half was written.
    Torn,
}

const DAMAGES: [Damage; 5] = [
    Damage::Zeros,
    Damage::Ones,
    Damage::Noise,
    Damage::NoiseAfterHeader,
    Damage::Torn,
];

fn damage(page: &mut [u8], damage: Damage) {
    let half = page.len() / 2;
    match damage {
        Damage::Zeros => page.fill(0),
        Damage::Ones => page.fill(0xff),
        Damage::Noise => noise(page),
        Damage::NoiseAfterHeader => noise(&mut page[100..]),
        Damage::Torn => noise(&mut page[half..]),
    }
}

/// Bytes without any order, the same ones every time.
fn noise(bytes: &mut [u8]) {
    let mut state = 0x9e37_79b9_u32;
    for byte in bytes {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        *byte = state.to_be_bytes()[0];
    }
}

#[tokio::test]
async fn a_page_that_was_overwritten_is_damage_or_changes_no_answer() {
    let sound = Sound::new().await;
    let mut told = BTreeMap::new();
    for page in 0..sound.pages() {
        for kind in DAMAGES {
            let mut bytes = sound.bytes.clone();
            damage(
                &mut bytes[page * sound.page_bytes..][..sound.page_bytes],
                kind,
            );
            let what = format!("{kind:?} on page {}", page + 1);
            let refusals = use_it(&sound, &bytes, &what).await;
            let owner = sound.owners.get(&(page + 1)).cloned().unwrap_or_default();
            let refused: &mut u32 = told.entry(owner).or_default();
            *refused += u32::from(refusals > 0);
        }
    }
    // It was noticed wherever something of the log was damaged.
    for table in [
        "shared_changes",
        "peer_acks",
        "sync_log_state",
        "sync_log_peers",
    ] {
        assert!(told[table] > 0, "{told:#?}");
    }
}

#[tokio::test]
async fn a_file_without_its_end_is_damage_or_changes_no_answer() {
    let sound = Sound::new().await;
    for halves in 1..sound.pages() * 2 {
        let bytes = &sound.bytes[..halves * sound.page_bytes / 2];
        let what = format!("{halves} half pages are left");
        let refusals = use_it(&sound, bytes, &what).await;
        assert!(refusals > 0, "{what}, and nobody noticed");
    }
}

/// Puts a damaged file through everything, and counts what was refused.
async fn use_it(sound: &Sound, bytes: &[u8], what: &str) -> u32 {
    let folder = folder();
    std::fs::write(file_in(folder.path()), bytes).unwrap();
    let mut seen = Seen { what, refused: 0 };
    match opened(folder.path()).await {
        Ok(log) => {
            answers(sound, &log, &mut seen).await;
            seen.of(log.close().await);
        }
        Err(error) => seen.of_opening(&error),
    }
    seen.refused
}

async fn opened(data_dir: &Path) -> Result<SyncDb, OpenError> {
    let options = SyncDb::options().busy_timeout(Duration::ZERO);
    options.open(LIBRARY, DEVICE, data_dir).await
}

/// Every answer is right, if it is one.
async fn answers(sound: &Sound, log: &SyncDb, seen: &mut Seen<'_>) {
    let what = seen.what;
    let mut expected = sound.entries.clone();
    if let Some(entries) = seen.of(log.get_since(None, usize::MAX).await) {
        assert!(entries == expected, "{what}");
    }
    let mut cursor = Cursor::ZERO;
    let mut served = 0;
    let limits = ReadLimits {
        max_entries: 7,
        max_bytes: 20_000,
    };
    while let Some(page) = seen.of(log.read_for(PEER, cursor, limits).await) {
        assert!(expected[served..].starts_with(&page.entries), "{what}");
        served += page.entries.len();
        cursor = page.next;
        if !page.more {
            assert_eq!(served, expected.len(), "{what}");
            break;
        }
    }
    if let Some(peers) = seen.of(log.peers().await) {
        let acks: Vec<_> = peers
            .into_iter()
            .map(|peer| peer.map(|peer| peer.acked))
            .collect();
        assert_eq!(acks, [Ok(expected[40].hlc), Ok(expected[20].hlc)], "{what}");
    }
    if let Some(explained) = seen.of(log.explain().await) {
        assert_eq!(explained.pending_entries, expected.len() as u64, "{what}");
    }
    let added = change_with(99, serde_json::json!("y".repeat(5_000)));
    if let Some(hlc) = seen.of(log.record(added.clone()).await) {
        expected.push(added.stamped(hlc));
    }
    // The peer read below its own ack, so it holds pruning until it acks again.
    if seen
        .of(log.record_ack(PEER, expected[40].hlc).await)
        .is_some()
        && let Some(pruned) = seen.of(log.prune_acked().await)
    {
        assert!(
            pruned == 0 || expected[pruned - 1].hlc == sound.acked_by_all,
            "{what}"
        );
        expected.drain(..pruned);
    }
    if let Some(entries) = seen.of(log.get_since(None, usize::MAX).await) {
        assert!(entries == expected, "{what}, after writing");
    }
}

/// Counts refusals, and sees that each of them is one of a kind.
struct Seen<'a> {
    what: &'a str,
    refused: u32,
}

impl Seen<'_> {
    fn of<T>(&mut self, outcome: Result<T, LogError>) -> Option<T> {
        outcome.map_err(|error| self.refusal(&error)).ok()
    }

    fn of_opening(&mut self, error: &OpenError) {
        match error {
            OpenError::NotSqlite { .. } => self.refused += 1,
            error => match error.as_log_error() {
                Some(error) => self.refusal(error),
                None => panic!("{}: {error:?}", self.what),
            },
        }
    }

    fn refusal(&mut self, error: &LogError) {
        self.refused += 1;
        match error {
            LogError::Store(store) if store.fault() == StoreFault::Corrupt => {}
            // SQLite could read the page, and its rows make no sense.
            LogError::Altered(altered) if altered.fault == ChainFault::Unreadable => {}
            error => panic!("{}: {error:?}", self.what),
        }
    }
}
