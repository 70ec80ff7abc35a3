//! What has to hold at any size: growth of costs, memory, and how long pruning
//! makes an append wait. Shown up to a million entries.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot go on has nothing to tell but where it stopped"
)]

#[path = "../fixture/mod.rs"]
mod fixture;
mod growth;
mod lock;
mod memory;
mod peers;

use fixture::Log;
use paired_bench::Bench;
use tokio::runtime::Runtime;

/// Entries of the smallest, a middle and the largest log.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
const QUICK_SIZES: [usize; 3] = [1_000, 2_000, 20_000];

fn main() {
    if memory::child() {
        return;
    }
    let mut bench = Bench::from_env();
    let runtime = Runtime::new().unwrap();
    peers::acks(&mut bench, &runtime);
    if !(growth::is_wanted(&bench) || memory::is_wanted(&bench) || lock::is_wanted(&bench)) {
        return;
    }
    let sizes = if bench.is_quick() { QUICK_SIZES } else { SIZES };
    let closed = sizes.map(|entries| Log::closed(&runtime, entries, 1));
    // In an order in which each leaves to the next what that needs: nothing is
    // pruned before all is read.
    memory::peak(&mut bench, &closed[2], sizes[2]);
    growth::open(&mut bench, &runtime, sizes, &closed);
    let logs = closed.map(|folder| Log::open(&runtime, folder));
    growth::page(&mut bench, &runtime, sizes, &logs);
    growth::append(&mut bench, &runtime, sizes, &logs);
    growth::prune(&mut bench, &runtime, sizes, &logs);
    let [_, _, largest] = logs;
    lock::longest_append(&mut bench, &runtime, &largest);
}
