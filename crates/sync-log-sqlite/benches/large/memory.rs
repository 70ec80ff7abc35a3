//! What reading a million entries takes of memory, in a process of its own.

use std::path::Path;
use std::process::Command;

use paired_bench::{Bench, Bound};
use sync_log_sqlite::{Cursor, Hlc, ReadLimits};
use tokio::runtime::Runtime;

use crate::fixture::{open, peer, run};

// The base is the process before it opens the log: all that the log allocates
// counts, its connections, their caches and its threads too. What does not count
// is the code that is paged in on the way to the first page, which is the file of
// the program; a file that is mapped after that does.
const PEAK: Bound = Bound {
    id: "memory_1m",
    work: "1 M entries read through pages of 1000: peak above the process before the log is opened",
    unit: "MB",
    target: Some(16.0),
};

const WITH_CODE: Bound = Bound {
    id: "memory_1m_with_code",
    work: "the same, with the code that is paged in",
    target: None,
    ..PEAK
};

/// The argument that makes this binary the process that reads.
const CHILD: &str = "--read-all";

pub(crate) fn is_wanted(bench: &Bench) -> bool {
    bench.wants(PEAK.id) || bench.wants(WITH_CODE.id)
}

/// Reads the log in `folder` in a child, and tells what that took.
pub(crate) fn peak(bench: &mut Bench, folder: impl AsRef<Path>, entries: usize) {
    if !is_wanted(bench) {
        return;
    }
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this)
        .arg(CHILD)
        .arg(folder.as_ref())
        .arg(entries.to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let megabytes = said.split_whitespace().map(|kilobytes| {
        let kilobytes: f64 = kilobytes.parse().unwrap();
        kilobytes * 1024.0 / 1e6
    });
    let [peak, code]: [f64; 2] = megabytes.collect::<Vec<_>>().try_into().unwrap();
    bench.bound(PEAK, peak - code);
    bench.bound(WITH_CODE, peak);
}

/// Whether this process is the child; then it has read and told.
pub(crate) fn child() -> bool {
    let mut arguments = std::env::args().skip_while(|argument| argument != CHILD);
    let (Some(_), Some(folder), Some(entries)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return false;
    };
    let runtime = Runtime::new().unwrap();
    let (base, base_file) = (resident("VmRSS:"), resident("RssFile:"));
    let (read, file) = run(&runtime, read_all(folder));
    assert_eq!(read.to_string(), entries);
    tell([resident("VmHWM:") - base, file - base_file]);
    true
}

/// How many entries were read, and what of files was mapped at the first page.
async fn read_all(folder: String) -> (usize, u64) {
    let db = open(folder.as_ref()).await;
    let (mut position, mut read, mut last, mut file) = (Cursor::ZERO, 0, Hlc::ZERO, 0);
    loop {
        let page = db.read_for(peer(0), position, ReadLimits::entries(1000));
        let page = page.await.unwrap();
        if page.entries.is_empty() {
            return (read, file);
        }
        if read == 0 {
            file = resident("RssFile:");
        }
        for entry in &page.entries {
            assert!(entry.hlc > last, "ascending");
            last = entry.hlc;
        }
        read += page.entries.len();
        position = page.next;
    }
}

#[allow(clippy::print_stdout, reason = "the parent listens")]
fn tell([peak, code]: [u64; 2]) {
    println!("{peak} {code}");
}

/// A line of what Linux says of this process, in units of 1024 bytes.
fn resident(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|text| text.strip_prefix(line));
    let number = value.and_then(|value| value.split_whitespace().next());
    number.unwrap().parse().unwrap()
}
