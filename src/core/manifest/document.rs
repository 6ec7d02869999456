//! The document itself: marketplace, product, configurations, and where it comes from.

use std::collections::HashSet;

use super::Manifest;
use super::diagnostic::Report;
use super::field::Field;
use super::reader::Object;
use super::source::Source;
use super::text::{INSTANT, NAME, PROSE, WEB};
use super::{configuration, product};

const PRODUCT: &str = r#"{"uuid": "…", "build": {…}, "facts": {…}}"#;
const CONFIGURATION: &str = r#"[{"default": true, "task": [{"label": "web"}]}]"#;
const PROVENANCE: &str =
    r#"[{"datetime": "2026-01-31T12:00:00Z", "attribution": "Example Health", "remark": "First release"}]"#;

/// Reads the document. Where it reports an error, the manifest has gaps and must not be used.
pub(super) fn read(Source { tree, content }: Source, report: &Report) -> Option<Manifest> {
    let root = Field::root(&tree, report).object()?;
    root.ignores(&["$schema"]);
    let marketplace_url = root.should("marketplace_url", r#""https://marketplace.example.org""#).text(&WEB);
    let (product, build) = root.must("product", PRODUCT).object().and_then(|product| product::read(&product)).unzip();
    let (mut names, mut default) = (HashSet::new(), false);
    let configurations = root.must("configuration", CONFIGURATION).not_empty().objects();
    let read = |(place, configuration)| configuration::read(configuration, place + 1, &mut names, &mut default);
    let configurations = configurations.iter().enumerate().map(read).collect();
    for record in root.should("provenance", PROVENANCE).not_empty().objects() {
        provenance(&record);
    }
    Some(Manifest { marketplace_url, product: product?, build: build?, configurations, content })
}

/// A record of who owned the product or passed it on.
fn provenance(record: &Object) {
    record.should("datetime", r#""2026-01-31T12:00:00Z""#).text(&INSTANT);
    record.should("attribution", r#""Example Health""#).text(&NAME);
    record.should("remark", r#""First release""#).text(&PROSE);
}
