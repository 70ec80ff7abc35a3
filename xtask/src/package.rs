//! Packages what goes to the registry and builds it from nothing but the files in there.
//!
//! `cargo package` can verify packages too, but it resolves them through a registry of its own
//! whose unpacked sources it never refreshes while the version stays: the second run in a place
//! builds against the code of the first. So the packages are unpacked here, into a workspace in
//! which they find each other, where they share what other steps have compiled.

use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::workspace::{Package, PackageExt as _, Workspace};

/// Packages every published crate, unpacks the packages and checks them together. Each library
/// on its own is the step before this one.
pub(crate) fn check_all(shell: &Shell, workspace: &Workspace) -> Result<()> {
    let published: Vec<&Package> = workspace
        .packages
        .iter()
        .filter(|package| package.is_published())
        .collect();
    let packed = workspace.target_directory.join("package");
    let unpacked = workspace.target_directory.join("unpacked");
    shell.remove_path(&packed)?;
    shell.remove_path(&unpacked)?;

    pack(shell, &published)?;
    for package in &published {
        unpack(
            shell,
            &packed.join(format!("{}.crate", package.file_stem())),
            &unpacked,
        )?;
    }
    let root = shell.read_file(workspace.root.join("Cargo.toml"))?;
    shell.write_file(unpacked.join("Cargo.toml"), manifest(&published, &root))?;
    shell.copy_file(workspace.root.join("Cargo.lock"), &unpacked)?;
    check(shell, &unpacked, &workspace.target_directory)
}

/// One call for all, so that packages that are not in the registry yet find each other.
fn pack(shell: &Shell, packages: &[&Package]) -> Result<()> {
    let selection = packages
        .iter()
        .flat_map(|package| ["-p", package.name.as_str()]);
    Ok(cmd!(shell, "cargo package --no-verify --allow-dirty")
        .args(selection)
        .run()?)
}

/// The files get the time of now (`-m`). A package dates all of them the same, from which cargo
/// would conclude that nothing changed since the last run.
fn unpack(shell: &Shell, package: &Path, folder: &Path) -> Result<()> {
    shell.create_dir(folder)?;
    Ok(cmd!(shell, "tar -x -z -m -f {package} -C {folder}").run()?)
}

fn check(shell: &Shell, folder: &Path, target: &Path) -> Result<()> {
    let manifest = folder.join("Cargo.toml");
    let check = cmd!(shell, "cargo check --workspace --manifest-path {manifest}");
    Ok(check.arg("--target-dir").arg(target).run()?)
}

/// The manifest of the workspace around the unpacked packages. It ends with the profiles of the
/// root manifest, as that one does, or nothing that was compiled under them could be used again.
fn manifest(packages: &[&Package], root: &str) -> String {
    let folders: Vec<String> = packages.iter().map(|package| package.file_stem()).collect();
    let mut manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {folders:?}\n");
    manifest.push_str("\n[patch.crates-io]\n");
    for (package, folder) in packages.iter().zip(&folders) {
        manifest.push_str(&format!("{} = {{ path = {folder:?} }}\n", package.name));
    }
    let profiles = root.find("\n[profile").unwrap_or(root.len());
    manifest + &root[profiles..]
}
