//! What the operator of a machine has to say about what runs on it: values that stay here, what processes start with, and where
//! ports are published.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use serde::Deserialize;

use super::runner::Fault;
use crate::core::deployment::Planned;
use crate::core::deployment::environment::Values;

/// Instead of a product's name: all products.
const ALL: &str = "*";

/// The operator's file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// The address of this machine on which containers' ports are published; none means that they are not.
    pub publish: Option<IpAddr>,
    /// Environment variables of all tasks.
    #[serde(default)]
    environment: Values,
    /// By a product's name or id, or `*` for all.
    #[serde(default)]
    products: BTreeMap<String, Own>,
    /// By an instance's id.
    #[serde(default)]
    instances: BTreeMap<String, Own>,
}

/// What is set for some.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    /// The command that their tasks start as processes, before the task's own arguments.
    command: Option<Vec<String>>,
    /// Environment variables.
    #[serde(default)]
    environment: Values,
}

impl Operator {
    /// Reads the file.
    ///
    /// # Errors
    /// When it can't be read, or does not say what it may.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let what = || format!("The operator's file {} can't be read", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| Fault::new(what(), error))?;
        toml::from_str(&text).map_err(|error| {
            let line = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default().lines().count().max(1);
            // Values may be secrets, so the place is told and not what stands there.
            let why = match error.message().contains("invalid type") || error.message().contains("invalid value") {
                true => "the value is not of the right kind; texts are in quotes".to_owned(),
                false => error.message().lines().collect::<Vec<_>>().join(" "),
            };
            Fault::new(what(), format!("line {line}: {why}"))
        })
    }

    /// The environment variables set here for an instance. The more it is about this one, the more it counts.
    pub(super) fn environment(&self, planned: &Planned) -> Values {
        let mut values = self.environment.clone();
        for own in self.own(planned) {
            values.extend(own.environment.clone());
        }
        values
    }

    /// What its tasks start with, as processes.
    pub(super) fn command(&self, planned: &Planned) -> Option<Vec<String>> {
        self.own(planned).filter_map(|own| own.command.clone()).last()
    }

    fn own(&self, planned: &Planned) -> impl Iterator<Item = &Own> {
        let product = [ALL.to_owned(), planned.product.name.clone(), planned.product.id.to_string()];
        let of_product = product.into_iter().filter_map(|key| self.products.get(&key));
        of_product.chain(self.instances.get(&planned.id.to_string()))
    }
}
