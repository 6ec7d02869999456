//! Tasks: the processes of a configuration.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::{Build, Configuration};
use crate::core::Result;
use crate::core::access::Caller;
use crate::core::db::{Json, Tx};
use crate::core::field::{Count, Document, Field, Name, Natural, Ports, Schedule, Shape, Words};
use crate::core::id::Id;
use crate::core::resource::{Input, Parent, Resource, Table};
use crate::resource;

/// The most memory that an instance may take unless said otherwise, in MiB.
pub const DEFAULT_MEMORY: i64 = 1024;

/// An environment variable that a task is configured by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name: capital letters, digits and underscores.
    pub key: String,
    /// What it does.
    pub description: String,
    /// Whether the task can't start without a value.
    #[serde(default, deserialize_with = "flag")]
    pub required: bool,
    /// The value when none is given.
    #[serde(default)]
    pub default: Option<String>,
    /// A regular expression that values must match.
    #[serde(default)]
    pub pattern: Option<String>,
}

/// Reads true or false, which forms send as text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    bool::parse(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl Document for Vec<Variable> {
    const SHAPE: Shape = Shape::List;
    const MUST: &'static str = "a list of objects with key, description, and optionally required, default and pattern";

    fn schema() -> Value {
        let key = json!({ "type": "string", "pattern": "^[A-Z0-9_]+$", "description": "Its name, once in the list." });
        let variable = json!({
            "type": "object",
            "required": ["key", "description"],
            "properties": {
                "key": key,
                "description": { "type": "string", "description": "What it does." },
                "required": { "type": "boolean", "default": false, "description": "Whether it must have a value." },
                "default": { "type": ["string", "null"], "description": "The value when none is given." },
                "pattern": { "type": ["string", "null"], "description": "A regular expression that values match." },
            },
        });
        let example = json!([{ "key": "FHIR_URL", "description": "The FHIR server.", "required": true }]);
        json!({ "type": "array", "items": variable, "examples": [example] })
    }

    fn fault(&self) -> Option<String> {
        let lawful = |key: &str| {
            !key.is_empty() && key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        };
        let mut seen = std::collections::HashSet::new();
        self.iter().find_map(|Variable { key, .. }| {
            if !lawful(key) {
                return Some(format!("must have keys of A-Z, 0-9 and _ only, which {key:?} is not"));
            }
            (!seen.insert(key)).then(|| format!("must have each key once, but has {key} twice"))
        })
    }
}

resource! {
    /// A process that runs as part of a configuration, in one or more instances.
    pub struct Task {
        /// The configuration that it is part of.
        [fixed] configuration_id: Id<Configuration>,
        /// Its name, unique in the configuration.
        name: Name,
        /// The fewest instances to run.
        minimum: Count = Count(0),
        /// The most instances to run; 0 is without limit.
        maximum: Count = Count(0),
        /// The most memory that an instance may take, in MiB.
        memory: Natural = Natural(DEFAULT_MEMORY),
        /// The least memory that an instance needs, in MiB.
        memory_minimum: Option<Natural>,
        /// Arguments of the command line.
        options: Json<Words> = Json(Vec::new()),
        /// TCP ports that it serves.
        ports: Json<Ports> = Json(Vec::new()),
        /// When it runs, as five fields of cron; none means always.
        cron: Option<Schedule>,
        /// The environment variables that it is configured by.
        environment: Json<Vec<Variable>> = Json(Vec::new()),
    }
}

impl Resource for Task {
    const TABLE: Table = Table {
        name: "task",
        plural: "tasks",
        path: "/products/{product_id}/builds/{build_id}/configurations/{configuration_id}/tasks",
        parent: Some(Parent { table: &Configuration::TABLE, column: "configuration_id" }),
        sort: "name",
        ..Table::PLAIN
    };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["configuration_id", "name"]];
    const ALIASES: &'static [(&'static str, &'static str)] = &[
        ("label", "name"),
        ("instances_minimum", "minimum"),
        ("instances_maximum", "maximum"),
        ("memory_maximum", "memory"),
    ];

    fn validate(&self, input: &mut Input) {
        if self.maximum.0 != 0 && self.maximum < self.minimum {
            input.fails("maximum", "must be 0 or at least minimum");
        }
        if self.memory_minimum.is_some_and(|minimum| minimum > self.memory) {
            input.fails("memory_minimum", "must be at most memory");
        }
    }

    async fn guard(tx: &Tx, caller: &Caller, old: Option<&Self>, new: Option<&Self>) -> Result<()> {
        let Some(row) = old.or(new) else { return Ok(()) };
        let build =
            tx.scalar(crate::sql!("select build_id from configurations where id = $1", row.configuration_id)).await?;
        Build::require_open(tx, caller, build).await
    }
}
