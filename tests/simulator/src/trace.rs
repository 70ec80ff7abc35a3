//! What happened, as a hash, as counts and, on demand, as lines.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher as _};

use sync_log_core::{Hlc, LogError};

/// How often each kind of event happened.
pub type Coverage = BTreeMap<&'static str, u64>;

/// The moment at which every simulation begins, in ms since the Unix epoch.
pub const START_MS: i64 = 1_700_000_000_000;

/// The logical events of a run, without ids that are drawn elsewhere.
#[derive(Default)]
pub(crate) struct Trace {
    hasher: DefaultHasher,
    coverage: Coverage,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// One that also keeps lines.
    pub(crate) fn with_lines() -> Self {
        Self {
            lines: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// An event of a kind that is counted.
    pub(crate) fn event(&mut self, kind: &'static str, detail: fmt::Arguments<'_>) {
        *self.coverage.entry(kind).or_default() += 1;
        // Writing to a hasher cannot fail.
        let _ = writeln!(Hashing(&mut self.hasher), "{kind} {detail}");
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{kind} {detail}"));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    pub(crate) fn into_parts(self) -> (Coverage, Vec<String>) {
        (self.coverage, self.lines.unwrap_or_default())
    }
}

struct Hashing<'a>(&'a mut DefaultHasher);

impl fmt::Write for Hashing<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// A stamp as lines show it: ms since the start, and the counter.
pub(crate) struct Short(pub(crate) Hlc);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.write_str("zero");
        }
        let since = i128::from(self.0.timestamp) - i128::from(START_MS);
        write!(f, "{since:+}ms.{}", self.0.counter)
    }
}

/// Stamps, all of them.
pub(crate) struct Shorts<'a>(pub(crate) &'a [Hlc]);

impl fmt::Display for Shorts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("nothing"),
            [one] => Short(*one).fmt(f),
            [first, .., last] => {
                let count = self.0.len();
                write!(
                    f,
                    "{count} stamps from {} to {}",
                    Short(*first),
                    Short(*last)
                )
            }
        }
    }
}

/// The name of a refusal, without ids and numbers.
pub(crate) fn refusal(error: &LogError) -> &'static str {
    use sync_log_core::ObserveError;
    match error {
        LogError::Overtaken { .. } => "refused: overtaken",
        LogError::OtherContent { .. } => "refused: other content",
        LogError::BelowFloor { .. } => "refused: below floor",
        LogError::ForeignOrigin { .. } => "refused: foreign origin",
        LogError::OtherLog { .. } => "refused: other log",
        LogError::Compacted { .. } => "refused: compacted",
        LogError::AheadOfHead { .. } => "refused: ahead of head",
        LogError::Diverged { .. } => "refused: diverged",
        LogError::Altered(_) => "refused: altered",
        LogError::OwnPeer { .. } => "refused: own peer",
        LogError::UnknownPeer { .. } => "refused: unknown peer",
        LogError::PeerRetired { .. } => "refused: peer retired",
        LogError::AckBeyondHead { .. } => "refused: ack beyond head",
        LogError::OtherAdmission { .. } => "refused: other admission",
        LogError::AdmissionAhead { .. } => "refused: admission ahead",
        LogError::UnknownStamp { .. } => "refused: unknown stamp",
        LogError::NotSolo { .. } => "refused: not solo",
        LogError::Clock(ObserveError::TooFarAhead(_)) => "refused: too far ahead",
        LogError::UnknownOwnStamp { .. } => "refused: unknown own stamp",
        LogError::Store(_) => "failed: store",
        _ => "refused: something else",
    }
}
