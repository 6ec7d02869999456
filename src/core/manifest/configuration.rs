//! `configuration`: the ways to run a build, with their tasks and what configures these.

use std::collections::HashSet;

use super::diagnostic::{Severity, shown};
use super::product::UUID;
use super::reader::Object;
use super::text::{CRON, PATTERN, PROSE, STATEMENT, VARIABLE};
use super::{Configuration, Task, Variable};

const TASK: &str = r#"[{"id": "…", "configuration_id": "…", "label": "web"}]"#;
const ENVIRONMENT: &str = r#"[{"key": "FHIR_BASE_URL", "description": "Where the FHIR server answers."}]"#;

/// The largest number that the marketplace stores for memory and instances.
const MOST: i64 = i32::MAX as i64;

/// Reads the configuration at this place among the others, from 1. `names` and `default` are about those before it.
pub(super) fn read(
    configuration: &Object,
    place: usize,
    names: &mut HashSet<String>,
    default: &mut bool,
) -> Configuration {
    let field = configuration.should("default", "true");
    let mut is_default = field.flag().unwrap_or(false);
    if is_default && *default {
        let help = "Make it false, or else the one before.";
        field.report(Severity::Warning, "is true for one before, which stays the default", help);
        is_default = false;
    }
    *default |= is_default;
    let own = configuration.may("name", r#""small""#);
    let name = if own.given() {
        own.name_unlike(names).unwrap_or_default()
    } else {
        let name = if is_default { "default".to_owned() } else { format!("configuration {place}") };
        if !names.insert(name.clone()) {
            let message = format!("has no name, and {} is there already", shown(&name));
            configuration.error(message, r#"Add "name": "small"."#);
        }
        name
    };
    let mut labels = HashSet::new();
    let tasks =
        configuration.must("task", TASK).not_empty().objects().iter().map(|read| task(read, &mut labels)).collect();
    Configuration { name, default: is_default, tasks }
}

/// A process, in one or more instances.
fn task(task: &Object, labels: &mut HashSet<String>) -> Task {
    // The marketplace numbers tasks itself; the official schema wants these.
    task.should("id", UUID).uuid();
    task.should("configuration_id", UUID).uuid();
    let (memory_minimum, memory_maximum) = memory(task);
    let (instances_minimum, instances_maximum) = instances(task);
    let options = task.may("options", r#"["--verbose"]"#);
    let ports = task.may("ports", "[8080]");
    Task {
        label: task.must("label", r#""web""#).name_unlike(labels).unwrap_or_default(),
        memory_minimum,
        memory_maximum,
        instances_minimum,
        instances_maximum,
        options: options.fitting(options.entries().iter().filter_map(|option| option.text(&PROSE)).collect()),
        ports: ports.fitting(ports.entries().iter().filter_map(|port| port.whole(1..=65535)).collect()),
        cron: task
            .may("cron", r#""0 3 * * *" for every day at three; without it the task runs always"#)
            .leniently()
            .text(&CRON),
        environment: environment(task),
    }
}

/// The least and the most memory of an instance, in MiB.
fn memory(task: &Object) -> (Option<i64>, Option<i64>) {
    let minimum = task.may("memory_minimum", "256").whole(1..=MOST);
    let field = task.may("memory_maximum", "512");
    let maximum = field.whole(1..=MOST);
    if let (Some(least), Some(most)) = (minimum, maximum)
        && most < least
    {
        let message = format!("must be at least memory_minimum, which is {least}, but is {most}");
        field.report(Severity::Error, message, "Raise it, or lower memory_minimum.");
    }
    (minimum, maximum)
}

/// The fewest and the most instances, 0 being without limit.
fn instances(task: &Object) -> (i64, i64) {
    let minimum = task.may("instances_minimum", "1").whole(0..=MOST).unwrap_or(0);
    let field = task.may("instances_maximum", "4");
    let maximum = field.whole(0..=MOST).unwrap_or(0);
    if maximum != 0 && maximum < minimum {
        let message = format!("must be 0 or at least instances_minimum, which is {minimum}, but is {maximum}");
        field.report(Severity::Error, message, "Raise it, or lower instances_minimum.");
    }
    (minimum, maximum)
}

/// The environment variables of a task. Only the first of those with the same key counts.
fn environment(task: &Object) -> Vec<Variable> {
    let mut keys = HashSet::new();
    let list = task.may("environment", ENVIRONMENT);
    let read = |variable: &Object| {
        let field = variable.must("key", r#""FHIR_BASE_URL""#);
        let key = field.text(&VARIABLE);
        let description = variable.should("description", r#""Where the FHIR server answers.""#).text(&STATEMENT);
        let required = variable.may("required", "true").flag().unwrap_or(false);
        let default = variable.may("default", r#""8080""#).text(&PROSE);
        let pattern = variable.may("pattern", r#""https?://.+""#).leniently().text(&PATTERN);
        let key = key?;
        if !keys.insert(key.clone()) {
            let message = format!("is {} for one before, which is the one that counts", shown(&key));
            field.report(Severity::Warning, message, "Describe each variable once.");
            return None;
        }
        Some(Variable { key, description: description.unwrap_or_default(), required, default, pattern })
    };
    list.fitting(list.objects().iter().filter_map(read).collect())
}
