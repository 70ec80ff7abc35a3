//! The process that gets killed: it works on a log until then.

mod args;
mod copies;
mod moves;
mod perform;
mod readers;
mod refusals;
mod step;
mod voice;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use sync_log_sqlite::SyncDb;

use crate::entry::{DEVICE, EntryId, LIBRARY};
use crate::line::{Gave, Line, Operation};
use readers::Readers;
use step::Script;
use voice::Voice;

pub use args::{ChildArgs, Fault, Role};

/// A child that is not killed ends by itself after this time, so that a call
/// that never returns is a finding and not a run that never ends.
const ALARM: Duration = Duration::from_secs(120);

/// What a companion does after it was told to finish.
const LAST_STEPS: u32 = 5;

/// The folder of the log that a child in `folder` works on.
pub fn log_folder(folder: &Path) -> PathBuf {
    folder.join("log")
}

/// Works as `args` say, until killed or told to finish.
pub fn run(args: ChildArgs) -> Result<()> {
    std::thread::spawn(|| {
        std::thread::sleep(ALARM);
        eprintln!("a child was neither killed nor told to finish");
        std::process::exit(3);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work(args))
}

async fn work(args: ChildArgs) -> Result<()> {
    let voice = Voice::of(args.role);
    let mut worker = Worker::open(args, voice).await?;
    while !worker.voice.is_told_to_finish() {
        worker.step().await?;
    }
    for _ in 0..LAST_STEPS {
        worker.step().await?;
    }
    worker.log.close().await.context("failed to close")?;
    worker.voice.say(&Line::Finished)
}

/// A log, and who works on it.
struct Worker {
    args: ChildArgs,
    rng: fastrand::Rng,
    script: Script,
    voice: Voice,
    log: SyncDb,
    readers: Readers,
    operation: u32,
}

impl Worker {
    async fn open(args: ChildArgs, voice: Voice) -> Result<Self> {
        let mut rng = fastrand::Rng::with_seed(args.seed);
        voice.begin(0, Operation::Reopen)?;
        let log = open_log(&args.folder).await?;
        voice.settle(&log).await?;
        voice.done(log_of(&log))?;
        Ok(Self {
            script: Script::new(args.role, args.fault, &mut rng),
            readers: Readers::of(&log).await?,
            args,
            rng,
            voice,
            log,
            operation: 1,
        })
    }

    async fn step(&mut self) -> Result<()> {
        let step = self.script.next(&mut self.rng);
        let doing = format!("failed to {step:?} in operation {}", self.operation);
        self.perform(step).await.context(doing)
    }

    /// Announces the next operation.
    fn begin(&mut self, what: Operation) -> Result<u32> {
        let number = self.operation;
        self.operation += 1;
        self.voice.begin(number, what)?;
        Ok(number)
    }

    /// A name for what the next operation makes beside the log.
    fn name_of_next(&self, what: &str) -> String {
        format!("{what}-{}-{}", self.args.number, self.operation)
    }

    fn entry(&self, operation: u32, index: u32) -> EntryId {
        EntryId {
            child: self.args.number,
            operation,
            index,
        }
    }
}

async fn open_log(folder: &Path) -> Result<SyncDb> {
    Ok(SyncDb::open(LIBRARY, DEVICE, &log_folder(folder)).await?)
}

fn log_of(log: &SyncDb) -> Gave {
    Gave::Log {
        log_id: log.identity().log_id,
    }
}
