//! The steps from a manifest to a published build. A dry run takes the same steps and writes nothing.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Action, Address, Difference, Outcome, Step, differences, fields, immutable};
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::db::{Db, Json, Statement, Tx};
use crate::core::manifest::{self, Diagnostic, Manifest};
use crate::core::model::{
    Build, Configuration, DEFAULT_MEMORY, Dependency, Exposure, Interface, License, Package, Parameter, Product,
    ProductLicense, Task,
};
use crate::core::resource::{self, Located, Resource};
use crate::core::{Error, Kind, Result};

/// Who publishes, where, and what was done so far.
pub(super) struct Publisher<'a> {
    db: &'a Db,
    /// The transaction to write in; none in a dry run.
    tx: Option<&'a Tx>,
    caller: &'a Caller,
    steps: Vec<Step>,
}

impl<'a> Publisher<'a> {
    pub(super) fn dry(db: &'a Db, caller: &'a Caller) -> Self {
        Self { db, tx: None, caller, steps: Vec::new() }
    }

    pub(super) fn wet(tx: &'a Tx, caller: &'a Caller) -> Self {
        Self { db: tx, tx: Some(tx), caller, steps: Vec::new() }
    }

    pub(super) async fn run(mut self, manifest: Manifest, warnings: Vec<Diagnostic>) -> Result<Outcome> {
        let existing = self.existing_build(&manifest).await?;
        let mut product = self.product(&manifest.product).await?;
        let publishes = self.publishes(&product);
        self.offers(&product, &manifest.product.licenses).await?;
        let mut build = match existing {
            // A draft may have been changed by hand since, so before it is published it is made anew.
            Some(build) if build.published_at.is_some() || same(&build, &manifest) && !publishes => {
                self.note(Action::Unchanged, &build, build.version.to_string(), Vec::new());
                build
            }
            existing => self.build(&product, &manifest, existing).await?,
        };
        // The build first: a product that becomes visible shows it at once.
        if publishes {
            build = self.make_public(build, Build::mark_published).await?;
            product = self.make_public(product, Product::mark_published).await?;
        }
        let product = Located::new(product, self.caller, &[]);
        let build = Located::new(build, self.caller, &[product.record.id.uuid()]);
        Ok(Outcome {
            dry_run: self.tx.is_none(),
            unchanged: self.steps.iter().all(|step| step.action == Action::Unchanged),
            published: product.record.published_at.is_some() && build.record.published_at.is_some(),
            product: address(&product, product.record.name.to_string()),
            build: address(&build, build.record.version.to_string()),
            steps: self.steps,
            warnings,
        })
    }

    /// The build that is there already. One that is published must be the same in all.
    /// Whether the caller may publish: by role, or what is their own where the operator lets owners do so.
    fn publishes(&self, product: &Product) -> bool {
        let permitted = |verb| self.caller.permits("products", verb) && self.caller.permits("builds", verb);
        let covered = |verb| self.caller.covers("products", verb) && self.caller.covers("builds", verb);
        let own = self.caller.self_publishing && self.caller.user_id() == Some(product.user_id);
        permitted(Verb::Publish) || own && covered(Verb::Publish)
    }

    async fn existing_build(&self, manifest: &Manifest) -> Result<Option<Build>> {
        let Manifest { product, build, content, .. } = manifest;
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

    async fn product(&mut self, product: &manifest::Product) -> Result<Product> {
        let mut given = fields(json!({ "id": product.id, "name": product.name }));
        let optional = [
            ("description", &product.description),
            ("support_url", &product.support_url),
            ("locale", &product.locale),
            ("mime_type", &product.mime_type),
        ];
        // What a manifest does not speak of stays as it is.
        given.extend(optional.into_iter().filter_map(|(name, value)| Some((name.into(), json!(value.as_ref()?)))));
        let existing = self.find::<Product>(&[], product.id).await?;
        if self.tx.is_none() && existing.is_none() {
            // A plan for nobody in particular still needs an owner.
            let owner = self.caller.user_id().map_or(Uuid::nil(), |user| user.uuid());
            given.insert("user_id".into(), json!(owner));
        }
        self.put(&[], product.name.clone(), existing, given).await
    }

    async fn offers(&mut self, product: &Product, licenses: &[manifest::LicenseRef]) -> Result<()> {
        let mut select = Statement::new("select * from product_licenses where product_id = ");
        select.push_arg(product.id).push(" and ");
        push_scope(&ProductLicense::TABLE, self.caller, Verb::Read, &mut select);
        let offers: Vec<ProductLicense> = self.db.all(select).await?;
        for named in licenses {
            let license = self.license(named).await?;
            let offer = offers.iter().find(|offer| offer.license_id == license.id).cloned();
            let name = format!("{} under {}", product.name, license.name);
            self.put(&[product.id.uuid()], name, offer, fields(json!({ "license_id": license.id }))).await?;
        }
        Ok(())
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

    /// The build with all below it, not public yet.
    async fn build(&mut self, product: &Product, manifest: &Manifest, existing: Option<Build>) -> Result<Build> {
        let wanted = &manifest.build;
        let Some(image) = &wanted.image else {
            return Err(Error::new(
                Kind::Invalid,
                "A package without an image needs its asset uploaded, which this server does not take yet.",
            ));
        };
        let given = fields(json!({
            "id": wanted.id,
            "version": wanted.version,
            "container_repository": image.name(),
            "container_tag": image.tag,
            "container_digest": image.digest,
            "release_notes": wanted.release_notes,
        }));
        let product = product.id.uuid();
        if let (Some(build), Some(tx)) = (&existing, self.tx) {
            resource::require::<Build>(tx, self.caller, &[product], build.id.uuid(), Verb::Update, None).await?;
            // What belongs to a build that nobody sees yet is made anew.
            for table in ["configurations", "exposures", "dependencies"] {
                tx.execute(Statement::new(format!("delete from {table} where build_id = $1")).bind(build.id)).await?;
            }
        }
        let build = self.put(&[product], wanted.version.clone(), existing, given).await?;
        let place = [product, build.id.uuid()];
        for configuration in &manifest.configurations {
            self.configuration(place, configuration).await?;
        }
        for exposed in &wanted.exposes {
            self.exposure(place, exposed).await?;
        }
        for required in &wanted.requires {
            self.requirement(place, required).await?;
        }
        for dependency in &wanted.dependencies {
            self.dependency(place, dependency).await?;
        }
        let mut complete = build.clone();
        complete.marketplace = Some(Json(Package(fields(manifest.content.clone()))));
        match self.tx {
            Some(tx) => resource::replace(tx, self.caller, &build, complete).await,
            None => Ok(complete),
        }
    }

    async fn configuration(&mut self, [product, build]: [Uuid; 2], wanted: &manifest::Configuration) -> Result<()> {
        let given = fields(json!({ "name": wanted.name, "default": wanted.default }));
        let configuration: Configuration = self.put(&[product, build], wanted.name.clone(), None, given).await?;
        for task in &wanted.tasks {
            let mut given = fields(json!({
                "name": task.label,
                "minimum": task.instances_minimum,
                "maximum": task.instances_maximum,
                "memory_minimum": task.memory_minimum,
                "options": task.options,
                "ports": task.ports,
                "cron": task.cron,
                "environment": task.environment,
            }));
            // Without a maximum the model's default holds, unless the task needs more.
            if let Some(memory) = task.memory_maximum.or(task.memory_minimum.filter(|least| *least > DEFAULT_MEMORY)) {
                given.insert("memory".into(), memory.into());
            }
            let name = format!("{} of {}", task.label, wanted.name);
            self.put::<Task>(&[product, build, configuration.id.uuid()], name, None, given).await?;
        }
        Ok(())
    }

    async fn exposure(&mut self, [product, build]: [Uuid; 2], exposed: &manifest::Exposed) -> Result<()> {
        let interface = self.interface(&exposed.uri, &exposed.version).await?;
        let given = fields(json!({ "interface_id": interface.id }));
        let exposure: Exposure = self.put(&[product, build], interface.name.to_string(), None, given).await?;
        for parameter in &exposed.parameters {
            let given = fields(json!({ "name": parameter.name, "required": parameter.required }));
            let place = [product, build, exposure.id.uuid()];
            self.put::<Parameter>(&place, format!("{} of {}", parameter.name, interface.name), None, given).await?;
        }
        Ok(())
    }

    async fn requirement(&mut self, place: [Uuid; 2], required: &manifest::Required) -> Result<()> {
        let interface = self.interface(&required.uri, &required.version).await?;
        let given = fields(json!({
            "interface_id": interface.id,
            "required": required.required,
            "mappings": required.mappings,
        }));
        self.put::<Dependency>(&place, interface.name.to_string(), None, given).await.map(drop)
    }

    async fn dependency(&mut self, place: [Uuid; 2], wanted: &manifest::RuntimeDependency) -> Result<()> {
        let given = fields(json!({
            "dependency_product_id": wanted.product_id,
            "dependency_build_ids": wanted.build_ids,
            "interface_id": wanted.interface_id,
            "required": wanted.required,
            "mappings": wanted.mappings,
        }));
        let name = wanted.name.clone().unwrap_or_else(|| wanted.product_id.to_string());
        self.put::<Dependency>(&place, name, None, given).await.map(drop)
    }

    /// The interface of this version; else the newest in the range that it is; else, of a plain version, a new one.
    async fn interface(&mut self, uri: &str, version: &str) -> Result<Interface> {
        let select = crate::sql!("select * from interfaces where uri = $1 order by ordinal desc, version desc", uri);
        let known: Vec<Interface> = self.db.all(select).await?;
        let exact = known.iter().find(|interface| interface.version.as_str() == version);
        let found = exact.or_else(|| {
            let range = semver::VersionReq::parse(version).ok()?;
            known
                .iter()
                .find(|interface| lenient(interface.version.as_str()).is_some_and(|version| range.matches(&version)))
        });
        if let Some(interface) = found {
            self.note(Action::Unchanged, interface, interface.name.to_string(), Vec::new());
            return Ok(interface.clone());
        }
        if lenient(version).is_none() {
            let message =
                format!("No interface {uri} has a version {version} here. Register one, or name a plain version.");
            return Err(Error::new(Kind::Invalid, message));
        }
        let name = Interface::name_for(uri, version);
        self.put(&[], name.clone(), None, fields(json!({ "name": name, "uri": uri, "version": version }))).await
    }

    /// Makes or changes a record so that it has these fields, and notes the step.
    async fn put<R: Resource>(
        &mut self,
        ancestors: &[Uuid],
        name: String,
        existing: Option<R>,
        given: Map<String, Value>,
    ) -> Result<R> {
        let Some(old) = existing else {
            let row = match self.tx {
                Some(tx) => resource::insert::<R>(tx, self.caller, ancestors, given).await?,
                None => resource::draft::<R>(self.caller, ancestors, given)?,
            };
            self.note(Action::Create, &row, name, Vec::new());
            return Ok(row);
        };
        let mut input = resource::Input::for_update(given.clone(), &old);
        let mut new = old.clone();
        new.apply(&mut input);
        input.finish()?;
        let changes = differences(&json!(old), &json!(new));
        if changes.is_empty() {
            self.note(Action::Unchanged, &old, name, changes);
            return Ok(old);
        }
        if let Some(tx) = self.tx {
            new = resource::amend::<R>(tx, self.caller, ancestors, old.id(), given, None).await?;
        }
        self.note(Action::Update, &new, name, changes);
        Ok(new)
    }

    async fn make_public<R: Resource + Publishable>(
        &mut self,
        row: R,
        mark: fn(&mut R, crate::core::clock::Timestamp),
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

/// A version with the parts that semantic versioning wants filled up: `2.0` is `2.0.0`.
fn lenient(version: &str) -> Option<semver::Version> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let missing = 2usize.saturating_sub(core.matches('.').count());
    let (core, rest) = version.split_at(core.len());
    semver::Version::parse(&format!("{core}{}{rest}", ".0".repeat(missing))).ok()
}
