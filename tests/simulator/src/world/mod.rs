//! The world of one run: devices, the network between them, virtual time, and
//! the oracle that watches.

mod calls;
mod device;
mod events;
mod foreign;
mod heal;
mod network;
mod operation;
mod receiver;
mod settle;
mod truth;
mod watchers;
mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use anyhow::Result;
use broken_stores::{Fault, Planted};
use sync_log_core::{Birth, LogOptions, PrunePolicy, Uuid};

use crate::engine::Engine;
use crate::invariants::Violation;
use crate::scenario::Scenario;
use crate::step::Step;
use crate::storage::{LogIds, MemoryFile, SqliteFile, Storage};
use crate::trace::{START_MS, Trace};
use device::{Device, FilesOf};
use network::Network;
use operation::Operation;
use truth::{Past, Truth};

/// The library of every run.
const LIBRARY: Uuid = Uuid::from_u128(0x00c0_ffee);

/// From here on, in the year 2131, a clock shows nonsense.
const NONSENSE_MS: i64 = 3 * START_MS;

/// Devices that take the place of others once everything heals are numbered
/// from here.
const FIRST_REPLACEMENT: u8 = 100;

/// Which store the devices have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Store {
    /// The reference store
    #[default]
    Memory,
    /// The shipped store, in files
    Sqlite,
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
        })
    }
}

pub(crate) struct World {
    engine: Rc<Engine>,
    store: Store,
    fault: Option<Fault>,
    options: Options,
    now_ms: i64,
    /// The latest that a clock showed, but for nonsense.
    latest_ms: i64,
    /// Whether a clock showed a time that never comes.
    has_shown_nonsense: bool,
    devices: BTreeMap<u8, Device>,
    /// Ids that more than one device goes by.
    cloned: BTreeSet<Uuid>,
    network: Network,
    /// Operations that are held up.
    held_up: Vec<Operation>,
    last_change: u64,
    log_ids: LogIds,
    pub(crate) trace: Trace,
    /// Steps that did something to a device.
    pub(crate) device_steps: u64,
}

/// How every log of a run behaves.
struct Options {
    policy: PrunePolicy,
    unknown_peers: sync_log_core::UnknownPeers,
    skews_ms: Vec<i64>,
}

impl World {
    pub(crate) fn new(
        scenario: &Scenario,
        store: Store,
        fault: Option<Fault>,
        trace: Trace,
    ) -> Result<Self> {
        let engine = match store {
            Store::Memory => Engine::Memory,
            Store::Sqlite => Engine::for_files()?,
        };
        Ok(Self {
            engine: Rc::new(engine),
            store,
            fault,
            options: Options {
                policy: scenario.policy,
                unknown_peers: scenario.unknown_peers,
                skews_ms: scenario.skews_ms.clone(),
            },
            now_ms: START_MS,
            latest_ms: START_MS,
            has_shown_nonsense: false,
            devices: BTreeMap::new(),
            cloned: BTreeSet::new(),
            network: Network::default(),
            held_up: Vec::new(),
            last_change: 0,
            log_ids: LogIds::default(),
            trace,
            device_steps: 0,
        })
    }

    /// Takes one step.
    pub(crate) fn take(&mut self, step: Step) -> Result<(), Violation> {
        match step {
            Step::Call {
                on,
                process,
                call,
                struck,
            } => self.call(on, process, call, struck),
            Step::Deliver {
                pick,
                process,
                struck,
            } => self.deliver(pick, process, struck),
            Step::Pull {
                reader,
                origin,
                limit,
            } => self.pull(reader, origin, limit.into()),
            Step::Ack { reader, origin } => self.ack(reader, origin),
            Step::Bootstrap {
                reader,
                origin,
                struck,
            } => self.bootstrap(reader, origin, struck),
            Step::Resume { pick, struck } => self.resume(pick, struck),
            Step::Cancel { pick } => self.cancel(pick),
            Step::Join { on } => Ok(self.join(on, Birth::Alone)?),
            Step::JoinWithRecords { on } => Ok(self.join(on, Birth::BesideRecords)?),
            Step::JoinWithEarlierFile { on, entries } => self.join_with_earlier_file(on, entries),
            Step::Foreign {
                on,
                what,
                prunes_first,
            } => self.foreign_write(on, what, prunes_first),
            Step::Watch { on, process } => self.watch(on, process.into()),
            Step::Restore { on, pick, files } => self.restore(on, pick, files),
            Step::Clone { of, copy } => Ok(self.clone_device(of, copy)?),
            Step::LoseFile { on } => Ok(self.lose_file(on)?),
            Step::BackUp { on } => Ok(self.back_up(on)?),
            Step::Crash { on, process } => self.crash(on, process),
            Step::Close { on } => self.close(on),
            Step::Leave { on } => self.leave(on),
            Step::Lose { .. } | Step::Duplicate { .. } | Step::Cut { .. } | Step::Mend { .. } => {
                self.trouble_the_network(step);
                Ok(())
            }
            Step::Wait { ms } => {
                self.wait(ms);
                Ok(())
            }
            Step::Jump { on, ms } => {
                self.jump(on, ms);
                Ok(())
            }
        }
    }

    /// A device that is there.
    fn live(&mut self, on: u8) -> Option<&mut Device> {
        self.devices.get_mut(&on).filter(|device| !device.is_gone)
    }

    fn is_live(&self, on: u8) -> bool {
        self.devices.get(&on).is_some_and(|device| !device.is_gone)
    }

    fn live_names(&self) -> Vec<u8> {
        let live = self.devices.iter().filter(|(_, device)| !device.is_gone);
        live.map(|(name, _)| *name).collect()
    }

    /// The id of a device; the one that it will have, if it is not there yet.
    fn id_of(&self, name: u8) -> Uuid {
        let known = self.devices.get(&name).map(|device| device.id);
        known.unwrap_or(Uuid::from_u64_pair(0xde, u64::from(name) + 1))
    }

    fn log_options(&self, on: u8) -> LogOptions {
        let mut options = LogOptions::new(self.devices[&on].wall.clone());
        options.policy = self.options.policy;
        options.unknown_peers = self.options.unknown_peers;
        options
    }

    /// A new log of a device whose clock is off by `off_by_ms`, and what is known of it.
    fn new_log(
        &self,
        device_id: Uuid,
        off_by_ms: i64,
        birth: Birth,
        past: Past,
    ) -> Result<(Box<dyn Storage>, Truth)> {
        let (ids, wall_ms) = ((LIBRARY, device_id), self.now_ms.saturating_add(off_by_ms));
        let log: Box<dyn Storage> = match self.store {
            Store::Memory => Box::new(MemoryFile::create(&self.log_ids, ids, wall_ms, birth)),
            Store::Sqlite => {
                let engine = Rc::clone(&self.engine);
                Box::new(SqliteFile::create(engine, ids, wall_ms, birth)?)
            }
        };
        let truth = Truth::made(device_id, birth, past, log.dump()?);
        Ok((log, truth))
    }

    fn join(&mut self, on: u8, birth: Birth) -> Result<()> {
        if self.devices.contains_key(&on) {
            return Ok(());
        }
        let id = self.id_of(on);
        let off_by_ms = self.off_by_ms_at_first(on);
        let (log, truth) = self.new_log(id, off_by_ms, birth, Past::First)?;
        let files = FilesOf {
            log,
            truth,
            received: receiver::Receiver::default(),
        };
        let planted = self.fault.map(Planted::new);
        let device = Device::new(id, files, planted, off_by_ms);
        self.devices.insert(on, device);
        self.show_time();
        let kind = match birth {
            Birth::Alone => "join",
            Birth::BesideRecords => "join with records",
            Birth::After(_) => "join after another log",
        };
        self.done(kind, format_args!("d{on}"));
        Ok(())
    }

    fn off_by_ms_at_first(&self, on: u8) -> i64 {
        let skews = &self.options.skews_ms;
        skews.get(usize::from(on)).copied().unwrap_or_default()
    }

    fn wait(&mut self, ms: i64) {
        self.now_ms = self.now_ms.saturating_add(ms);
        self.show_time();
        self.trace.event("wait", format_args!("{ms} ms"));
    }

    fn jump(&mut self, on: u8, off_by_ms: i64) {
        if let Some(device) = self.live(on) {
            device.off_by_ms = off_by_ms;
            self.show_time();
            self.done("clock set", format_args!("d{on} off by {off_by_ms} ms"));
        }
    }

    fn show_time(&mut self) {
        for device in self.devices.values() {
            device.set_time(self.now_ms);
            let shown = self.now_ms.saturating_add(device.off_by_ms);
            if shown < NONSENSE_MS {
                self.latest_ms = self.latest_ms.max(shown);
            } else {
                self.has_shown_nonsense = true;
            }
        }
    }

    /// Something was done to a device.
    fn done(&mut self, kind: &'static str, detail: fmt::Arguments<'_>) {
        self.device_steps += 1;
        self.trace.event(kind, detail);
    }
}

impl From<anyhow::Error> for Violation {
    fn from(error: anyhow::Error) -> Self {
        Self::new("storage", format!("{error:#}"))
    }
}
