//! The process that kills: it starts a child, kills it, and compares what it left.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use fastrand::Rng;
use sync_log_sqlite::receive::RecordId;

use super::aim::{Aim, Call};
use super::check::{Pair, check};
use super::files::{self, Found};
use super::history::History;
use super::line::{Fault, Kind, Line, Orders};
use super::process::Process;
use super::product;
use super::setup::{Name, SetBack, Setup};
use super::violation::{Violation, Violations, What};
use crate::common::database::Layout;

/// So many children work on the same files, one after the other.
const KILLS_OF_A_SERIES: u32 = 20;

/// So many of them are killed while they make the files.
const KILLS_OF_A_MAKING: u32 = 2;

/// The wall clock of a child is set back by so much at most, so that a stamp is above an earlier one only
/// if the device remembers that.
const SET_BACK_MS: u32 = 3_600_000;

/// Which kills a run has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) layout: Layout,
    pub(super) way: Way,
    pub(super) kills: u32,
    pub(super) seed: u64,
    /// A fault that the children have.
    pub(super) fault: Option<Fault>,
}

/// How children are killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From outside, at any moment.
    Kill,
    /// From inside, at a statement of the product.
    Abort,
}

/// What a run did.
#[derive(Debug, Clone, Default)]
pub(super) struct Report {
    pub(super) kills: u32,
    /// What children did when they were killed.
    pub(super) during: BTreeMap<Kind, u32>,
    pub(super) changes: usize,
    pub(super) looks_through_the_product: u32,
    /// Live records that are not shown, at the ends of series.
    pub(super) hidden: usize,
    /// Deleted records that were forgotten, at the ends of series.
    pub(super) forgotten: usize,
}

impl Report {
    /// Counts what became of the records of a device.
    fn add(&mut self, history: &History, found: &Found) {
        self.changes += history.entries.len();
        let versions = found.versions.values();
        let hidden = versions.filter(|version| version.standing == "not_shown");
        self.hidden += hidden.count();
        let own = history.entries.values().map(|entry| &entry.change);
        let own: BTreeSet<_> = own
            .map(|change| RecordId::new(change.model_type.clone(), change.record_uuid))
            .collect();
        let forgotten = own.iter().filter(|id| !found.versions.contains_key(id));
        self.forgotten += forgotten.count();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} kills, {} changes, {} records hidden, {} forgotten, {} looks through the product; \
             killed during",
            self.kills, self.changes, self.hidden, self.forgotten, self.looks_through_the_product
        )?;
        for kind in Kind::ALL {
            let kills = self.during.get(&kind).copied().unwrap_or_default();
            writeln!(f, "  {:14} {kills}", format!("{kind:?}"))?;
        }
        Ok(())
    }
}

/// Kills children, which run `test` once more. Stops at the first violation. The files are kept then,
/// unless a fault was planted.
pub(super) async fn run<Test: Copy>(test: Test, run: Run) -> (Report, Vec<Violation>) {
    let Run {
        kills, seed, fault, ..
    } = run;
    let mut report = Report::default();
    let mut rng = Rng::with_seed(seed);
    let mut aim = Aim::new(rng.fork());
    for setup in Setup::both(run.layout).into_iter().cycle() {
        let mut series = Series::new(setup, rng.fork());
        let left = kills - report.kills;
        let mut violations = Vec::new();
        for kill in 0..left.min(KILLS_OF_A_SERIES) {
            let target = match fault {
                Some(_) => Kind::RecordIn,
                None if kill < KILLS_OF_A_MAKING => Kind::Make,
                None => aim.target(),
            };
            let orders = series.orders(target, run, &mut aim);
            violations = series.kill(test, &orders, &mut aim, &mut report).await;
            if !violations.is_empty() {
                break;
            }
        }
        if violations.is_empty() {
            violations = series.finish(&mut report).await;
        }
        if violations.is_empty() || fault.is_some() {
            std::fs::remove_dir_all(&series.folder).unwrap();
        } else {
            let folder = series.folder.display();
            eprintln!("seed {seed}, kill {}, {setup:?}: {folder}", report.kills);
        }
        if !violations.is_empty() || report.kills == kills {
            return (report, violations);
        }
    }
    unreachable!("setups are repeated without end")
}

/// The files of two devices, and what is known of them.
struct Series {
    folder: PathBuf,
    setup: Setup,
    rng: Rng,
    histories: [History; 2],
    /// Whether both devices were made.
    are_made: bool,
}

impl Series {
    fn new(setup: Setup, rng: Rng) -> Self {
        let folder = tempfile::Builder::new().prefix("kills-").tempdir();
        let folder = folder.unwrap().keep();
        setup.make(&folder);
        Self {
            folder,
            setup,
            rng,
            histories: Default::default(),
            are_made: false,
        }
    }

    fn orders(&mut self, target: Kind, run: Run, aim: &mut Aim) -> Orders {
        Orders {
            folder: self.folder.clone(),
            setup: self.setup,
            are_made: self.are_made,
            seed: self.rng.u64(..),
            target,
            steps_before: self.rng.u32(0..12),
            abort_at: (run.way == Way::Abort).then(|| aim.statement(target)),
            wall: SetBack(self.rng.u32(0..=SET_BACK_MS)),
            fault: run.fault,
        }
    }

    /// Starts a child, kills it, and checks what it left.
    async fn kill<Test>(
        &mut self,
        test: Test,
        orders: &Orders,
        aim: &mut Aim,
        report: &mut Report,
    ) -> Vec<Violation> {
        let ended = self.run_child(test, orders, aim, report);
        report.kills += 1;
        if let Err(complaint) = ended {
            return vec![Violation {
                device: Name::Phone,
                what: What::ChildFailed,
                detail: complaint,
            }];
        }
        let found = self.found();
        self.are_made = found.iter().all(|one| one.is_made);
        let mut violations = self.settle(&found);
        violations.extend(self.check(&found));
        // Mostly the next child has to recover the files, and may be killed while it does.
        if violations.is_empty() && self.rng.u32(0..4) == 0 {
            report.looks_through_the_product += 1;
            violations = self.look_through_the_product().await;
        }
        violations
    }

    /// Starts a child and listens to it until it is killed.
    fn run_child<Test>(
        &mut self,
        test: Test,
        orders: &Orders,
        aim: &mut Aim,
        report: &mut Report,
    ) -> Result<(), String> {
        let mut process = Process::start(test, orders);
        let mut calls = Calls::default();
        while let Some(line) = process.hear() {
            let Line::Begin { what, statements } = line else {
                self.hear(line);
                continue;
            };
            if let Some((kind, call)) = calls.begin(what, statements) {
                aim.learn(kind, call);
            }
            if calls.count == orders.call() && orders.abort_at.is_none() {
                process.kill_after(aim.delay(what));
            }
        }
        let during = calls.current.map_or(orders.target, |(kind, ..)| kind);
        *report.during.entry(during).or_default() += 1;
        process.wait()
    }

    fn hear(&mut self, line: Line) {
        let device = match line {
            Line::Begin { .. } => return,
            Line::Will { device, .. }
            | Line::Did { device, .. }
            | Line::Refused { device, .. }
            | Line::Applied { device, .. }
            | Line::Acknowledged { device, .. }
            | Line::Pruned { device, .. } => device,
        };
        self.histories[device as usize].hear(line);
    }

    fn found(&self) -> [Found; 2] {
        Name::BOTH.map(|name| files::read(self.setup, name, &self.folder))
    }

    fn settle(&mut self, found: &[Found; 2]) -> Vec<Violation> {
        let mut list = Vec::new();
        for (history, name) in self.histories.iter_mut().zip(Name::BOTH) {
            let mut violations = Violations::of(name, &mut list);
            history.settle(&found[name as usize], &mut violations);
        }
        list
    }

    fn check(&self, found: &[Found; 2]) -> Vec<Violation> {
        check(&Pair {
            histories: &self.histories,
            found,
        })
    }

    /// Opens and closes both devices, and compares what the product reads.
    async fn look_through_the_product(&mut self) -> Vec<Violation> {
        let mut violations = Vec::new();
        for name in Name::BOTH {
            let history = &self.histories[name as usize];
            let look = product::look(self.setup, name, &self.folder, history);
            violations.extend(look.await);
        }
        let found = self.found();
        violations.extend(self.check(&found));
        violations
    }

    /// Both devices exchange everything, and are equal afterwards.
    async fn finish(&self, report: &mut Report) -> Vec<Violation> {
        product::exchange(self.setup, &self.folder).await;
        let found = self.found();
        for (history, one) in self.histories.iter().zip(&found) {
            report.add(history, one);
        }
        let mut violations = self.check(&found);
        violations.extend(product::differences(&found));
        violations
    }
}

/// The calls of one child, as the parent hears of them.
#[derive(Default)]
struct Calls {
    count: u32,
    current: Option<(Kind, Instant, u64)>,
}

impl Calls {
    /// The next call begins. Returns the one that has ended.
    fn begin(&mut self, what: Kind, statements: u64) -> Option<(Kind, Call)> {
        self.count += 1;
        let ended = self.current.replace((what, Instant::now(), statements));
        ended.map(|(kind, began, before)| {
            let call = Call {
                duration: began.elapsed(),
                statements: statements - before,
            };
            (kind, call)
        })
    }
}
