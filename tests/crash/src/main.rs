//! `crash`: kills itself, as a child process, and checks what is left.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use crash::child::{self, ChildArgs, Fault};
use crash::parent::{self, Failure, Outcome, Settings};

/// Violations of one round that are printed.
const SHOWN: usize = 20;

/// Kills processes that work on a log, and checks the file against what was
/// acknowledged
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(flatten)]
    parent: ParentArgs,
    #[command(subcommand)]
    mode: Option<Mode>,
}

#[derive(Debug, clap::Args)]
struct ParentArgs {
    /// How many times to kill
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// Chooses operations and targets
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to work; by default a temporary folder, kept only on a failure
    #[arg(long)]
    dir: Option<PathBuf>,
    /// A planted fault that the run has to find
    #[arg(long, value_enum, hide = true)]
    fault: Option<Fault>,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Work until killed
    #[command(hide = true)]
    Child(ChildArgs),
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    match args.mode {
        Some(Mode::Child(child)) => child::run(child).map(|()| ExitCode::SUCCESS),
        None => kill(args.parent),
    }
}

fn kill(args: ParentArgs) -> Result<ExitCode> {
    let temporary = tempfile::Builder::new().prefix("crash-").tempdir()?;
    let seed = args.seed;
    let settings = Settings {
        program: std::env::current_exe()?,
        kills: args.kills,
        seed,
        dir: args.dir.unwrap_or_else(|| temporary.path().to_owned()),
        fault: args.fault,
    };
    let Outcome { report, failure } = parent::run(&settings)?;
    let mut out = std::io::stdout().lock();
    write!(out, "{report}")?;
    if let Some(failure) = failure {
        let kept = temporary.keep();
        tell(&mut out, &failure, seed)?;
        writeln!(out, "files of that round: {}", failure.folder.display())?;
        drop(kept);
        return Ok(ExitCode::FAILURE);
    }
    let missed = report.missed();
    for kind in &missed {
        writeln!(out, "{kind} was hit too seldom: this run proves nothing")?;
    }
    Ok(if missed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(out: &mut impl Write, failure: &Failure, seed: u64) -> std::io::Result<()> {
    let Failure {
        round, violations, ..
    } = failure;
    let found = violations.len();
    writeln!(out, "{found} violations in round {round} of seed {seed}:")?;
    for violation in violations.iter().take(SHOWN) {
        writeln!(out, "  {violation}")?;
    }
    Ok(())
}
