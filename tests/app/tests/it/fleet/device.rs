//! A device of the fleet whose app shares its records with `SharedRecords`, on files.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbErr};
use simulator::START_MS;
use simulator::apps::{
    self, Drained, Edit, Found, Given, LIBRARY, Past, Received, References, Release, Start, Struck,
    Taken, Written, refusal_of_page,
};
use sync_log_sqlite::receive::ApplyError;
use sync_log_sqlite::records::{SharedRecords, SharedRecordsOptions, SyncError};
use sync_log_sqlite::{
    Ack, AckAt, Cursor, DeviceId, ErrorKind, LogError, ManualClock, Page, ReadLimits, SyncDb,
    UnknownPeers,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::fault::Fault;
use super::folder::{self, Lock};
use super::look::Look;
use super::moment::{Moment, copied_at, locked_at};
use super::past;
use super::plan::{Plan, Way};
use super::releases::{MIGRATION, TABLES, declared};
use super::said::{agrees, is_sound};
use crate::common::database::{self, Journal, Layout, database};

/// A call that is struck under a lower number finds the database locked from the start.
const LOCKS_AT_ONCE: u8 = 4;

/// How a device is laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setup {
    pub(super) layout: Layout,
    pub(super) journal: Journal,
    /// How many handles there are, as in processes that work side by side. They are used in turn.
    pub(super) handles: usize,
    pub(super) fault: Option<Fault>,
}

/// A device on files.
pub(super) struct Device {
    setup: Setup,
    runtime: Runtime,
    id: DeviceId,
    release: Release,
    past: Past,
    wall: Arc<ManualClock>,
    /// How often something was asked of it: what is not in a step varies with this number.
    calls: u32,
    has_peer: bool,
    open: Vec<Open>,
    look: Option<Look>,
    folder: TempDir,
    /// The files as they were when the process was killed.
    left: Option<TempDir>,
}

/// What a process has open.
#[derive(Clone)]
struct Open {
    db: DatabaseConnection,
    records: SharedRecords,
}

impl Device {
    pub(super) fn new(number: u8, start: &Start, setup: Setup) -> Result<Self> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let folder = folder::new();
        database::make(folder.path(), setup.journal, TABLES);
        if start.release == Release::Second {
            database::execute(folder.path(), MIGRATION);
        }
        let mut device = Self {
            setup,
            runtime: runtime.enable_all().build()?,
            id: apps::id_of(number),
            release: start.release,
            past: start.past.clone(),
            wall: Arc::new(ManualClock::new(START_MS)),
            calls: u32::from(number),
            has_peer: false,
            open: Vec::new(),
            look: None,
            folder,
            left: None,
        };
        if !start.past.edits.is_empty() {
            device.run(device.make_past(start))?;
        }
        device.start()?;
        Ok(device)
    }

    async fn make_past(&self, start: &Start) -> Result<()> {
        let folder = self.folder.path();
        let db = connected(folder).await?;
        past::make(&db, folder, self.setup.layout, start, self.id).await?;
        Ok(db.close().await?)
    }

    /// A process starts. Every third one is killed while it opens the records.
    fn start(&mut self) -> Result<()> {
        if self.calls.is_multiple_of(3) {
            let moment = Moment::Statement(self.calls * 7 % 41);
            let folder = self.folder.path().to_owned();
            let (opened, left) = copied_at(moment, folder, || self.opened());
            self.open.push(opened?);
            self.stop();
            self.folder = left;
        }
        for _ in 0..self.setup.handles {
            let opened = self.opened()?;
            self.open.push(opened);
        }
        Ok(())
    }

    fn opened(&self) -> Result<Open> {
        let (folder, layout) = (self.folder.path(), self.setup.layout);
        let log = SyncDb::options()
            .wall_clock(Arc::clone(&self.wall))
            .unknown_peers(UnknownPeers::Refuse);
        let mut options = SharedRecords::options().log(log);
        if !self.past.edits.is_empty() {
            let changed_ms = self.past.changed_ms;
            options = options.baseline(move |_, _| changed_ms);
        }
        let opened = Open::at(folder, layout, self.id, self.release, options);
        let opened = self.run(opened);
        opened.context("failed to open the records")
    }

    /// The process ends without closing anything.
    fn stop(&mut self) {
        let _inside = self.runtime.enter();
        self.look = None;
        self.open.clear();
    }

    /// The handle whose turn it is.
    fn open(&self) -> Open {
        let number = usize::try_from(self.calls).expect("calls are few");
        self.open[number % self.open.len()].clone()
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Runs a call that may be struck. What a process leaves that is killed meanwhile is kept.
    fn run_struck<T>(&mut self, struck: Option<Struck>, work: impl Future<Output = T>) -> T {
        let done = match struck {
            None => self.run(work),
            Some(Struck::Busy { call }) => self.run_busy(call, work),
            // The power cannot be cut here: the machine has one disk for all devices.
            Some(Struck::BeforeCommit | Struck::PowerCut) => {
                let moment = Moment::Statement(self.calls * 7 % 23);
                self.run_killed(moment, work)
            }
            Some(Struck::AfterCommit) => {
                // An own write is drained at once, which commits once more.
                let moment = Moment::AfterCommit(1 + self.calls % 2);
                self.run_killed(moment, work)
            }
            Some(Struck::AfterAppend) => self.run_killed(Moment::BeforeClearing, work),
        };
        self.calls += 1;
        done
    }

    fn run_killed<T>(&mut self, moment: Moment, work: impl Future<Output = T>) -> T {
        let folder = self.folder.path().to_owned();
        let (done, left) = copied_at(moment, folder, || self.run(work));
        self.left = Some(left);
        done
    }

    /// Another program uses the app's database, from the start or from a statement on, and the app does not
    /// wait for it.
    fn run_busy<T>(&self, call: u8, work: impl Future<Output = T>) -> T {
        let lock = if call.is_multiple_of(2) {
            Lock::Write
        } else {
            Lock::Read
        };
        let open = self.open();
        let wait = |ms: u32| {
            let set = format!("PRAGMA busy_timeout = {ms}");
            self.run(open.db.execute_unprepared(&set)).unwrap();
        };
        wait(0);
        let folder = self.folder.path();
        let done = match call.checked_sub(LOCKS_AT_ONCE) {
            Some(later) => {
                let moment = Moment::Statement(u32::from(later) * 4);
                locked_at(moment, folder.to_owned(), lock, || self.run(work))
            }
            None => {
                let other = folder::try_to_hold(folder, lock);
                let done = self.run(work);
                drop(other);
                done
            }
        };
        wait(5000);
        done
    }

    fn found(&mut self) -> Found {
        let (folder, layout) = (self.folder.path(), self.setup.layout);
        let look = self.look.get_or_insert_with(|| Look::at(folder, layout));
        look.find(self.id, self.release)
    }

    fn written(
        &mut self,
        plan: Plan,
        done: Result<(), SyncError>,
        struck: Option<Struck>,
    ) -> Result<Written> {
        let is_killed = self.left.is_some();
        match done {
            Ok(()) if may_be_lost(struck) => Ok(Written::Killed(plan.changes)),
            Ok(()) if is_killed => Ok(Written::KilledAfterCommit(plan.changes)),
            Ok(()) if plan.changes.is_empty() => Ok(Written::Nothing),
            Ok(()) => Ok(Written::Committed(plan.changes)),
            Err(error) if is_busy(struck, &error) => Ok(Written::RolledBack),
            // The app's database checks each statement by itself.
            Err(SyncError::App(_)) if plan.way == Way::OwnTransaction => {
                self.left = None;
                Ok(Written::Nothing)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the process was killed before it committed, or at some later statement.
fn may_be_lost(struck: Option<Struck>) -> bool {
    matches!(struck, Some(Struck::BeforeCommit | Struck::PowerCut))
}

/// Whether a call failed because another program uses the app's database, and says so.
fn is_busy(struck: Option<Struck>, error: &SyncError) -> bool {
    let is_app = matches!(error, SyncError::App(_));
    struck.is_some_and(|it| !it.kills()) && (is_app || error.kind() == ErrorKind::Retry)
}

async fn connected(folder: &Path) -> Result<DatabaseConnection, DbErr> {
    let database = database(folder);
    let mut connecting = ConnectOptions::new(format!("sqlite:{}", database.display()));
    connecting.sqlx_logging(false);
    Database::connect(connecting).await
}

impl Open {
    async fn at(
        folder: &Path,
        layout: Layout,
        id: DeviceId,
        release: Release,
        options: SharedRecordsOptions,
    ) -> Result<Self, SyncError> {
        let db = connected(folder).await?;
        let models = declared(release);
        let opened = layout.open(options, &db, models, LIBRARY, id, folder);
        let records = opened.await?;
        Ok(Self { db, records })
    }
}

impl apps::Device for Device {
    fn find(&mut self) -> Result<Found> {
        Ok(self.found())
    }

    fn agrees_with(&mut self, found: &Found) -> Result<()> {
        let records = self.open().records;
        self.run(agrees(&records, found))?;
        is_sound(&self.setup.layout.log_in(self.folder.path()))
    }

    fn set_wall_ms(&mut self, now_ms: i64) {
        self.wall.set_ms(now_ms);
    }

    fn register(&mut self, peer: DeviceId) -> Result<()> {
        let is_left_out = self.setup.fault == Some(Fault::PeersLeftOut) && self.has_peer;
        if !is_left_out {
            let records = self.open().records;
            self.run(records.log().register_peer(peer))?;
        }
        self.has_peer = true;
        Ok(())
    }

    fn head(&mut self) -> Result<Cursor> {
        let records = self.open().records;
        Ok(self.run(records.log().head_cursor())?)
    }

    fn write(
        &mut self,
        edits: &[Edit],
        references: References,
        struck: Option<Struck>,
    ) -> Result<Written> {
        let release = self.release;
        let fault = self.setup.fault;
        let found = self.found();
        let standings = found.standings.into_iter();
        let hidden = standings.filter(|(_, it)| it.why_not_shown().is_some());
        let hidden = hidden.map(|(id, _)| id).collect();
        let way = Way::of(self.calls, fault);
        let references = match fault {
            // Else the database refuses what is not recorded, and finds the fault by itself.
            Some(Fault::RowWithoutRecord | Fault::RecordAfterCommit) => References::Checked,
            _ => references,
        };
        let plan = Plan::new(found.rows, &hidden, release, edits, references, way);
        if plan.edits.is_empty() {
            return Ok(Written::Nothing);
        }
        let Open { db, records } = self.open();
        // A transaction of the app's is drained by the step that follows.
        let struck =
            struck.filter(|it| plan.way != Way::OwnTransaction || *it != Struck::AfterAppend);
        let done = self.run_struck(struck, plan.carry_out(&db, &records, fault));
        self.written(plan, done, struck)
    }

    fn drain(&mut self, struck: Option<Struck>) -> Result<Drained> {
        let entries = self.found().outbox.len();
        let may_kill = entries > 0;
        let struck = struck.filter(|it| may_kill || !it.kills());
        let is_killed = struck.is_some_and(Struck::kills);
        if self.setup.fault != Some(Fault::DrainLeftOut) {
            let records = self.open().records;
            match self.run_struck(struck, records.drain()) {
                Err(error) if !is_busy(struck, &error) => return Err(error.into()),
                _ => {}
            }
        }
        Ok(Drained {
            entries: entries - self.found().outbox.len(),
            is_killed,
        })
    }

    fn cursor(&mut self, origin: DeviceId) -> Result<Cursor> {
        let records = self.open().records;
        Ok(self.run(records.cursor(origin))?)
    }

    fn receive(
        &mut self,
        origin: DeviceId,
        page: &Page,
        struck: Option<Struck>,
    ) -> Result<Received> {
        let struck = struck.filter(|it| *it != Struck::AfterAppend);
        let records = self.open().records;
        let before = self.found().watermark(origin);
        let refused = match self.run_struck(struck, records.apply(origin, page)) {
            Ok(_) if may_be_lost(struck) => return Ok(Received::Killed),
            Ok(applied) => return Ok(Received::Applied(applied)),
            Err(SyncError::Page(error)) => ApplyError::Page(error),
            Err(SyncError::Clock(error)) => ApplyError::Clock(error),
            Err(error) if !is_busy(struck, &error) => return Err(error.into()),
            // It is committed, and the database was locked when it was to be synced.
            Err(SyncError::Store(_)) if self.found().watermark(origin) != before => {
                return Ok(Received::Unsynced);
            }
            Err(SyncError::Store(error)) => ApplyError::Store(error),
            Err(error) => return Err(error.into()),
        };
        self.left = None;
        Ok(Received::Refused(refusal_of_page(&refused)))
    }

    fn serve(&mut self, reader: DeviceId, after: Cursor, limit: usize) -> Result<Page, LogError> {
        let records = self.open().records;
        let limits = ReadLimits::entries(limit);
        self.run(records.log().read_for(reader, after, limits))
    }

    fn take_ack(&mut self, reader: DeviceId, at: AckAt) -> Result<(), LogError> {
        let records = self.open().records;
        let taken = records.log().acknowledge(Ack::new(reader, at));
        self.run(taken).map(drop)
    }

    fn prune(&mut self) -> Result<usize> {
        let records = self.open().records;
        Ok(self.run(records.log().prune_acked())?)
    }

    fn forget(&mut self) -> Result<usize> {
        let records = self.open().records;
        Ok(self.run(records.forget_deleted())?)
    }

    fn give_snapshot(&mut self) -> Result<Given> {
        let records = self.open().records;
        self.run(async {
            let snapshot = records.snapshot().await?;
            let mut pages = Vec::new();
            let mut after = None;
            loop {
                let page = records.snapshot_page(after.as_ref()).await?;
                after.clone_from(&page.next);
                pages.push(page);
                if after.is_none() {
                    return Ok(Given { snapshot, pages });
                }
            }
        })
    }

    fn take_snapshot(&mut self, donor: DeviceId, given: &Given) -> Result<Taken> {
        let records = self.open().records;
        let taken = self.run(async {
            let first = given.snapshot.clone();
            let mut taking = records.take_snapshot(donor, first).await?;
            for page in &given.pages {
                taking.merge(page).await?;
            }
            taking.finish().await
        });
        match taken {
            Ok(cursors) => Ok(Taken::Merged(cursors)),
            Err(SyncError::Clock(_)) => Ok(Taken::TooFarAhead),
            Err(error) => Err(error.into()),
        }
    }

    fn upgrade(&mut self) -> Result<()> {
        self.calls += 1;
        if self.calls.is_multiple_of(2) {
            for Open { db, records } in std::mem::take(&mut self.open) {
                self.run(records.close())?;
                self.run(db.close())?;
            }
        }
        self.stop();
        if self.release == Release::First {
            database::execute(self.folder.path(), MIGRATION);
        }
        self.release = Release::Second;
        self.start()
    }

    /// The next process finds the files as they were at some moment, or, every other time, while the
    /// system still ends what the last one had open.
    fn restart(&mut self) -> Result<()> {
        self.calls += 1;
        let left = self.left.take();
        let is_copied = self.calls.is_multiple_of(2);
        let left = left.or_else(|| is_copied.then(|| folder::copy(self.folder.path())));
        self.stop();
        if let Some(left) = left {
            self.folder = left;
        }
        self.start()
    }
}
