//! The command line.

use std::fmt;

use clap::{Parser, ValueEnum};
use simulator::apps::AppFault;
use simulator::{Fault, Store};

/// Runs whole fleets of devices, each from one seed, and checks after every
/// step that nothing is lost.
#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask sim",
    after_help = "Exit codes: 0 nothing was found, or every planted fault was; 1 the opposite; \
                  2 it could not be run."
)]
pub(crate) struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 300)]
    pub(crate) seeds: u64,
    /// How many steps a run has, after those in which the devices meet
    #[arg(long, default_value_t = 200)]
    pub(crate) steps: usize,
    /// The first seed; `fresh` draws one, and prints the command that repeats the runs
    #[arg(long, value_name = "SEED", default_value = "0", value_parser = parse_first_seed)]
    pub(crate) first_seed: FirstSeed,
    /// What the devices are
    #[arg(long, value_enum, default_value_t)]
    pub(crate) fleet: Kind,
    /// Which store the devices have
    #[arg(long, value_enum, default_value_t)]
    pub(crate) store: Store,
    /// Plant this fault in every device; `all` plants those of the list, one after
    /// the other, and wants each of them found
    #[arg(long, value_name = "NAME", value_parser = parse_planted)]
    pub(crate) fault: Option<Plant>,
    /// How many runs at a time
    #[arg(long, default_value_t = 1)]
    pub(crate) jobs: usize,
}

/// What the devices are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Kind {
    /// Logs, and what was received of others
    #[default]
    Logs,
    /// Apps with their tables, each with the receiver of the library, and a log
    Apps,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logs => "logs",
            Self::Apps => "apps",
        })
    }
}

/// Where the seeds begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstSeed {
    /// At this one.
    At(u64),
    /// At one that is drawn for this command.
    Fresh,
}

/// Which faults to plant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    /// That one.
    One(Planted),
    /// Each of the list of the fleet.
    All,
}

/// A fault, by the fleet in which it can be planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    Log(Fault),
    App(AppFault),
}

impl fmt::Display for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(fault) => fault.fmt(f),
            Self::App(fault) => fault.fmt(f),
        }
    }
}

fn parse_first_seed(text: &str) -> Result<FirstSeed, String> {
    if text == "fresh" {
        return Ok(FirstSeed::Fresh);
    }
    let seed = text.parse().map(FirstSeed::At);
    seed.map_err(|_| "it is neither a number nor `fresh`".to_owned())
}

fn parse_planted(text: &str) -> Result<Plant, String> {
    if text == "all" {
        return Ok(Plant::All);
    }
    if let Ok(fault) = text.parse() {
        return Ok(Plant::One(Planted::Log(fault)));
    }
    text.parse()
        .map(Planted::App)
        .map(Plant::One)
        .map_err(|()| {
            let of_logs = Fault::ALL.iter().map(|fault| fault.name());
            let of_apps = AppFault::ALL.iter().map(|fault| fault.name());
            let names: Vec<&str> = of_logs.chain(of_apps).collect();
            format!("it is none of all, {}", names.join(", "))
        })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_first_seed_is_a_number_or_fresh() {
        assert_eq!(parse_first_seed("42"), Ok(FirstSeed::At(42)));
        assert_eq!(parse_first_seed("fresh"), Ok(FirstSeed::Fresh));
        assert!(parse_first_seed("-1").is_err());
        assert!(parse_first_seed("old").is_err());
    }

    #[test]
    fn faults_go_by_their_names() {
        let of_logs = Planted::Log(Fault::FloorNotStored);
        assert_eq!(parse_planted("FloorNotStored"), Ok(Plant::One(of_logs)));
        let of_apps = Planted::App(AppFault::AckBeforeApply);
        assert_eq!(parse_planted("AckBeforeApply"), Ok(Plant::One(of_apps)));
        assert_eq!(parse_planted("all"), Ok(Plant::All));
        assert!(parse_planted("none").is_err());
    }
}
