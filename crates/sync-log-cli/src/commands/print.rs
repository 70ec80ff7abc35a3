//! `sync-log completions` and `man`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::CommandFactory as _;
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

/// Prints the manual page: the program, then each command.
pub(crate) fn man() -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    let mut program = Args::command();
    program.build();
    let commands = program.get_subcommands().cloned();
    let pages = std::iter::once(program.clone()).chain(commands);
    for page in pages {
        let rendered = clap_mangen::Man::new(page).render(&mut text);
        rendered.map_err(Failure::cannot_open)?;
    }
    print(&text)
}

fn print(text: &[u8]) -> Result<ExitCode, Failure> {
    let text = String::from_utf8_lossy(text);
    let printed = output::print(&text).context("failed to write to stdout");
    printed.map_err(Failure::cannot_open)?;
    Ok(Exit::Fine.into())
}
