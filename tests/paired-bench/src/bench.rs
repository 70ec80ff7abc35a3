//! Takes the samples, and tells what they were.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::row::{Bound, Growth, Ratio, Row};

/// Pairs of a full run: their 95 % bounds leave out ten at each end.
const PAIRS: usize = 31;

/// Where that takes no time, a row has more, which brings its bounds closer.
const PAIRS_MAX: usize = 201;

/// How long a row may take to have more.
const ENOUGH: Duration = Duration::from_secs(10);

/// Pairs of a quick run, which is to see that benches run.
const QUICK_PAIRS: usize = 2;

/// A size, and what takes one sample at it.
pub type Size<'a> = (u64, Box<dyn FnMut() -> f64 + 'a>);

/// One bench program.
#[derive(Debug)]
pub struct Bench {
    quick: bool,
    only: Option<String>,
    results: Option<PathBuf>,
}

impl Bench {
    /// From the command line: `--quick` takes few samples, `--only` the rows whose
    /// id has this text. Without the `--bench` that `cargo bench` passes, it is
    /// `cargo test` that asks, and the run is quick.
    #[must_use]
    pub fn from_env() -> Self {
        let mut arguments = std::env::args().skip(1);
        let mut bench = Self {
            quick: std::env::args().all(|argument| argument != "--bench"),
            only: None,
            results: std::env::var_os("BENCH_RESULTS").map(PathBuf::from),
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => bench.quick = true,
                "--only" => bench.only = arguments.next(),
                _ => {}
            }
        }
        bench
    }

    /// Whether this run is to see that benches run, and not how fast.
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.quick
    }

    /// Whether a row was asked for.
    #[must_use]
    pub fn wants(&self, id: &str) -> bool {
        self.only.as_ref().is_none_or(|only| id.contains(only))
    }

    /// Measures some work next to its limit. Each closure takes one sample and
    /// returns nanoseconds per unit of work.
    pub fn ratio(&mut self, row: Ratio, ours: impl FnMut() -> f64, limit: impl FnMut() -> f64) {
        self.ratio_of(PAIRS, row, ours, limit);
    }

    /// The same over at least so many pairs, for work whose cost varies much from one sample to the next.
    pub fn ratio_of(
        &mut self,
        pairs: usize,
        row: Ratio,
        mut ours: impl FnMut() -> f64,
        mut limit: impl FnMut() -> f64,
    ) {
        if !self.wants(row.id) {
            return;
        }
        // What is first time only, such as a cache to fill, is no pair.
        ours();
        limit();
        let began = Instant::now();
        let least = self.pairs(pairs);
        let goes_on = |pair: &usize| {
            let is_cheap = !self.quick && began.elapsed() < ENOUGH;
            *pair < least || (is_cheap && *pair < PAIRS_MAX)
        };
        let samples: Vec<_> = (0..)
            .take_while(goes_on)
            .map(|pair| match pair % 2 {
                0 => (ours(), limit()),
                _ => {
                    let limit = limit();
                    (ours(), limit)
                }
            })
            .collect();
        self.tell(&Row::ratio(row, &samples));
    }

    /// Tells one measured number.
    pub fn bound(&mut self, row: Bound, value: f64) {
        if self.wants(row.id) {
            self.tell(&Row::bound(row, value));
        }
    }

    /// Measures the same work at several sizes, smallest first. Each closure takes
    /// one sample and returns nanoseconds per unit of work.
    ///
    /// # Panics
    /// Without sizes.
    pub fn growth(&mut self, row: Growth, sizes: &mut [Size<'_>]) {
        if !self.wants(row.id) {
            return;
        }
        let mut by_size: Vec<_> = sizes.iter().map(|(size, _)| (*size, Vec::new())).collect();
        for round in 0..=self.pairs(PAIRS) {
            for ((_, sample), (_, costs)) in sizes.iter_mut().zip(&mut by_size) {
                let cost = sample();
                if round > 0 {
                    costs.push(cost);
                }
            }
        }
        self.tell(&Row::growth(row, &by_size));
    }

    fn pairs(&self, full: usize) -> usize {
        if self.quick { QUICK_PAIRS } else { full }
    }

    fn tell(&self, row: &Row) {
        println!("{}", row.line(self.quick));
        let Some(path) = &self.results else { return };
        let json = serde_json::to_string(row).unwrap();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        writeln!(file, "{json}").unwrap();
    }
}
