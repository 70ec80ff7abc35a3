//! On what something was measured, as far as it says anything elsewhere.

use std::thread;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use xshell::{Shell, cmd};

/// One sentence for the pages with numbers.
pub(crate) fn sentence(shell: &Shell) -> Result<String> {
    let cores = thread::available_parallelism()?;
    let system = std::env::consts::OS;
    let rustc = cmd!(shell, "rustc -vV").quiet().read()?;
    let release = field(&rustc, "release")?;
    let sqlite = sqlite(shell, field(&rustc, "host")?)?;
    Ok(format!(
        "Measured on {cores} cores, {system}, with rustc {release} and SQLite {sqlite}."
    ))
}

/// From a line of `rustc -vV`.
fn field<'a>(lines: &'a str, name: &str) -> Result<&'a str> {
    let fields = lines.lines().filter_map(|line| line.split_once(": "));
    let mut values = fields.filter(|field| field.0 == name);
    let (_, value) = values
        .next()
        .with_context(|| format!("failed to find the {name} of rustc"))?;
    Ok(value)
}

/// The version of the SQLite that is bundled, from its own header. What only other hosts need
/// would have to be downloaded first.
fn sqlite(shell: &Shell, host: &str) -> Result<String> {
    let platform = ["--filter-platform", host].map(str::to_owned);
    let metadata = MetadataCommand::new().other_options(platform).exec()?;
    let mut packages = metadata.packages.iter();
    let bundle = packages.find(|package| package.name.as_str() == "libsqlite3-sys");
    let manifest = &bundle.context("failed to find SQLite")?.manifest_path;
    let header = manifest.as_std_path().with_file_name("sqlite3/sqlite3.h");
    let header = shell.read_file(header)?;
    let version = version(&header).context("failed to find the version of SQLite")?;
    Ok(version.to_owned())
}

fn version(header: &str) -> Option<&str> {
    let rest = header.split_once("#define SQLITE_VERSION ")?.1;
    rest.split('"').nth(1)
}
