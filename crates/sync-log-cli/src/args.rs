//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use uuid::Uuid;

use crate::format::{Format, FormatArgs};

const EXAMPLES: &str = "\
Examples:
  sync-log status ./library         where the log stands, and whether it shrinks
  sync-log explain ./library        why it does not, and what to do
  sync-log peers ./library          how far every peer is behind
  sync-log tail -f ./library        new changes as they come
  sync-log verify ./library         whether the file holds together";

const AFTER: &str = "\
PATH is a library's folder or the sync.db in it. Nothing is changed but by prune,
register, retire, admit, solo, adopt, trust, dismiss and import, which say what
they did.

Exit codes: 0 fine, 1 a finding, 2 wrong call or input, 3 a file cannot be opened,
read or written, 4 a damaged file or a schema that is not known.";

/// Look into a sync log, and ask why it does not shrink.
#[derive(Debug, Parser)]
#[command(name = "sync-log", version, before_help = EXAMPLES, after_help = AFTER)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say where a log stands, and whether it shrinks
    ///
    /// Exit code 1 if something keeps entries in the log that needs doing: see
    /// `sync-log explain`.
    Status(LookArgs),

    /// Show every peer: how far it is, and what it keeps in the log
    ///
    /// Exit code 1 if a peer keeps entries in the log.
    Peers(LookArgs),

    /// Explain why a log does not shrink, and what to do about it
    ///
    /// The worst reason is first. Exit code 1 if one of them needs doing.
    Explain(LookArgs),

    /// Show the newest entries, and follow
    Tail(TailArgs),

    /// Show one entry whole
    ///
    /// Exit code 1 if there is none with this stamp.
    Show(ShowArgs),

    /// Check whether a file holds together
    ///
    /// Structure, order, head and floor, columns, payloads, and the rows of peers.
    /// Exit code 1 if a check fails.
    Verify(LookArgs),

    /// Delete what every peer has acknowledged
    Prune(ChangeArgs),

    /// Register peers: from now on nothing goes that they have not acknowledged
    ///
    /// With --all they are all that there are, which a log that was adopted has to
    /// be told once.
    Register(RegisterArgs),

    /// Retire a peer: it no longer keeps entries, and is refused from now on
    ///
    /// What it lacks is lost for it: it needs a snapshot to come back. A later
    /// prune deletes the entries.
    Retire(PeersArgs),

    /// Admit a retired peer again, under a new admission number
    ///
    /// It has acknowledged nothing, keeps all entries from now on, and needs a
    /// snapshot; its acks carry the number.
    Admit(PeersArgs),

    /// Declare that no other device needs this library's changes
    ///
    /// Everything may be pruned then. Ended by the first registration.
    Solo(ChangeArgs),

    /// Take in what another program wrote: a sync.db of an earlier one, or one of
    /// ours that it wrote to
    ///
    /// Every row stays, or goes aside with a reason. Acks stay and are not believed:
    /// nothing is pruned before the peers are named (register --all) and each has
    /// acknowledged, or somebody vouches for the acks (trust).
    Adopt(AdoptArgs),

    /// Vouch for the acks in a file that was adopted, and that no peer is missing
    ///
    /// If that is wrong, a peer may lose changes for good.
    Trust(ChangeArgs),

    /// Dismiss the signs that a file was restored or cloned
    ///
    /// `status` and `explain` show them until then. A sign that is still true comes
    /// back.
    Dismiss(ChangeArgs),

    /// Take one device's changes out of a log of the old design
    ///
    /// That is a sync_log.db, which held the changes of all devices in the order of a
    /// number. It is only read. The log in --into must be new, or hold a part of this
    /// import, which is then gone on with. Exit code 1 if a row cannot be taken.
    Import(ImportArgs),

    /// Write all entries to stdout, as they are stored
    ///
    /// A JSON object per line, oldest first, with every column.
    Export(ExportArgs),

    /// Print what a shell completes commands with
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },

    /// Print the manual page
    Man,
}

/// What a command takes that only looks.
#[derive(Debug, ClapArgs)]
pub(crate) struct LookArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// How to print.
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// What `tail` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct TailArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// How many
    #[arg(short = 'n', long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(..=1000))]
    pub(crate) entries: u16,

    /// Go on with new ones as they come, until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,

    /// How to print.
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// What `show` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct ShowArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// The entry's stamp
    pub(crate) hlc: String,

    /// How to print.
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// What `export` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct ExportArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// Those that an adoption put aside, instead
    #[arg(long)]
    pub(crate) aside: bool,

    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,

    /// Short for `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl ExportArgs {
    /// How to print.
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// What a command takes that changes a log.
#[derive(Debug, ClapArgs)]
pub(crate) struct ChangeArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// How to print.
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// What a command takes that changes peers.
#[derive(Debug, ClapArgs)]
pub(crate) struct PeersArgs {
    /// What every change takes.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,

    /// The devices' ids
    #[arg(required = true)]
    pub(crate) peers: Vec<Uuid>,
}

/// What `import` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct ImportArgs {
    /// The old sync_log.db, or its folder
    pub(crate) path: PathBuf,

    /// The library's id
    #[arg(long)]
    pub(crate) library: Uuid,

    /// The device whose changes to take
    #[arg(long)]
    pub(crate) device: Uuid,

    /// The library's folder, where the sync.db is made
    #[arg(long, value_name = "DIR")]
    pub(crate) into: PathBuf,

    /// Leave out changes that are too far ahead of the clock, and name them
    #[arg(long)]
    pub(crate) skip_ahead: bool,

    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// How to print.
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// What `register` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct RegisterArgs {
    /// The peers.
    #[command(flatten)]
    pub(crate) peers: PeersArgs,

    /// There are no others
    #[arg(long)]
    pub(crate) all: bool,
}

/// What `adopt` takes.
#[derive(Debug, ClapArgs)]
pub(crate) struct AdoptArgs {
    /// What every change takes.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,

    /// The library's id, if the file does not say
    #[arg(long, requires = "device")]
    pub(crate) library: Option<Uuid>,

    /// The id of the device whose log it is, if the file does not say
    #[arg(long, requires = "library")]
    pub(crate) device: Option<Uuid>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn json_is_short_for_its_format_and_excludes_it() {
        let status = ["sync-log", "status", "library"];
        let parse = |args: &[&str]| Args::try_parse_from([&status, args].concat());
        let Command::Status(args) = parse(&["--json"]).unwrap().command else {
            panic!("it is another command");
        };
        assert_eq!(args.format.get(), Format::Json);
        assert!(parse(&["--json", "--format", "csv"]).is_err());
    }
}
