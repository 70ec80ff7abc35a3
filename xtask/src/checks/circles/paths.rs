//! The paths that the code of a module spells.

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, Item, ItemUse, Macro, Path, Token, UseTree, Visibility, parse::Parser as _,
};

use crate::source::{Tree, is_for_tests};

/// Every path in the module with that index, apart from its submodules: its names, in order.
pub(super) fn used_in(tree: &Tree, module: usize) -> Vec<Vec<String>> {
    let module = &tree.modules[module];
    let mut paths = Paths::default();
    for item in &module.items {
        match item {
            Item::Use(import) if is_re_export(import) => {
                let names = imported(import).map(|import| import.path);
                let is_of_child = |path: &Vec<String>| module.children.contains_key(first(path));
                paths.found.extend(names.filter(|path| !is_of_child(path)));
            }
            item => paths.visit_item(item),
        }
    }
    paths.found
}

/// One name that a `use` brings into its module.
pub(super) struct Import {
    /// What it is called there; `*` for all that there is.
    pub(super) name: String,
    pub(super) path: Vec<String>,
}

/// What a `use` brings into its module.
pub(super) fn imported(import: &ItemUse) -> impl Iterator<Item = Import> + use<> {
    let mut found = Vec::new();
    collect(&import.tree, &mut Vec::new(), &mut found);
    found.into_iter()
}

fn collect(tree: &UseTree, before: &mut Vec<String>, found: &mut Vec<Import>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            collect(&path.tree, before, found);
            before.pop();
        }
        UseTree::Group(group) => {
            for one in &group.items {
                collect(one, before, found);
            }
        }
        UseTree::Name(name) => add(&name.ident.to_string(), None, before, found),
        UseTree::Rename(name) => {
            let rename = name.rename.to_string();
            add(&name.ident.to_string(), Some(rename), before, found);
        }
        UseTree::Glob(_) => found.push(Import {
            name: "*".to_owned(),
            path: before.clone(),
        }),
    }
}

fn add(ident: &str, rename: Option<String>, before: &[String], found: &mut Vec<Import>) {
    let mut path = before.to_vec();
    if ident != "self" {
        path.push(ident.to_owned());
    }
    let last = path.last().cloned().unwrap_or_default();
    found.push(Import {
        name: rename.unwrap_or(last),
        path,
    });
}

fn is_re_export(import: &ItemUse) -> bool {
    !matches!(import.vis, Visibility::Inherited)
}

/// The first name of a path that says something.
fn first(path: &[String]) -> &str {
    let mut names = path.iter().map(String::as_str);
    names.find(|name| *name != "self").unwrap_or_default()
}

#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        self.found
            .extend(imported(import).map(|import| import.path));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        self.found.push(names.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        let expressions = Punctuated::<Expr, Token![,]>::parse_terminated;
        match expressions.parse2(call.tokens.clone()) {
            Ok(parsed) => {
                let mut within = Self::default();
                for expression in &parsed {
                    within.visit_expr(expression);
                }
                self.found.append(&mut within.found);
            }
            Err(_) => self.scan(call.tokens.clone()),
        }
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

impl Paths {
    /// Takes the names between `::` out of tokens that are of no known form. A lone name may be
    /// anything there, so it does not count.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if colons == 2 || path.is_empty() => {
                    path.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(ident) => {
                    self.end(&mut path);
                    path.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            self.end(&mut path);
            colons = 0;
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.found.push(path);
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
