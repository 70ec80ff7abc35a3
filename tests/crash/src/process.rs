//! A child as the parent has it: started, listened to, killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::child::{ChildArgs, Role};
use crate::line::Line;

/// Up to here a wait is spent awake: a sleep is longer than an ack takes.
const AWAKE: Duration = Duration::from_millis(1);

/// A running child.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
    pub number: u32,
}

impl Process {
    /// Starts `program` as a child.
    pub fn start(program: &Path, args: &ChildArgs) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .arg("child")
            .arg("--folder")
            .arg(&args.folder)
            .args(["--number", &args.number.to_string()])
            .args(["--seed", &args.seed.to_string()])
            .args(["--role", &name_of(&args.role)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(fault) = &args.fault {
            command.args(["--fault", &name_of(fault)]);
        }
        // A victim has no use for an input.
        if matches!(args.role, Role::Victim | Role::Accompanied) {
            command.stdin(Stdio::null());
        }
        let mut child = command.spawn().context("failed to start a child")?;
        let said = child.stdout.take().context("a child has an output")?;
        Ok(Self {
            input: child.stdin.take(),
            child,
            said: BufReader::new(said),
            number: args.number,
        })
    }

    /// The next line; `None` at the end, where a line may have been cut short.
    pub fn hear(&mut self) -> Result<Option<Line>> {
        let mut text = String::new();
        self.said.read_line(&mut text)?;
        if !text.ends_with('\n') {
            return Ok(None);
        }
        let line = Line::from_text(&text);
        line.map(Some)
            .with_context(|| format!("no line of a child: {text}"))
    }

    /// Tells the child to go on, or to finish.
    pub fn tell(&mut self) -> Result<()> {
        let input = self.input.as_mut().context("a child that is told things")?;
        Ok(input.write_all(b"\n")?)
    }

    /// Kills the child with SIGKILL, after `delay`; whether it was that which ended the child.
    pub fn kill_after(&mut self, delay: Duration) -> Result<bool> {
        let begin = Instant::now();
        if delay > AWAKE {
            std::thread::sleep(delay - AWAKE);
        }
        while begin.elapsed() < delay {
            std::hint::spin_loop();
        }
        self.child.kill().context("failed to kill a child")?;
        Ok(self.child.wait()?.code().is_none())
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }
}

/// A child does not outlive the parent's interest in it.
impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn name_of(value: &impl clap::ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}
