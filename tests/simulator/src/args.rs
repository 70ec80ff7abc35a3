//! The command line.

use clap::Parser;
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
    /// Which store the devices have
    #[arg(long, value_enum, default_value_t)]
    pub(crate) store: Store,
    /// Plant this fault in every store; `all` plants those of the list, one after
    /// the other, and wants each of them found
    #[arg(long, value_name = "NAME", value_parser = parse_planted)]
    pub(crate) fault: Option<Plant>,
    /// How many runs at a time
    #[arg(long, default_value_t = 1)]
    pub(crate) jobs: usize,
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
    One(Fault),
    /// Each of [`PLANTED`](simulator::PLANTED).
    All,
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
    text.parse().map(Plant::One).map_err(|_| {
        let names: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
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
        let fault = Fault::FloorNotStored;
        assert_eq!(parse_planted("FloorNotStored"), Ok(Plant::One(fault)));
        assert_eq!(parse_planted("all"), Ok(Plant::All));
        assert!(parse_planted("none").is_err());
    }
}
