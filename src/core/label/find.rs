//! What labels are made from, fetched: so many statements whatever there is, each within what the caller may read.

use serde_json::{Value, json};
use uuid::Uuid;

use super::source::{Dependency, Source, unnamed};
use super::supply::{Offered, Supply};
use super::words::clean;
use super::{Label, Subject};
use crate::core::Result;
use crate::core::access::{Caller, Verb, push_scope};
use crate::core::db::{Db, FromRow, Json, Statement};
use crate::core::field::Uuids;
use crate::core::model::{
    self, Build, Exposure, Instance, Interface, Platform, Product, ProductLicense, Surrogate, Task,
};
use crate::core::resource::{Resource, Table, load};

/// The most entries of a list that are fetched: more than a label shows, so that it can tell how many there are.
const MOST: i64 = 1000;

/// The label of a build and, where a platform is named, whether that meets what the build needs.
///
/// # Errors
/// [`Kind::NotFound`](crate::core::Kind::NotFound) when the build or the platform is not to be seen.
pub async fn find(db: &Db, caller: &Caller, product: Uuid, build: Uuid, platform: Option<Uuid>) -> Result<Label> {
    let build = load::<Build>(db, caller, &[product], build).await?;
    let platform = match platform {
        Some(id) => Some(load::<Platform>(db, caller, &[], id).await?),
        None => None,
    };
    let source = source(db, caller, product, &build).await?;
    let supply = match platform {
        Some(platform) => {
            let supply = supply(db, caller, &platform, &build).await?;
            Some((Subject { id: platform.id.uuid(), name: clean(platform.name.as_str()) }, supply))
        }
        None => None,
    };
    Ok(Label::new(&source, supply))
}

/// What is known of a product besides its builds.
#[derive(FromRow)]
struct Known {
    name: String,
    mime_type: Option<String>,
}

async fn source(db: &Db, caller: &Caller, product_id: Uuid, build: &Build) -> Result<Source> {
    let mut select = Statement::new("select products.name, products.mime_type from products where products.id = ");
    select.push_arg(product_id).push(" and ");
    push_scope(&Product::TABLE, caller, Verb::Read, &mut select);
    let known: Option<Known> = db.optional(select).await?;
    let manifest = build.manifest();
    let (facts, configuration) = match &manifest {
        Some(manifest) => (manifest["product"]["facts"].clone(), manifest["configuration"].clone()),
        None => {
            let mime_type = known.as_ref().and_then(|known| known.mime_type.clone());
            let licensing = licenses(db, caller, product_id).await?;
            let facts = json!({ "licensing": licensing, "technology_mime_type": mime_type });
            (facts, configurations(db, caller, build).await?)
        }
    };
    let stated = facts["name"].as_str().map(str::to_owned);
    let asset = build.asset_name.as_ref().map(ToString::to_string);
    let mut source = Source {
        product_id,
        product: known.map(|known| known.name).or(stated).unwrap_or_else(|| unnamed(product_id)),
        build_id: build.id.uuid(),
        version: build.version.to_string(),
        has_manifest: manifest.is_some(),
        artifacts: image(build).into_iter().chain(asset).collect(),
        dependencies: dependencies(db, caller, build, &facts).await?,
        facts,
        configuration,
    };
    source.sort();
    Ok(source)
}

/// The image as a container runtime pulls it.
fn image(build: &Build) -> Option<String> {
    let part = |sign: &str, part: Option<&crate::core::field::Line>| part.map(|part| format!("{sign}{part}"));
    let repository = build.container_repository.as_ref()?;
    let tag = part(":", build.container_tag.as_ref()).unwrap_or_default();
    Some(format!("{repository}{tag}{}", part("@", build.container_digest.as_ref()).unwrap_or_default()))
}

/// The licences that a product is offered under, as manifests have them.
async fn licenses(db: &Db, caller: &Caller, product: Uuid) -> Result<Vec<Value>> {
    let mut select = Statement::new(
        "select licenses.name, licenses.url from product_licenses join licenses on licenses.id = \
         product_licenses.license_id where product_licenses.product_id = ",
    );
    select.push_arg(product);
    push_scopes(&[&ProductLicense::TABLE, &model::License::TABLE], caller, &mut select);
    select.push(" order by licenses.name, licenses.id limit ").push_arg(MOST);
    let licenses: Vec<(String, String)> = db.all(select).await?;
    Ok(licenses.into_iter().map(|(name, url)| json!({ "name": name, "url": url })).collect())
}

/// A process, and the configuration that it is part of.
#[derive(FromRow)]
struct Process {
    configuration: String,
    default: bool,
    name: String,
    minimum: i64,
    maximum: i64,
    memory: i64,
    memory_minimum: Option<i64>,
    cron: Option<String>,
}

/// The ways to run a build, as manifests have them.
async fn configurations(db: &Db, caller: &Caller, build: &Build) -> Result<Value> {
    let mut select = Statement::new(
        "select configurations.name as configuration, configurations.\"default\", tasks.name, tasks.minimum, \
         tasks.maximum, tasks.memory, tasks.memory_minimum, tasks.cron from tasks join configurations on \
         configurations.id = tasks.configuration_id where configurations.build_id = ",
    );
    select.push_arg(build.id);
    push_scopes(&[&Task::TABLE, &model::Configuration::TABLE], caller, &mut select);
    select.push(" order by configurations.name, configurations.id, tasks.name, tasks.id limit ").push_arg(MOST);
    let processes: Vec<Process> = db.all(select).await?;
    let alike = |a: &Process, b: &Process| a.configuration == b.configuration;
    let configuration = |processes: &[Process]| {
        let task = |process: &Process| {
            json!({
                "label": process.name, "memory_minimum": process.memory_minimum, "memory_maximum": process.memory,
                "instances_minimum": process.minimum, "instances_maximum": process.maximum, "cron": process.cron,
            })
        };
        let first = processes.first();
        json!({
            "name": first.map(|first| &first.configuration),
            "default": first.is_some_and(|first| first.default),
            "task": processes.iter().map(task).collect::<Vec<_>>(),
        })
    };
    Ok(processes.chunk_by(alike).map(configuration).collect())
}

/// What a build needs, with the names of it that the caller may know.
#[derive(FromRow)]
struct Needed {
    required: bool,
    dependency_product_id: Option<Uuid>,
    dependency_build_ids: Json<Uuids>,
    interface_id: Option<Uuid>,
    product: Option<String>,
    interface: Option<String>,
    uri: Option<String>,
    version: Option<String>,
}

async fn dependencies(db: &Db, caller: &Caller, build: &Build, facts: &Value) -> Result<Vec<Dependency>> {
    let mut select = Statement::new(
        "select dependencies.required, dependencies.dependency_product_id, dependencies.dependency_build_ids, \
         dependencies.interface_id, products.name as product, interfaces.name as interface, interfaces.uri, \
         interfaces.version from dependencies left join interfaces on interfaces.id = dependencies.interface_id \
         left join products on products.id = dependencies.dependency_product_id and ",
    );
    push_scope(&Product::TABLE, caller, Verb::Read, &mut select);
    select.push(" where dependencies.build_id = ").push_arg(build.id);
    push_scopes(&[&model::Dependency::TABLE], caller, &mut select);
    select.push(" order by dependencies.created_at, dependencies.id limit ").push_arg(MOST);
    let needed: Vec<Needed> = db.all(select).await?;
    Ok(needed.into_iter().map(|needed| needed.into_dependency(facts)).collect())
}

impl Needed {
    fn into_dependency(self, facts: &Value) -> Dependency {
        let product = self
            .dependency_product_id
            .map(|product| self.product.or_else(|| stated_name(facts, product)).unwrap_or_else(|| unnamed(product)));
        let contract = self.uri.zip(self.version).map(|(uri, version)| Interface::name_for(&uri, &version));
        Dependency {
            name: product.or(self.interface).unwrap_or_default(),
            product: self.dependency_product_id,
            builds: self.dependency_build_ids.0,
            interface: self.interface_id,
            interface_name: contract,
            required: self.required,
        }
    }
}

/// What a manifest calls a product that it depends upon.
fn stated_name(facts: &Value, product: Uuid) -> Option<String> {
    let is_it =
        |dependency: &&Value| dependency["uuid"].as_str().and_then(|id| id.parse::<Uuid>().ok()) == Some(product);
    facts["runtime_dependencies"].as_array()?.iter().find(is_it)?["name"].as_str().map(str::to_owned)
}

/// The instances that give others what they have, by their states.
const SUPPLYING: &str = "('pending', 'pulling', 'starting', 'running')";

async fn supply(db: &Db, caller: &Caller, platform: &Platform, build: &Build) -> Result<Supply> {
    let mut select = Statement::new(
        "select distinct builds.product_id, builds.id from instances join builds on builds.id = instances.build_id \
         where builds.product_id in (select dependency_product_id from dependencies where build_id = ",
    );
    select.push_arg(build.id).push(") and ");
    push_on_platform(platform, caller, &mut select);
    let builds = db.all(select).await?;

    let mut select = Statement::new(
        "with exposed as (select distinct exposures.interface_id as id from exposures join instances on \
         instances.build_id = exposures.build_id where ",
    );
    push_on_platform(platform, caller, &mut select);
    push_scopes(&[&Exposure::TABLE], caller, &mut select);
    select.push(
        ") select interfaces.id, interfaces.name, interfaces.uri from interfaces where interfaces.id in \
         (select id from exposed union select surrogates.interface_id from surrogates where surrogates.substitute_id \
         in (select id from exposed)",
    );
    push_scopes(&[&Surrogate::TABLE], caller, &mut select);
    select.push(")");
    push_scopes(&[&Interface::TABLE], caller, &mut select);
    let interfaces: Vec<(Uuid, String, String)> = db.all(select).await?;
    let interfaces = interfaces.into_iter().map(|(id, name, uri)| Offered { id, name, uri }).collect();
    Ok(Supply { builds, interfaces })
}

/// Appends the condition that an instance runs on the platform, or is about to.
fn push_on_platform(platform: &Platform, caller: &Caller, statement: &mut Statement) {
    statement.push("instances.platform_id = ").push_arg(platform.id);
    statement.push(" and instances.state in ").push(SUPPLYING);
    push_scopes(&[&Instance::TABLE], caller, statement);
}

/// Appends that the caller may read the rows of these tables.
fn push_scopes(tables: &[&Table], caller: &Caller, statement: &mut Statement) {
    for table in tables {
        statement.push(" and ");
        push_scope(table, caller, Verb::Read, statement);
    }
}
