//! What a manifest makes of the records of its build: to write them, and to see whether they still are so.

use serde_json::{Map, Value, json};

use super::{Difference, fields};
use crate::core::id::Id;
use crate::core::manifest::{self, Manifest};
use crate::core::model::{
    Build, Configuration, DEFAULT_MEMORY, Dependency, Exposure, Interface, Parameter, Product, Task,
};

/// The fields of a product that a manifest speaks of. What it does not speak of stays as it is.
pub(super) fn product(product: &manifest::Product) -> Map<String, Value> {
    let mut given = fields(json!({ "name": product.name }));
    let optional = [
        ("description", &product.description),
        ("support_url", &product.support_url),
        ("locale", &product.locale),
        ("mime_type", &product.mime_type),
    ];
    given.extend(optional.into_iter().filter_map(|(name, value)| Some((name.into(), json!(value.as_ref()?)))));
    given
}

/// The fields of a build that its manifest fixes.
pub(super) fn build(build: &manifest::Build) -> Map<String, Value> {
    let image = build.image.as_ref();
    fields(json!({
        "version": build.version,
        "container_repository": image.map(manifest::Image::name),
        "container_tag": image.and_then(|image| image.tag.as_ref()),
        "container_digest": image.and_then(|image| image.digest.as_ref()),
        "release_notes": build.release_notes,
    }))
}

/// The fields of a configuration.
pub(super) fn configuration(configuration: &manifest::Configuration) -> Map<String, Value> {
    fields(json!({ "name": configuration.name, "default": configuration.default }))
}

/// The fields of a task.
pub(super) fn task(task: &manifest::Task) -> Map<String, Value> {
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
    given
}

/// The fields of a parameter.
pub(super) fn parameter(parameter: &manifest::ExposedParameter) -> Map<String, Value> {
    fields(json!({ "name": parameter.name, "required": parameter.required }))
}

/// The fields of a dependency on an interface, but for that itself.
pub(super) fn requirement(required: &manifest::Required) -> Map<String, Value> {
    fields(json!({ "required": required.required, "mappings": required.mappings }))
}

/// The fields of a dependency on a product.
pub(super) fn dependency(wanted: &manifest::RuntimeDependency) -> Map<String, Value> {
    fields(json!({
        "dependency_product_id": wanted.product_id,
        "dependency_build_ids": wanted.build_ids,
        "interface_id": wanted.interface_id,
        "required": wanted.required,
        "mappings": wanted.mappings,
    }))
}

/// Of those of an interface's versions, newest first, that which a manifest means: the very version, else the newest in the
/// range that it is.
pub(super) fn meant<'a>(known: &'a [Interface], uri: &str, version: &str) -> Option<&'a Interface> {
    let mut same = known.iter().filter(|interface| interface.uri.as_str() == uri);
    let exact = same.clone().find(|interface| interface.version.as_str() == version);
    exact.or_else(|| {
        let range = semver::VersionReq::parse(version).ok()?;
        same.find(|interface| lenient(interface.version.as_str()).is_some_and(|version| range.matches(&version)))
    })
}

/// A version with the parts that semantic versioning wants filled up: `2.0` is `2.0.0`.
pub(super) fn lenient(version: &str) -> Option<semver::Version> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let missing = 2usize.saturating_sub(core.matches('.').count());
    let (core, rest) = version.split_at(core.len());
    semver::Version::parse(&format!("{core}{}{rest}", ".0".repeat(missing))).ok()
}

/// A build with all that belongs to it, as a marketplace has it.
#[derive(Debug)]
pub struct Present {
    /// The product.
    pub product: Product,
    /// The build.
    pub build: Build,
    /// Its configurations, with their tasks.
    pub configurations: Vec<(Configuration, Vec<Task>)>,
    /// What it offers, with the parameters of each.
    pub exposures: Vec<(Exposure, Vec<Parameter>)>,
    /// What it needs.
    pub dependencies: Vec<Dependency>,
    /// The interfaces that these are of.
    pub interfaces: Vec<Interface>,
}

/// Where a product is not as the manifest of its newest build has it. Its owner may have changed it since.
pub fn departures(manifest: &Manifest, product: &Product) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("product", &self::product(&manifest.product), &json!(product), &mut found);
    found
}

/// Where a build and all that belongs to it are not as its manifest has it.
pub fn deviations(manifest: &Manifest, present: &Present) -> Vec<Difference> {
    let Present { product, build, configurations, .. } = present;
    let mut found = Vec::new();
    // The manifest must be that of this very build, and not another that was signed as well.
    compare("product", &fields(json!({ "id": manifest.product.id })), &json!(product), &mut found);
    let own = fields(json!({ "id": manifest.build.id, "product_id": manifest.product.id }));
    compare("build", &own, &json!(build), &mut found);
    compare("build", &self::build(&manifest.build), &json!(build), &mut found);
    let asset = manifest.build.asset.as_ref().and_then(|path| manifest.build.digests.get(path));
    compare("build", &fields(json!({ "asset_sha256": asset })), &json!(build), &mut found);
    compare_exposures(&manifest.build.exposes, present, &mut found);
    compare_dependencies(&manifest.build, present, &mut found);
    compare_configurations(manifest, configurations, &mut found);
    found
}

fn compare_exposures(wanted: &[manifest::Exposed], present: &Present, found: &mut Vec<Difference>) {
    let interface = |id: Id<Interface>| present.interfaces.iter().find(|interface| interface.id == id);
    let mut left: Vec<&(Exposure, Vec<Parameter>)> = present.exposures.iter().collect();
    for exposed in wanted {
        let place = format!("exposure {} {}", exposed.uri, exposed.version);
        let is_it = |(exposure, _): &&(Exposure, Vec<Parameter>)| {
            interface(exposure.interface_id)
                .is_some_and(|known| meant(std::slice::from_ref(known), &exposed.uri, &exposed.version).is_some())
        };
        let Some(index) = left.iter().position(is_it) else {
            found.push(absence(place, &exposed.uri));
            continue;
        };
        let (_, parameters) = left.swap_remove(index);
        for wanted in &exposed.parameters {
            let known = parameters.iter().find(|known| known.name.as_str() == wanted.name);
            compare(&format!("{place}, parameter {}", wanted.name), &parameter(wanted), &json!(known), found);
        }
        let unknown = |known: &&Parameter| exposed.parameters.iter().all(|wanted| wanted.name != known.name.as_str());
        let added = parameters.iter().filter(unknown);
        found.extend(added.map(|known| addition(format!("{place}, parameter {}", known.name), known.name.as_str())));
    }
    found.extend(left.into_iter().map(|(exposure, _)| addition("exposure".into(), &exposure.id.to_string())));
}

fn compare_dependencies(build: &manifest::Build, present: &Present, found: &mut Vec<Difference>) {
    let mut left: Vec<&Dependency> = present.dependencies.iter().collect();
    for required in &build.requires {
        let place = format!("dependency on {} {}", required.uri, required.version);
        let is_it = |dependency: &&Dependency| {
            let known = present.interfaces.iter().find(|interface| Some(interface.id) == dependency.interface_id);
            dependency.dependency_product_id.is_none()
                && known
                    .is_some_and(|known| meant(std::slice::from_ref(known), &required.uri, &required.version).is_some())
        };
        match left.iter().position(is_it) {
            Some(index) => compare(&place, &requirement(required), &json!(left.swap_remove(index)), found),
            None => found.push(absence(place, &required.uri)),
        }
    }
    for wanted in &build.dependencies {
        let place = format!("dependency on product {}", wanted.product_id);
        let given = dependency(wanted);
        let is_it = |known: &&Dependency| known.dependency_product_id.is_some_and(|id| id.uuid() == wanted.product_id);
        // Of several on one product the one that is the same in all, if there is one.
        let same = left.iter().position(|known| is_it(known) && differs(&given, &json!(known)).next().is_none());
        match same.or_else(|| left.iter().position(is_it)) {
            Some(index) => compare(&place, &given, &json!(left.swap_remove(index)), found),
            None => found.push(absence(place, &wanted.product_id.to_string())),
        }
    }
    found.extend(left.into_iter().map(|dependency| addition("dependency".into(), &dependency.id.to_string())));
}

fn compare_configurations(
    manifest: &Manifest,
    configurations: &[(Configuration, Vec<Task>)],
    found: &mut Vec<Difference>,
) {
    for wanted in &manifest.configurations {
        let place = format!("configuration {}", wanted.name);
        let present = configurations.iter().find(|(present, _)| present.name.as_str() == wanted.name);
        let Some((present, tasks)) = present else {
            found.push(absence(place, &wanted.name));
            continue;
        };
        compare(&place, &configuration(wanted), &json!(present), found);
        for wanted in &wanted.tasks {
            let present = tasks.iter().find(|present| present.name.as_str() == wanted.label);
            compare(&format!("{place}, task {}", wanted.label), &task(wanted), &json!(present), found);
        }
        let known = |task: &&Task| wanted.tasks.iter().all(|wanted| wanted.label != task.name.as_str());
        let added = tasks.iter().filter(known);
        found.extend(added.map(|task| addition(format!("{place}, task {}", task.name), task.name.as_str())));
    }
    let known = |name: &str| manifest.configurations.iter().any(|wanted| wanted.name == name);
    let added = configurations.iter().filter(|(present, _)| !known(present.name.as_str()));
    found.extend(added.map(|(present, _)| addition(format!("configuration {}", present.name), present.name.as_str())));
}

/// The fields that are not as they are wanted.
fn differs<'a>(wanted: &'a Map<String, Value>, present: &'a Value) -> impl Iterator<Item = (&'a String, &'a Value)> {
    wanted.iter().filter(|(field, wanted)| present[field.as_str()] != **wanted)
}

fn compare(place: &str, wanted: &Map<String, Value>, present: &Value, found: &mut Vec<Difference>) {
    found.extend(differs(wanted, present).map(|(field, wanted)| {
        let to = present[field.as_str()].clone();
        Difference { field: format!("{place}: {field}"), from: wanted.clone(), to }
    }));
}

fn absence(field: String, name: &str) -> Difference {
    Difference { field, from: json!(name), to: Value::Null }
}

fn addition(field: String, name: &str) -> Difference {
    Difference { field, from: Value::Null, to: json!(name) }
}
