//! The builds of imported products: one for each content that a file had, the present one the newest.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::artifact::Artifact;
use super::upsert::{Change, Importer, is_collision, upload};
use crate::client::{Cause, Collection, Failure, Result};
use crate::core::model::Build;
use crate::core::resource::Located;

/// The builds of a product.
pub fn of<'a>(importer: &Importer<'a>, product: Uuid) -> Collection<'a, Located<Build>> {
    importer.client.collection(&[product])
}

/// Makes the build with this content where there is none, and the newest where it is not; it is not published yet. None
/// in a dry run that would make it.
pub async fn put(
    importer: &Importer<'_>,
    product: Uuid,
    artifact: &Artifact,
) -> Result<(Option<Located<Build>>, Change)> {
    let builds = of(importer, product);
    let all = builds.list_all(&[]).await?.results;
    let id = artifact.build_id(product);
    let Some(build) = same(&all, id, artifact) else {
        if importer.dry_run {
            return Ok((None, Change::Updated));
        }
        let fields = new(&all, id, artifact);
        return match builds.create_with_upload(&fields, upload(artifact).await?).await {
            Ok(build) => Ok((Some(verified(&builds, build, artifact).await?), Change::Updated)),
            // Somebody else who imports the same may have been quicker.
            Err(failure) if is_collision(&failure) => {
                let all = builds.list_all(&[]).await?.results;
                same(&all, id, artifact).map(|build| (Some(build.clone()), Change::Unchanged)).ok_or(failure)
            }
            Err(failure) => Err(failure),
        };
    };
    let build = build.clone();
    if build.record.yanked_at.is_some() {
        return Ok((Some(build), Change::Unchanged));
    }
    let complete = build.record.asset_sha256.as_ref() == Some(&artifact.sha256);
    let newest = newest_but(&all, &build);
    let old = newest.is_some_and(|newest| newest > build.record.ordinal);
    if importer.dry_run || complete && !old {
        return Ok((Some(build), if complete && !old { Change::Unchanged } else { Change::Updated }));
    }
    let mut build = build;
    if !complete {
        let changed = builds.update_with_upload(build.record.id.uuid(), upload(artifact).await?).await?;
        build = verified(&builds, changed, artifact).await?;
    }
    if let (true, Some(newest)) = (old, newest) {
        build = builds.update(build.record.id.uuid(), &json!({ "ordinal": newest + 1 })).await?;
    }
    Ok((Some(build), Change::Updated))
}

/// The build with this content.
fn same<'a>(all: &'a [Located<Build>], id: Uuid, artifact: &Artifact) -> Option<&'a Located<Build>> {
    let content = |build: &&Located<Build>| build.record.asset_sha256.as_ref() == Some(&artifact.sha256);
    all.iter().find(|build| build.record.id.uuid() == id).or_else(|| all.iter().find(content))
}

/// The highest place of the builds that others than this one have and everybody sees.
fn newest_but(all: &[Located<Build>], build: &Located<Build>) -> Option<i64> {
    let others = all.iter().map(|other| &other.record).filter(|other| other.id != build.record.id);
    others.filter(|other| other.published_at.is_some() && other.yanked_at.is_none()).map(|other| other.ordinal).max()
}

fn new(all: &[Located<Build>], id: Uuid, artifact: &Artifact) -> Map<String, Value> {
    let [own, unique] = artifact.versions();
    let taken = all.iter().any(|build| build.record.version.as_str() == own);
    let ordinal = all.iter().map(|build| build.record.ordinal + 1).max().unwrap_or_default();
    let fields = [("id", json!(id)), ("version", json!(if taken { unique } else { own })), ("ordinal", json!(ordinal))];
    fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect()
}

/// A build that was just sent, if what arrived is what was read; else it goes again.
async fn verified(
    builds: &Collection<'_, Located<Build>>,
    build: Located<Build>,
    artifact: &Artifact,
) -> Result<Located<Build>> {
    if build.record.asset_sha256.as_ref() == Some(&artifact.sha256) {
        return Ok(build);
    }
    builds.delete(build.record.id.uuid(), false).await?;
    Err(Failure::new(Cause::Conflict, "The file changed while it was imported. Import it again."))
}
