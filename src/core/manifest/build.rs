//! `product.build`: what is run or handed out. The official keys are `uuid`, `binary` and `dependency`; the others
//! are this marketplace's own, all optional, so that standard files stay valid.

use std::collections::{BTreeMap, HashSet};

use super::diagnostic::{Severity, shown};
use super::field::Field;
use super::interfaces::{DEPENDENCIES, EXPOSES, REQUIRES, dependencies, exposed, required};
use super::product::UUID;
use super::reader::Object;
use super::text::{LINK, LOCALE, PROSE, VERSION};
use super::{Build, Screenshot, image};
use crate::core::files::{FileKind, Sha256};

const BINARY: &str = r#"{"registry": "https://registry.example.org", "image": "example/app:1.0.0"}"#;
const DIGESTS: &str = r#"{"content.zip": "sha256:e3b0…"}, or leave it out: it is added when the package is published"#;
const SCREENSHOTS: &str = r#"[{"path": "pictures/start.png", "caption": "The start page"}]"#;

/// What a build says about its product.
pub(super) struct About {
    pub(super) description: Option<String>,
    pub(super) support_url: Option<String>,
    pub(super) locale: Option<String>,
}

/// Reads the build.
pub(super) fn read(build: &Object) -> (Build, About) {
    let (binary, file) = (build.may("binary", BINARY), build.may("asset", r#""content.zip""#));
    let image = binary.object().and_then(|binary| image::read(&binary));
    let asset = file.file(FileKind::Asset);
    if !binary.given() && !file.given() {
        let help = format!(r#"Add "binary": {BINARY}, or a file as "asset": "content.zip"."#);
        build.error("has nothing to run or to hand out, neither an image nor an asset", help);
    }
    let own = build.may("version", r#""1.0.0""#);
    let version = own.text(&VERSION).or(image.as_ref().and_then(|image| image.tag.clone()));
    // The tag of an image that is malformed itself is not known.
    if version.is_none() && !own.given() && (image.is_some() || !binary.given()) {
        build.error("has no version, neither of its own nor in a tag of its image", r#"Add "version": "1.0.0"."#);
    }
    let mut captions = HashSet::new();
    let about = About {
        description: build.may("description", r#""Shows how a child grows.""#).text(&PROSE),
        support_url: build.may("support_url", r#""https://example.org/help""#).text(&LINK),
        locale: build.may("locale", r#""en-US""#).text(&LOCALE),
    };
    let listed = build.may("digests", DIGESTS);
    let read = Build {
        id: build.must("uuid", UUID).uuid().unwrap_or_default(),
        version: version.unwrap_or_default(),
        release_notes: build.may("release_notes", r#""Starts faster.""#).text(&PROSE),
        image,
        asset,
        logo: build.may("logo", r#""pictures/logo.png""#).file(FileKind::Image),
        screenshots: build
            .may("screenshots", SCREENSHOTS)
            .objects()
            .iter()
            .map(|picture| screenshot(picture, &mut captions))
            .collect(),
        digests: digests(&listed),
        exposes: exposed(&build.may("exposes", EXPOSES)),
        requires: build.may("requires", REQUIRES).objects().iter().map(required).collect(),
        dependencies: dependencies(&build.should("dependency", DEPENDENCIES)),
    };
    for path in read.digests.keys().filter(|path| read.files().all(|(_, named)| named != **path)) {
        let message = format!("has {}, which is no file of this build", shown(path));
        listed.report(Severity::Error, message, "Name it as asset, logo or screenshot, or remove it here.");
    }
    (read, about)
}

/// What files consist of: the SHA-256 of each, written as registries do.
fn digests(field: &Field) -> BTreeMap<String, Sha256> {
    let mut digests = BTreeMap::new();
    for (path, value) in field.map() {
        match value.as_str().and_then(|text| text.strip_prefix("sha256:")?.parse().ok()) {
            Some(digest) => drop(digests.insert(path, digest)),
            None => {
                let message = format!("must be sha256: and 64 hexadecimal digits for {}, but is not", shown(&path));
                field.breaks(Severity::Error, message);
            }
        }
    }
    digests
}

fn screenshot(picture: &Object, captions: &mut HashSet<String>) -> Screenshot {
    Screenshot {
        path: picture.must("path", r#""pictures/start.png""#).file(FileKind::Image).unwrap_or_default(),
        caption: picture.must("caption", r#""The start page""#).name_unlike(captions).unwrap_or_default(),
    }
}
