//! The list of sources of chance, time and order is closed: what is banned is
//! banned, only the report measures time, and only `main` draws a first seed.

use std::fs;
use std::path::{Path, PathBuf};

/// What a simulation must not call, by what a source file would have to write.
const BANNED: &[&str] = &[
    concat!("SystemTime", "::now"),
    concat!("Instant", "::now"),
    concat!("thread", "::sleep"),
    concat!("time", "::sleep"),
    concat!("Rng", "::new()"),
    concat!("new", "_v4"),
    concat!("thread", "_rng"),
    concat!("System", "Clock"),
    concat!("Hash", "Map"),
    concat!("Hash", "Set"),
    concat!("Random", "State"),
    concat!("env", "::var"),
    concat!("new_multi", "_thread"),
];

/// The exceptions, by file: the report measures how long the runs took, and `main` draws
/// the first of fresh seeds.
const ALLOWED: &[(&str, &str)] = &[
    ("report.rs", concat!("Instant", "::now")),
    ("main.rs", concat!("Random", "State")),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_draws_or_measures_but_what_the_readme_lists() {
    let mut files = Vec::new();
    let sources_here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&sources_here, &mut files);
    assert!(files.len() > 20, "the sources are there");
    for file in &files {
        let text = fs::read_to_string(file).expect("a source is text");
        let name = file.file_name().and_then(|name| name.to_str());
        let is_allowed = |word| ALLOWED.iter().any(|(f, w)| Some(*f) == name && *w == word);
        let banned = BANNED.iter().filter(|word| !is_allowed(**word));
        let used: Vec<_> = banned.filter(|word| text.contains(**word)).collect();
        assert!(used.is_empty(), "{} uses {used:?}", file.display());
    }
}

#[test]
fn clippy_bans_them_too() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bans = fs::read_to_string(manifest.join("clippy.toml")).expect("clippy.toml is there");
    for path in ["SystemTime::now", "Instant::now", "HashMap", "HashSet"] {
        assert!(bans.contains(path), "clippy.toml does not ban {path}");
    }
}
