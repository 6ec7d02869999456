//! `product.build`: what is run or handed out. The official keys are `uuid`, `binary` and `dependency`; the others
//! are this marketplace's own, all optional, so that standard files stay valid.

use std::collections::HashSet;

use super::interfaces::{DEPENDENCIES, EXPOSES, REQUIRES, dependencies, exposed, required};
use super::product::UUID;
use super::reader::Object;
use super::text::{LINK, LOCALE, PROSE, VERSION};
use super::{Build, Screenshot, image};
use crate::core::files::FileKind;

const BINARY: &str = r#"{"registry": "https://registry.example.org", "image": "example/app:1.0.0"}"#;
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
    let build = Build {
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
        exposes: exposed(&build.may("exposes", EXPOSES)),
        requires: build.may("requires", REQUIRES).objects().iter().map(required).collect(),
        dependencies: dependencies(&build.should("dependency", DEPENDENCIES)),
    };
    (build, about)
}

fn screenshot(picture: &Object, captions: &mut HashSet<String>) -> Screenshot {
    Screenshot {
        path: picture.must("path", r#""pictures/start.png""#).file(FileKind::Image).unwrap_or_default(),
        caption: picture.must("caption", r#""The start page""#).name_unlike(captions).unwrap_or_default(),
    }
}
