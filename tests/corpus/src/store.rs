//! Operations on a store, against the reference model.

use sync_log_conformance::Tampering;
use sync_log_conformance::model::check_bytes;

use crate::memory::MemoryHarness;
use crate::sqlite::SqliteHarness;

/// Any bytes as a history of calls: the log in memory answers as the model does.
pub fn store_in_memory(input: &[u8]) {
    agrees_with_the_model::<MemoryHarness>(input);
}

/// Any bytes as a history of calls: the log in a file answers as the model does.
pub fn store_in_a_file(input: &[u8]) {
    agrees_with_the_model::<SqliteHarness>(input);
}

fn agrees_with_the_model<H: Tampering>(input: &[u8]) {
    if let Err(difference) = check_bytes::<H>(input) {
        panic!("{difference}");
    }
}
