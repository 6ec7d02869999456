//! What an image and its manifest tell before anything is started.

use bollard::models::{ImageConfig, ImageInspect};

use super::rule::{Findings, Rule, counted, shown};
use super::{Product, Task};
use crate::client::REQUIRED;

/// What settings of OpenTelemetry start with.
const TELEMETRY: &str = "OTEL_";

/// An image as the engine has it, as far as it matters here.
#[derive(Default)]
pub(super) struct Image {
    /// What is started: by digest, where one is known.
    pub(super) name: String,
    /// The TCP ports that it says it serves, the lowest first.
    pub(super) ports: Vec<u16>,
    /// Its volumes.
    pub(super) volumes: Vec<String>,
    /// Whether it says what is started.
    pub(super) has_entry: bool,
}

impl Image {
    pub(super) fn new(name: &str, config: &ImageConfig) -> Self {
        let port = |text: &String| match text.split_once('/').unwrap_or((text, "tcp")) {
            (port, "tcp") => port.parse().ok(),
            _ => None,
        };
        let mut ports: Vec<u16> = config.exposed_ports.iter().flatten().filter_map(port).collect();
        ports.sort_unstable();
        let has = |words: &Option<Vec<String>>| words.as_ref().is_some_and(|words| !words.is_empty());
        let has_entry = has(&config.entrypoint) || has(&config.cmd);
        Self { name: name.to_owned(), ports, volumes: config.volumes.clone().unwrap_or_default(), has_entry }
    }
}

/// Looks at where an image is from and what it runs on. Answers whether it can be started.
pub(super) fn of_origin(product: &Product, found: &ImageInspect, findings: &mut Findings) -> bool {
    let known = found.repo_digests.iter().flatten().find_map(|known| Some(known.split_once('@')?.1));
    let wanted = product.image.digest.as_deref();
    let other = found.repo_digests.iter().flatten().all(|known| !wanted.is_none_or(|wanted| known.ends_with(wanted)));
    match (product.registered.as_ref().map(|registered| registered.digest.as_str()).or(wanted), known) {
        (Some(digest), Some(known)) if other => {
            findings.failed(Rule::Image, format!("What came is {}, and not {}.", shown(known), shown(digest)));
        }
        (Some(digest), _) | (None, Some(digest)) => findings.ok(Rule::Image, format!("{}.", shown(digest))),
        (None, None) => findings.look(Rule::Image, "It is in no registry yet, so it has no digest."),
    }
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let platform = format!(
        "{}/{}",
        text(&found.os).unwrap_or_else(|| "linux".to_owned()),
        text(&found.architecture).unwrap_or_else(|| "unknown".to_owned())
    );
    of_platforms(&[platform], findings)
}

/// Looks at what an image runs on. Answers whether that is what it must.
pub(super) fn of_platforms(platforms: &[String], findings: &mut Findings) -> bool {
    let runs = platforms.iter().any(|platform| platform == REQUIRED || platform.starts_with(&format!("{REQUIRED}/")));
    match runs {
        true => findings.ok(Rule::Architecture, format!("It is made for {REQUIRED}.")),
        false => {
            let others = shown(&platforms.join(", "));
            findings.failed(Rule::Architecture, format!("It is made for {others}, and not for {REQUIRED}."));
        }
    }
    runs
}

/// Looks at what image and manifest declare.
pub(super) fn of_declarations(tasks: &[Task], config: &ImageConfig, findings: &mut Findings) {
    let own = config.env.iter().flatten().map(|pair| pair.split_once('=').map_or(pair.as_str(), |(name, _)| name));
    let declared = tasks.iter().flat_map(|task| task.variables.iter().map(String::as_str));
    let mut names: Vec<&str> = own.chain(declared).collect();
    names.sort_unstable();
    names.dedup();
    let lawful = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    match names.iter().find(|name| name.is_empty() || !name.chars().all(lawful)) {
        Some(name) => {
            findings.failed(Rule::Environment, format!("The variable {:?} is not named [A-Z0-9_]+.", shown(name)));
        }
        None => {
            findings.ok(Rule::Environment, format!("It has {} named [A-Z0-9_]+.", counted(names.len(), "variable")))
        }
    }
    let check = config.healthcheck.as_ref().and_then(|check| check.test.as_ref()).filter(|test| !test.is_empty());
    match check {
        Some(test) if test[0] != "NONE" => findings.ok(Rule::SelfTest, "The image has a health check."),
        _ => findings.look(Rule::SelfTest, "The image has no health check: does it tell when it can't work?"),
    }
    match names.iter().find(|name| name.starts_with(TELEMETRY)) {
        Some(name) => findings.ok(Rule::Traces, format!("It declares {}.", shown(name))),
        None => findings.look(Rule::Traces, "It declares no variable OTEL_…: does it speak OpenTelemetry?"),
    }
    findings.look(Rule::Purpose, "No program can tell.");
}
