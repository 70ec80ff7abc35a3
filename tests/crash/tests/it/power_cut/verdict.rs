//! Each image is recovered, checked, and used.

use crash::check::{Effect, check};
use crash::entry::{DEVICE, LIBRARY};
use crash::file::{self, LogFile};
use crash::fresh::Fresh;
use crash::line::Start;
use crash::model::Model;
use sync_log_sqlite::SyncDb;
use tempfile::TempDir;

use super::cuts::{Density, while_checkpointed, while_written};
use super::image::Image;
use super::recording::Moment;

/// One of so many images is opened and used, besides those at an `Ok`.
const OPENED_ONE_IN: u32 = 10;

/// How much was checked.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) operations: usize,
    pub(crate) images: usize,
    /// Those that end with a frame.
    pub(crate) boundaries: usize,
    /// Those that hold a part of an operation of several transactions.
    pub(crate) parts: usize,
    /// Those that were opened and used.
    pub(crate) opened: usize,
    /// Those of logs that were being made.
    pub(crate) made: usize,
    /// Files of an earlier program that were adopted.
    pub(crate) adoptions: usize,
    /// Images of those, before and after.
    pub(crate) not_adopted: usize,
    pub(crate) adopted: usize,
    pub(crate) checkpoints: usize,
    pub(crate) restarts: usize,
    /// Operations in the middle of which a checkpoint was that cannot be told.
    pub(crate) unseen: usize,
    /// Promises beyond the synced part that were missed.
    pub(crate) missed: usize,
}

/// Checks images, in a folder of its own.
pub(crate) struct Verdicts {
    pub(crate) counts: Counts,
    rng: fastrand::Rng,
    folder: TempDir,
}

impl Verdicts {
    pub(crate) fn new() -> Self {
        Self {
            counts: Counts::default(),
            rng: fastrand::Rng::with_seed(1),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Checks what may be found if the power is cut in this operation.
    pub(crate) async fn judge(&mut self, moment: &Moment, density: Density) {
        self.counts.operations += 1;
        let Moment { before, after, .. } = moment;
        let mut images = Vec::new();
        let is_copied = before.db != after.db;
        let is_restarted = after.is_restarted_since(before);
        let is_first = before.db.is_empty();
        if !is_copied {
            self.counts.restarts += usize::from(is_restarted && !before.wal.is_empty());
            while_written(before, after, density, &mut self.rng, |image, is_frame| {
                images.push((image, is_frame));
            });
        } else if !is_restarted {
            // Written first, then copied.
            while_written(before, after, density, &mut self.rng, |image, is_frame| {
                images.push((image, is_frame));
            });
            let written = Image {
                db: before.db.clone(),
                wal: after.wal.clone(),
            };
            while_checkpointed(&written, after, &mut self.rng, |image| {
                images.push((image, false));
            });
            self.counts.checkpoints += 1;
        } else if after.wal.is_empty() && !is_first {
            // Closed: copied, and then the WAL goes.
            while_checkpointed(before, after, &mut self.rng, |image| {
                images.push((image, false));
            });
            self.counts.checkpoints += 1;
        } else {
            self.counts.unseen += usize::from(!is_first);
        }
        for (image, is_boundary) in images {
            self.counts.boundaries += usize::from(is_boundary);
            self.judge_image(&image, &[&moment.begun, &moment.told])
                .await;
        }
        self.judge_image(after, &[&moment.done]).await;
        if density == Density::Full {
            self.judge_checkpoint(moment).await;
            self.judge_made(moment).await;
        }
    }

    /// A checkpoint changes nothing, wherever it stops.
    async fn judge_checkpoint(&mut self, moment: &Moment) {
        let Some(checkpointed) = &moment.checkpointed else {
            return;
        };
        self.counts.checkpoints += 1;
        let mut images = vec![checkpointed.clone()];
        while_checkpointed(&moment.after, checkpointed, &mut self.rng, |image| {
            images.push(image);
        });
        for image in images {
            self.judge_image(&image, &[&moment.done]).await;
        }
    }

    /// A log that is made is there as a whole or not, and can be opened.
    pub(crate) async fn judge_made(&mut self, moment: &Moment) {
        let Some(made) = &moment.made else { return };
        let promised = &moment.done.fresh[0];
        let begun = Fresh {
            promised: None,
            ..promised.clone()
        };
        let before = Image {
            db: made.db.clone(),
            wal: Vec::new(),
        };
        let mut images = vec![before.clone()];
        while_written(&before, made, Density::Full, &mut self.rng, |image, _| {
            images.push(image);
        });
        let folder = self.folder.path().join("made");
        for image in images {
            image.restore(&folder);
            let is_there = begun.check(&folder).unwrap();
            if promised.start == Start::EarlierProgram {
                self.counts.adopted += usize::from(is_there);
                self.counts.not_adopted += usize::from(!is_there);
            }
            if self.rng.u32(0..OPENED_ONE_IN) == 0 {
                image.restore(&folder);
                begun.open(&folder).await.unwrap();
            }
            self.counts.made += 1;
        }
        self.counts.adoptions += usize::from(promised.start == Start::EarlierProgram);
        made.restore(&folder);
        assert!(promised.check(&folder).unwrap());
        promised.open(&folder).await.unwrap();
    }

    /// One of the models must allow what is in the image.
    async fn judge_image(&mut self, image: &Image, models: &[&Model]) {
        self.counts.images += 1;
        let folder = self.folder.path().join("log");
        image.restore(&folder);
        let found = file::read(&folder).unwrap();
        let findings: Vec<_> = models
            .iter()
            .map(|model| check(model, found.as_ref()))
            .collect();
        let allowed = findings.iter().find(|it| it.violations.is_empty());
        let Some(allowed) = allowed else {
            panic!("{findings:#?} in {:?}", models[0].in_flight);
        };
        self.counts.parts += usize::from(allowed.effect == Effect::Part);
        let is_done = models[0].in_flight.is_none();
        if is_done || self.rng.u32(0..OPENED_ONE_IN) == 0 {
            image.restore(&folder);
            self.open(models[0], found.as_ref()).await;
        }
    }

    /// The log goes on.
    async fn open(&mut self, model: &Model, found: Option<&LogFile>) {
        self.counts.opened += 1;
        let folder = self.folder.path().join("log");
        let log = SyncDb::open(LIBRARY, DEVICE, &folder).await.unwrap();
        let entries = log.get_since(None, usize::MAX).await.unwrap();
        if let Some(found) = found {
            assert!(entries.iter().eq(found.entries.values()));
        }
        let stamp = log.tick().await.unwrap();
        assert!(stamp > model.high_water.max(model.head));
        log.close().await.unwrap();
    }

    /// With only what was synced before it, the operation is missed.
    pub(crate) fn assert_missed(&mut self, moment: &Moment) {
        let folder = self.folder.path().join("log");
        moment.before.restore(&folder);
        let found = file::read(&folder).unwrap();
        let violations = check(&moment.done, found.as_ref()).violations;
        assert_ne!(violations, [], "{:?}", moment.operation());
        self.counts.missed += 1;
    }
}
