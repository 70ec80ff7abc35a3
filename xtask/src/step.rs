//! The steps of `ci`.

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// A step of `ci`. The order of the variants is the order of the run: cheap ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Step {
    /// The code is formatted as rustfmt would format it
    Fmt,
    /// Crates depend on each other only as drawn; SQLite stays out of all but one library
    Dependencies,
    /// Every contract clause names its tests, no link leads nowhere, no file is left out, none depends on itself
    Tidy,
    /// No dependency is unused or unwelcome, no API breaks, where the tools that say so are installed
    Tools,
    /// Clippy is silent about every target with every feature
    Clippy,
    /// Unit and integration tests pass with every feature, but for the tests of `sim` and `crash`
    Test,
    /// The examples in the documentation run
    Doctest,
    /// The documentation builds without a warning
    Docs,
    /// The clock holds in every interleaving of a few threads
    Loom,
    /// Each library is clean on its own: without features, with each one, with all of them
    Features,
    /// Without a SeaORM driver, and with the lowest rusqlite that its manifest allows, the SQLite store passes its tests
    Lowest,
    /// The examples of each crate run to their end
    Examples,
    /// The demo's verdict is yes in both layouts, with both kinds of clocks
    Demo,
    /// The simulator finds planted faults, and simulated fleets lose nothing, in memory and in a file
    Sim,
    /// Processes that are killed at work, and files whose power is cut, lose nothing
    Crash,
    /// The benches run and report every row of the targets, whatever the times
    Bench,
    /// Every case of the suite on every planted fault, and every fault in the simulator
    Matrix,
    /// Long random histories go as in the reference model, on both stores
    Model,
    /// The crates to publish build from the files in their packages alone
    Package,
}

impl Step {
    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        self.value().get_name().to_owned()
    }

    /// What the step makes sure of, in one line.
    pub(crate) fn purpose(self) -> String {
        let help = self.value().get_help().map(ToString::to_string);
        help.expect("every step has a doc comment")
    }

    fn value(self) -> PossibleValue {
        self.to_possible_value()
            .expect("no step is hidden from the command line")
    }
}
