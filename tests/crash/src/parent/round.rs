//! One kill, and what is checked after it.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::state::Parent;
use super::{files, reopen};
use crate::aim::Target;
use crate::check::{Effect, Violation, check};
use crate::child::{ChildArgs, Role, log_folder};
use crate::file::{self, LogFile};
use crate::line::{Kind, Line};
use crate::model::Files;
use crate::process::Process;

/// In one of so many rounds another process works on the same file.
const COMPANION_ONE_IN: u32 = 5;

/// Children of a round have numbers of their own.
const CHILDREN_PER_ROUND: u32 = 2;

pub(super) struct Round<'p, 's> {
    parent: &'p mut Parent<'s>,
    rng: fastrand::Rng,
    number: u32,
    folder: &'p Path,
}

impl<'p, 's> Round<'p, 's> {
    pub(super) fn new(parent: &'p mut Parent<'s>, number: u32, folder: &'p Path) -> Self {
        // Any odd factor spreads the rounds of neighbouring seeds apart.
        let mixed = parent.settings.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            rng: fastrand::Rng::with_seed(mixed ^ u64::from(number)),
            parent,
            number,
            folder,
        }
    }

    pub(super) async fn run(mut self) -> Result<Vec<Violation>> {
        let companion = self.companion()?;
        let role = if companion.is_some() {
            Role::Accompanied
        } else {
            Role::Victim
        };
        let target = {
            let report = &self.parent.report;
            self.parent.aim.target(role, |kind| report.kills(kind))
        };
        let mut victim = self.start(0, role)?;
        let mut said = Vec::new();
        let was_killed = self.shoot(&mut victim, target, &mut said)?;
        let mut violations = Vec::new();
        if let Some(companion) = companion {
            violations.extend(self.finish(companion)?);
        }
        for line in &said {
            violations.extend(self.parent.model.hear(victim.number, line));
        }
        if !was_killed {
            let why = format!("it ended by itself: {}", victim.wait()?);
            violations.push(Violation::Child { why });
            return Ok(violations);
        }
        if violations.is_empty() {
            violations = self.check().await?;
        }
        Ok(violations)
    }

    /// Waits for the target, kills, and hears what was said until then. Whether
    /// the child lived to be killed.
    fn shoot(
        &mut self,
        victim: &mut Process,
        target: Target,
        said: &mut Vec<Line>,
    ) -> Result<bool> {
        let mut passed = 0;
        let mut begun: Option<(Kind, Instant)> = None;
        while passed < target.nth {
            let Some(line) = victim.hear()? else {
                return Ok(false);
            };
            let now = Instant::now();
            match &line {
                Line::Begin { what, .. } => {
                    begun = Some((what.kind(), now));
                    passed += u32::from(what.kind() == target.kind);
                }
                Line::Done { .. } => {
                    if let Some((kind, since)) = begun.take() {
                        self.parent.aim.took(kind, now - since);
                    }
                }
                _ => {}
            }
            said.push(line);
        }
        let was_killed = victim.kill_after(self.parent.aim.delay(target.kind))?;
        while let Some(line) = victim.hear()? {
            said.push(line);
        }
        Ok(was_killed)
    }

    /// In some rounds, another process that has begun to work. Not beside a
    /// faulty one, whose fault should show in the file alone.
    fn companion(&mut self) -> Result<Option<Companion>> {
        let is_sound = self.parent.settings.fault.is_none();
        if !is_sound || self.rng.u32(0..COMPANION_ONE_IN) > 0 {
            return Ok(None);
        }
        let mut process = self.start(1, Role::Companion)?;
        let mut said = Vec::new();
        while let Some(line) = process.hear()? {
            let is_at_work = matches!(&line, Line::Done { .. }) && said.len() > 2;
            said.push(line);
            if is_at_work {
                break;
            }
        }
        Ok(Some(Companion { process, said }))
    }

    /// The other process goes on after the kill, and then ends as told.
    fn finish(&mut self, companion: Companion) -> Result<Vec<Violation>> {
        let Companion { mut process, said } = companion;
        let mut violations = Vec::new();
        let told = process.tell();
        for line in said {
            violations.extend(self.parent.model.hear(process.number, &line));
        }
        let mut has_finished = false;
        while let Some(line) = process.hear()? {
            has_finished |= line == Line::Finished;
            violations.extend(self.parent.model.hear(process.number, &line));
        }
        let status = process.wait()?;
        if told.is_err() || !has_finished || !status.success() {
            let why = format!("the one beside the killed one ended with {status}");
            violations.push(Violation::Child { why });
        }
        self.parent.report.companions += 1;
        Ok(violations)
    }

    fn start(&mut self, place: u32, role: Role) -> Result<Process> {
        let args = ChildArgs {
            folder: self.folder.to_owned(),
            number: self.number * CHILDREN_PER_ROUND + place,
            seed: self.rng.u64(..),
            role,
            fault: self.parent.settings.fault,
        };
        Process::start(&self.parent.settings.program, &args)
    }

    /// The file by plain SQL, on a copy, so that it is as it was for whoever
    /// opens it next; then through the program.
    async fn check(&mut self) -> Result<Vec<Violation>> {
        let log = log_folder(self.folder);
        let mut violations = match files::put_back(&self.parent.model.files, self.folder) {
            Ok(violations) => violations,
            Err(error) => return Ok(vec![unreadable(&error)]),
        };
        let killed = self.folder.join("killed");
        file::copy(&log, &killed)?;
        let found = match file::read(&killed) {
            Ok(found) => found,
            Err(error) => return Ok(vec![unreadable(&error)]),
        };
        let findings = check(&self.parent.model, found.as_ref());
        let effect = findings.effect;
        violations.extend(findings.violations);
        match files::check(&self.parent.model.files, self.folder) {
            Ok(of_files) => violations.extend(of_files),
            Err(error) => violations.push(unreadable(&error)),
        }
        let (of_fresh, fresh_effect) = self.check_fresh().await?;
        self.note(match self.kind_in_flight() {
            Some(Kind::Migrate) => fresh_effect,
            _ => effect,
        });
        violations.extend(of_fresh);
        if violations.is_empty() {
            let files = std::mem::take(&mut self.parent.model.files);
            self.parent.model.settle(found.as_ref());
            self.parent.report.reopens += 1;
            let reopened = self.reopen(found.as_ref(), &files).await;
            violations.extend(reopened.err().as_ref().map(reopening));
        }
        Ok(violations)
    }

    async fn reopen(&mut self, found: Option<&LogFile>, files: &Files) -> Result<()> {
        let log = reopen::check(&mut self.parent.model, self.folder, found).await?;
        if let Some(found) = found {
            files::end_copies(files, self.folder, &log, found).await?;
        }
        reopen::go_on(&mut self.parent.model, &log).await
    }

    fn kind_in_flight(&self) -> Option<Kind> {
        let in_flight = self.parent.model.in_flight.as_ref()?;
        Some(in_flight.what.kind())
    }

    fn note(&mut self, effect: Effect) {
        let kind = self.kind_in_flight();
        self.parent.report.killed(kind, effect);
    }

    /// Logs that were made beside: whole, or not there. Then each is opened,
    /// whatever the kill left. What became of the last one, which may have been
    /// in flight; up to the first fault, whose files stay.
    async fn check_fresh(&mut self) -> Result<(Option<Violation>, Effect)> {
        let mut effect = Effect::None;
        for fresh in &self.parent.model.fresh {
            let folder = self.folder.join(&fresh.folder);
            let killed = self.folder.join("killed-fresh");
            file::copy(&folder, &killed)?;
            effect = match fresh.check(&killed) {
                Ok(true) => Effect::Whole,
                Ok(false) => Effect::None,
                Err(error) => return Ok((Some(unreadable(&error)), effect)),
            };
            self.parent.report.reopens += 1;
            if let Err(error) = fresh.open(&folder).await {
                return Ok((Some(reopening(&error)), effect));
            }
            file::remove(&killed)?;
            file::remove(&folder)?;
        }
        Ok((None, effect))
    }
}

/// Another process on the same file.
struct Companion {
    process: Process,
    said: Vec<Line>,
}

fn unreadable(error: &anyhow::Error) -> Violation {
    let why = format!("{error:#}");
    Violation::Unreadable { why }
}

fn reopening(error: &anyhow::Error) -> Violation {
    let why = format!("{error:#}");
    Violation::Reopening { why }
}
