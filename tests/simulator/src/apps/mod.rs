//! Devices that run an app on top of their logs, with the receiver of the library.
//!
//! The other fleet puts logs to the test; this one puts to the test what an app's tables show, from an
//! own write on one device to the row that another device shows of it.

mod checks;
mod device;
mod edits;
mod fault;
mod forgery;
mod heal;
mod history;
mod network;
mod oracle;
mod planted;
mod reading;
mod release;
mod rows;
mod run;
mod scenario;
mod snapshots;
mod step;
mod steps;
mod telling;
mod transaction;
mod world;
mod writing;

pub use fault::AppFault;
pub use release::Release;
pub use run::{run, run_telling};
pub use scenario::Scenario;
pub use step::{Edit, Forgery, How, Model, References, Step, Struck};
