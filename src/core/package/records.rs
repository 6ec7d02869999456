//! What a manifest makes of the records of its build: to write them, and to see whether they still are so.

use serde_json::{Map, Value, json};

use super::{Difference, fields};
use crate::core::manifest::{self, Manifest};
use crate::core::model::{Build, Configuration, DEFAULT_MEMORY, Task};

/// The fields of a build that its manifest fixes.
pub(super) fn build(build: &manifest::Build) -> Map<String, Value> {
    let image = build.image.as_ref();
    fields(json!({
        "version": build.version,
        "container_repository": image.map(manifest::Image::name),
        "container_tag": image.and_then(|image| image.tag.as_ref()),
        "container_digest": image.and_then(|image| image.digest.as_ref()),
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

/// Where a build and what it runs are not as its manifest has it.
pub fn deviations(
    manifest: &Manifest,
    build: &Build,
    configurations: &[(Configuration, Vec<Task>)],
) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("build", &self::build(&manifest.build), &json!(build), &mut found);
    let asset = manifest.build.asset.as_ref().and_then(|path| manifest.build.digests.get(path));
    compare("build", &fields(json!({ "asset_sha256": asset })), &json!(build), &mut found);
    for wanted in &manifest.configurations {
        let place = format!("configuration {}", wanted.name);
        let present = configurations.iter().find(|(present, _)| present.name.as_str() == wanted.name);
        let Some((present, tasks)) = present else {
            found.push(Difference { field: place, from: json!(wanted.name), to: Value::Null });
            continue;
        };
        compare(&place, &configuration(wanted), &json!(present), &mut found);
        for wanted in &wanted.tasks {
            let present = tasks.iter().find(|present| present.name.as_str() == wanted.label);
            compare(&format!("{place}, task {}", wanted.label), &task(wanted), &json!(present), &mut found);
        }
        let known = |task: &&Task| wanted.tasks.iter().all(|wanted| wanted.label != task.name.as_str());
        let added = tasks.iter().filter(known);
        found.extend(added.map(|task| addition(format!("{place}, task {}", task.name), task.name.as_str())));
    }
    let known = |name: &str| manifest.configurations.iter().any(|wanted| wanted.name == name);
    let added = configurations.iter().filter(|(present, _)| !known(present.name.as_str()));
    found.extend(added.map(|(present, _)| addition(format!("configuration {}", present.name), present.name.as_str())));
    found
}

fn compare(place: &str, wanted: &Map<String, Value>, present: &Value, found: &mut Vec<Difference>) {
    for (field, wanted) in wanted.iter().filter(|(field, wanted)| present[field.as_str()] != **wanted) {
        let to = present[field.as_str()].clone();
        found.push(Difference { field: format!("{place}: {field}"), from: wanted.clone(), to });
    }
}

fn addition(field: String, name: &str) -> Difference {
    Difference { field, from: Value::Null, to: json!(name) }
}
