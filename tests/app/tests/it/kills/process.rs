//! A child as a process: started, listened to, killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::line::{Line, Orders};

const ORDERS: &str = "KILLS_CHILD_ORDERS";

/// Libtest writes to the same output.
const SAID: &str = "said: ";

/// The orders of this process, if it is a child.
pub(super) fn orders<Given: DeserializeOwned>() -> Option<Given> {
    let orders = std::env::var(ORDERS).ok()?;
    Some(serde_json::from_str(&orders).unwrap())
}

/// What runs `test` once more, as a child with these orders.
pub(super) fn child<Test>(_: Test, orders: &impl Serialize) -> Command {
    let path = std::any::type_name::<Test>();
    let (_, test) = path.split_once("::").expect("a test is in a crate");
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ORDERS, serde_json::to_string(orders).unwrap());
    child
}

/// Says a line to the parent, at once.
pub(super) fn say(line: &Line) {
    let line = serde_json::to_string(line).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{SAID}{line}").unwrap();
    out.flush().unwrap();
}

/// A running child.
pub(super) struct Process {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Process {
    /// Runs `test` once more, as a child.
    pub(super) fn start<Test>(test: Test, orders: &Orders) -> Self {
        let mut child = child(test, orders)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = child.stdout.take().expect("the output is a pipe");
        Self {
            child,
            said: BufReader::new(said),
        }
    }

    /// The next line; `None` at the end. A line that was cut short is left out.
    pub(super) fn hear(&mut self) -> Option<Line> {
        loop {
            let mut text = String::new();
            self.said.read_line(&mut text).unwrap();
            let text = text.strip_suffix('\n')?;
            if let Some(line) = text.strip_prefix(SAID) {
                return Some(serde_json::from_str(line).unwrap());
            }
        }
    }

    /// Kills the child with SIGKILL after a while.
    pub(super) fn kill_after(&mut self, delay: Duration) {
        std::thread::sleep(delay);
        self.child.kill().unwrap();
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// The child ended by itself, and this is what it complained about.
    pub(super) fn wait(mut self) -> Result<(), String> {
        let status = self.child.wait().unwrap();
        let Some(code) = status.code() else {
            return Ok(());
        };
        let mut complaints = String::new();
        let mut from = self.child.stderr.take().expect("the errors are a pipe");
        from.read_to_string(&mut complaints).unwrap();
        Err(format!("the child ended with code {code}: {complaints}"))
    }
}

/// No child outlives the test.
impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
