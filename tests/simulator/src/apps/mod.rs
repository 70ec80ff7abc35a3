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
mod memory;
mod network;
mod oracle;
mod past;
mod planted;
mod reading;
mod release;
mod rows;
mod run;
mod scenario;
mod sharing;
mod snapshots;
mod step;
mod steps;
mod tampering;
mod telling;
mod transaction;
mod world;
mod writing;

pub use device::{
    Device, Drained, Found, FoundLog, Given, LIBRARY, Received, Taken, Written, id_of,
};
pub use edits::{Made, make_all};
pub use fault::AppFault;
pub use past::{LOGGED_MS, Past, Start};
pub use release::{Payload, REFUSAL, Release};
pub use rows::Rows;
pub use run::{Make, run, run_on, run_telling, run_telling_on};
pub use scenario::Scenario;
pub use step::{Edit, Forgery, How, Model, References, Step, Struck};
pub use telling::refusal_of_page;
