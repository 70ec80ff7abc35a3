//! On what something was measured, as far as it says anything elsewhere.

use std::path::Path;
use std::thread;

use anyhow::{Context, Result};
use serde::Deserialize;
use xshell::{Shell, cmd};

/// One sentence for the pages with numbers.
pub(crate) fn sentence(shell: &Shell) -> Result<String> {
    let cores = thread::available_parallelism()?;
    let system = std::env::consts::OS;
    let rustc = cmd!(shell, "rustc --version").quiet().read()?;
    let rustc = rustc.split(' ').nth(1).unwrap_or("?").to_owned();
    let sqlite = sqlite(shell)?;
    Ok(format!(
        "Measured on {cores} cores, {system}, with rustc {rustc} and SQLite {sqlite}."
    ))
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
}

/// The version of the SQLite that is bundled, from its own header.
fn sqlite(shell: &Shell) -> Result<String> {
    let json = cmd!(shell, "cargo metadata --format-version 1")
        .quiet()
        .read()?;
    let metadata: Metadata = serde_json::from_str(&json)?;
    let mut packages = metadata.packages.iter();
    let bundle = packages.find(|package| package.name == "libsqlite3-sys");
    let manifest = &bundle.context("failed to find SQLite")?.manifest_path;
    let header = Path::new(manifest).with_file_name("sqlite3/sqlite3.h");
    let header = shell.read_file(header)?;
    let version = version(&header).context("failed to find the version of SQLite")?;
    Ok(version.to_owned())
}

fn version(header: &str) -> Option<&str> {
    let rest = header.split_once("#define SQLITE_VERSION ")?.1;
    rest.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_text_and_not_the_number() {
        let header = "#define SQLITE_VERSION_NUMBER 3051001\n\
                      #define SQLITE_VERSION        \"3.51.1\"\n";
        assert_eq!(version(header), Some("3.51.1"));
        assert_eq!(version(""), None);
    }
}
