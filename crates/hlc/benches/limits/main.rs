//! The clock and the codec next to the limits that they are held to.
//!
//! ```console
//! cargo bench -p hlc
//! ```

// A bench that cannot go on has nothing to tell but where it stopped.
#![allow(clippy::unwrap_used)]

mod clock;
mod floor;
mod sample;
mod text;

use paired_bench::Bench;

fn main() {
    let mut bench = Bench::from_env();
    clock::next_to_the_system_time(&mut bench);
    clock::next_to_uhlc(&mut bench);
    floor::what_a_tick_is_made_of(&mut bench);
    text::next_to_the_standard_library(&mut bench);
}
