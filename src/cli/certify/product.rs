//! From what the command line names to what is tried.

use std::path::{Path, PathBuf};

use crate::agent::certify::{Product, Task};
use crate::cli::error::{Code, Failed};
use crate::cli::global::Output;
use crate::cli::output::Printer;
use crate::cli::package::{MANIFEST, Package, find, unreadable};
use crate::cli::registry::RegistryArgs;
use crate::core::deployment::environment::{self, Given, Values};
use crate::core::manifest::{self, Image, Manifest};
use crate::core::model::{DEFAULT_MEMORY, Variable};

/// What a product is started with.
#[derive(Debug, clap::Args)]
pub struct ProductArgs {
    /// The value of an environment variable; once for each
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,

    /// A file with such values, one a line; --env outweighs it
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,

    /// A port that the image serves, the first of which is asked; of a manifest its tasks' ports count [default: those that the image
    /// exposes]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Vec<u16>,

    /// How much memory the image may take, in MiB; of a manifest its tasks' memory_maximum counts
    #[arg(long, value_name = "MIB", default_value_t = DEFAULT_MEMORY, value_parser = clap::value_parser!(i64).range(6..=1_048_576))]
    memory: i64,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("must be KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl ProductArgs {
    /// What is to be tried; nothing if that is a package without an image.
    pub async fn read(
        &self,
        subject: &str,
        registry: &RegistryArgs,
        printer: &Printer,
    ) -> Result<Option<Product>, Failed> {
        let given = self.given()?;
        let (image, tasks) = match manifest_of(subject, printer)? {
            Some(Manifest { build: manifest::Build { image: None, .. }, .. }) => return Ok(None),
            Some(manifest) => {
                let tasks = tasks_of(&manifest, &given)?;
                let Some(image) = manifest.build.image else { return Ok(None) };
                (image, tasks)
            }
            None => {
                let must = |must| Failed::with_code(Code::Usage, format!("What is to be tried {must}."));
                let image: Image = subject.parse().map_err(must)?;
                let task = self.task_of(&image, given);
                (image, vec![task])
            }
        };
        let registered = match registry.registries()? {
            Some(registries) => Some(registries.resolve(&image).await?),
            None => None,
        };
        Ok(Some(Product { image, registered, tasks }))
    }

    /// The values that were given.
    fn given(&self) -> Result<Values, Failed> {
        let mut values = Values::new();
        if let Some(path) = &self.env_file {
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            for (number, line) in text.lines().enumerate() {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                // Values may be secrets, so the place is told and not the line.
                let place = || format!("{}, line {}", path.display(), number + 1);
                let (key, value) =
                    pair(line).map_err(|must| Failed::with_code(Code::Usage, format!("{}: {must}.", place())))?;
                values.insert(key, value);
            }
        }
        values.extend(self.env.iter().cloned());
        Ok(values)
    }

    /// An image of which nobody says how it runs.
    fn task_of(&self, image: &Image, environment: Values) -> Task {
        Task {
            name: image.repository.clone(),
            options: Vec::new(),
            variables: Vec::new(),
            environment,
            ports: (!self.port.is_empty()).then(|| self.port.clone()),
            memory: self.memory,
            bounded: true,
            scheduled: false,
            most: 0,
        }
    }
}

/// The manifest that is meant, unless an image is.
fn manifest_of(subject: &str, printer: &Printer) -> Result<Option<Manifest>, Failed> {
    let path = Path::new(subject);
    let is_path = path.exists() || subject.starts_with(['.', '/']) || subject.ends_with(".json");
    let package = match subject {
        "-" => Package::read_stdin().map_err(|error| unreadable(Path::new("stdin"), &error))?,
        _ if !is_path => return Ok(None),
        _ => {
            let found: Result<Vec<_>, _> = find(path).into_iter().collect();
            match found.map_err(|(_, failed)| failed)?.as_slice() {
                [only] => Package::read(only).map_err(|error| unreadable(only, &error))?,
                several => {
                    let message = format!("There are {} packages in {subject}.", several.len());
                    let hint = format!("Name the folder of one {MANIFEST}.");
                    return Err(Failed::with_code(Code::Usage, message).hint(hint));
                }
            }
        }
    };
    if package.manifest.is_none() && printer.output == Output::Table {
        package.show(printer);
    }
    let invalid = || {
        Failed::new(format!("{} is not valid.", package.name)).hint("Mend it first: mkt validate tells what is wrong.")
    };
    package.manifest.clone().map(Some).ok_or_else(invalid)
}

/// The tasks of a manifest's default configuration.
fn tasks_of(manifest: &Manifest, given: &Values) -> Result<Vec<Task>, Failed> {
    let default = manifest.configurations.iter().find(|configuration| configuration.default);
    let configuration = default.or(manifest.configurations.first());
    let mut problems = Vec::new();
    let mut tasks = Vec::new();
    for task in configuration.into_iter().flat_map(|configuration| &configuration.tasks) {
        match environment_of(task, given) {
            Ok(environment) => tasks.push(self::task(task, environment)),
            Err(faults) => problems.extend(faults),
        }
    }
    problems.dedup();
    if problems.is_empty() {
        return Ok(tasks);
    }
    Err(Failed::with_code(Code::Usage, problems.join(" ")).hint("Give values with --env KEY=VALUE or --env-file FILE."))
}

fn environment_of(task: &manifest::Task, given: &Values) -> Result<Values, Vec<String>> {
    let variable = |variable: &manifest::Variable| {
        let manifest::Variable { key, description, required, default, pattern } = variable.clone();
        Variable { key, description, required, default, pattern }
    };
    let variables: Vec<Variable> = task.environment.iter().map(variable).collect();
    environment::resolve(&variables, &Given { bindings: given.clone(), ..Given::default() })
}

fn task(task: &manifest::Task, environment: Values) -> Task {
    let least = task.memory_minimum.unwrap_or_default().max(DEFAULT_MEMORY);
    Task {
        name: task.label.clone(),
        options: task.options.clone(),
        variables: task.environment.iter().map(|variable| variable.key.clone()).collect(),
        environment,
        ports: Some(task.ports.iter().filter_map(|port| u16::try_from(*port).ok()).collect()),
        memory: task.memory_maximum.unwrap_or(least),
        bounded: task.memory_maximum.is_some(),
        scheduled: task.cron.is_some(),
        most: task.instances_maximum,
    }
}
