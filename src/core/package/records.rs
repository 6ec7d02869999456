//! What a manifest makes of the records of its build.

use serde_json::{Map, Value, json};

use super::fields;
use crate::core::manifest;
use crate::core::model::{DEFAULT_MEMORY, Interface};

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
