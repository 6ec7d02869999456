//! `mkt instance deploy|stop|start|update|rollback|logs`: what runs on a platform, said in the words of whoever runs it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{ArgMatches, Args as _, Command, FromArgMatches};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::noun::Noun;
use super::{find, print};
use crate::cli::error::{Code, Failed};
use crate::cli::global::Output;
use crate::cli::output::{Printer, cell};
use crate::cli::plan;
use crate::client::{Client, Collection};
use crate::core::deployment::{Plan, Proposal};
use crate::core::model::{Build, Configuration, Instance, Product};
use crate::core::resource::Resource;

/// How often it is looked how far an instance is.
const GLANCE: Duration = Duration::from_millis(500);

/// A verb of instances.
#[derive(Debug)]
pub enum Deployment {
    Deploy(Deploy),
    Stop(One),
    Start(One),
    Update(Update),
    Rollback(One),
    Logs(Logs),
}

// Without doc comments, which would be the help texts of the verbs.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Deploy {
    /// The product, by name or id, with @VERSION for a build that is not the newest
    #[arg(value_name = "PRODUCT[@VERSION]")]
    product: String,

    #[command(flatten)]
    bindings: Bindings,

    /// How it comes by newer builds
    #[arg(long, value_name = "HOW", value_parser = ["automatic", "approve", "pinned"], default_value = "approve")]
    updates: String,

    /// Only show what would be
    #[arg(long, short = 'n')]
    dry_run: bool,

    #[command(flatten)]
    wait: Wait,
}

// How an instance is configured.
#[derive(Debug, Default, clap::Args)]
#[group(skip)]
pub struct Bindings {
    /// Set an environment variable. May be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    sets: Vec<(String, String)>,

    /// A file with environment variables, a KEY=VALUE on each line, for what should not be on a command line
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,

    /// The configuration, by name or id [default: the build's own]
    #[arg(long, value_name = "NAME|ID")]
    configuration: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Wait {
    /// Wait until the platform's agent says that it is so
    #[arg(long)]
    wait: bool,

    /// For how long to wait
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct One {
    /// Its id or, where the platform has one of it only, its product's name
    #[arg(value_name = "ID|PRODUCT")]
    item: String,

    #[command(flatten)]
    wait: Wait,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Update {
    #[command(flatten)]
    one: One,

    /// The version to run [default: the newest]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Logs {
    /// Its id or, where the platform has one of it only, its product's name
    #[arg(value_name = "ID|PRODUCT")]
    item: String,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as FHIR_URL=http://fhir")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// The commands, beside those that all nouns have.
pub fn commands() -> Vec<Command> {
    let command = |verb: &'static str, about: &'static str| Command::new(verb).about(about);
    vec![
        Deploy::augment_args(command("deploy", "Have a product run on a platform")),
        One::augment_args(command("stop", "Have one rest; it stays known with all that it is set to")),
        One::augment_args(command("start", "Have one run again that rests")),
        One::augment_args(command("rollback", "Move one back to the build before")),
        Logs::augment_args(command("logs", "Show what one last printed")),
    ]
}

/// `update`, which without any field to change is one to a newer build.
pub fn update(command: Command) -> Command {
    let about = "Move one to a newer build; or, with --set or --file, change fields of it";
    Update::augment_args(command.about(about).mut_group("Body", |body| body.required(false)))
}

impl Deployment {
    /// What was typed, if it is one of these verbs.
    pub fn of_matches(verb: &str, matches: &ArgMatches) -> Result<Option<Self>, clap::Error> {
        let fields = |name| matches.try_get_raw(name).ok().flatten().is_some();
        Ok(Some(match verb {
            "deploy" => Self::Deploy(Deploy::from_arg_matches(matches)?),
            "stop" => Self::Stop(One::from_arg_matches(matches)?),
            "start" => Self::Start(One::from_arg_matches(matches)?),
            "update" if !fields("sets") && !fields("file") => Self::Update(Update::from_arg_matches(matches)?),
            "rollback" => Self::Rollback(One::from_arg_matches(matches)?),
            "logs" => Self::Logs(Logs::from_arg_matches(matches)?),
            _ => return Ok(None),
        }))
    }

    pub async fn run(self, client: &Client, path: &str, printer: &Printer) -> Result<(), Failed> {
        let ward = Ward { client, path, printer, platform: platform_in(path)? };
        match self {
            Self::Deploy(deploy) => ward.deploy(&deploy).await,
            Self::Stop(one) => ward.want(&one, "stopped").await,
            Self::Start(one) => ward.want(&one, "running").await,
            Self::Update(update) => ward.update(&update).await,
            Self::Rollback(one) => {
                let id = ward.id(&one.item).await?;
                let moved = ward.instances().act(id, "rollback").await?;
                ward.show(&moved, &one.wait, "running").await
            }
            Self::Logs(logs) => ward.logs(&logs).await,
        }
    }
}

/// The platform in the path of its instances.
fn platform_in(path: &str) -> Result<Uuid, Failed> {
    let id = path.rsplit('/').nth(1).and_then(|id| id.parse().ok());
    id.ok_or_else(|| Failed::with_code(Code::Usage, "Which platform is meant?").hint("Name it with --platform NAME|ID"))
}

/// A platform, as whoever looks after it sees it.
struct Ward<'a> {
    client: &'a Client,
    /// The path of its instances.
    path: &'a str,
    platform: Uuid,
    printer: &'a Printer,
}

impl Ward<'_> {
    fn instances(&self) -> Collection<'_, Value> {
        self.client.collection_at(self.path.to_owned())
    }

    /// The instance that a text names.
    async fn id(&self, text: &str) -> Result<Uuid, Failed> {
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let plan = self.client.plan(self.platform).await?;
        let of_product: Vec<_> =
            plan.instances.iter().filter(|one| one.product.name.eq_ignore_ascii_case(text)).collect();
        match of_product.as_slice() {
            [one] => Ok(one.id.uuid()),
            [] => {
                let message = format!("No instance of {text:?} is on the platform {}.", plan.platform.name);
                Err(Failed::with_code(Code::NotFound, message)
                    .hint(format!("What there is: mkt plan --platform {}", self.platform)))
            }
            several => {
                let ids: Vec<String> = several.iter().map(|one| format!("  {}  {}", one.id, one.title())).collect();
                let message = format!("{} instances of {text:?} are on the platform.", several.len());
                Err(Failed::with_code(Code::Usage, message).hint(format!("Give the id of one:\n{}", ids.join("\n"))))
            }
        }
    }

    async fn deploy(&self, deploy: &Deploy) -> Result<(), Failed> {
        let proposal = proposal(self.client, &deploy.product, &deploy.bindings).await?;
        let proposed = self.client.propose(self.platform, &proposal).await?;
        if deploy.dry_run {
            return plan::print(&proposed, self.printer);
        }
        let Some(planned) = proposed.instances.last() else {
            return Err(Failed::new("The marketplace proposed nothing."));
        };
        for problem in planned.blocked.iter().chain(&planned.problems) {
            self.printer.warn(problem);
        }
        let fields = json!({
            "build_id": planned.build.id, "configuration_id": proposal.configuration_id,
            "launch_bindings": proposal.launch_bindings, "updates": deploy.updates,
        });
        let made = self.instances().create(&fields).await?;
        self.show(&made, &deploy.wait, "running").await
    }

    async fn want(&self, one: &One, wanted: &str) -> Result<(), Failed> {
        let id = self.id(&one.item).await?;
        let changed = self.instances().update(id, &json!({ "wanted": wanted })).await?;
        self.show(&changed, &one.wait, wanted).await
    }

    async fn update(&self, update: &Update) -> Result<(), Failed> {
        let id = self.id(&update.one.item).await?;
        let mut fields = Map::new();
        if let Some(version) = &update.to {
            let plan: Plan = self.client.plan(self.platform).await?;
            let product = plan.instance(id.into()).map(|planned| planned.product.id.uuid());
            let product = product.ok_or_else(|| Failed::with_code(Code::NotFound, "There is no such instance."))?;
            let builds = Build::TABLE.path_under(&[product]);
            let build = find::id(self.client, &Noun::of::<Build>(), &builds, version).await?;
            fields.insert("build_id".to_owned(), json!(build));
        }
        let moved = self.instances().act_with(id, "update", &fields).await?;
        self.show(&moved, &update.one.wait, "running").await
    }

    async fn logs(&self, logs: &Logs) -> Result<(), Failed> {
        let id = self.id(&logs.item).await?;
        let found: Value = self.client.get(&format!("{}/{id}/logs", self.path), &[]).await?;
        if self.printer.output != Output::Table {
            return self.printer.value(&found, |_| String::new(), |_| Vec::new());
        }
        match found["content"].as_str().map(str::trim_end).filter(|content| !content.is_empty()) {
            Some(content) => self.printer.data(content),
            None => {
                self.printer.note("It has printed nothing that its agent has told of.");
                Ok(())
            }
        }
    }

    /// Prints an instance, once it is what was wanted where that is to be waited for.
    async fn show(&self, instance: &Value, wait: &Wait, wanted: &str) -> Result<(), Failed> {
        if !wait.wait {
            return print::record(&Noun::of::<Instance>(), instance, self.printer);
        }
        let id = cell(&instance["id"])
            .parse()
            .map_err(|_| Failed::new("The marketplace answered an instance without an id."))?;
        let (begun, asked) = (Instant::now(), cell(&instance["updated_at"]));
        let mut told = String::new();
        loop {
            let now = self.instances().find(id).await?;
            let (state, message) = (cell(&now["state"]), cell(&now["state_message"]));
            // What was said before the change is about something else.
            let heard = now["last_seen_at"].as_str().is_some_and(|seen| seen > asked.as_str());
            match state.as_str() {
                state if heard && state == wanted => return print::record(&Noun::of::<Instance>(), &now, self.printer),
                // What is to rest may have been anything before.
                "failed" | "unauthorized" | "blocked" if heard && wanted == "running" => {
                    let code = if state == "unauthorized" { Code::Unlicensed } else { Code::Failed };
                    return Err(Failed::with_code(code, format!("It is {state}: {message}")));
                }
                state if heard && state != told => {
                    self.printer.note(&format!("It is {state}."));
                    told = state.to_owned();
                }
                _ => {}
            }
            if begun.elapsed() > wait.timeout {
                let message = format!("It is still {state}. Is an agent keeping the platform?");
                return Err(Failed::with_code(Code::Away, message)
                    .hint(format!("Look with: mkt platform show {}", self.platform)));
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}

/// What somebody thinks of deploying, by the names that people know things by.
pub async fn proposal(client: &Client, product: &str, bindings: &Bindings) -> Result<Proposal, Failed> {
    let (name, version) = match product.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => (name, Some(version)),
        _ => (product, None),
    };
    let product = find::id(client, &Noun::of::<Product>(), Product::TABLE.path, name).await?;
    let mut proposal = Proposal { product_id: Some(product), ..Proposal::default() };
    if let Some(version) = version {
        let builds = Build::TABLE.path_under(&[product]);
        proposal.build_id = Some(find::id(client, &Noun::of::<Build>(), &builds, version).await?);
    }
    if let Some(configuration) = &bindings.configuration {
        let build = match proposal.build_id {
            Some(build) => build,
            None => newest(client, product).await?,
        };
        proposal.build_id = Some(build);
        let configurations = Configuration::TABLE.path_under(&[product, build]);
        let found = find::id(client, &Noun::of::<Configuration>(), &configurations, configuration).await?;
        proposal.configuration_id = Some(found);
    }
    proposal.launch_bindings = bindings.values()?;
    Ok(proposal)
}

/// The newest build of a product.
async fn newest(client: &Client, product: Uuid) -> Result<Uuid, Failed> {
    let record = client.collection_at::<Value>(Product::TABLE.path.to_owned()).find(product).await?;
    let none = || Failed::with_code(Code::NotFound, "The product has no published build.");
    record["latest_build"]["id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(none)
}

impl Bindings {
    /// The environment variables that are set.
    fn values(&self) -> Result<Map<String, Value>, Failed> {
        let mut values = BTreeMap::new();
        if let Some(path) = &self.env_file {
            let unreadable = |error| Failed::new(format!("Can't read {}: {error}.", path.display()));
            let text = std::fs::read_to_string(path).map_err(unreadable)?;
            let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
            for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
                // The line may be a secret, so it is not shown.
                let malformed = |why| Failed::with_code(Code::Usage, format!("{}:{number}: {why}.", path.display()));
                let (key, value) = pair(line).map_err(malformed)?;
                values.insert(key, value);
            }
        }
        values.extend(self.sets.iter().cloned());
        Ok(values.into_iter().map(|(key, value)| (key, Value::from(value))).collect())
    }
}
