//! From the plan to what is to be started: each task's environment, with what its providers give, and what it all comes to.

use std::collections::HashMap;
use std::net::SocketAddr;

use serde_json::json;
use xxhash_rust::xxh3::xxh3_64;

use super::memory::Purpose;
use super::operator::Operator;
use super::runner::{Launch, Replica, Unit, UnitKey};
use crate::core::deployment::environment::{self, Given, Values};
use crate::core::deployment::{Plan, Planned, PlannedTask};
use crate::core::id::Id;
use crate::core::model::{Instance, Wanted};

/// How far providers may lean on one another.
const DEPTH: usize = 16;
/// How many of a task run on a machine at the most, whatever a package asks for.
const MOST_REPLICAS: i64 = 64;

/// What those who are needed give.
pub(super) struct Providers<'a> {
    plan: &'a Plan,
    operator: &'a Operator,
    /// Where the instances that run are to be reached.
    running: HashMap<Id<Instance>, Option<SocketAddr>>,
}

/// Why an instance can't be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// Something that it needs is not there.
    Blocked(String),
    /// Something that it needs does not run yet.
    Waiting(String),
    /// What it is to be started with is wrong.
    Failed(String),
}

/// What an instance is to be.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) planned: Planned,
    /// What is to run, and what tells all that it is made from.
    pub(super) launches: Result<(String, Vec<Launch>), Hindrance>,
}

impl<'a> Providers<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        units: &HashMap<Id<Instance>, Vec<Unit>>,
        is_running: impl Fn(Id<Instance>) -> bool,
        operator: &'a Operator,
    ) -> Self {
        let running = units.iter().filter(|(id, _)| is_running(**id)).filter_map(|(id, units)| {
            let mut running: Vec<&Unit> = units.iter().filter(|unit| unit.runs()).collect();
            running.first()?;
            // Of several ports always the same: that of the first task that serves one, by the order of the plan.
            let tasks = plan.instance(*id).map(|planned| planned.tasks.as_slice()).unwrap_or_default();
            let place = |unit: &Unit| tasks.iter().position(|task| task.name == unit.key.task).unwrap_or(usize::MAX);
            running.sort_by_key(|unit| (place(unit), unit.key.replica));
            Some((*id, running.into_iter().find_map(|unit| unit.address)))
        });
        Self { plan, operator, running: running.collect() }
    }

    /// What is given to an instance beside its defaults.
    fn given(&self, planned: &Planned, depth: usize) -> Result<Given, Hindrance> {
        let mut dependencies = Values::new();
        for need in &planned.needs {
            let Some(provider) = need.provider.and_then(|id| self.plan.instance(id)) else { continue };
            match self.parameters(provider, &mut need.mappings.keys(), depth) {
                Ok(parameters) => {
                    let missing = need.mappings.keys().find(|name| !parameters.contains_key(*name));
                    if let (Some(name), true) = (missing, need.required) {
                        return Err(Hindrance::Blocked(format!(
                            "{} gives no value for {name}, which is needed of {}.",
                            provider.title(),
                            need.name
                        )));
                    }
                    dependencies.extend(environment::mapped(need, &parameters));
                }
                Err(hindrance) if need.required => return Err(hindrance),
                Err(_) => {}
            }
        }
        let bindings = environment::values_of(&planned.launch_bindings);
        Ok(Given { bindings, dependencies, overrides: self.operator.environment(planned) })
    }

    /// The values of a provider's parameters: its environment variable of that name, or where it is to be reached.
    fn parameters(
        &self,
        provider: &Planned,
        names: &mut dyn Iterator<Item = &String>,
        depth: usize,
    ) -> Result<Values, Hindrance> {
        let waiting = || Hindrance::Waiting(format!("It waits for {} to run.", provider.title()));
        let address = *self.running.get(&provider.id).ok_or_else(waiting)?;
        if depth == DEPTH {
            return Err(Hindrance::Blocked("It leans on too long a row of others.".to_owned()));
        }
        let given = self.given(provider, depth + 1)?;
        let environments =
            provider.tasks.iter().filter_map(|task| environment::resolve(&task.environment, &given).ok());
        let known: Values = environments.flatten().collect();
        let value = |name: &String| {
            let own = known.get(&name.to_ascii_uppercase().replace('-', "_")).cloned();
            own.or_else(|| reached_by(name, address?))
        };
        Ok(names.filter_map(|name| Some((name.clone(), value(name)?))).collect())
    }
}

/// What is known of every provider that serves a port.
fn reached_by(parameter: &str, address: SocketAddr) -> Option<String> {
    match parameter.to_ascii_lowercase().as_str() {
        "url" => Some(format!("http://{address}")),
        "address" => Some(address.to_string()),
        "host" => Some(address.ip().to_string()),
        "port" => Some(address.port().to_string()),
        _ => None,
    }
}

impl Wish {
    /// What the instance is to be worked on for.
    pub(super) fn purpose(&self) -> Purpose {
        match &self.launches {
            _ if self.planned.wanted == Wanted::Stopped => Purpose::Rest,
            Ok((revision, _)) => Purpose::Keep(revision.clone()),
            Err(_) => Purpose::Keep(String::new()),
        }
    }

    pub(super) fn of(planned: &Planned, providers: &Providers) -> Self {
        let launches = match &planned.blocked {
            _ if planned.wanted == Wanted::Stopped => Ok((String::new(), Vec::new())),
            Some(reason) => Err(Hindrance::Blocked(reason.clone())),
            None => launches(planned, providers),
        };
        Self { planned: planned.clone(), launches }
    }
}

fn launches(planned: &Planned, providers: &Providers) -> Result<(String, Vec<Launch>), Hindrance> {
    if planned.tasks.is_empty() {
        return Err(Hindrance::Failed(format!("{} has no task that could run.", planned.title())));
    }
    if let Some(task) = planned.tasks.iter().find(|task| task.replicas > MOST_REPLICAS) {
        return Err(Hindrance::Failed(format!(
            "{} asks for {} instances of its task {}, and {MOST_REPLICAS} are the most that run here.",
            planned.title(),
            task.replicas,
            task.name
        )));
    }
    let given = providers.given(planned, 0)?;
    let (mut environments, mut problems) = (Vec::new(), Vec::new());
    for task in &planned.tasks {
        match environment::resolve(&task.environment, &given) {
            Ok(values) => environments.push(values),
            Err(faults) => {
                problems.extend(faults.into_iter().filter(|fault| !problems.contains(fault)).collect::<Vec<_>>())
            }
        }
    }
    if !problems.is_empty() {
        return Err(Hindrance::Failed(problems.join(" ")));
    }
    let (image, command) = (planned.image(), providers.operator.command(planned));
    let made_from = json!([planned.build.id, image, command, planned.tasks, environments]);
    let revision = format!("{:016x}", xxh3_64(made_from.to_string().as_bytes()));
    let launch = |task: &PlannedTask, environment: &Values, number: i64| Launch {
        key: UnitKey {
            instance: planned.id,
            task: task.name.clone(),
            replica: Replica::Number(number),
            revision: revision.clone(),
        },
        title: planned.title(),
        image: image.clone(),
        command: command.clone(),
        options: task.options.clone(),
        environment: environment.clone(),
        ports: task.ports.iter().filter_map(|port| u16::try_from(*port).ok()).collect(),
        memory: task.memory,
        schedule: task.cron.clone(),
    };
    let launches = planned.tasks.iter().zip(&environments);
    let launches =
        launches.flat_map(|(task, environment)| (0..task.replicas).map(move |replica| (task, environment, replica)));
    let launches = launches.map(|(task, environment, replica)| launch(task, environment, replica)).collect();
    Ok((revision, launches))
}
