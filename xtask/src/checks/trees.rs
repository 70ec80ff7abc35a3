//! What comes along with a crate, from the lines of `cargo tree`.

/// The `--format` that [`of_bare_hlc`] and [`without_sqlite`] read: package and its features.
pub(crate) const FORMAT: &str = "{p}|{f}";

/// A package in a tree.
struct Node<'a> {
    name: &'a str,
    features: &'a str,
}

/// The nodes of a tree printed with [`FORMAT`] and without a prefix. A subtree that was printed
/// before ends in ` (*)`, which stays in the last feature: the first print had the bare one.
fn nodes(tree: &str) -> impl Iterator<Item = Node<'_>> {
    tree.lines().filter(|line| !line.is_empty()).map(|line| {
        let (package, features) = line.split_once('|').unwrap_or((line, ""));
        let name = package.split(' ').next().unwrap_or_default();
        Node { name, features }
    })
}

/// Without its default features `hlc` needs nothing but `uuid`, and neither asks for `std`.
pub(crate) fn of_bare_hlc(tree: &str) -> Vec<String> {
    let mut violations = Vec::new();
    for Node { name, features } in nodes(tree) {
        if !["hlc", "uuid"].contains(&name) {
            violations.push(format!(
                "`hlc` without default features must not need `{name}`"
            ));
        }
        if features.split(',').any(|feature| feature == "std") {
            violations.push(format!(
                "`hlc` without default features turns on `std` of `{name}`"
            ));
        }
    }
    violations
}

/// Neither building nor testing `package` compiles SQLite or what is made for it.
pub(crate) fn without_sqlite(package: &str, tree: &str) -> Vec<String> {
    let database = nodes(tree).filter(|node| is_database(node.name));
    let mut names: Vec<&str> = database.map(|node| node.name).collect();
    names.sort_unstable();
    names.dedup();
    names
        .iter()
        .map(|name| format!("`{package}` must build and test without `{name}`"))
        .collect()
}

fn is_database(name: &str) -> bool {
    let families = ["libsqlite3-sys", "rusqlite", "sea-orm", "sqlx"];
    families.iter().any(|family| name.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hlc_needs_uuid_alone_and_no_std() {
        assert!(of_bare_hlc("hlc v0.1.0 (/repo/crates/hlc)|\nuuid v1.29.3|").is_empty());
        let tree = "hlc v0.1.0 (/repo)|default,std\nserde v1.0.0|derive\nuuid v1.29.3|std,v4";
        let expected = [
            "`hlc` without default features turns on `std` of `hlc`",
            "`hlc` without default features must not need `serde`",
            "`hlc` without default features turns on `std` of `uuid`",
        ];
        assert_eq!(of_bare_hlc(tree), expected);
    }

    #[test]
    fn sqlite_is_caught_wherever_it_hides_and_named_once() {
        let tree = "sync-log-core v0.1.0 (/repo)|\nlibsqlite3-sys v0.35.0|bundled\n\
                    rusqlite v0.39.0|\nlibsqlite3-sys v0.35.0|bundled (*)";
        let expected = [
            "`sync-log-core` must build and test without `libsqlite3-sys`",
            "`sync-log-core` must build and test without `rusqlite`",
        ];
        assert_eq!(without_sqlite("sync-log-core", tree), expected);
    }
}
