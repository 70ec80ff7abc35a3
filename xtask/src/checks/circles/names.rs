//! What a name means in a module.

use std::collections::BTreeSet;

use syn::Item;

use super::paths::{Import, imported};
use crate::source::{Tree, is_for_tests};

/// The names of every module of a target.
pub(super) struct Names<'a> {
    tree: &'a Tree,
    modules: Vec<OfModule>,
}

#[derive(Default)]
struct OfModule {
    defined: BTreeSet<String>,
    imported: Vec<Import>,
}

/// An item, and the module that defines it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) module: usize,
    pub(super) name: String,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Item(Found),
    Module(usize),
}

/// Imports that lead to each other are followed no further.
const DEPTH: usize = 16;

impl<'a> Names<'a> {
    pub(super) fn of(tree: &'a Tree) -> Self {
        let modules = tree.modules.iter().map(|module| {
            let mut names = OfModule::default();
            for item in &module.items {
                match item {
                    Item::Use(import) => {
                        if !import.attrs.iter().any(is_for_tests) {
                            names.imported.extend(imported(import));
                        }
                    }
                    item => names.defined.extend(defined(item)),
                }
            }
            names
        });
        Self {
            tree,
            modules: modules.collect(),
        }
    }

    /// The items of this target that `path` names in a module; none if it leads outside.
    pub(super) fn resolve(&self, module: usize, path: &[String]) -> Vec<Found> {
        let targets = self.targets(module, path, DEPTH).into_iter();
        let items = targets.filter_map(|target| match target {
            Target::Item(found) => Some(found),
            Target::Module(_) => None,
        });
        items.collect()
    }

    fn targets(&self, module: usize, path: &[String], depth: usize) -> BTreeSet<Target> {
        let Some((first, rest)) = path.split_first() else {
            return BTreeSet::from([Target::Module(module)]);
        };
        match first.as_str() {
            "crate" => self.within(0, rest, depth),
            "self" => self.within(module, rest, depth),
            "super" => match self.tree.modules[module].parent {
                Some(parent) => self.targets(parent, rest, depth),
                None => BTreeSet::new(),
            },
            _ => self.within(module, path, depth),
        }
    }

    /// What `path` leads to, of which the first name is one of the module's.
    fn within(&self, module: usize, path: &[String], depth: usize) -> BTreeSet<Target> {
        let Some((name, rest)) = path.split_first() else {
            return BTreeSet::from([Target::Module(module)]);
        };
        if name == "super" {
            return self.targets(module, path, depth);
        }
        let mut found = BTreeSet::new();
        if let Some(child) = self.tree.modules[module].children.get(name) {
            found.extend(self.within(*child, rest, depth));
            if !rest.is_empty() {
                return found;
            }
        }
        if self.modules[module].defined.contains(name) {
            let name = name.clone();
            found.insert(Target::Item(Found { module, name }));
        }
        if found.is_empty() && depth > 0 {
            found = self.by_import(module, name, rest, depth - 1);
        }
        found
    }

    fn by_import(
        &self,
        module: usize,
        name: &str,
        rest: &[String],
        depth: usize,
    ) -> BTreeSet<Target> {
        let mut found = BTreeSet::new();
        for import in &self.modules[module].imported {
            if import.name == name {
                for target in self.targets_of_import(module, &import.path, depth) {
                    found.extend(self.onward(target, rest, depth));
                }
            } else if import.name == "*" {
                for target in self.targets_of_import(module, &import.path, depth) {
                    if let Target::Module(other) = target
                        && other != module
                    {
                        let path = [&[name.to_owned()], rest].concat();
                        found.extend(self.within(other, &path, depth));
                    }
                }
            }
        }
        found
    }

    /// An import of a name is not looked up by way of itself: `use a::a` means the module `a`.
    fn targets_of_import(&self, module: usize, path: &[String], depth: usize) -> BTreeSet<Target> {
        let is_relative = |name: &String| !matches!(name.as_str(), "crate" | "self" | "super");
        match path.first() {
            Some(first) if is_relative(first) => {
                match self.tree.modules[module].children.get(first) {
                    Some(child) => self.within(*child, &path[1..], depth),
                    None if path.len() > 1 => self.targets(module, path, depth),
                    None => BTreeSet::new(),
                }
            }
            _ => self.targets(module, path, depth),
        }
    }

    fn onward(&self, target: Target, rest: &[String], depth: usize) -> BTreeSet<Target> {
        match target {
            Target::Module(module) => self.within(module, rest, depth),
            Target::Item(found) => BTreeSet::from([Target::Item(found)]),
        }
    }
}

/// The name that an item defines in its module, unless only tests have it.
fn defined(item: &Item) -> Option<String> {
    let (attributes, name) = match item {
        Item::Const(item) => (&item.attrs, &item.ident),
        Item::Enum(item) => (&item.attrs, &item.ident),
        Item::Fn(item) => (&item.attrs, &item.sig.ident),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref()?),
        Item::Static(item) => (&item.attrs, &item.ident),
        Item::Struct(item) => (&item.attrs, &item.ident),
        Item::Trait(item) => (&item.attrs, &item.ident),
        Item::TraitAlias(item) => (&item.attrs, &item.ident),
        Item::Type(item) => (&item.attrs, &item.ident),
        Item::Union(item) => (&item.attrs, &item.ident),
        _ => return None,
    };
    (!attributes.iter().any(is_for_tests)).then(|| name.to_string())
}
