//! A product tried before it is published: it is started as agents start it, and what can be seen of the sixteen packaging rules of
//! the specification is looked at. `rule` has the rules, `image` what is told without starting anything, `stand` the containers,
//! `trial` the course of a trial, `http`, `processes` and `written` what is looked at in it.

mod http;
mod image;
mod processes;
mod rule;
mod stand;
mod trial;
mod written;

use std::path::Path;
use std::time::Duration;

use bollard::models::ImageConfig;

pub use rule::{Row, Rule, Verdict};

use super::runner::Fault;
use crate::client::Resolved;
use crate::core::deployment::environment::Values;
use crate::core::manifest;
use image::Image;
use rule::{Findings, rows};
use stand::Stand;
use trial::Trial;

/// How often a task is started in a trial.
const STARTS: u32 = 4;
/// How long everything else may take, for each task.
const REST: Duration = Duration::from_secs(300);

/// What is tried.
pub struct Product {
    /// Its image.
    pub image: manifest::Image,
    /// What its registry has; nothing where the registry is not to be asked.
    pub registered: Option<Resolved>,
    /// What is started.
    pub tasks: Vec<Task>,
}

/// A task that is tried.
pub struct Task {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub options: Vec<String>,
    /// The names of the variables that it declares.
    pub variables: Vec<String>,
    /// What it is started with.
    pub environment: Values,
    /// The TCP ports that it serves; nothing said means those that the image exposes.
    pub ports: Option<Vec<u16>>,
    /// The most memory that it may take, in MiB.
    pub memory: i64,
    /// Whether that was declared.
    pub bounded: bool,
    /// Whether it runs by a schedule.
    pub scheduled: bool,
    /// How many run at a time at the most; 0 is without limit.
    pub most: i64,
}

impl Task {
    fn ports<'a>(&'a self, image: &'a Image) -> &'a [u16] {
        self.ports.as_deref().unwrap_or(&image.ports)
    }
}

/// Why nothing could be tried.
#[derive(Debug)]
pub enum Trouble {
    /// The container engine is away, or went away.
    Engine(Fault),
    /// The image is not to be had.
    Image(Fault),
    /// Somebody did not want to wait for it.
    Interrupted,
}

/// Tries a product on the engine at a socket, each start with so much patience, and leaves no containers behind.
///
/// # Errors
/// When nothing could be tried.
pub async fn certify(
    socket: &Path,
    product: &Product,
    patience: Duration,
    stop: impl Future<Output = ()>,
) -> Result<Vec<Row>, Trouble> {
    let tasks = u32::try_from(product.tasks.len()).unwrap_or(u32::MAX).max(1);
    let most = (patience.saturating_mul(STARTS) + REST).saturating_mul(tasks);
    let mut found = Findings::default();
    if let Some(registered) = &product.registered
        && !registered.runs()
    {
        found.ok(Rule::Image, format!("{}.", registered.digest));
        image::of_platforms(&registered.platforms, &mut found);
        return Ok(unstarted(found));
    }
    let stand = Stand::open(socket, patience, most).await.map_err(Trouble::Engine)?;
    let tried = tokio::select! {
        tried = try_all(&stand, product, patience, found) => tried,
        () = stop => {
            stand.clear_after_interruption().await.map_err(Trouble::Engine)?;
            return Err(Trouble::Interrupted);
        }
    };
    stand.clear().await.map_err(Trouble::Engine)?;
    tried
}

async fn try_all(
    stand: &Stand,
    product: &Product,
    patience: Duration,
    mut found: Findings,
) -> Result<Vec<Row>, Trouble> {
    let name = name_of(product);
    let here = match product.registered {
        // What the engine has may be older.
        Some(_) => None,
        None => stand.engine.image(&name).await,
    };
    let known = match here {
        Some(known) => known,
        None => match stand.engine.pull(&name).await {
            Ok(known) => known,
            Err(fault) if product.registered.is_none() && stand.engine.answers().await => {
                return Err(Trouble::Image(fault));
            }
            Err(fault) => return Err(Trouble::Engine(fault)),
        },
    };
    if !image::of_origin(product, &known, &mut found) {
        return Ok(unstarted(found));
    }
    let config: ImageConfig = known.config.unwrap_or_default();
    image::of_declarations(&product.tasks, &config, &mut found);
    let image = Image::new(&name, &config);
    let mut all = vec![found];
    for task in &product.tasks {
        let findings = Findings::of((product.tasks.len() > 1).then(|| rule::shown(&task.name)));
        all.push(Trial { stand, image: &image, task, patience, findings }.run().await);
        if !stand.engine.answers().await {
            let why = "The container engine went away while the product was tried";
            return Err(Trouble::Engine(Fault::new(why, "it does not answer any more")));
        }
    }
    Ok(rows(&all))
}

/// What is to be started: what its registry has now.
fn name_of(product: &Product) -> String {
    let image = &product.image;
    match product.registered.as_ref().map(|registered| &registered.digest).or(image.digest.as_ref()) {
        Some(digest) => format!("{}@{digest}", image.name()),
        None => image.to_string(),
    }
}

/// The rows of what can't be started.
fn unstarted(mut findings: Findings) -> Vec<Row> {
    findings.untried(&Rule::ALL, "there is nothing to start for linux/amd64.");
    rows(&[findings])
}
