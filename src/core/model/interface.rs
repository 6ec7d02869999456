//! Interfaces: what builds expose and depend upon.

use crate::core::field::{Name, Version};
use crate::core::resource::{Resource, Table};
use crate::resource;

resource! {
    /// A versioned contract, such as FHIR 4.0.1, that builds expose and depend upon.
    pub struct Interface {
        /// Its name, unique.
        name: Name,
        /// What identifies it in all versions.
        uri: Name,
        /// Its version, unique with the uri.
        version: Version,
        /// Its place among the versions: higher is newer.
        ordinal: i64 = 0,
    }
}

impl Resource for Interface {
    const TABLE: Table =
        Table { name: "interface", plural: "interfaces", path: "/interfaces", sort: "name", ..Table::PLAIN };
    const UNIQUE: &'static [&'static [&'static str]] = &[&["name"], &["uri", "version"]];
}

impl Interface {
    /// The name that an interface gets when a manifest mentions it first: its uri and version.
    pub fn name_for(uri: &str, version: &str) -> String {
        format!("{uri} {version}")
    }
}
