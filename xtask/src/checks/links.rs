//! Every relative link in a document leads to a file or folder, and to a heading there.
//!
//! Links to the web are not followed, and those that are Rust paths are rustdoc's to check.

use super::markdown::{Document, resolve};
use crate::repository::Files;

/// Links that lead nowhere.
pub(crate) fn violations(files: &Files) -> Vec<String> {
    let documents = files.iter().filter(|(path, _)| path.ends_with(".md"));
    let found = documents.flat_map(|(path, text)| {
        let links = Document::read(text).links.into_iter();
        let relative = links.filter(|(_, link)| !link.contains("::") && !has_scheme(link));
        relative.filter_map(move |(line, link)| {
            let fault = fault(files, path, &link)?;
            Some(format!("{path}:{line}: `{link}` {fault}"))
        })
    });
    found.collect()
}

fn has_scheme(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:")
}

fn fault(files: &Files, path: &str, link: &str) -> Option<&'static str> {
    let (target, anchor) = match link.split_once('#') {
        Some((target, anchor)) => (target, Some(anchor)),
        None => (link, None),
    };
    let target = match target {
        "" => Some(path.to_owned()),
        target => resolve(path, target),
    };
    let Some(target) = target else {
        return Some("leaves the repository");
    };
    let text = files.get(&target);
    if text.is_none() && !is_folder(files, &target) {
        return Some("leads to no file");
    }
    let anchor = anchor?;
    let has_anchor = text.is_some_and(|text| {
        let anchors = Document::read(text).anchors;
        anchors.iter().any(|heading| heading == anchor)
    });
    (!has_anchor).then_some("leads to no heading")
}

fn is_folder(files: &Files, path: &str) -> bool {
    let inside = format!("{path}/");
    files.keys().any(|file| file.starts_with(&inside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    fn found(link: &str) -> Vec<String> {
        let text = format!("# Top\n\nSee [there]({link}).\n");
        let there = "# There\n\n## How it works\n";
        violations(&planted(&[
            ("docs/a.md", &text),
            ("docs/adr/b.md", there),
            ("c.svg", ""),
        ]))
    }

    #[test]
    fn what_is_there_is_clean() {
        let clean = [
            "adr/b.md",
            "adr",
            "adr/",
            "../c.svg",
            "#top",
            "adr/b.md#how-it-works",
            "https://example.org/x.md",
            "core::SyncLog",
        ];
        for link in clean {
            assert_eq!(found(link), [""; 0], "{link}");
        }
    }

    #[test]
    fn what_leads_nowhere_is_named_with_its_line() {
        let cases = [
            ("adr/c.md", "leads to no file"),
            ("../../c.svg", "leaves the repository"),
            ("#bottom", "leads to no heading"),
            ("adr/b.md#how", "leads to no heading"),
            ("adr#there", "leads to no heading"),
        ];
        for (link, fault) in cases {
            assert_eq!(found(link), [format!("docs/a.md:3: `{link}` {fault}")]);
        }
    }
}
