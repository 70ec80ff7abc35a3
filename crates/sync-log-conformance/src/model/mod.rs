//! Random histories, on a log and on a slow reference of it.
//!
//! After each step both must have answered alike, including errors, and must hold
//! the same contents. The rules between any two states of a log must hold too. A
//! history that fails is shortened and printed.

// These are values of the tests; their names say what they are.
#![allow(missing_docs)]

mod acks;
mod bytes;
mod check;
mod clock;
mod op;
mod peer;
mod reference;
mod repairs;
mod serve;
mod world;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::harness::Tampering;
use crate::runtime::run as run_to_end;
use op::{History, histories};
use world::World;

/// The variable that overrides how many histories are tried.
const CASES_VARIABLE: &str = "CONFORMANCE_CASES";
/// The variable that overrides the seed that all of them come from.
const SEED_VARIABLE: &str = "CONFORMANCE_SEED";
const SEED: u64 = 20_240_229;
/// The variable that overrides how often a history that fails is shortened; 0 for
/// a run that only wants to know whether one does.
const SHRINKS_VARIABLE: &str = "CONFORMANCE_SHRINKS";
const SHRINKS: u64 = 2000;
const STEPS_MAX: usize = 80;

/// Tries as many histories as the harness asks for, the same ones every time.
///
/// # Panics
/// With the shortest history found for which log and reference differ.
pub fn run<H: Tampering>() {
    let shrinks = number_from(SHRINKS_VARIABLE).unwrap_or(SHRINKS);
    if let Err(failure) = search::<H>(shrinks) {
        panic!("{failure}");
    }
}

/// Whether there is a history for which log and reference differ, for tests of the
/// model itself. It looks for no shorter history.
pub fn finds_a_difference<H: Tampering>() -> bool {
    search::<H>(0).is_err()
}

fn search<H: Tampering>(shrinks: u64) -> Result<(), String> {
    let cases = number_from(CASES_VARIABLE).unwrap_or(u64::from(H::MODEL_CASES));
    let seed = number_from(SEED_VARIABLE).unwrap_or(SEED);
    let config = Config {
        cases: u32::try_from(cases).unwrap(),
        failure_persistence: None,
        max_shrink_iters: u32::try_from(shrinks).unwrap(),
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(config, rng)
        .run(&histories(STEPS_MAX), |history| check_history::<H>(history))
        .map_err(|failure| {
            format!("{failure}\nrepeat with {SEED_VARIABLE}={seed} {CASES_VARIABLE}={cases}")
        })
}

/// Makes the history that `bytes` spell, for a fuzzer: every input is one.
///
/// # Errors
/// After which step log and reference differ, and in what.
pub fn check_bytes<H: Tampering>(bytes: &[u8]) -> Result<(), String> {
    compare::<H>(bytes::history(bytes, STEPS_MAX))
}

fn check_history<H: Tampering>(history: History) -> Result<(), TestCaseError> {
    compare::<H>(history).map_err(TestCaseError::fail)
}

fn compare<H: Tampering>(history: History) -> Result<(), String> {
    run_to_end(async {
        let steps = history.steps.clone();
        let mut world = World::<H>::new(history).await;
        for (number, (handle, op)) in steps.iter().enumerate() {
            let step = world.step(*handle, op).await;
            step.map_err(|why| format!("after step {number}, {op:?}, {why}"))?;
        }
        Ok(())
    })
}

fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is not a number: {text}")))
}
