//! Tests that a document names: `file.rs::test_name`, between backticks.

use crate::repository::Files;

/// What stands between pairs of backticks.
pub(super) fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Why `test` is not the path and name of a test.
pub(super) fn fault_of(test: &str, files: &Files) -> Option<String> {
    let Some((path, name)) = test.split_once("::") else {
        return Some(format!("`{test}` is not `file.rs::test_name`"));
    };
    let name = name.rsplit("::").next().unwrap_or(name);
    match files.get(path) {
        None => Some(format!("there is no file `{path}`")),
        Some(text) if !defines(text, name) => Some(format!("`{path}` has no `fn {name}`")),
        Some(_) => None,
    }
}

/// Whether a line that is no comment has `fn name`, and not only as the start of a longer name.
fn defines(text: &str, name: &str) -> bool {
    let function = format!("fn {name}");
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.into_iter().any(|line| {
        let rest = line.split_once(&function).map(|(_, rest)| rest);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_starts_like_an_earlier_one_is_found() {
        assert!(defines("fn holds_longer() {}\nfn holds() {}", "holds"));
        assert!(defines("pub async fn holds<S: Store>() {}", "holds"));
    }
}
