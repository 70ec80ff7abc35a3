//! Every target on its fixed corpus, and on inputs derived from it, the same ones
//! every time.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

/// The longest input that is derived.
const LENGTH_MAX: usize = 4096;

/// Makes one test of each target, with so many derived inputs.
macro_rules! targets {
    ($($target:ident $derived:literal)+) => {
        $(#[test]
        fn $target() {
            try_corpus(stringify!($target), fuzz_checks::$target, $derived);
        })+

        const TARGETS: &[&str] = &[$(stringify!($target)),+];
    };
}

targets! {
    hlc_text 20_000
    hlc_bytes 20_000
    cursor_text 20_000
    cursor_bytes 20_000
    json_text 20_000
    entry 20_000
    contents 5_000
    store_in_memory 150
    store_in_a_file 6
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn names_in(folder: PathBuf) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_target_has_a_corpus_and_is_run_by_the_fuzzer() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(names_in(package().join("corpus")), targets);
    assert_eq!(names_in(package().join("../../fuzz/fuzz_targets")), targets);
}

fn try_corpus(target: &str, check: fn(&[u8]), derived: usize) {
    let folder = package().join("corpus").join(target);
    let mut corpus = Vec::new();
    for name in fs::read_dir(folder).unwrap() {
        corpus.push(fs::read(name.unwrap().path()).unwrap());
    }
    // The order in which a folder is listed is not the same everywhere.
    corpus.sort();
    assert!(!corpus.is_empty());
    for input in &corpus {
        try_input(check, input);
    }
    let mut dice = Dice(
        target
            .bytes()
            .fold(7, |seed, byte| seed.wrapping_mul(31) ^ u64::from(byte)),
    );
    for _ in 0..derived {
        try_input(check, &dice.derive(&corpus));
    }
}

fn try_input(check: fn(&[u8]), input: &[u8]) {
    let run = AssertUnwindSafe(|| check(input));
    if let Err(panic) = catch_unwind(run) {
        eprintln!("the input was \"{}\"", input.escape_ascii());
        resume_unwind(panic);
    }
}

/// SplitMix64: the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.roll().to_be_bytes()[0]
    }

    /// One of the corpus, changed in a few places; sometimes noise.
    fn derive(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        if self.below(10) == 0 {
            let length = self.below(300);
            return (0..length).map(|_| self.byte()).collect();
        }
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut input, corpus);
        }
        input.truncate(LENGTH_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let to = at + self.below(input.len() - at + 1);
        let byte = self.byte();
        match self.below(7) {
            0 => input.insert(at, byte),
            1 => drop(input.drain(at..to)),
            2 => input.extend_from_within(at..to),
            3 => input.truncate(at),
            4 => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.below(other.len() + 1);
                input.splice(at..to, other[from..].iter().copied());
            }
            // One byte becomes any other, or one that is like it.
            5 => input[at..to].iter_mut().take(1).for_each(|old| *old = byte),
            _ => input[at..to]
                .iter_mut()
                .take(1)
                .for_each(|old| *old ^= 1 << (byte % 8)),
        }
    }
}
