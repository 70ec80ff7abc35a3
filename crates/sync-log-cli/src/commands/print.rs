//! `sync-log completions` and `man`.

use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Args;
use crate::failure::{Exit, Failure};
use crate::output;

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "sync-log", &mut text);
    print(&text)
}

/// Prints the manual page of a command, or else of the program.
pub(crate) fn man(command: Option<&str>) -> Result<ExitCode, Failure> {
    let mut program = Args::command();
    program.build();
    let page = match command {
        None => program,
        Some(name) => named(&program, name)?,
    };
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(page).render(&mut text);
    rendered.map_err(Failure::cannot_open)?;
    print(&text)
}

/// The command with this name, which is called as the user calls it.
fn named(program: &Command, name: &str) -> Result<Command, Failure> {
    let found = program
        .find_subcommand(name)
        .filter(|found| found.get_name() != "help");
    let found = found.cloned().ok_or_else(|| {
        Failure::usage(anyhow!("failed to find the command {name}"))
            .with_help("list the commands: sync-log --help")
    })?;
    Ok(found)
}

fn print(text: &[u8]) -> Result<ExitCode, Failure> {
    let text = String::from_utf8_lossy(text);
    let printed = output::print(&text).context("failed to write to stdout");
    printed.map_err(Failure::cannot_open)?;
    Ok(Exit::Fine.into())
}
