//! Whether the records of a build still are what its manifest makes of them.

use serde_json::{Map, Value, json};

use super::{Difference, fields, records};
use crate::core::id::Id;
use crate::core::manifest::{self, Manifest};
use crate::core::model::{Build, Configuration, Dependency, Exposure, Interface, Parameter, Product, Task};

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
    compare("product", &records::product(&manifest.product), &json!(product), &mut found);
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
    compare("build", &records::build(&manifest.build), &json!(build), &mut found);
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
            interface(exposure.interface_id).is_some_and(|known| {
                records::meant(std::slice::from_ref(known), &exposed.uri, &exposed.version).is_some()
            })
        };
        let Some(index) = left.iter().position(is_it) else {
            found.push(absence(place, &exposed.uri));
            continue;
        };
        let (_, parameters) = left.swap_remove(index);
        for wanted in &exposed.parameters {
            let known = parameters.iter().find(|known| known.name.as_str() == wanted.name);
            compare(&format!("{place}, parameter {}", wanted.name), &records::parameter(wanted), &json!(known), found);
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
                && known.is_some_and(|known| {
                    records::meant(std::slice::from_ref(known), &required.uri, &required.version).is_some()
                })
        };
        match left.iter().position(is_it) {
            Some(index) => compare(&place, &records::requirement(required), &json!(left.swap_remove(index)), found),
            None => found.push(absence(place, &required.uri)),
        }
    }
    for wanted in &build.dependencies {
        let place = format!("dependency on product {}", wanted.product_id);
        let given = records::dependency(wanted);
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
        compare(&place, &records::configuration(wanted), &json!(present), found);
        for wanted in &wanted.tasks {
            let present = tasks.iter().find(|present| present.name.as_str() == wanted.label);
            compare(&format!("{place}, task {}", wanted.label), &records::task(wanted), &json!(present), found);
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
