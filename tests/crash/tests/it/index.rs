//! The index of the `-wal` is mapped into memory, and another program cuts it short. The process goes
//! on or dies, and nothing that was `Ok` is lost.

use std::fs::OpenOptions;
use std::path::Path;

use crash::check::check;
use crash::child::{ChildArgs, Role, log_folder};
use crash::file;
use crash::line::Line;
use crash::model::Model;
use crash::process::Process;
use sync_log_sqlite::FILE_NAME;

/// Operations before the cut, and after it.
const BEFORE: u32 = 30;
const AFTER: u32 = 10;

const CHILD: u32 = 1;

/// What is left of the index, in bytes.
const LENGTHS: [u64; 4] = [0, 100, 4096, 16_384];

/// How long an index is that has one part.
const WHOLE: u64 = 32_768;

/// A child, and the log as it said that it is.
struct Rig {
    child: Process,
    model: Model,
}

impl Rig {
    /// Hears the child until an operation is done; whether it lives.
    fn step(&mut self) -> bool {
        loop {
            let Some(line) = self.child.hear().unwrap() else {
                return false;
            };
            assert_eq!(self.model.hear(CHILD, &line), []);
            if matches!(line, Line::Done { .. }) {
                return true;
            }
        }
    }

    fn steps(&mut self, count: u32) -> bool {
        (0..count).all(|_| self.child.tell().is_ok() && self.step())
    }
}

/// Lets a child work, gives the index these lengths, and lets the child go on; whether it lives.
fn cut(seed: u64, lengths: &[u64]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let args = ChildArgs {
        folder: folder.path().to_owned(),
        number: CHILD,
        seed,
        role: Role::Stepper,
        fault: None,
    };
    let program = Path::new(env!("CARGO_BIN_EXE_crash"));
    let mut rig = Rig {
        child: Process::start(program, &args).unwrap(),
        model: Model::new(),
    };
    assert!(rig.step() && rig.steps(BEFORE));
    let log = log_folder(folder.path());
    let index = log.join(format!("{FILE_NAME}-shm"));
    let index = OpenOptions::new().write(true).open(index).unwrap();
    for length in lengths {
        index.set_len(*length).unwrap();
    }
    let lives = rig.steps(AFTER);
    drop(rig.child);
    let found = file::read(&log).unwrap();
    assert_eq!(check(&rig.model, found.as_ref()).violations, []);
    lives
}

#[test]
fn an_index_that_is_cut_short_loses_nothing() {
    let lived = (1..4).map(|seed| LENGTHS.map(|length| cut(seed, &[length])));
    let lived: Vec<_> = lived.collect();
    let has_died = lived.iter().flatten().any(|lived| !lived);
    assert!(has_died, "the cut was not noticed: {lived:?}");
}

/// As another program leaves it that makes room for its own index.
#[test]
fn an_index_that_is_emptied_loses_nothing() {
    let lived = (1..7).filter(|seed| cut(*seed, &[0, WHOLE])).count();
    assert!(lived > 0, "no process went on");
}
