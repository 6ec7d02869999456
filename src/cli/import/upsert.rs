//! Artifacts on their way into the catalogue, by the public API as any vendor would use it. Each call can be repeated, and
//! ids come from what is imported: a run that was cut off is completed by the next, and nothing is there twice. A product is
//! made as a draft and published at last, so half of one is never to be seen.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::fs::File;
use uuid::Uuid;

use super::artifact::{Artifact, Meta};
use super::build;
use crate::cli::error::{Code, Failed};
use crate::cli::resource::{Noun, id as named};
use crate::client::{Cause, Client, Collection, Failure, Result, Upload};
use crate::core::model::{Product, ProductLicense, SubProduct};
use crate::core::resource::Resource;

/// How often an artifact is tried while the marketplace is away, and the pause before the second time.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// What was done with an artifact, the most that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Unchanged,
    Updated,
    Created,
}

/// How an artifact is now.
#[derive(Debug)]
pub struct Done {
    pub change: Change,
    pub product: Uuid,
    /// The version and the id of its build, once there is one.
    pub build: Option<(String, Uuid)>,
    /// Whether everybody sees it.
    pub public: bool,
    /// Whether the build with this content was yanked, so that it stays withdrawn.
    pub yanked: bool,
}

/// What all products of an import have in common.
pub struct Importer<'a> {
    pub client: &'a Client,
    pub owner: Option<Uuid>,
    pub support_url: Option<String>,
    pub license: Option<Uuid>,
    /// The product above them.
    pub meta: Option<Uuid>,
    pub dry_run: bool,
}

impl Importer<'_> {
    /// Makes an artifact a product with a build, as far as it is not.
    pub async fn import(&self, artifact: &Artifact) -> Result<Done> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.attempt(artifact).await {
                Err(failure) if failure.cause == Cause::Away => tokio::time::sleep(pause).await,
                result => return result,
            }
            pause *= 2;
        }
        self.attempt(artifact).await
    }

    async fn attempt(&self, artifact: &Artifact) -> Result<Done> {
        let (id, wanted) = (artifact.product_id(), self.wanted(artifact));
        let Some((product, mut change)) = self.made(id, &wanted).await? else {
            return Ok(Done { change: Change::Created, product: id, build: None, public: false, yanked: false });
        };
        change = change.max(self.offer(id, self.license).await?).max(self.link(id).await?);
        let (build, built) = build::put(self, id, artifact).await?;
        change = change.max(built).max(self.amend(id, &product, &wanted).await?);
        let mut done = Done { change, product: id, build: None, public: false, yanked: false };
        let Some(build) = build else { return Ok(done) };
        done.build = Some((build.record.version.to_string(), build.record.id.uuid()));
        done.yanked = build.record.yanked_at.is_some();
        if done.yanked {
            return Ok(done);
        }
        let (builds, build_id) = (build::of(self, id), build.record.id.uuid());
        let mut public = self.publish(&builds, build_id, build.record.published_at.is_some(), &mut done.change).await?;
        if public {
            let before = !product["published_at"].is_null();
            public = self.publish(&self.products(), id, before, &mut done.change).await?;
        }
        Ok(Done { public, ..done })
    }

    /// Makes the product above the others, or finds the one of this name, and answers how it is.
    pub async fn put_meta(&self, meta: &Meta, license: Option<Uuid>) -> Result<Done, Failed> {
        let own = meta.product_id();
        let id = match named(self.client, &Noun::of::<Product>(), Product::TABLE.path, &meta.name).await {
            Ok(id) => id,
            Err(failed) if failed.code == Code::NotFound => own,
            Err(failed) => return Err(failed),
        };
        let mut done = Done { change: Change::Unchanged, product: id, build: None, public: false, yanked: false };
        if id == own {
            let mut wanted = self.common();
            wanted.insert("name".into(), json!(meta.name));
            wanted.extend(meta.description.as_ref().map(|text| ("description".into(), json!(text))));
            let Some((product, change)) = self.made(id, &wanted).await? else {
                return Ok(Done { change: Change::Created, ..done });
            };
            done.change = change.max(self.amend(id, &product, &wanted).await?);
            done.public = !product["published_at"].is_null();
        } else {
            done.public = !self.products().find(id).await?["published_at"].is_null();
        }
        done.change = done.change.max(self.offer(id, license).await?);
        Ok(done)
    }

    /// Publishes the product above, where it is a draft.
    pub async fn publish_meta(&self, done: &mut Done) -> Result<()> {
        done.public = self.publish(&self.products(), done.product, done.public, &mut done.change).await?;
        Ok(())
    }

    fn products(&self) -> Collection<'_, Value> {
        self.client.collection_at(Product::TABLE.path.to_owned())
    }

    /// The fields that all products have alike.
    fn common(&self) -> Map<String, Value> {
        let owner = self.owner.map(|owner| ("user_id".to_owned(), json!(owner)));
        let support = self.support_url.as_ref().map(|url| ("support_url".to_owned(), json!(url)));
        owner.into_iter().chain(support).collect()
    }

    /// What a product should be. What an artifact does not speak of stays as it is.
    fn wanted(&self, artifact: &Artifact) -> Map<String, Value> {
        let mut wanted = self.common();
        let about = &artifact.about;
        wanted.insert("name".into(), json!(about.name));
        wanted.insert("uri".into(), json!(about.uri));
        wanted.insert("mime_type".into(), json!(artifact.media_type));
        wanted.extend(about.description.as_ref().map(|text| ("description".into(), json!(text))));
        wanted.extend(about.external_id.as_ref().map(|id| ("external_id".into(), json!(id))));
        wanted
    }

    /// The product of this id, made if there is none; nothing in a dry run that would make it.
    async fn made(&self, id: Uuid, wanted: &Map<String, Value>) -> Result<Option<(Value, Change)>> {
        if let Some(product) = self.find(id).await? {
            return Ok(Some((product, Change::Unchanged)));
        }
        if self.dry_run {
            return Ok(None);
        }
        let mut fields = wanted.clone();
        fields.insert("id".into(), json!(id));
        match self.products().create(&fields).await {
            Ok(product) => Ok(Some((product, Change::Created))),
            // Somebody else who imports the same may have been quicker.
            Err(failure) if is_collision(&failure) => match self.find(id).await? {
                Some(product) => Ok(Some((product, Change::Unchanged))),
                None => Err(explained(failure)),
            },
            Err(failure) => Err(failure),
        }
    }

    async fn find(&self, id: Uuid) -> Result<Option<Value>> {
        match self.products().find(id).await {
            Ok(product) => Ok(Some(product)),
            Err(failure) if failure.cause == Cause::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Changes what is not as it should be.
    async fn amend(&self, id: Uuid, product: &Value, wanted: &Map<String, Value>) -> Result<Change> {
        let differs = |(field, value): &(&String, &Value)| product[field.as_str()] != **value;
        let changes: Map<_, _> =
            wanted.iter().filter(differs).map(|(field, value)| (field.clone(), value.clone())).collect();
        if changes.is_empty() {
            return Ok(Change::Unchanged);
        }
        if !self.dry_run {
            self.products().update(id, &changes).await?;
        }
        Ok(Change::Updated)
    }

    /// Offers a product under a licence, where one was named.
    async fn offer(&self, product: Uuid, license: Option<Uuid>) -> Result<Change> {
        let Some(license) = license else { return Ok(Change::Unchanged) };
        self.join(ProductLicense::TABLE.path_under(&[product]), &[("license_id", license)]).await
    }

    /// Puts a product under the one above.
    async fn link(&self, child: Uuid) -> Result<Change> {
        let Some(parent) = self.meta else { return Ok(Change::Unchanged) };
        self.join(SubProduct::TABLE.path.to_owned(), &[("parent_id", parent), ("child_id", child)]).await
    }

    /// Makes the one record at a path that has these ids, where there is none.
    async fn join(&self, path: String, ids: &[(&str, Uuid)]) -> Result<Change> {
        let records = self.client.collection_at::<Value>(path);
        let filters: Vec<_> = ids.iter().map(|(field, id)| (*field, id.to_string())).collect();
        if records.list(&filters).await?.total_entries > 0 {
            return Ok(Change::Unchanged);
        }
        if self.dry_run {
            return Ok(Change::Updated);
        }
        let fields: Map<_, _> = ids.iter().map(|(field, id)| ((*field).to_owned(), json!(id))).collect();
        match records.create(&fields).await {
            Ok(_) => Ok(Change::Updated),
            Err(failure) if is_collision(&failure) && records.list(&filters).await?.total_entries > 0 => {
                Ok(Change::Unchanged)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Publishes what is not public yet, and answers whether it is: it stays a draft where the caller may not.
    async fn publish<T>(&self, records: &Collection<'_, T>, id: Uuid, before: bool, change: &mut Change) -> Result<bool>
    where
        T: serde::de::DeserializeOwned,
    {
        if before || self.dry_run {
            *change = (*change).max(if before { Change::Unchanged } else { Change::Updated });
            return Ok(before);
        }
        match records.act(id, "publish").await {
            Ok(_) => {
                *change = (*change).max(Change::Updated);
                Ok(true)
            }
            Err(failure) if failure.problem["status"] == 403 => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

/// A refusal of a product, with what can be done.
fn explained(mut failure: Failure) -> Failure {
    if failure.cause == Cause::Conflict {
        failure.message = "The product of this artifact is somebody else's, and not public: ask them, or the \
                           marketplace's operator."
            .to_owned();
    } else if !failure.problem["errors"]["name"].is_null() {
        failure.message += " Rename that product, or leave this file out with --ignore.";
    }
    failure
}

/// Whether a creation may have failed because the same is there already.
pub fn is_collision(failure: &Failure) -> bool {
    matches!(failure.cause, Cause::Conflict | Cause::Invalid)
}

/// The file of an artifact, to be sent.
pub async fn upload(artifact: &Artifact) -> Result<Upload> {
    let name = artifact.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unreadable = |error| Failure::new(Cause::Invalid, format!("It can't be read any more: {error}."));
    let file = File::open(&artifact.path).await.map_err(unreadable)?;
    Ok(Upload { field: "asset", file, name, media_type: artifact.media_type.clone() })
}
