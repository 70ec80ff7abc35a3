//! Runs a history over its devices, one step at a time.
//!
//! Between devices nothing moves but through `read_for`, apply and
//! `acknowledge`. One thread, and no clock but the driver's: the same seed
//! makes the same run.

use std::path::Path;

use anyhow::anyhow;
use fastrand::Rng;
use progress::Progress;
use sync_log_core::{DriftLimit, DriftLimits};

use crate::args::{ClockKind, Layout};
use crate::clocks::{DeviceClock, Leads};
use crate::device::{Device, Kind};
use crate::halt::Halt;
use crate::history::History;
use crate::oracle::{Files, Findings, Oracle};
use crate::schedule::{Presence, Schedule, Step};
use crate::script::{Ending, Mishap, Script};
use crate::signals::is_ending;
use crate::tally::Tally;

/// What a replay is made of.
pub(crate) struct Plan<'a> {
    pub(crate) history: &'a History,
    pub(crate) clocks: ClockKind,
    pub(crate) layout: Layout,
    pub(crate) presence: Presence,
    /// Where everything that is drawn comes from.
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) tallies: Vec<Tally>,
    /// How many entries each log holds at the end.
    pub(crate) final_lengths: Vec<u32>,
    /// How far stamps were ahead where they arrived.
    pub(crate) leads: Leads,
    pub(crate) findings: Findings,
}

/// Replays the plan in libraries under `folder`.
pub(crate) async fn replay(
    plan: &Plan<'_>,
    folder: &Path,
    progress: &Progress,
) -> anyhow::Result<Outcome> {
    let mut rng = Rng::with_seed(plan.seed);
    let script = Script::draw(plan.history, plan.clocks, &mut rng);
    let schedule = Schedule::new(plan.history, &script, plan.presence, &mut rng);
    let mut driver = Driver::start(plan, &script, folder).await?;
    let ran = driver.run(schedule, progress).await;
    driver.end(ran).await
}

struct Driver<'a> {
    history: &'a History,
    clock_kind: ClockKind,
    presence: Presence,
    clocks: Vec<DeviceClock>,
    devices: Vec<Device>,
    /// Whose program restarts after its next sync.
    restarts_due: Vec<Option<Ending>>,
    tallies: Vec<Tally>,
    leads: Leads,
    oracle: Oracle,
}

impl<'a> Driver<'a> {
    async fn start(plan: &Plan<'a>, script: &Script, folder: &Path) -> Result<Self, Halt> {
        let history = plan.history;
        let mut driver = Self {
            history,
            clock_kind: plan.clocks,
            presence: plan.presence,
            clocks: Vec::new(),
            devices: Vec::new(),
            restarts_due: vec![None; history.devices.len()],
            tallies: vec![Tally::default(); history.devices.len()],
            leads: Leads::default(),
            oracle: Oracle::default(),
        };
        for (number, skew_ms) in history.devices.iter().zip(&script.skews_ms) {
            let clock = DeviceClock::new(*skew_ms, history.first_t());
            let kind = Kind {
                layout: plan.layout,
                drift: drift(plan.clocks),
            };
            let device = Device::create(*number, folder, clock.wall(), kind).await?;
            let id = device.id.to_string();
            let files = Files::in_library(device.folder(), plan.layout);
            driver.oracle.add_device(*number, id, files);
            driver.clocks.push(clock);
            driver.devices.push(device);
        }
        Ok(driver)
    }

    async fn run(&mut self, schedule: Schedule<'_>, progress: &Progress) -> Result<(), Halt> {
        self.register_all().await?;
        for (t, step) in schedule {
            if is_ending() {
                return Err(Halt::Broken(anyhow!("ended by a signal")));
            }
            self.clocks.iter().for_each(|clock| clock.show(t));
            match step {
                Step::Change(index) => {
                    self.change(index).await?;
                    progress.show(index as u64 + 1);
                }
                Step::Mishap(device, mishap) => self.mishap(t, device, mishap).await?,
                Step::Sync(device) => self.sync(t, device).await?,
                Step::Look => self.look()?,
            }
        }
        self.drain().await
    }

    /// Notes how long each log is.
    fn look(&mut self) -> Result<(), Halt> {
        for (device, tally) in self.tallies.iter_mut().enumerate() {
            tally.weekly_lengths.push(self.oracle.log_length(device)?);
        }
        Ok(())
    }

    async fn register_all(&mut self) -> Result<(), Halt> {
        for (origin, peer) in self.pairs() {
            self.devices[origin].register(&self.devices[peer]).await?;
        }
        Ok(())
    }

    async fn change(&mut self, index: usize) -> Result<(), Halt> {
        let past = &self.history.changes[index];
        if self.clock_kind == ClockKind::Wild {
            self.clocks[past.device].set(past.t, past.wall);
        }
        let hlc = self.devices[past.device].make(past).await?;
        self.oracle.recorded(&hlc.to_text(), past)?;
        let tally = &mut self.tallies[past.device];
        tally.appended += 1;
        tally.lengths.push(self.oracle.log_length(past.device)?);
        Ok(())
    }

    async fn mishap(&mut self, t: i64, device: usize, mishap: Mishap) -> Result<(), Halt> {
        match mishap {
            Mishap::StepBack { by_ms } => self.clocks[device].step_back(t, by_ms),
            Mishap::SetRight => self.clocks[device].set_right(t),
            Mishap::Restart(ending) => self.restart(device, ending).await?,
            Mishap::RestartAfterSync(ending) => self.restarts_due[device] = Some(ending),
        }
        Ok(())
    }

    async fn restart(&mut self, device: usize, ending: Ending) -> Result<(), Halt> {
        self.oracle.let_go(device);
        self.devices[device].restart(ending).await?;
        self.tallies[device].restarts += 1;
        Ok(())
    }

    /// `reader` pulls from everybody on line, and restarts if that is due.
    async fn sync(&mut self, t: i64, reader: usize) -> Result<(), Halt> {
        self.tallies[reader].syncs += 1;
        for origin in 0..self.devices.len() {
            if origin != reader && self.presence.is_online(origin, t) {
                self.pull(reader, origin).await?;
            }
        }
        match self.restarts_due[reader].take() {
            Some(ending) => self.restart(reader, ending).await,
            None => Ok(()),
        }
    }

    /// `reader` reads, applies and acknowledges page after page, and `origin`
    /// prunes after each ack. A page without entries is not acknowledged: the
    /// ack of its cursor was taken already.
    async fn pull(&mut self, reader: usize, origin: usize) -> Result<bool, Halt> {
        let mut moved = false;
        loop {
            let (to, from) = (&self.devices[reader], &self.devices[origin]);
            let page = to.read(from).await?;
            if page.entries.is_empty() {
                return Ok(moved);
            }
            moved = true;
            for entry in &page.entries {
                self.leads.note(entry.hlc, to.number, &to.wall);
            }
            let watermark = to.apply(from, &page).await?;
            let stamps = page.entries.iter().map(|entry| entry.hlc.to_string());
            self.oracle.applied(reader, origin, stamps)?;
            let advanced = from.take_ack(to, watermark).await?;
            let tally = &mut self.tallies[origin];
            tally.served += u32::try_from(page.entries.len()).unwrap_or(u32::MAX);
            tally.acked += u32::from(advanced);
            self.prune(origin).await?;
            if !page.more {
                return Ok(moved);
            }
        }
    }

    async fn prune(&mut self, origin: usize) -> Result<(), Halt> {
        self.oracle.before_prune(origin)?;
        let pruned = self.devices[origin].prune().await?;
        self.oracle.after_prune(origin, pruned)?;
        self.tallies[origin].pruned += pruned;
        Ok(())
    }

    /// Everybody is on line, and syncs until nothing moves.
    async fn drain(&mut self) -> Result<(), Halt> {
        let mut moved = true;
        while moved {
            moved = false;
            for reader in 0..self.devices.len() {
                self.tallies[reader].syncs += 1;
                for origin in (0..self.devices.len()).filter(|origin| *origin != reader) {
                    moved |= self.pull(reader, origin).await?;
                }
            }
        }
        self.check_peers().await
    }

    /// Every peer that was registered still counts, the one that was away too.
    async fn check_peers(&mut self) -> Result<(), Halt> {
        for (origin, peer) in self.pairs() {
            let (origin, peer) = (&self.devices[origin], &self.devices[peer]);
            if !origin.counts(peer).await? {
                let (peer, origin) = (peer.number, origin.number);
                let what =
                    format!("device {peer} is not an active peer in the log of device {origin}");
                self.oracle.add("peer-not-active", what);
            }
        }
        Ok(())
    }

    /// Closes everything and judges. A replay that was refused is not judged
    /// further: whatever did not happen would be found missing.
    async fn end(mut self, ran: Result<(), Halt>) -> anyhow::Result<Outcome> {
        let closed = self.close_all().await;
        match ran.and(closed) {
            Ok(()) => self.oracle.judge_end()?,
            Err(Halt::Refused(call)) => self.oracle.add("refused", call),
            Err(Halt::Broken(error)) => return Err(error),
        }
        let devices = 0..self.devices.len();
        let final_lengths = devices.map(|device| self.oracle.log_length(device));
        Ok(Outcome {
            final_lengths: final_lengths.collect::<Result<_, _>>()?,
            tallies: self.tallies,
            leads: self.leads,
            findings: self.oracle.into_findings(),
        })
    }

    async fn close_all(&mut self) -> Result<(), Halt> {
        for (index, device) in self.devices.iter_mut().enumerate() {
            self.oracle.let_go(index);
            device.close().await?;
        }
        Ok(())
    }

    /// Each device with each other one.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let count = self.devices.len();
        let pairs = (0..count).flat_map(move |one| (0..count).map(move |other| (one, other)));
        pairs.filter(|(one, other)| one != other)
    }
}

/// The drift limits that go with the clocks: wild ones are beyond any.
fn drift(clocks: ClockKind) -> DriftLimits {
    let default = DriftLimits::default();
    match clocks {
        ClockKind::Skewed => default,
        ClockKind::Wild => DriftLimits {
            refuse: DriftLimit::Unlimited,
            ..default
        },
    }
}
