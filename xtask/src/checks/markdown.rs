//! What the checks of documents need of Markdown: links, headings and blocks of code.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// What a document holds, in its order.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// Where each link or picture points to, with its line.
    pub(crate) links: Vec<(usize, String)>,
    /// The anchor of each heading, as the forges make it.
    pub(crate) anchors: Vec<String>,
    /// The fenced blocks that name a language.
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block of code.
#[derive(Debug)]
pub(crate) struct Block {
    /// The line of its fence.
    pub(crate) line: usize,
    /// The first word after the fence, up to a comma.
    pub(crate) language: String,
    pub(crate) text: String,
}

impl Document {
    pub(crate) fn read(text: &str) -> Self {
        let mut document = Self::default();
        let mut heading = None;
        let mut block: Option<Block> = None;
        let events = Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter();
        for (event, range) in events {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let link = (line_of(text, &range), dest_url.into_string());
                    document.links.push(link);
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let heading = heading.take().unwrap_or_default();
                    document.add_anchor(&heading);
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let language = info.split([',', ' ']).next().unwrap_or_default();
                    block = Some(Block {
                        line: line_of(text, &range),
                        language: language.to_owned(),
                        text: String::new(),
                    });
                }
                Event::End(TagEnd::CodeBlock) => document.blocks.extend(block.take()),
                Event::Text(part) | Event::Code(part) => {
                    let block = block.as_mut().map(|block| &mut block.text);
                    if let Some(into) = block.or(heading.as_mut()) {
                        into.push_str(&part);
                    }
                }
                _ => {}
            }
        }
        document
    }

    /// Of equal headings, each but the first has a number at its end.
    fn add_anchor(&mut self, heading: &str) {
        let anchor = anchor_of(heading);
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let mut candidates = std::iter::once(anchor.clone()).chain(numbered);
        let free = candidates.find(|candidate| !self.anchors.contains(candidate));
        self.anchors.extend(free);
    }
}

fn line_of(text: &str, range: &Range<usize>) -> usize {
    text[..range.start].matches('\n').count() + 1
}

fn anchor_of(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ if letter.is_alphanumeric() => Some(letter),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// The path that `target` means in the file at `path`; `None` if it leaves the repository.
pub(crate) fn resolve(path: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_headings_and_blocks_are_found_and_code_is_not_mistaken_for_them() {
        let text = "# The `log`, _whole_\n\n[a](b.md#c) `[no](link)`\n\n\
                    | x |\n|---|\n| ![p](q.svg) |\n\n```sh,ignore\n# no heading\n[no](x)\n```\n\n## A\n## A\n";
        let document = Document::read(text);
        let links = [(3, "b.md#c".to_owned()), (7, "q.svg".to_owned())];
        assert_eq!(document.links, links);
        assert_eq!(document.anchors, ["the-log-whole", "a", "a-1"]);
        let [block] = &document.blocks[..] else {
            panic!("{:?}", document.blocks);
        };
        assert_eq!((block.line, &*block.language), (9, "sh"));
        assert_eq!(block.text, "# no heading\n[no](x)\n");
    }

    #[test]
    fn a_target_is_seen_from_the_folder_of_its_file() {
        let cases = [
            ("README.md", "docs/a.md", Some("docs/a.md")),
            ("docs/adr/README.md", "../cost.md", Some("docs/cost.md")),
            ("docs/a.md", "./b.md", Some("docs/b.md")),
            ("docs/a.md", "../../other", None),
        ];
        for (path, target, expected) in cases {
            assert_eq!(resolve(path, target).as_deref(), expected);
        }
    }
}
