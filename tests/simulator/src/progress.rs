//! How far the runs are: a bar on a terminal, a line every tenth elsewhere.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far the runs are, on stderr.
pub(crate) enum Progress {
    /// A bar that is drawn over and over.
    Bar(ProgressBar),
    /// Plain lines.
    Lines {
        /// How many seeds there are.
        seeds: u64,
        /// How many tenths of them were told.
        told: AtomicU64,
    },
}

impl Progress {
    /// Begins with nothing done of `seeds`.
    pub(crate) fn new(seeds: u64) -> Self {
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(seeds);
            let template = "{bar:40} {pos} of {len} seeds, {elapsed}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            return Self::Bar(bar);
        }
        let told = AtomicU64::new(0);
        Self::Lines { seeds, told }
    }

    /// So many seeds are done.
    pub(crate) fn show(&self, done: u64) {
        match self {
            Self::Bar(bar) => bar.set_position(done),
            Self::Lines { seeds, told } => {
                let tenths = (done * 10).checked_div(*seeds).unwrap_or_default();
                if told.fetch_max(tenths, Ordering::Relaxed) < tenths {
                    eprintln!("{:3} %  {done} of {seeds} seeds", tenths * 10);
                }
            }
        }
    }

    /// The runs are over; a bar goes away.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenth_is_told_once() {
        let lines = Progress::Lines {
            seeds: 95,
            told: AtomicU64::new(0),
        };
        (0..=95).for_each(|done| lines.show(done));
        match lines {
            Progress::Lines { told, .. } => assert_eq!(told.into_inner(), 10),
            Progress::Bar(_) => unreachable!("it was made of lines"),
        }
    }
}
