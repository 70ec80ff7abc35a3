//! The fleets that the command runs, as the report sees them.

use std::fmt::Debug;

use anyhow::{Result, bail};
use simulator::apps::{self, AppFault};
use simulator::run::{Make, Outcome, run, run_telling};
use simulator::scenario::Scenario;
use simulator::shrink::{shrink, shrink_by};
use simulator::{Fault, PLANTED, Store};

use crate::args::{Args, Kind, Planted};

/// Devices of one kind, perhaps with a fault.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fleet {
    Logs(Make),
    Apps(Option<AppFault>),
}

/// The smallest scenario that fails as that of a seed does.
pub(crate) struct Failure {
    /// Who takes part.
    pub(crate) setting: String,
    pub(crate) steps: Vec<String>,
    /// How many steps the scenario of the seed has.
    pub(crate) all_steps: usize,
    pub(crate) outcome: Outcome,
}

impl Fleet {
    pub(crate) fn new(args: &Args, planted: Option<Planted>) -> Result<Self> {
        match (args.fleet, planted) {
            (Kind::Logs, None) => Ok(Self::logs(args, None)),
            (Kind::Logs, Some(Planted::Log(fault))) => Ok(Self::logs(args, Some(fault))),
            (Kind::Apps, _) if args.store != Store::Memory => {
                bail!("devices with an app are simulated in memory only")
            }
            (Kind::Apps, None) => Ok(Self::Apps(None)),
            (Kind::Apps, Some(Planted::App(fault))) => Ok(Self::Apps(Some(fault))),
            (kind, Some(planted)) => bail!("{planted} cannot be planted in the fleet `{kind}`"),
        }
    }

    fn logs(args: &Args, fault: Option<Fault>) -> Self {
        Self::Logs(Make {
            store: args.store,
            fault,
        })
    }

    /// The faults that have to be found in a fleet.
    pub(crate) fn faults(kind: Kind) -> Vec<Planted> {
        match kind {
            Kind::Logs => PLANTED.into_iter().map(Planted::Log).collect(),
            Kind::Apps => AppFault::ALL.iter().copied().map(Planted::App).collect(),
        }
    }

    /// Runs a seed.
    pub(crate) fn run(self, seed: u64, steps: usize) -> Result<Outcome> {
        match self {
            Self::Logs(make) => run(&Scenario::generate(seed, steps), make),
            Self::Apps(fault) => apps::run(&apps::Scenario::generate(seed, steps), fault),
        }
    }

    /// What it takes for a seed to fail.
    pub(crate) fn failure(self, seed: u64, steps: usize) -> Result<Failure> {
        match self {
            Self::Logs(make) => {
                let scenario = Scenario::generate(seed, steps);
                let smallest = shrink(&scenario, make)?;
                let (policy, peers) = (smallest.policy, smallest.unknown_peers);
                let skews_ms = &smallest.skews_ms;
                Ok(Failure {
                    setting: format!(
                        "{policy:?}, unknown peers: {peers:?}, clocks off by {skews_ms:?} ms"
                    ),
                    steps: lines(&smallest.steps),
                    all_steps: scenario.steps.len(),
                    outcome: run_telling(&smallest, make)?,
                })
            }
            Self::Apps(fault) => {
                let scenario = apps::Scenario::generate(seed, steps);
                let smallest = shrink_by(&scenario, |candidate| apps::run(candidate, fault))?;
                Ok(Failure {
                    setting: format!("starts: {:?}", smallest.starts),
                    steps: lines(&smallest.steps),
                    all_steps: scenario.steps.len(),
                    outcome: apps::run_telling(&smallest, fault)?,
                })
            }
        }
    }
}

fn lines(steps: &[impl Debug]) -> Vec<String> {
    steps.iter().map(|step| format!("{step:?}")).collect()
}
