//! The second half of a label: what a build needs, and whether a platform has it.

use serde_json::Value;

use super::source::{Dependency, Source};
use super::supply::Supply;
use super::words::{clean, rows, section, text, url};
use super::{Row, Section, Verdict};

/// The sections, in their order.
pub fn sections(source: &Source, supply: Option<&Supply>) -> Vec<Section> {
    let facts = &source.facts;
    let named = |requirement: &Value, key: &str| Row {
        name: text(requirement, key).or_else(|| text(requirement, "uri")).unwrap_or_default(),
        details: text(requirement, "uri").filter(|_| text(requirement, key).is_some()).into_iter().collect(),
        url: url(requirement, "uri"),
        ..Row::default()
    };
    // Data, and whoever tells who somebody is, may be elsewhere than on the platform.
    let data = |data: &Value| Row {
        met: supply.map(|supply| found(data["uri"].as_str().is_some_and(|uri| supply.has_uri(uri)))),
        ..named(data, "label")
    };
    let method = |method: &Value| Row {
        met: supply.map(|supply| found(method["name"].as_str().is_some_and(|name| supply.has_name(name)))),
        ..named(method, "name")
    };
    let address = |address: &Value| Row { met: supply.map(|_| Verdict::PleaseVerify), ..named(address, "name") };
    let dependencies = source.dependencies.iter().map(|needed| dependency(needed, supply)).collect();
    let method_list = &facts["identify_and_access_management"];
    vec![
        section("data_access", "Data access", rows(&facts["data_access"], data)),
        section("identity_and_access_management", "Identity and access management", rows(method_list, method)),
        section("runtime_dependencies", "Runtime dependencies", Some(dependencies)),
        section("memory_and_instances", "Memory and instances", tasks(&source.configuration, supply)),
        section("networking", "Networking", rows(&facts["networking"], address)),
    ]
}

fn found(there: bool) -> Verdict {
    if there { Verdict::Yes } else { Verdict::PleaseVerify }
}

fn dependency(needed: &Dependency, supply: Option<&Supply>) -> Row {
    let met = supply.map(|supply| match (supply.has(needed), needed.required) {
        (true, _) => Verdict::Yes,
        (false, true) => Verdict::No,
        // Whether it is wanted, data can't tell.
        (false, false) => Verdict::PleaseVerify,
    });
    let name = clean(&needed.name);
    let builds = match needed.builds.len() {
        0 => None,
        1 => Some("One certain build only".to_owned()),
        many => Some(format!("One of {many} certain builds")),
    };
    let interface = needed.interface_name.as_deref().map(clean).filter(|interface| *interface != name);
    let optional = (!needed.required).then(|| "Optional".to_owned());
    Row { name, details: interface.into_iter().chain(builds).chain(optional).collect(), met, ..Row::default() }
}

/// What each process takes, of the default configuration first.
fn tasks(configurations: &Value, supply: Option<&Supply>) -> Option<Vec<Row>> {
    let mut configurations: Vec<&Value> = configurations.as_array()?.iter().collect();
    configurations.sort_by_key(|configuration| configuration["default"] != true);
    let several = configurations.len() > 1;
    let rows = configurations.into_iter().flat_map(|configuration| {
        let name = text(configuration, "name").filter(|_| several);
        let tasks = configuration["task"].as_array().into_iter().flatten();
        tasks.map(move |task| Row { met: supply.map(|_| Verdict::PleaseVerify), ..self::task(task, name.as_deref()) })
    });
    Some(rows.collect())
}

fn task(task: &Value, configuration: Option<&str>) -> Row {
    let name = text(task, "label").unwrap_or_default();
    let name = match configuration {
        Some(configuration) => format!("{name} ({configuration})"),
        None => name,
    };
    let number = |key: &str| task[key].as_i64();
    let memory = match (number("memory_minimum"), number("memory_maximum")) {
        (Some(least), Some(most)) if least == most => format!("{most} MiB"),
        (Some(least), Some(most)) => format!("{least} to {most} MiB"),
        (Some(least), None) => format!("At least {least} MiB"),
        (None, Some(most)) => format!("Up to {most} MiB"),
        (None, None) => "Memory not stated".to_owned(),
    };
    let fewest = number("instances_minimum").unwrap_or(0);
    let instances = match number("instances_maximum").unwrap_or(0) {
        0 if fewest == 0 => "any number of instances".to_owned(),
        0 => format!("{fewest} or more instances"),
        most if most == fewest => format!("{most} {}", if most == 1 { "instance" } else { "instances" }),
        most => format!("{fewest} to {most} instances"),
    };
    let schedule = text(task, "cron").map(|cron| format!("Scheduled: {cron}"));
    let details = std::iter::once(format!("{memory}, {instances}")).chain(schedule).collect();
    Row { name: clean(&name), details, ..Row::default() }
}
