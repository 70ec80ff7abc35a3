//! Processes are killed while they work on a log: runs the program that does it.

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
    /// Everything else for the program, such as `--seed` and `--dir`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
}

impl Crash {
    /// Builds the program in release and runs it; it prints a table.
    ///
    /// # Errors
    /// If it found something, or could not be run.
    pub(crate) fn run(&self) -> Result<()> {
        let shell = Shell::new()?;
        shell.change_dir(&Workspace::read(&shell)?.root);
        let kills = self.kills.to_string();
        let more = &self.more;
        let run = cmd!(
            shell,
            "cargo run --quiet --release -p crash -- --kills {kills} {more...}"
        );
        Ok(run.quiet().run()?)
    }
}
