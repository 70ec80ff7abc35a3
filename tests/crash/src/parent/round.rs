//! One kill, and what is checked after it.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::reopen;
use super::state::Parent;
use crate::aim::Target;
use crate::check::{Effect, Findings, Violation, check};
use crate::child::{ChildArgs, Role, log_folder};
use crate::file;
use crate::line::{Kind, Line};
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
        let target = {
            let report = &self.parent.report;
            self.parent.aim.target(|kind| report.kills(kind))
        };
        let companion = self.companion()?;
        let mut victim = self.start(0, Role::Victim)?;
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
        victim.kill_after(self.parent.aim.delay(target.kind))?;
        while let Some(line) = victim.hear()? {
            said.push(line);
        }
        Ok(true)
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
        let killed = self.folder.join("killed");
        file::copy(&log, &killed)?;
        let found = match file::read(&killed) {
            Ok(found) => found,
            Err(error) => return Ok(vec![unreadable(&error)]),
        };
        let Findings {
            mut violations,
            effect,
        } = check(&self.parent.model, found.as_ref());
        let (of_fresh, fresh_effect) = self.check_fresh().await?;
        self.note(match self.kind_in_flight() {
            Some(Kind::Migrate) => fresh_effect,
            _ => effect,
        });
        violations.extend(of_fresh);
        if violations.is_empty() {
            self.parent.model.settle(found.as_ref());
            self.parent.report.reopens += 1;
            let reopened = reopen::check(&mut self.parent.model, &log, found.as_ref()).await;
            violations.extend(reopened.err().as_ref().map(reopening));
        }
        Ok(violations)
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
