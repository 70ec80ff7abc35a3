//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, ValueEnum};

use crate::format::FormatArgs;

const EXAMPLES: &str = "\
Examples:
  demo                     the built-in history, skewed clocks
  demo --clocks wild       clocks that are wrong by up to 401 days
  demo --layout attached   each log in the app's own database
  demo --away 4:12         device 4 is away for twelve weeks at a time
  demo --dir ./demo        keep the libraries, to look into them
  demo --json | jq .verdict
  demo --input my.ndjson --away none";

const AFTER: &str = "\
Input: one JSON object per line, in the order the changes landed:
  {\"t\":1518233235000,\"wall\":1518233234000,\"device\":0,\"op\":\"insert\",
   \"model\":\"file\",\"record\":\"src/lib.rs\",\"data\":{\"added\":14}}
  t       when it landed, in ms since the Unix epoch; never falls
  wall    what the device's own clock said; never after t
  device  0 to 63, at least two devices in all
  op      insert, update or delete
  data    any JSON; the whole record may take 1 MiB

Exit codes: 0 the verdict is yes, 1 it is no, 2 wrong call or input,
3 a file cannot be opened, read or written.";

/// Replay real changes over several devices and judge the result
///
/// Every device is an app with a library folder of its own, and shares the
/// records in its database.db. The changes of the history are made where and
/// when they were made, the devices sync once a day, and everything that is no
/// longer needed is pruned. An oracle that never sees an ack or a cursor
/// says at the end whether every change arrived everywhere exactly once and
/// nothing was pruned too early.
#[derive(Debug, Parser)]
#[command(name = "demo", before_help = EXAMPLES, after_help = AFTER)]
pub(crate) struct DemoArgs {
    /// Keep the libraries in this folder, which must be empty or new
    ///
    /// Without it they are in a temporary folder and gone at the end.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Replay this history instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// How wrong the devices' clocks are
    #[arg(long, value_enum, default_value_t = ClockKind::Skewed)]
    pub(crate) clocks: ClockKind,

    /// Where each device has its log
    #[arg(long, value_enum, default_value_t = Layout::Outbox)]
    pub(crate) layout: Layout,

    /// Which device is away for how many weeks at a time, or `none`
    ///
    /// It is absent so long, beginning with the first change, then on line for
    /// one week, and so on. Meanwhile it makes its changes, and no other device
    /// can prune what it lacks. Device 1 is the default because that is the
    /// hard choice in the built-in history: it has the longest log of all, and
    /// as it also makes a third of all changes, its own log grows while it is
    /// away just as the others' do.
    #[arg(long, value_name = "DEVICE:WEEKS", default_value_t = AwayArg::DEFAULT)]
    pub(crate) away: AwayArg,

    /// Where skew, steps back, restarts and the time of the daily sync come from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// How to print the result.
    #[command(flatten)]
    pub(crate) format: FormatArgs,
}

/// How wrong the devices' clocks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClockKind {
    /// Seconds to minutes off, with steps back of up to an hour
    Skewed,
    /// What the history says they read, with the drift limit lifted
    Wild,
}

impl ClockKind {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Skewed => "skewed",
            Self::Wild => "wild",
        }
    }
}

/// Where each device has its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// In a sync.db, to which changes come from an outbox in the app's database
    Outbox,
    /// In the app's database
    Attached,
}

impl Layout {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::Attached => "attached",
        }
    }
}

/// Longest absence that can be asked for: ten years.
const WEEKS_MAX: u16 = 520;

/// A device that is away for weeks at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Away {
    pub(crate) device: u8,
    /// How long it is absent before each week on line.
    pub(crate) weeks: u16,
}

/// The value of `--away`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AwayArg(pub(crate) Option<Away>);

impl AwayArg {
    const DEFAULT: Self = Self(Some(Away {
        device: 1,
        weeks: 4,
    }));
}

impl fmt::Display for AwayArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("none"),
            Some(Away { device, weeks }) => write!(f, "{device}:{weeks}"),
        }
    }
}

impl FromStr for AwayArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        let parts = text.split_once(':').ok_or("it is not DEVICE:WEEKS")?;
        let device = parts.0.parse().ok().filter(|device| *device < 64);
        let weeks = parts.1.parse().ok();
        Ok(Self(Some(Away {
            device: device.ok_or("DEVICE is not a number from 0 to 63")?,
            weeks: weeks
                .filter(|weeks| (1..=WEEKS_MAX).contains(weeks))
                .ok_or("WEEKS is not a number from 1 to 520")?,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absence_is_a_device_and_weeks_or_none() {
        let away = |device, weeks| Ok(AwayArg(Some(Away { device, weeks })));
        assert_eq!("1:4".parse(), away(1, 4));
        assert_eq!("63:520".parse(), away(63, 520));
        assert_eq!("none".parse(), Ok(AwayArg(None)));
        for wrong in ["", "1", "1:", ":4", "64:4", "1:0", "1:521", "-1:4", "1:4:5"] {
            assert!(wrong.parse::<AwayArg>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_default_absence_reads_back() {
        let text = AwayArg::DEFAULT.to_string();
        assert_eq!(text.parse(), Ok(AwayArg::DEFAULT));
    }
}
