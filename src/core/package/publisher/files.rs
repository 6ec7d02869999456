//! The files of a package: each is there already, or was sent ahead, or is missing.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::{Missing, fields, uploads};
use super::{Action, Publisher};
use crate::core::files::{FileKind, Stored};
use crate::core::manifest::Manifest;
use crate::core::model::{Build, Logo, Product, Screenshot};
use crate::core::resource::{self, Given, Resource};
use crate::core::{Error, Kind, Result};

/// The files of a package, each picture with the one in whose place it comes. In a dry run some may not be here yet.
#[derive(Default)]
pub(super) struct Files {
    pub(super) asset: Option<Stored>,
    logo: Option<(Option<Logo>, Stored)>,
    /// With their captions.
    screenshots: Vec<(String, Option<Screenshot>, Stored)>,
}

impl Files {
    /// Whether a build has the asset that the package has, or both none.
    pub(super) fn asset_is(&self, build: &Build) -> bool {
        build.asset_sha256.as_ref() == self.asset.as_ref().map(|asset| &asset.sha256)
    }
}

impl Publisher<'_> {
    /// The files that a manifest names.
    pub(super) async fn files(&mut self, manifest: &Manifest, existing: Option<&Build>) -> Result<Files> {
        let (build, mut files) = (&manifest.build, Files::default());
        if let Some(path) = &build.asset {
            files.asset = Some(self.file(manifest, FileKind::Asset, path, existing.and_then(Build::asset)).await?);
        }
        if build.logo.is_some() || !build.screenshots.is_empty() {
            let (logo, mut screenshots) = self.present_pictures(manifest.product.id).await?;
            if let Some(path) = &build.logo {
                let file = self.file(manifest, FileKind::Image, path, logo.as_ref().and_then(Logo::picture)).await?;
                files.logo = Some((logo, file));
            }
            for wanted in &build.screenshots {
                let place = screenshots.iter().position(|present| present.caption.as_str() == wanted.caption);
                let present = place.map(|place| screenshots.swap_remove(place));
                let picture = present.as_ref().and_then(Screenshot::picture);
                let file = self.file(manifest, FileKind::Image, &wanted.path, picture).await?;
                files.screenshots.push((wanted.caption.clone(), present, file));
            }
        }
        if self.missing.is_empty() || self.tx.is_none() {
            return Ok(files);
        }
        let message = "The files of the package are not here yet. Send each to PUT /packages/files/{digest}, and then the \
                       package again; `mkt publish` does so.";
        Err(Error::new(Kind::Invalid, message).with_details(json!({ "missing": self.missing })))
    }

    /// The pictures that a product has, as far as the caller may see it.
    async fn present_pictures(&self, product: Uuid) -> Result<(Option<Logo>, Vec<Screenshot>)> {
        if !resource::is_readable(self.db, self.caller, &Product::TABLE, product).await? {
            return Ok((None, Vec::new()));
        }
        let logo = self.db.optional(crate::sql!("select * from logos where product_id = $1", product)).await?;
        let screenshots = self.db.all(crate::sql!("select * from screenshots where product_id = $1", product)).await?;
        Ok((logo, screenshots))
    }

    /// A file that the manifest names, if it is the one that is present, or was sent.
    async fn file(
        &mut self,
        manifest: &Manifest,
        kind: FileKind,
        path: &str,
        present: Option<Stored>,
    ) -> Result<Stored> {
        let sha256 = manifest.build.digests.get(path).ok_or_else(|| {
            let message = format!(
                "The manifest names the file {path} and not what it consists of: product.build.digests must have its \
                 SHA-256. `mkt publish` adds it and sends the file."
            );
            Error::new(Kind::Invalid, message)
        })?;
        let name = path.rsplit('/').next().and_then(|name| name.parse().ok());
        if let Some(present) = present.filter(|present| present.sha256 == *sha256) {
            return Ok(Stored { name, ..present });
        }
        if let Some(sent) = uploads::find(self.db, self.caller, kind, sha256).await? {
            return Ok(Stored { name, ..sent });
        }
        self.missing.push(Missing { path: path.to_owned(), digest: format!("sha256:{sha256}"), kind });
        Ok(Stored { sha256: sha256.clone(), size: 0, media_type: None, name })
    }

    /// Gives a product its pictures. Those that the manifest does not speak of stay.
    pub(super) async fn pictures(&mut self, product: &Product, files: &Files) -> Result<()> {
        if let Some((present, file)) = &files.logo {
            let same = present.as_ref().and_then(|logo| logo.image_sha256.as_ref()) == Some(&file.sha256);
            self.picture(product, "logo".to_owned(), present.as_ref(), same, Map::new(), file).await?;
        }
        for (caption, present, file) in &files.screenshots {
            let same = present.as_ref().and_then(|there| there.image_sha256.as_ref()) == Some(&file.sha256);
            let given = fields(json!({ "caption": caption }));
            self.picture(product, caption.clone(), present.as_ref(), same, given, file).await?;
        }
        Ok(())
    }

    async fn picture<R: Resource>(
        &mut self,
        product: &Product,
        name: String,
        present: Option<&R>,
        same: bool,
        given: Map<String, Value>,
        file: &Stored,
    ) -> Result<()> {
        let place = [product.id.uuid()];
        if let (Some(present), true) = (present, same) {
            self.note(Action::Unchanged, present, name, Vec::new());
            return Ok(());
        }
        let action = if present.is_some() { Action::Update } else { Action::Create };
        let given = Given { fields: given, files: vec![("image".to_owned(), file.clone())] };
        let row = match (self.tx, present) {
            (None, _) => resource::draft::<R>(self.caller, &place, given)?,
            (Some(tx), Some(present)) => {
                resource::amend::<R>(tx, self.caller, &place, present.id(), given, None).await?
            }
            (Some(tx), None) => resource::insert::<R>(tx, self.caller, &place, given).await?,
        };
        self.note(action, &row, name, Vec::new());
        Ok(())
    }
}
