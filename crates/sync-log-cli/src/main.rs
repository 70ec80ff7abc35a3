//! `sync-log` shows what is in a sync log, and explains why the log does not shrink.
//!
//! Commands that read never change a file; commands that change one report what they did.
//! Data goes to stdout, messages go to stderr. Exit codes: 0 fine, 1 a finding, 2 a wrong call
//! or input, 3 a file cannot be opened, read or written, or is no SQLite database, 4 a database is
//! damaged, has an unknown schema or is no sync log, 130 and 143 ended by a signal.

mod answer;
mod args;
mod commands;
mod duration;
mod failure;
mod format;
mod help;
mod library;
mod output;
mod paste;
mod peer_id;
mod reader;
mod sheet;
mod signals;
mod time;

use std::borrow::Cow;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use failure::Failure;
use help::{help_of, with_path};

fn main() -> ExitCode {
    let command = Args::parse().command;
    let path = command.path().map(Path::to_owned);
    signals::run(move || run(command).unwrap_or_else(|failure| explain(&failure, path.as_deref())))
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Status(args) => commands::status(&args),
        Command::Peers(args) => commands::peers(&args),
        Command::Explain(args) => commands::explain(&args),
        Command::Tail(args) => commands::tail(&args),
        Command::Show(args) => commands::show(&args),
        Command::Verify(args) => commands::verify(&args),
        Command::Prune(args) => commands::prune(&args),
        Command::Register(args) => commands::register(&args),
        Command::Retire(args) => commands::retire(&args),
        Command::Admit(args) => commands::admit(&args),
        Command::Solo(args) => commands::solo(&args),
        Command::Adopt(args) => commands::adopt(&args),
        Command::Trust(args) => commands::trust(&args),
        Command::Dismiss(args) => commands::dismiss(&args),
        Command::Import(args) => commands::import(&args),
        Command::Export(args) => commands::export(&args),
        Command::Completions { shell } => commands::completions(shell),
        Command::Man { command } => commands::man(command.as_deref()),
    }
}

fn explain(failure: &Failure, path: Option<&Path>) -> ExitCode {
    if signals::is_ending() {
        return failure.exit.into();
    }
    output::say(&format!("error: {:#}", failure.error));
    let help = failure.help.map(Cow::from);
    if let Some(help) = help.or_else(|| help_of(&failure.error)) {
        output::say(&format!("help: {}", with_path(&help, path)));
    }
    failure.exit.into()
}
