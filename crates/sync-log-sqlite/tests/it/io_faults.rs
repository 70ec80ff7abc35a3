//! A disk that fails at every single call that the log makes, one after the
//! other: each failure is told by its kind, costs nothing that was promised, and
//! is over when the disk works again.
//!
//! Linux only: the failing disk is `shim/io_faults.c`, which a child preloads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sync_log_sqlite::{
    Ack, Change, ErrorKind, Hlc, LogError, ManualClock, OpenError, ReadLimits, StoreError,
    StoreFault, SyncDb, Uuid,
};

use crate::common::{
    self, DEVICE, LIBRARY, PEER, as_child, change_with, child, file_in, folder, raw, say,
};

pub(crate) const ORDERS: &str = "IO_FAULTS";

/// Longer than anything here takes, however busy the machine is.
const HANGS: Duration = Duration::from_secs(60);

#[test]
fn a_disk_that_is_full_once() {
    every_call(a_disk_that_is_full_once, "ENOSPC", "once");
}

#[test]
fn a_disk_that_stays_full_for_a_while() {
    every_call(a_disk_that_stays_full_for_a_while, "ENOSPC", "on");
}

#[test]
fn a_disk_that_fails_once() {
    every_call(a_disk_that_fails_once, "EIO", "once");
}

#[test]
fn a_disk_that_fails_for_a_while() {
    every_call(a_disk_that_fails_for_a_while, "EIO", "on");
}

#[test]
fn a_disk_that_tears_one_write() {
    every_call(a_disk_that_tears_one_write, "TORN", "once");
}

#[test]
fn a_disk_that_tears_writes_for_a_while() {
    every_call(a_disk_that_tears_writes_for_a_while, "TORN", "on");
}

#[test]
fn a_disk_that_cannot_be_read_once() {
    every_call(a_disk_that_cannot_be_read_once, "READ", "once");
}

#[test]
fn a_disk_that_cannot_be_read_for_a_while() {
    every_call(a_disk_that_cannot_be_read_for_a_while, "READ", "on");
}

/// Runs the story of a log once for each call that it makes, with that call
/// failing, in a child that has the failing disk.
fn every_call<Test>(test: Test, what: &'static str, how_long: &'static str) {
    if let Some(data_dir) = as_child() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        return runtime
            .unwrap()
            .block_on(fail_each(&data_dir, what, how_long));
    }
    let folder = disk_in_memory();
    let shim = compiled_shim(folder.path());
    let data_dir = folder.path().join("data");
    let mut child = child(test, &data_dir)
        .env("LD_PRELOAD", shim)
        .env(ORDERS, folder.path().join("orders"))
        .spawn()
        .unwrap();
    let told: Vec<String> = common::heard(&mut child).collect();
    let ended = child.wait().unwrap();
    let tally = told.join("\n");
    eprintln!("{tally}");
    assert!(ended.success(), "{tally}");
    // The disk did fail, in every way that it can.
    let calls: &[&str] = match what {
        "READ" => &["read sync.db-wal:", "read sync.db:"],
        _ => &["write sync.db-wal:", "sync sync.db-wal:", "write sync.db:"],
    };
    for call in calls {
        let found = told.iter().any(|line| line.contains(call));
        assert!(found, "never failed at {call}: {tally}");
    }
}

/// What fails is between the log and the disk; the disk itself may be a fast one.
pub(crate) fn disk_in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| folder())
}

pub(crate) fn compiled_shim(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/io_faults.c");
    let shim = folder.join("io_faults.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&shim, &source])
        .args(["-ldl", "-lpthread"])
        .status()
        .expect("there is a C compiler");
    assert!(compiled.success());
    shim
}

async fn fail_each(data_dir: &Path, what: &'static str, how_long: &'static str) {
    let mut tally = BTreeMap::new();
    for nth in 1.. {
        let disk = Disk::new(nth, what, how_long);
        let (data_dir, label) = (data_dir.join(nth.to_string()), format!("{what} at {nth}"));
        let mut story = Story::new(&data_dir, disk, &label);
        story.run().await;
        story.disk.repair();
        story.finish().await;
        std::fs::remove_dir_all(&data_dir).unwrap();
        if story.tally.is_empty() {
            say(format!("{what}, {how_long}: {} calls failed", nth - 1));
            break;
        }
        for line in story.tally {
            *tally.entry(line).or_insert(0) += 1;
        }
    }
    for (line, times) in tally {
        say(format!("{times:4} × {line}"));
    }
}

/// The way to give the failing disk its orders.
pub(crate) struct Disk {
    orders: PathBuf,
    what: &'static str,
    sticky: bool,
}

impl Disk {
    /// Breaks at the `nth` call from now.
    pub(crate) fn new(nth: u32, what: &'static str, how_long: &str) -> Self {
        let orders = PathBuf::from(std::env::var_os(ORDERS).unwrap());
        std::fs::write(&orders, format!("{nth} {nth} {what} {how_long}")).unwrap();
        let sticky = how_long == "on";
        Self {
            orders,
            what,
            sticky,
        }
    }

    pub(crate) fn repair(&self) {
        std::fs::write(&self.orders, "").unwrap();
    }

    /// Whether the failure of `call` may be told so. SQLite knows a full disk by
    /// its writes alone, and those to the shared memory do not count; and a page
    /// that the disk refuses to read it takes for damage.
    fn is_told_by(&self, call: &str, kind: StoreFault) -> bool {
        match self.what {
            "ENOSPC" if call.starts_with("write") && !call.ends_with("-shm") => {
                kind == StoreFault::Full
            }
            "READ" => matches!(kind, StoreFault::Io | StoreFault::Corrupt),
            _ => kind == StoreFault::Io,
        }
    }

    /// The calls that failed since this was last asked.
    pub(crate) fn failed(&self) -> Vec<String> {
        let told = self.orders.with_extension("told");
        let lines = std::fs::read_to_string(&told).unwrap_or_default();
        let _ = std::fs::remove_file(&told);
        lines.lines().map(str::to_owned).collect()
    }
}

/// All that a log shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Shown {
    entries: Vec<Hlc>,
    acks: BTreeMap<Uuid, Hlc>,
    floor: Option<Hlc>,
}

async fn shown(log: &SyncDb) -> Outcome {
    let entries = log.get_since(None, usize::MAX).await?;
    let peers = log.peers().await?.into_iter().map(Result::unwrap);
    let floor = log.floor().await?;
    Ok(Shown {
        entries: entries.iter().map(|entry| entry.hlc).collect(),
        acks: peers
            .map(|peer| (peer.device_id.as_uuid(), peer.acked))
            .collect(),
        floor: (!floor.is_zero()).then_some(floor),
    })
}

/// One thing that the story does, and what it changes.
#[derive(Debug, Clone, Copy)]
enum Step {
    Register(Uuid),
    Record,
    Batch(u128),
    Observe,
    Tick,
    Ack(Uuid, usize),
    Prune,
    Explain,
}

const OTHER_PEER: Uuid = Uuid::from_u128(0xb1);

/// From the first opening to the first closing.
const FIRST_STEPS: &[Step] = &[
    Step::Register(PEER),
    Step::Record,
    Step::Register(OTHER_PEER),
    Step::Batch(8),
    Step::Ack(PEER, 7),
    Step::Observe,
    Step::Ack(OTHER_PEER, 5),
    Step::Prune,
    Step::Tick,
    Step::Record,
];

/// From then on.
const LATER_STEPS: &[Step] = &[
    Step::Record,
    Step::Explain,
    Step::Ack(OTHER_PEER, 3),
    Step::Prune,
    Step::Batch(3),
];

struct Story<'a> {
    data_dir: &'a Path,
    disk: Disk,
    label: &'a str,
    log: Option<SyncDb>,
    /// What was promised.
    promised: Shown,
    /// What failed, and how that was told.
    tally: Vec<String>,
}

impl<'a> Story<'a> {
    fn new(data_dir: &'a Path, disk: Disk, label: &'a str) -> Self {
        Self {
            data_dir,
            disk,
            label,
            log: None,
            promised: Shown::default(),
            tally: Vec::new(),
        }
    }

    async fn run(&mut self) {
        for steps in [FIRST_STEPS, LATER_STEPS] {
            self.open().await;
            for step in steps {
                self.take(*step).await;
            }
            self.close().await;
        }
    }

    /// What was promised is there, and the file is sound.
    async fn finish(&mut self) {
        let failed = self.disk.failed();
        self.note("in the end", "told nobody", &failed);
        let log = open(self.data_dir).await.unwrap();
        assert_eq!(shown(&log).await.unwrap(), self.promised);
        log.close().await.unwrap();
        assert_sound(self.data_dir);
    }

    async fn open(&mut self) {
        let opened = match in_time(open(self.data_dir)).await {
            Ok(log) => log,
            Err(error) => {
                let Some(LogError::Store(error)) = error.as_log_error() else {
                    panic!("{}: {error:?}", self.label);
                };
                self.refused("open", error.fault());
                self.disk.repair();
                in_time(open(self.data_dir)).await.unwrap()
            }
        };
        let found = match in_time(shown(&opened)).await {
            Ok(found) => found,
            Err(error) => {
                self.refused("look", kind_of(&error));
                self.disk.repair();
                in_time(shown(&opened)).await.unwrap()
            }
        };
        assert_eq!(found, self.promised, "{}", self.label);
        self.log = Some(opened);
    }

    async fn close(&mut self) {
        let log = self.log.take().unwrap();
        if let Err(error) = in_time(log.close()).await {
            self.refused("close", kind_of(&error));
        }
        let failed = self.disk.failed();
        self.note("close", "told nobody", &failed);
    }

    async fn take(&mut self, step: Step) {
        let log = self.log.clone().unwrap();
        let mut outcome = in_time(self.attempt(&log, step)).await;
        if let Err(error) = &outcome {
            let mut kind = kind_of(error);
            self.refused(&format!("{step:?}"), kind);
            if self.disk.sticky {
                outcome = in_time(self.attempt(&log, step)).await;
                if let Err(second_error) = &outcome {
                    kind = kind_of(second_error);
                    self.refused(&format!("{step:?}"), kind);
                }
            }
            self.image(step).await;
            if outcome.is_err() {
                outcome = self.recover(log, step, kind).await;
            }
        }
        let made = outcome.unwrap_or_else(|error| panic!("{}: {step:?}: {error:?}", self.label));
        self.promised = made;
        let failed = self.disk.failed();
        self.note(&format!("{step:?}"), "told nobody", &failed);
    }

    /// After the failure of `step`: it did nothing, and works now, on the same
    /// handle if the error said so.
    async fn recover(&mut self, log: SyncDb, step: Step, kind: StoreFault) -> Outcome {
        self.disk.repair();
        if kind.kind() == ErrorKind::Retry {
            let found = shown(&log).await.unwrap();
            assert_eq!(found, self.promised, "{}", self.label);
            return in_time(self.attempt(&log, step)).await;
        }
        in_time(log.close()).await.unwrap();
        let reopened = open(self.data_dir).await.unwrap();
        self.log = Some(reopened.clone());
        let found = shown(&reopened).await.unwrap();
        if found != self.promised {
            self.assert_done(step, &found);
            self.tally.push(format!("{step:?} was done after all"));
            return Ok(found);
        }
        in_time(self.attempt(&reopened, step)).await
    }

    /// Does `step`, and says what is promised if that is `Ok`.
    async fn attempt(&self, log: &SyncDb, step: Step) -> Outcome {
        let mut made = self.promised.clone();
        match step {
            Step::Register(peer) => {
                log.register_peer(peer).await?;
                made.acks.entry(peer).or_insert(Hlc::ZERO);
            }
            Step::Record => made.entries.push(log.record(change(1)).await?),
            Step::Batch(count) => {
                let batch = (0..count).map(change).collect();
                made.entries.extend(log.record_many(batch).await?);
            }
            Step::Observe => {
                log.observe_all(&[Hlc::new(2_000_000, 0, PEER)]).await?;
            }
            Step::Tick => {
                log.tick().await?;
            }
            Step::Ack(peer, position) => {
                let floor = log.floor_cursor().await?;
                let limits = ReadLimits {
                    max_entries: position,
                    ..ReadLimits::default()
                };
                let page = log.read_for(peer, floor, limits).await?;
                log.acknowledge(Ack::new(peer, page.next)).await?;
                let ack = made.acks.get_mut(&peer).unwrap();
                *ack = page.next.hlc().max(*ack);
            }
            Step::Prune => {
                let pruned = log.prune_acked().await?;
                made.floor = made.entries[..pruned].last().copied().or(made.floor);
                let all_acked = made.acks.values().min().unwrap();
                assert!(made.floor <= Some(*all_acked), "pruned too much");
                made.entries.drain(..pruned);
            }
            Step::Explain => {
                log.explain().await?;
            }
        }
        Ok(made)
    }

    /// What a process leaves that is killed right after `step` was refused.
    async fn image(&mut self, step: Step) {
        let orders = std::fs::read(&self.disk.orders).unwrap();
        self.disk.repair();
        let image = self.data_dir.join("image");
        std::fs::create_dir(&image).unwrap();
        for end in ["", "-wal"] {
            let name = format!("sync.db{end}");
            // This closes a descriptor of a file that SQLite has locked, which
            // drops the lock; nobody else is there to notice.
            if self.data_dir.join(&name).exists() {
                std::fs::copy(self.data_dir.join(&name), image.join(&name)).unwrap();
            }
        }
        let log = open(&image).await.unwrap();
        let found = shown(&log).await.unwrap();
        if found != self.promised {
            self.assert_done(step, &found);
            self.tally.push(format!("{step:?} was done after a kill"));
        }
        log.close().await.unwrap();
        assert_sound(&image);
        std::fs::remove_dir_all(&image).unwrap();
        std::fs::write(&self.disk.orders, orders).unwrap();
    }

    /// `found` is what `step` makes of what was promised: all of it.
    fn assert_done(&self, step: Step, found: &Shown) {
        let (was, label) = (&self.promised, self.label);
        let more = match step {
            Step::Record => 1,
            Step::Batch(count) => usize::try_from(count).unwrap(),
            Step::Prune => {
                let gone = was.entries.len() - found.entries.len();
                assert_eq!(found.entries, was.entries[gone..], "{label}");
                assert_eq!(found.floor, was.entries[..gone].last().copied(), "{label}");
                return;
            }
            _ => 0,
        };
        assert_eq!(found.floor, was.floor, "{label}");
        assert_eq!(found.entries.len(), was.entries.len() + more, "{label}");
        assert!(found.entries.starts_with(&was.entries), "{label}");
        for (peer, acked) in &was.acks {
            assert!(found.acks[peer] >= *acked, "{label}");
        }
    }

    fn refused(&mut self, what: &str, kind: StoreFault) {
        let failed = self.disk.failed();
        let mut calls = failed.iter();
        let told = calls.any(|call| self.disk.is_told_by(call, kind));
        assert!(told, "{}: {what}: {kind:?}: {failed:?}", self.label);
        self.note(what, &format!("{kind:?}"), &failed);
    }

    fn note(&mut self, what: &str, told: &str, failed: &[String]) {
        let what = what.split('(').next().unwrap_or_default();
        if let Some(call) = failed.first() {
            self.tally.push(format!("{call}: {told} from {what}"));
        }
    }
}

type Outcome = Result<Shown, LogError>;

async fn open(data_dir: &Path) -> Result<SyncDb, OpenError> {
    let options = SyncDb::options().wall_clock(ManualClock::new(1_000_000));
    options.open(LIBRARY, DEVICE, data_dir).await
}

fn change(record: u128) -> Change {
    change_with(record, serde_json::json!("x".repeat(300)))
}

fn kind_of(error: &LogError) -> StoreFault {
    match error {
        // What kept the file from being whole.
        LogError::Store(error) if error.fault() == StoreFault::NotWhole => {
            error.source_as::<StoreError>().unwrap().fault()
        }
        LogError::Store(error) => error.fault(),
        other => panic!("{other:?}"),
    }
}

async fn in_time<T>(doing: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(HANGS, doing).await;
    done.expect("it does not hang")
}

fn assert_sound(data_dir: &Path) {
    assert!(file_in(data_dir).exists());
    let check: String = raw(data_dir)
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}
