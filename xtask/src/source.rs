//! The modules of a target, read from its source files.

use std::collections::BTreeMap;

use syn::{Attribute, File, Item, ItemMod, Meta};

use crate::repository::Files;

/// The modules of one target.
#[derive(Default)]
pub(crate) struct Tree {
    /// Each module, with the root first and every module after its parent.
    pub(crate) modules: Vec<Module>,
    /// Files that are no Rust, with the reason.
    pub(crate) faults: Vec<String>,
}

/// A module: the whole of a file, or a block of one.
pub(crate) struct Module {
    pub(crate) file: String,
    /// The index of its parent; the root has none.
    pub(crate) parent: Option<usize>,
    /// The indices of its submodules.
    pub(crate) children: BTreeMap<String, usize>,
    pub(crate) items: Vec<Item>,
    /// Whether it is only built for tests.
    pub(crate) is_test: bool,
}

/// Where the files of a module's submodules are.
struct Place {
    file: String,
    folder: String,
}

impl Tree {
    /// Reads the target whose root file is `root`.
    pub(crate) fn read(root: &str, files: &Files) -> Self {
        let mut tree = Self::default();
        let place = Place {
            file: root.to_owned(),
            folder: parent(root).to_owned(),
        };
        tree.add_file(place, None, false, files);
        tree
    }

    fn add_file(
        &mut self,
        place: Place,
        parent: Option<usize>,
        is_test: bool,
        files: &Files,
    ) -> Option<usize> {
        let text = files.get(&place.file)?;
        match syn::parse_file(text) {
            Ok(File { items, attrs, .. }) => {
                let is_test = is_test || attrs.iter().any(is_for_tests);
                Some(self.add(&place, parent, is_test, items, files))
            }
            Err(error) => {
                self.faults.push(format!("{}: {error}", place.file));
                None
            }
        }
    }

    fn add(
        &mut self,
        place: &Place,
        parent: Option<usize>,
        is_test: bool,
        items: Vec<Item>,
        files: &Files,
    ) -> usize {
        let index = self.modules.len();
        let (submodules, items): (Vec<Item>, Vec<Item>) = items
            .into_iter()
            .partition(|item| matches!(item, Item::Mod(_)));
        self.modules.push(Module {
            file: place.file.clone(),
            parent,
            children: BTreeMap::new(),
            items,
            is_test,
        });
        for submodule in submodules {
            let Item::Mod(submodule) = submodule else {
                continue;
            };
            let name = submodule.ident.to_string();
            if let Some(child) = self.add_submodule(place, index, submodule, files) {
                self.modules[index].children.insert(name, child);
            }
        }
        index
    }

    fn add_submodule(
        &mut self,
        place: &Place,
        parent: usize,
        submodule: ItemMod,
        files: &Files,
    ) -> Option<usize> {
        let name = submodule.ident.to_string();
        let is_test = self.modules[parent].is_test || submodule.attrs.iter().any(is_for_tests);
        if let Some((_, items)) = submodule.content {
            let inside = Place {
                file: place.file.clone(),
                folder: join(&place.folder, &name),
            };
            return Some(self.add(&inside, Some(parent), is_test, items, files));
        }
        let mut candidates = place.candidates(&name, &submodule.attrs).into_iter();
        let found = candidates.find(|candidate| files.contains_key(&candidate.file))?;
        self.add_file(found, Some(parent), is_test, files)
    }
}

impl Place {
    /// Every file that could be meant by `mod name;`.
    fn candidates(&self, name: &str, attributes: &[Attribute]) -> Vec<Self> {
        if let Some(path) = attributes.iter().find_map(path_attribute) {
            let file = join(parent(&self.file), &path);
            let folder = parent(&file).to_owned();
            return vec![Self { file, folder }];
        }
        let folder = join(&self.folder, name);
        [format!("{folder}.rs"), format!("{folder}/mod.rs")]
            .map(|file| Self {
                file,
                folder: folder.clone(),
            })
            .into()
    }
}

/// Whether an attribute leaves its item to tests alone.
pub(crate) fn is_for_tests(attribute: &Attribute) -> bool {
    if attribute.path().is_ident("test") {
        return true;
    }
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    list.path.is_ident("cfg") && list.tokens.to_string() == "test"
}

fn path_attribute(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let syn::Expr::Lit(literal) = &pair.value else {
        return None;
    };
    match &literal.lit {
        syn::Lit::Str(path) if pair.path.is_ident("path") => Some(path.value()),
        _ => None,
    }
}

pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `folder/path` with every `..` resolved.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}
