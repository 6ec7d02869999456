//! The steps from a manifest to a published build: the product and what it is offered under here, the build with all below
//! it in `build`, files in `files`, its signature in `signed`. A dry run takes the same steps and writes nothing.

mod build;
mod files;
mod signed;

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Action, Address, Difference, Missing, Outcome, Package, Step, differences, fields, immutable, records,
    require_no_warnings,
};
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::db::{Db, Statement, Tx};
use crate::core::manifest::{self, Manifest};
use crate::core::model::{Build, License, Product, ProductLicense};
use crate::core::resource::{self, Located, Resource};
use crate::core::review::check;
use crate::core::{Error, Kind, Result, clock};

/// Who publishes, where, and what was done so far.
pub(super) struct Publisher<'a> {
    db: &'a Db,
    /// The transaction to write in; none in a dry run.
    tx: Option<&'a Tx>,
    caller: &'a Caller,
    /// The product, if it is there already.
    known: Option<Product>,
    steps: Vec<Step>,
    missing: Vec<Missing>,
}

impl<'a> Publisher<'a> {
    pub(super) fn dry(db: &'a Db, caller: &'a Caller) -> Self {
        Self { db, tx: None, caller, known: None, steps: Vec::new(), missing: Vec::new() }
    }

    pub(super) fn wet(tx: &'a Tx, caller: &'a Caller) -> Self {
        Self { db: tx, tx: Some(tx), caller, known: None, steps: Vec::new(), missing: Vec::new() }
    }

    pub(super) async fn run(mut self, package: Package) -> Result<Outcome> {
        let Package { manifest, warnings, signature } = package;
        let existing = self.existing_build(&manifest).await?;
        // What is published already was taken as it was.
        if self.caller.requires.strict && existing.as_ref().is_none_or(|build| build.published_at.is_none()) {
            require_no_warnings(&warnings)?;
        }
        let files = match &existing {
            Some(build) if build.published_at.is_some() => None,
            _ => Some(self.files(&manifest, existing.as_ref()).await?),
        };
        let mut product = match &existing {
            Some(build) if self.is_outdated(build).await? => self.product_as_it_is(&manifest).await?,
            _ => {
                let product = self.product(&manifest.product).await?;
                self.offers(&product, &manifest.product.licenses).await?;
                if files.is_some() {
                    self.domains(&product, &manifest.domains()).await?;
                }
                product
            }
        };
        if let Some(files) = &files {
            self.pictures(&product, files).await?;
        }
        let publishes = self.publishes(&product);
        let mut build = match (existing, files) {
            (Some(build), None) => self.unchanged(build),
            // A draft may have been changed by hand since, so before it is published it is made anew; but not what is being
            // looked at, for a change would have made that a draft.
            (Some(build), Some(files))
                if same(&build, &manifest) && (!publishes || build.is_in_review()) && files.asset_is(&build) =>
            {
                self.unchanged(build)
            }
            (existing, files) => self.build(&product, &manifest, existing, files.and_then(|files| files.asset)).await?,
        };
        if let Some(signature) = signature {
            build = self.signed(build, &manifest, signature).await?;
        }
        // The build first: a product that becomes visible shows it at once.
        if publishes && self.caller.requires.missing(self.db, &build).await?.is_none() {
            build = self.make_public(build, Build::mark_published).await?;
            product = self.make_public(product, Product::mark_published).await?;
        } else {
            build = self.submit(build).await?;
            if let (Some(tx), true) = (self.tx, publishes && self.caller.requires.check) {
                check::publish_once_passed(tx, build.id, self.caller.user_id()).await?;
            }
        }
        let product = Located::new(product, self.caller, &[]);
        let build = Located::new(build, self.caller, &[product.record.id.uuid()]);
        Ok(Outcome {
            dry_run: self.tx.is_none(),
            unchanged: self.steps.iter().all(|step| step.action == Action::Unchanged),
            published: product.record.published_at.is_some() && build.record.published_at.is_some(),
            submitted: build.record.is_in_review(),
            rejection: build.record.rejection.as_ref().map(ToString::to_string),
            product: address(&product, product.record.name.to_string()),
            build: address(&build, build.record.version.to_string()),
            steps: self.steps,
            missing: self.missing,
            warnings,
        })
    }

    /// Whether the caller may publish: by role, or what is their own where the operator lets owners do so.
    fn publishes(&self, product: &Product) -> bool {
        let permitted = |verb| self.caller.permits("products", verb) && self.caller.permits("builds", verb);
        let covered = |verb| self.caller.covers("products", verb) && self.caller.covers("builds", verb);
        let own = self.caller.self_publishing && self.caller.user_id() == Some(product.user_id);
        permitted(Verb::Publish) || own && covered(Verb::Publish)
    }

    /// The build that is there already. One that is published must be the same in all.
    async fn existing_build(&mut self, manifest: &Manifest) -> Result<Option<Build>> {
        let Manifest { product, build, content, .. } = manifest;
        self.known = self.find::<Product>(&[], product.id).await?;
        // A product that is not there has no builds.
        if self.known.is_none() {
            return Ok(None);
        }
        let found = self.find::<Build>(&[product.id], build.id).await?;
        let Some(found) = found else {
            let mut select = Statement::new("select id from builds where published_at is not null and product_id = ");
            select.push_arg(product.id).push(" and version = ").push_arg(build.version.as_str()).push(" and ");
            push_scope(&Build::TABLE, self.caller, Verb::Read, &mut select);
            let holder: Option<(Uuid,)> = self.db.optional(select).await?;
            return match holder {
                None => Ok(None),
                Some((id,)) => Err(immutable(
                    format!("Version {} is published already, as build {id}. Raise the version.", build.version),
                    &[Difference { field: "product.build.uuid".into(), from: json!(id), to: json!(build.id) }],
                )),
            };
        };
        if let Some(at) = found.yanked_at {
            let why = found.yank_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let message = format!(
                "Build {}, version {}, was withdrawn on {at}{why}. It stays so: publish a new build, with a new uuid and version.",
                found.id, found.version
            );
            return Err(Error::conflict(message));
        }
        let stored = found.manifest().unwrap_or(Value::Null);
        if found.published_at.is_some() && stored != *content {
            let message = format!(
                "Build {} is published, as version {}, and can't change any more. Publish a new build: give product.build a new \
                 uuid and version.",
                found.id, found.version
            );
            return Err(immutable(message, &differences(&stored, content)));
        }
        Ok(Some(found))
    }

    /// Whether a newer build is public than this one, which therefore says no more how the product is.
    async fn is_outdated(&self, build: &Build) -> Result<bool> {
        if build.published_at.is_none() {
            return Ok(false);
        }
        let newer = crate::sql!(
            "select 1 from builds where product_id = $1 and id <> $2 and published_at is not null and yanked_at is null \
             and (ordinal > $3 or ordinal = $3 and created_at > $4) limit 1",
            build.product_id,
            build.id,
            build.ordinal,
            build.created_at
        );
        self.db.exists(newer).await
    }

    async fn product_as_it_is(&mut self, manifest: &Manifest) -> Result<Product> {
        let product: Product = resource::load(self.db, self.caller, &[], manifest.product.id).await?;
        self.note(Action::Unchanged, &product, product.name.to_string(), Vec::new());
        Ok(product)
    }

    async fn product(&mut self, product: &manifest::Product) -> Result<Product> {
        let mut given = records::product(product);
        given.insert("id".into(), json!(product.id));
        let existing = self.known.take();
        if self.tx.is_none() && existing.is_none() {
            // A plan for nobody in particular still needs an owner.
            let owner = self.caller.user_id().map_or(Uuid::nil(), |user| user.uuid());
            given.insert("user_id".into(), json!(owner));
        }
        self.put(&[], product.name.clone(), existing, given).await
    }

    /// Has the product found by these domains, and no others.
    async fn domains(&self, product: &Product, names: &BTreeSet<&str>) -> Result<()> {
        let Some(tx) = self.tx else { return Ok(()) };
        if !self.is_created(product.id.uuid()) {
            tx.execute(crate::sql!("delete from product_domains where product_id = $1", product.id)).await?;
        }
        let mut insert = Statement::new("insert into product_domains (product_id, name) values ");
        for (index, name) in names.iter().enumerate() {
            insert.push(if index > 0 { ", (" } else { "(" }).push_arg(product.id).push(", ").push_arg(*name).push(")");
        }
        if !names.is_empty() {
            tx.execute(insert).await?;
        }
        Ok(())
    }

    /// Whether a record was not there before.
    fn is_created(&self, id: Uuid) -> bool {
        self.steps.iter().any(|step| step.action == Action::Create && step.id == id)
    }

    async fn offers(&mut self, product: &Product, licenses: &[manifest::LicenseRef]) -> Result<()> {
        let place = [product.id.uuid()];
        let is_new = self.is_created(place[0]);
        let offers = if is_new { Vec::new() } else { self.present_offers(product).await? };
        let mut named_before = HashSet::new();
        for named in licenses {
            let license = self.license(named).await?;
            // Two entries may be of one licence, by name and by address.
            if !named_before.insert(license.id) {
                continue;
            }
            let offer = offers.iter().find(|offer| offer.license_id == license.id).cloned();
            let name = format!("{} under {}", product.name, license.name);
            let given = fields(json!({ "license_id": license.id }));
            if is_new {
                self.make::<ProductLicense>(&place, name, given).await?;
            } else {
                self.put(&place, name, offer, given).await?;
            }
        }
        Ok(())
    }

    async fn present_offers(&self, product: &Product) -> Result<Vec<ProductLicense>> {
        let mut select = Statement::new("select * from product_licenses where product_id = ");
        select.push_arg(product.id).push(" and ");
        push_scope(&ProductLicense::TABLE, self.caller, Verb::Read, &mut select);
        self.db.all(select).await
    }

    /// The licence at this address or, failing that, of this name. It is shared, so it is never changed.
    async fn license(&mut self, named: &manifest::LicenseRef) -> Result<License> {
        let found: Option<License> = self
            .db
            .optional(crate::sql!(
                "select * from licenses where url = $1 or name = $2 order by case when url = $1 then 0 else 1 end limit 1",
                named.url.as_str(),
                named.name.as_str()
            ))
            .await?;
        match found {
            Some(license) => {
                self.note(Action::Unchanged, &license, license.name.to_string(), Vec::new());
                Ok(license)
            }
            None => {
                self.put(&[], named.name.clone(), None, fields(json!({ "name": named.name, "url": named.url }))).await
            }
        }
    }

    /// Makes or changes a record so that it has these fields, and notes the step.
    async fn put<R: Resource>(
        &mut self,
        ancestors: &[Uuid],
        name: String,
        existing: Option<R>,
        given: Map<String, Value>,
    ) -> Result<R> {
        let Some(old) = existing else { return self.create(ancestors, name, given, |_| ()).await };
        let mut input = resource::Input::for_update(given.clone(), &old);
        let mut new = old.clone();
        new.apply(&mut input);
        input.finish().map_err(of::<R>(&name))?;
        let changes = differences(&json!(old), &json!(new));
        if changes.is_empty() {
            self.note(Action::Unchanged, &old, name, changes);
            return Ok(old);
        }
        if let Some(tx) = self.tx {
            let amended = resource::amend::<R>(tx, self.caller, ancestors, old.id(), given, None).await;
            new = amended.map_err(of::<R>(&name))?;
        }
        self.note(Action::Update, &new, name, changes);
        Ok(new)
    }

    /// Makes a record, and notes the step. `complete` fills in what no field of a client's can.
    async fn create<R: Resource>(
        &mut self,
        ancestors: &[Uuid],
        name: String,
        given: Map<String, Value>,
        complete: impl FnOnce(&mut R),
    ) -> Result<R> {
        let row = match self.tx {
            Some(tx) => resource::insert_under::<R>(tx, self.caller, ancestors, given, complete).await,
            None => resource::draft::<R>(self.caller, ancestors, given),
        };
        let row = row.map_err(of::<R>(&name))?;
        self.note(Action::Create, &row, name, Vec::new());
        Ok(row)
    }

    /// Makes a record where none like it can be, as what it is part of was just made or emptied, and notes the step.
    async fn make<R: Resource>(&mut self, ancestors: &[Uuid], name: String, given: Map<String, Value>) -> Result<R> {
        let row = match self.tx {
            Some(tx) => resource::insert_fresh::<R>(tx, self.caller, ancestors, given).await,
            None => resource::draft::<R>(self.caller, ancestors, given),
        };
        let row = row.map_err(of::<R>(&name))?;
        self.note(Action::Create, &row, name, Vec::new());
        Ok(row)
    }

    fn unchanged(&mut self, build: Build) -> Build {
        self.note(Action::Unchanged, &build, build.version.to_string(), Vec::new());
        build
    }

    async fn make_public<R: Resource + Publishable>(
        &mut self,
        row: R,
        mark: fn(&mut R, clock::Timestamp),
    ) -> Result<R> {
        let mut public = row.clone();
        mark(&mut public, self.caller.now);
        if public == row {
            return Ok(row);
        }
        self.note(Action::Publish, &row, row.name(), Vec::new());
        match self.tx {
            Some(tx) => resource::replace(tx, self.caller, &row, public).await,
            None => Ok(public),
        }
    }

    /// Hands a draft in for review. What was rejected has to change first.
    async fn submit(&mut self, build: Build) -> Result<Build> {
        if build.is_in_review() || build.rejected_at.is_some() || build.published_at.is_some() {
            return Ok(build);
        }
        let mut submitted = build.clone();
        submitted.mark_submitted(clock::now());
        self.note(Action::Submit, &build, build.version.to_string(), Vec::new());
        let Some(tx) = self.tx else { return Ok(submitted) };
        let place = [build.product_id.uuid()];
        resource::require::<Build>(tx, self.caller, &place, build.id.uuid(), Verb::Update, None).await?;
        resource::replace(tx, self.caller, &build, submitted).await
    }

    async fn find<R: Resource>(&self, ancestors: &[Uuid], id: Uuid) -> Result<Option<R>> {
        if let Some(tx) = self.tx {
            tx.lock_row(R::TABLE.plural, id).await?;
        }
        match resource::load::<R>(self.db, self.caller, ancestors, id).await {
            Ok(row) => Ok(Some(row)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn note<R: Resource>(&mut self, action: Action, row: &R, name: String, changes: Vec<Difference>) {
        self.steps.push(Step { action, resource: R::TABLE.name.into(), name, id: row.id(), changes });
    }
}

/// Tells of which of a package's records something is wrong.
fn of<R: Resource>(name: &str) -> impl FnOnce(Error) -> Error {
    let record = format!("The {} {name}", R::TABLE.name.replace('_', " "));
    move |error| match error.kind() {
        Kind::Invalid => error.about(&record),
        _ => error,
    }
}

/// What can be made public, by the name that people know it by.
trait Publishable {
    fn name(&self) -> String;
}

impl Publishable for Product {
    fn name(&self) -> String {
        self.name.to_string()
    }
}

impl Publishable for Build {
    fn name(&self) -> String {
        self.version.to_string()
    }
}

/// Whether a build was made from this very manifest.
fn same(build: &Build, manifest: &Manifest) -> bool {
    build.manifest().as_ref() == Some(&manifest.content)
}

fn address<R: Resource>(located: &Located<R>, name: String) -> Address {
    Address { id: located.record.id(), name, url: located.address.clone().unwrap_or_default() }
}
