//! `H8`: the clock needs no std. That it works without is in `no_std.rs`, a crate without std.

use super::*;

checks!["H8": the_crate_names_std_in_one_place_only_behind_its_feature];

fn the_crate_names_std_in_one_place_only_behind_its_feature(bench: &Bench) {
    let lib = &bench.crate_root;
    assert!(lib.contains("\n#![no_std]\n"));
    assert!(lib.contains("#[cfg(feature = \"std\")]\nextern crate std;"));
    assert_eq!(lib.matches("extern crate").count(), 1);
}
