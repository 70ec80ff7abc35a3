//! How many kills are done: a bar on a terminal, nothing elsewhere.

use std::fmt;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far a run is, on stderr.
pub struct Progress(ProgressBar);

impl Progress {
    /// Nothing is done of `kills`.
    #[must_use]
    pub fn new(kills: u32) -> Self {
        let bar = ProgressBar::new(u64::from(kills));
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} kills, {elapsed}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many are done.
    pub fn show(&mut self, done: u32) {
        self.0.set_position(u64::from(done));
    }

    /// The run is over.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}
