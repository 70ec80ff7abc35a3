//! The command `cargo xtask sim`.

mod args;
mod fleet;
mod report;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, FirstSeed};

/// A fresh seed is below this: far more seeds than anybody will run, and still numbers
/// that can be read aloud.
const FRESH_MAX: u64 = 1_000_000_000_000;

fn main() -> ExitCode {
    let args = Args::parse();
    let first_seed = match args.first_seed {
        FirstSeed::At(seed) => seed,
        FirstSeed::Fresh => fresh_seed(),
    };
    match report::run(&args, first_seed) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// A first seed that is drawn at random. It is drawn before the first run begins; the runs depend
/// on the number alone.
#[allow(
    clippy::disallowed_types,
    reason = "the number is printed, and as an argument it gives the same runs"
)]
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};

    RandomState::new().hash_one(()) % FRESH_MAX
}
