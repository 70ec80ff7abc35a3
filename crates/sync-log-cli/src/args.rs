//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Parser, Subcommand};
use uuid::Uuid;

use crate::format::{Format, FormatArgs};
use crate::peer_id::PeerId;

const EXAMPLES: &str = "\
Examples:
  sync-log status ./library         show where the log stands, and whether it shrinks
  sync-log explain ./library        explain why it does not shrink, and what to do
  sync-log peers ./library          show how far each peer is behind
  sync-log tail -f ./library        print new entries as they are committed
  sync-log verify ./library         check whether the file is sound";

const AFTER: &str = "\
PATH is a library's folder or the sync.db in it. A command that only reads also
takes an app's database that has its log in it. Only prune, register, retire,
admit, solo, adopt, trust, dismiss and import change a file, and each of them
reports what it did.

Exit codes: 0 fine, 1 a finding, 2 a wrong call or input, 3 a file cannot be opened,
read or written, or is no SQLite database, 4 a database is damaged, has an unknown
schema or is no sync log, 130 and 143 ended by Ctrl-C and SIGTERM.";

/// Show what is in a sync log, and explain why it does not shrink.
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
    /// Show where a log stands, and whether it shrinks
    ///
    /// The exit code is 1 if the log keeps entries and an action is needed: see
    /// `sync-log explain`.
    Status(LookArgs),

    /// Show how far each peer is, and how many entries it keeps in the log
    ///
    /// The exit code is 1 if a peer keeps entries in the log.
    Peers(LookArgs),

    /// Explain why a log does not shrink, and what to do about it
    ///
    /// The worst reason comes first. The exit code is 1 if an action is needed.
    Explain(LookArgs),

    /// Show the newest entries, and follow the log
    Tail(TailArgs),

    /// Show all of one entry
    ///
    /// The exit code is 1 if no entry has this stamp.
    Show(ShowArgs),

    /// Check whether a file is sound
    ///
    /// The checks cover the structure of the file, the order of the entries, head and
    /// floor, columns, payloads, the chain of tags, and the rows of peers. The exit code
    /// is 1 if a check fails.
    Verify(LookArgs),

    /// Delete the entries that every peer has acknowledged
    Prune(ChangeArgs),

    /// Register peers: no entry is pruned before they have acknowledged it
    ///
    /// With --all the registered peers are declared to be all the peers there are. An
    /// adopted log needs this declaration once.
    Register(RegisterArgs),

    /// Retire peers: they no longer keep entries, and their calls are refused
    ///
    /// A later prune deletes the entries that a retired peer lacks, so it needs a
    /// snapshot to come back.
    Retire(PeersArgs),

    /// Admit retired peers again, each under a new admission number
    ///
    /// An admitted peer has acknowledged nothing, keeps all entries from now on, and
    /// needs a snapshot. Its acks carry the number.
    Admit(PeersArgs),

    /// Declare that no other device needs this library's changes
    ///
    /// Every entry may be pruned then. The first registration ends this state.
    Solo(ChangeArgs),

    /// Adopt a Spacedrive-style sync.db, or a log to which another program wrote
    ///
    /// Every row stays, or goes aside with a reason. Acks stay, and are not believed:
    /// nothing is pruned before the peers are declared (register --all) and each has
    /// acknowledged, or before an operator vouches for the acks (trust).
    Adopt(AdoptArgs),

    /// Vouch that the acks in an adopted file are true, and that no peer is missing
    ///
    /// If an ack is wrong or a peer is missing, that peer may lose changes for good.
    Trust(ChangeArgs),

    /// Dismiss the signs that a file was restored or cloned
    ///
    /// `status` and `explain` show the signs until then. A sign that is still true is
    /// found again.
    Dismiss(ChangeArgs),

    /// Import one device's changes from a legacy, leader-based sync_log.db
    ///
    /// A sync_log.db has the changes of all devices, in the order of a sequence number.
    /// It is only read. The log in --into must be new, or hold a part of this import,
    /// which then continues. The exit code is 1 if a row cannot be taken, or has no valid
    /// time and is dated by its position in the order.
    Import(ImportArgs),

    /// Write all entries to stdout, with every column
    ///
    /// By default each entry is one line of JSON, oldest first. NULL is null, and every other
    /// value is printed as text. Bytes, and text that is not UTF-8, are printed as x'ff41',
    /// and a text with these characters looks the same.
    Export(ExportArgs),

    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },

    /// Print the manual page of the program, or of a command
    Man {
        /// The command
        command: Option<String>,
    },
}

impl Command {
    /// The log that the command is about.
    pub(crate) fn path(&self) -> Option<&Path> {
        Some(match self {
            Self::Status(args) | Self::Peers(args) | Self::Explain(args) | Self::Verify(args) => {
                &args.path
            }
            Self::Tail(args) => &args.path,
            Self::Show(args) => &args.path,
            Self::Export(args) => &args.path,
            Self::Prune(args) | Self::Solo(args) | Self::Trust(args) | Self::Dismiss(args) => {
                &args.path
            }
            Self::Register(args) => &args.peers.change.path,
            Self::Retire(args) | Self::Admit(args) => &args.change.path,
            Self::Adopt(args) => &args.change.path,
            Self::Import(args) => &args.into,
            Self::Completions { .. } | Self::Man { .. } => return None,
        })
    }
}

/// How to print.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(crate) struct PrintArgs {
    #[command(flatten)]
    format: FormatArgs,

    /// Print every column of a table, and full stamps
    #[arg(long)]
    wide: bool,
}

impl PrintArgs {
    /// The format of the call.
    pub(crate) fn format(self) -> Format {
        self.format.get()
    }

    /// Whether a table may be wider than a terminal.
    pub(crate) fn is_wide(self) -> bool {
        self.wide
    }
}

/// The arguments of a command that only reads.
#[derive(Debug, ClapArgs)]
pub(crate) struct LookArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// How to print.
    #[command(flatten)]
    pub(crate) print: PrintArgs,
}

/// The arguments of `tail`.
#[derive(Debug, ClapArgs)]
pub(crate) struct TailArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// How many entries to show
    #[arg(short = 'n', long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(..=1000))]
    pub(crate) entries: u16,

    /// Print new entries as they are committed, until interrupted
    #[arg(short, long)]
    pub(crate) follow: bool,

    /// How to print.
    #[command(flatten)]
    pub(crate) print: PrintArgs,
}

/// The arguments of `show`.
#[derive(Debug, ClapArgs)]
pub(crate) struct ShowArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// The entry's stamp
    pub(crate) hlc: String,

    /// How to print.
    #[command(flatten)]
    pub(crate) print: PrintArgs,
}

/// The arguments of `export`.
#[derive(Debug, ClapArgs)]
pub(crate) struct ExportArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// Print the entries that an adoption put aside instead
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

/// The arguments of a command that changes a log.
#[derive(Debug, ClapArgs)]
pub(crate) struct ChangeArgs {
    /// A library's folder, or its sync.db
    pub(crate) path: PathBuf,

    /// Report what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// How to print.
    #[command(flatten)]
    pub(crate) print: PrintArgs,
}

/// The arguments of a command that changes peers.
#[derive(Debug, ClapArgs)]
pub(crate) struct PeersArgs {
    /// The arguments of every change.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,

    /// The devices' ids; of a peer that is known, the first digits are enough
    #[arg(required = true)]
    pub(crate) peers: Vec<PeerId>,
}

/// The arguments of `import`.
#[derive(Debug, ClapArgs)]
pub(crate) struct ImportArgs {
    /// The legacy sync_log.db, or its folder
    pub(crate) path: PathBuf,

    /// The library's id
    #[arg(long)]
    pub(crate) library: Uuid,

    /// The device whose changes to import
    #[arg(long)]
    pub(crate) device: Uuid,

    /// The library's folder, in which the sync.db is made
    #[arg(long, value_name = "DIR")]
    pub(crate) into: PathBuf,

    /// Leave out changes that are too far ahead of the clock, and name them
    #[arg(long)]
    pub(crate) skip_ahead: bool,

    /// Report what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// How to print.
    #[command(flatten)]
    pub(crate) print: PrintArgs,
}

/// The arguments of `register`.
#[derive(Debug, ClapArgs)]
pub(crate) struct RegisterArgs {
    /// The peers.
    #[command(flatten)]
    pub(crate) peers: PeersArgs,

    /// Declare that there are no other peers
    #[arg(long)]
    pub(crate) all: bool,
}

/// The arguments of `adopt`.
#[derive(Debug, ClapArgs)]
pub(crate) struct AdoptArgs {
    /// The arguments of every change.
    #[command(flatten)]
    pub(crate) change: ChangeArgs,

    /// The library's id, if it is not in the file
    #[arg(long, requires = "device")]
    pub(crate) library: Option<Uuid>,

    /// The id of the device whose log it is, if it is not in the file
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
        assert_eq!(args.print.format(), Format::Json);
        assert!(parse(&["--json", "--format", "csv"]).is_err());
    }
}
