//! What it costs to keep records with their versions, next to an app that writes as much with SeaORM
//! alone.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot go on has nothing to tell but where it stopped"
)]

#[path = "../../../../crates/sync-log-sqlite/benches/fixture/mod.rs"]
mod fixture;

mod album;
mod app_database;
mod apply;
mod drain;
mod record_in;

use paired_bench::Bench;
use tokio::runtime::Runtime;

fn main() {
    let mut bench = Bench::from_env();
    let runtime = Runtime::new().unwrap();
    apply::bench(&mut bench, &runtime);
    record_in::bench(&mut bench, &runtime);
    drain::bench(&mut bench, &runtime);
}
