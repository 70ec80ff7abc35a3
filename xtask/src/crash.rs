//! Processes are killed while they work on a log: runs the program that does it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// What is passed on.
#[derive(Debug, Args)]
pub(crate) struct Crash {
    /// How many times to kill
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// Chooses operations and targets
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to work; by default a temporary folder, kept only on a failure
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Crash {
    /// Builds the program in release and runs it; it prints a table.
    ///
    /// # Errors
    /// If it found something, or could not be run.
    pub(crate) fn run(&self) -> Result<()> {
        let shell = Shell::new()?;
        let (kills, seed) = (self.kills.to_string(), self.seed.to_string());
        // The folder is relative to where the caller is, and so is the program.
        let dir = self
            .dir
            .iter()
            .flat_map(|dir| ["--dir".into(), dir.clone()]);
        let manifest = Workspace::read(&shell)?.root.join("Cargo.toml");
        let run = cmd!(
            shell,
            "cargo run --quiet --release --manifest-path {manifest} -p crash --
             --kills {kills} --seed {seed} {dir...}"
        );
        Ok(run.quiet().run()?)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::{Arguments, Task};

    #[test]
    fn kills_seed_and_folder_are_parsed() {
        let line = "xtask crash --kills 1000 --seed 2 --dir kept";
        let arguments = Arguments::parse_from(line.split(' '));
        let Task::Crash(crash) = arguments.task else {
            panic!("`crash` was asked for");
        };
        assert_eq!((crash.kills, crash.seed), (1000, 2));
        assert_eq!(crash.dir, Some("kept".into()));
    }
}
