//! What a run goes on with from round to round.

use std::path::PathBuf;

use anyhow::Result;

use super::settings::Settings;
use crate::aim::Aim;
use crate::file;
use crate::model::Model;
use crate::report::Report;

/// A file goes on being used for so many kills.
const KILLS_PER_FILE: u32 = 25;

pub(super) struct Parent<'a> {
    pub(super) aim: Aim,
    pub(super) report: Report,
    pub(super) model: Model,
    pub(super) settings: &'a Settings,
}

impl<'a> Parent<'a> {
    pub(super) fn new(settings: &'a Settings) -> Self {
        Self {
            aim: Aim::new(settings.seed),
            report: Report::default(),
            model: Model::new(),
            settings,
        }
    }

    /// The folder of the file that is used in `round`.
    pub(super) fn folder(&self, round: u32) -> PathBuf {
        let file = (round - 1) / KILLS_PER_FILE;
        self.settings.dir.join(format!("file-{file}"))
    }

    /// Begins another file and another model where a file has been used long enough; what was
    /// counted stays.
    pub(super) fn begin_round(&mut self, round: u32) -> Result<()> {
        if !(round - 1).is_multiple_of(KILLS_PER_FILE) {
            return Ok(());
        }
        self.report.add(std::mem::take(&mut self.model).counts);
        if round > 1 {
            file::remove(&self.folder(round - 1))?;
        }
        let folder = self.folder(round);
        file::remove(&folder)?;
        Ok(std::fs::create_dir_all(folder)?)
    }
}
