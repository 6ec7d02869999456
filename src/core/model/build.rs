//! Builds: the versions of a product.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Product, PublisherKey, Signer};
use crate::core::access::{Caller, Verb};
use crate::core::clock::{self, Timestamp};
use crate::core::db::{Db, Json, Statement, Tx};
use crate::core::event::{EventType, NewEvent};
use crate::core::field::choice::choice;
use crate::core::field::{Described, Document, Field, Line, MimeType, Object, Prose, Remark, Shape, Version};
use crate::core::files::{FileKind, Sha256, Stored};
use crate::core::id::Id;
use crate::core::resource::{self, Located, Parent, Precondition, Resource, Table};
use crate::core::{Error, Result, review};
use crate::resource;

/// What a build must still be for a decision on it to hold, where whoever decides says so.
pub type Seen<'a> = Option<Precondition<'a, Build>>;

/// A marketplace.json as it was published, whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Package(pub Object);

impl Document for Package {
    const SHAPE: Shape = Shape::Object;
    const MUST: &'static str = "a marketplace.json";
    const MAX_BYTES: usize = 1024 * 1024;
}

choice! {
    /// How far a build is on its way to the public.
    #[derive(Default)]
    BuildState {
        /// It is being worked on.
        #[default]
        Draft = "draft",
        /// It waits for a decision.
        Submitted = "submitted",
        /// Somebody vouched for it.
        Validated = "validated",
        /// It was turned down.
        Rejected = "rejected",
        /// It is public, as far as its product is.
        Published = "published",
        /// It was withdrawn from new deployments.
        Yanked = "yanked",
    }
}

impl Described for BuildState {
    fn schema() -> Value {
        Self::SHAPE.schema()
    }
}

resource! {
    /// A version of a product, ready to run or to use.
    pub struct Build {
        /// The product that it is a version of.
        [fixed] product_id: Id<Product>,
        /// Its version, unique in the product.
        version: Version,
        /// The number that its maker's build system gave it.
        build_version: Option<Line>,
        /// Its place among the versions: higher is newer.
        ordinal: i64 = 0,
        /// The repository of its container image, with the registry's host.
        container_repository: Option<Line>,
        /// The tag of its container image.
        container_tag: Option<Line>,
        /// The digest of its container image.
        container_digest: Option<Line>,
        /// What it asks to be allowed.
        permissions: Json<Object> = Json(Object::new()),
        /// What is new in it.
        release_notes: Option<Prose>,
        /// The SHA-256 of its asset: a file to download.
        [server] asset_sha256: Option<Sha256>,
        /// How many bytes its asset has.
        [server] asset_size: Option<i64>,
        /// The media type of its asset, as its vendor says.
        [server] asset_media_type: Option<MimeType>,
        /// The file name of its asset.
        [server] asset_name: Option<Line>,
        /// The marketplace.json that it was published from.
        [server] marketplace: Option<Json<Package>>,
        /// Its publisher's signature of that: a detached JWS over its canonical form.
        [server] signature: Option<Prose>,
        /// The key that it was signed with, as long as the marketplace knows it.
        [server] publisher_key_id: Option<Id<PublisherKey>>,
        /// When it was handed in for review.
        [server] submitted_at: Option<Timestamp>,
        /// When the operator's check let it pass.
        [server] checked_at: Option<Timestamp>,
        /// When somebody vouched for it.
        [server] validated_at: Option<Timestamp>,
        /// When it was rejected.
        [server] rejected_at: Option<Timestamp>,
        /// Why it was rejected.
        [server] rejection: Option<Remark>,
        /// When it was published; set by publishing it.
        [server] published_at: Option<Timestamp>,
        /// When it was withdrawn from new deployments; set by yanking it.
        [server] yanked_at: Option<Timestamp>,
        /// Why it was withdrawn.
        [server] yank_reason: Option<Remark>,
    }
    embeds {
        /// How far it is on its way to the public.
        state: BuildState,
        /// Whether there is a file to download.
        asset_available: bool,
        /// What the marketplace knows of the key that it was signed with.
        signed_by: Option<Signer>,
    }
}

impl Resource for Build {
    const TABLE: Table = Table {
        name: "build",
        plural: "builds",
        path: "/products/{product_id}/builds",
        parent: Some(Parent { table: &Product::TABLE, column: "product_id" }),
        published: &["published_at"],
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["product_id", "version"]];
    const ALIASES: &'static [(&'static str, &'static str)] = &[("software_version", "version")];
    const FILES: &'static [(&'static str, FileKind)] = &[("asset", FileKind::Asset)];

    fn attach(&mut self, _: &Caller, _: &str, file: Stored) {
        self.take_asset(Some(file));
    }

    async fn embed(db: &Db, _: &Caller, page: &mut [Located<Self>]) -> Result<()> {
        let keys = page.iter().filter_map(|located| located.record.publisher_key_id);
        let signers = Signer::of(db, keys.collect()).await?;
        for Located { record: build, .. } in page {
            build.state = build.state_now();
            build.asset_available = build.asset_sha256.is_some();
            build.signed_by = build.publisher_key_id.and_then(|key| signers.get(&key).cloned());
        }
        Ok(())
    }

    /// What was looked at is no more what it is.
    fn revise(&mut self, old: &Self) {
        if self.content() != old.content() {
            self.reopen();
        }
    }

    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let (Some(old), Some(new)) = (old, new) else { return Ok(()) };
        if old.content() != new.content() {
            old.require_draft()?;
        }
        review::guard(tx, caller, old, new).await
    }

    async fn settle(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        match new {
            Some(new) => review::record(tx, caller, old, new).await,
            None => Ok(()),
        }
    }

    async fn events(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<Vec<NewEvent>> {
        if let Some((new, step)) = new.and_then(|new| Some((new, review::step(old, new)?))) {
            return Ok(vec![review::event(tx, old, new, step).await?]);
        }
        let event = |kind, build, public, message: String| Ok(vec![NewEvent::of_build(kind, build, public, message)]);
        match (old, new) {
            (None, Some(new)) => event(EventType::Created, new, true, format!("Build {} was added.", new.version)),
            (Some(_), Some(new)) => event(EventType::Updated, new, true, format!("Build {} was changed.", new.version)),
            (Some(old), None) if old.published_at.is_some() => {
                // Of what nobody could see, nobody is told that it is gone.
                let product = tx.one::<Product>(crate::sql!("select * from products where id = $1", old.product_id));
                let was_public = product.await?.is_public(caller.now);
                event(EventType::Deleted, old, was_public, "A build was deleted.".into())
            }
            _ => Ok(Vec::new()),
        }
    }
}

impl Build {
    /// Hands a build in for review.
    ///
    /// # Errors
    /// When it is not to be seen, the caller may not change it, or it is published.
    pub async fn submit(db: &Db, caller: &Caller, product: Uuid, id: Uuid) -> Result<Located<Self>> {
        // Whoever had to wait for somebody else's decision submits after that.
        let submit = |build: &mut Self| build.mark_submitted(clock::now());
        resource::transition(db, caller, &[product], id, Verb::Update, None, submit).await
    }

    /// Turns a build down, which can be changed and submitted again.
    ///
    /// # Errors
    /// When it is not to be seen, the caller may neither validate nor publish, or it is published.
    pub async fn reject(
        db: &Db,
        caller: &Caller,
        product: Uuid,
        id: Uuid,
        seen: Seen<'_>,
        reason: Remark,
    ) -> Result<Located<Self>> {
        let permitted = |verb: &Verb| caller.permits(Self::TABLE.permission(), *verb);
        let verb = [Verb::Validate, Verb::Publish].into_iter().find(permitted).unwrap_or(Verb::Validate);
        let reject = |build: &mut Self| build.mark_rejected(clock::now(), reason);
        resource::transition(db, caller, &[product], id, verb, seen, reject).await
    }

    /// Publishes a build. Its version, image and manifest are fixed from then on.
    ///
    /// # Errors
    /// When it is not to be seen, the caller may not publish, or something is missing that the operator requires.
    pub async fn publish(db: &Db, caller: &Caller, product: Uuid, id: Uuid, seen: Seen<'_>) -> Result<Located<Self>> {
        let now = caller.now;
        let publish = |build: &mut Self| build.mark_published(now);
        resource::transition(db, caller, &[product], id, Verb::Publish, seen, publish).await
    }

    /// Withdraws a build from new deployments; those that run it keep it.
    ///
    /// # Errors
    /// When it is not to be seen, or the caller may not publish.
    pub async fn yank(
        db: &Db,
        caller: &Caller,
        product: Uuid,
        id: Uuid,
        reason: Option<Remark>,
    ) -> Result<Located<Self>> {
        let now = caller.now;
        let yank = |build: &mut Self| {
            build.yanked_at.get_or_insert(now);
            build.yank_reason = reason.or(build.yank_reason.take());
        };
        resource::transition(db, caller, &[product], id, Verb::Publish, None, yank).await
    }

    /// Vouches for a build.
    ///
    /// # Errors
    /// When it is not to be seen, the caller may not validate, or must not because it is the caller's own submission.
    pub async fn vouch(db: &Db, caller: &Caller, product: Uuid, id: Uuid, seen: Seen<'_>) -> Result<Located<Self>> {
        let vouch = |build: &mut Self| {
            build.validated_at.get_or_insert(clock::now());
            build.withdraw_rejection();
        };
        resource::transition(db, caller, &[product], id, Verb::Validate, seen, vouch).await
    }

    /// Takes its asset from a build.
    ///
    /// # Errors
    /// When it is not to be seen, the caller may not change it, or it is published.
    pub async fn remove_asset(db: &Db, caller: &Caller, product: Uuid, id: Uuid) -> Result<Located<Self>> {
        resource::transition(db, caller, &[product], id, Verb::Update, None, |build: &mut Self| build.take_asset(None))
            .await
    }

    /// Its asset.
    pub fn asset(&self) -> Option<Stored> {
        let (sha256, size) = (self.asset_sha256.clone()?, self.asset_size.unwrap_or_default());
        Some(Stored { sha256, size, media_type: self.asset_media_type.clone(), name: self.asset_name.clone() })
    }

    /// Takes an asset in, or none.
    pub fn take_asset(&mut self, asset: Option<Stored>) {
        self.asset_sha256 = asset.as_ref().map(|asset| asset.sha256.clone());
        self.asset_size = asset.as_ref().map(|asset| asset.size);
        (self.asset_media_type, self.asset_name) =
            asset.map(|asset| (asset.media_type, asset.name)).unwrap_or_default();
    }

    /// Takes the manifest that it is made from. A signature of another one is none of this.
    pub fn take_manifest(&mut self, manifest: Object) {
        let manifest = Some(Json(Package(manifest)));
        if self.marketplace != manifest {
            (self.signature, self.publisher_key_id) = (None, None);
        }
        self.marketplace = manifest;
    }

    /// Sets the instant of publication, where it is not set.
    pub fn mark_published(&mut self, now: Timestamp) {
        self.published_at.get_or_insert(now);
        self.withdraw_rejection();
    }

    /// Sets the instant of submission, where it is not set.
    pub fn mark_submitted(&mut self, now: Timestamp) {
        self.submitted_at.get_or_insert(now);
        self.withdraw_rejection();
    }

    /// Rejects it: whatever was decided before holds no more.
    pub fn mark_rejected(&mut self, now: Timestamp, reason: Remark) {
        let since = self.rejected_at.unwrap_or(now);
        self.reopen();
        (self.rejected_at, self.rejection) = (Some(since), Some(reason));
    }

    /// Makes it a draft again, of which nothing was decided.
    pub fn reopen(&mut self) {
        (self.submitted_at, self.checked_at, self.validated_at) = (None, None, None);
        self.withdraw_rejection();
    }

    fn withdraw_rejection(&mut self) {
        (self.rejected_at, self.rejection) = (None, None);
    }

    /// Whether it was submitted, and is neither decided on nor changed since.
    pub fn is_in_review(&self) -> bool {
        self.submitted_at.is_some() && self.published_at.is_none()
    }

    /// How far it is on its way to the public.
    pub fn state_now(&self) -> BuildState {
        [
            (self.yanked_at, BuildState::Yanked),
            (self.published_at, BuildState::Published),
            (self.rejected_at, BuildState::Rejected),
            (self.validated_at, BuildState::Validated),
            (self.submitted_at, BuildState::Submitted),
        ]
        .into_iter()
        .find_map(|(since, state)| since.map(|_| state))
        .unwrap_or_default()
    }

    /// Nothing, unless it is published: what it consists of is fixed from then on.
    ///
    /// # Errors
    /// [`Kind::Conflict`](crate::core::Kind::Conflict).
    pub fn require_draft(&self) -> Result<()> {
        if self.published_at.is_none() {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "Build {} is published: its version, image, asset and manifest can't change any more. Publish a new version.",
            self.version
        )))
    }

    /// What is fixed once it is published.
    fn content(&self) -> impl PartialEq {
        (
            self.version.clone(),
            self.container_repository.clone(),
            self.container_tag.clone(),
            self.container_digest.clone(),
            self.permissions.clone(),
            self.asset_sha256.clone(),
            self.marketplace.clone(),
        )
    }

    /// Nothing, unless what belongs to the build is fixed: it is published, from a manifest. Else the change that is about to be
    /// made of that makes it a draft again.
    ///
    /// # Errors
    /// [`Kind::Conflict`](crate::core::Kind::Conflict).
    pub async fn require_open(tx: &Tx, caller: &Caller, id: Id<Self>) -> Result<()> {
        // Nobody decides anything of it meanwhile.
        let select = Statement::new(format!(
            "select published_at is not null and marketplace is not null, \
             published_at is null and coalesce(submitted_at, validated_at, rejected_at) is not null \
             from builds where id = $1{}",
            tx.dialect().for_update()
        ));
        let (fixed, reviewed): (bool, bool) = tx.optional(select.bind(id)).await?.unwrap_or_default();
        if fixed {
            return Err(Error::conflict(
                "The build is published, so what its manifest says can't change. Publish a new version.",
            ));
        }
        if !reviewed {
            return Ok(());
        }
        tx.execute(crate::sql!(
            "update builds set submitted_at = null, checked_at = null, validated_at = null, rejected_at = null, \
             rejection = null, updated_at = $2 where id = $1",
            id,
            caller.now
        ))
        .await
        .map(drop)
    }

    /// The manifest that it was published from.
    pub fn manifest(&self) -> Option<Value> {
        self.marketplace.as_ref().map(|Json(package)| Value::Object(package.0.clone()))
    }
}
