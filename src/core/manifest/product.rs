//! `product`: its identity, its build, and the facts about it.

use std::collections::HashSet;

use super::reader::Object;
use super::{Build, Product, build, facts};

/// An example of an id that the maker of a manifest chooses.
pub(super) const UUID: &str = r#""f81d4fae-7dec-41d0-a765-00a0c91e6bf6", with a new UUID such as uuidgen makes"#;
const BUILD: &str = r#"{"uuid": "…", "binary": {…}, "dependency": []}"#;
const FACTS: &str = r#"{"name": "Growth Charts", …}"#;

/// Reads the product and its build.
pub(super) fn read(product: &Object) -> Option<(Product, Build)> {
    let id = product.must("uuid", UUID).uuid().unwrap_or_default();
    let build = product.must("build", BUILD).object().map(|build| build::read(&build));
    let facts = product.must("facts", FACTS).object().map(|facts| facts::read(&facts)).unwrap_or_default();
    let (mut build, about) = build?;
    // Standard files often say the same in both places.
    let known: HashSet<_> = build.dependencies.iter().cloned().collect();
    build.dependencies.extend(facts.dependencies.into_iter().filter(|dependency| !known.contains(dependency)));
    let product = Product {
        id,
        name: facts.name,
        description: about.description,
        support_url: about.support_url,
        locale: about.locale,
        mime_type: facts.mime_type,
        licenses: facts.licenses,
    };
    Some((product, build))
}
