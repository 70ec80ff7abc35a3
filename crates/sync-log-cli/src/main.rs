//! `sync-log`: see a leaderless sync log at work.
//!
//! It never changes a library that it did not make itself.
//!
//! The data goes to stdout, everything that is said about it to stderr. Exit
//! codes: 0 fine, 1 a finding, 2 a wrong call or input, 3 a file that cannot be
//! opened, read or written.

mod args;
mod demo;
mod failure;
mod output;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use failure::Failure;

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Demo(args) => demo::run(&args),
    };
    outcome.unwrap_or_else(|failure| explain(&failure))
}

fn explain(failure: &Failure) -> ExitCode {
    output::say(&format!("error: {:#}", failure.error));
    failure.exit.into()
}
