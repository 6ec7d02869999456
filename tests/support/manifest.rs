//! Manifests to publish.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use uuid::Uuid;

/// A valid marketplace.json, to be changed as a test needs.
pub struct Manifest(pub Value);

impl Manifest {
    /// The first build of a new product.
    pub fn new(name: &str, version: &str) -> Self {
        Self(json!({
            "marketplace_url": "https://marketplace.example.org",
            "product": {
                "uuid": Uuid::new_v4(),
                "build": {
                    "uuid": Uuid::new_v4(),
                    "version": version,
                    "description": format!("{name} is made for tests."),
                    "binary": { "registry": "https://registry.example.org", "image": format!("tests/app:{version}") },
                    "dependency": [],
                },
                "facts": {
                    "name": name,
                    "organization": [{ "name": "Example Health", "contact": "office@example.org" }],
                    "stewards": [{ "name": "Alex Example, MD", "role": "curator" }],
                    "licensing": [{ "name": "MIT License", "url": "https://opensource.org/license/mit" }],
                    "pricing": [{ "name": "Use", "kind": "upfront", "rate": "0", "measure": "access" }],
                    "technology_mime_type": "application/smart.v1",
                    "domain": ["Tests"],
                    "cybersecurity": [{ "control": "https://example.org/controls/1", "remark": "met" }],
                    "customer_service": [{ "service": "email", "url": "mailto:help@example.org", "terms": "none" }],
                    "data_access": [{ "label": "FHIR R4", "uri": "http://hl7.org/fhir" }],
                    "identify_and_access_management": [{ "name": "SMART" }],
                    "runtime_dependencies": [],
                    "networking": [{ "name": "FHIR", "uri": "https://fhir.example.org" }],
                },
            },
            "configuration": [{
                "default": true,
                "task": [{
                    "id": Uuid::new_v4(),
                    "configuration_id": Uuid::new_v4(),
                    "label": "web",
                    "memory_minimum": 64,
                    "memory_maximum": 128,
                    "instances_minimum": 1,
                    "instances_maximum": 2,
                    "options": ["--verbose"],
                    "ports": [8080],
                    "environment": [{ "key": "FHIR_URL", "description": "The FHIR server.", "required": true, "pattern": "https?://.+" }],
                }],
            }],
            "provenance": [{ "datetime": "2026-01-31T12:00:00Z", "attribution": "Tests", "remark": "Made for a test." }],
        }))
    }

    /// The next build of the same product.
    pub fn next_version(&self, version: &str) -> Self {
        let mut next = self.0.clone();
        next["product"]["build"]["uuid"] = json!(Uuid::new_v4());
        next["product"]["build"]["version"] = json!(version);
        Self(next)
    }

    /// The id of the product.
    pub fn product(&self) -> String {
        self.0["product"]["uuid"].as_str().unwrap().to_owned()
    }

    /// The id of the build.
    pub fn build(&self) -> String {
        self.0["product"]["build"]["uuid"].as_str().unwrap().to_owned()
    }

    /// Writes it as the marketplace.json of a folder.
    pub fn write(&self, folder: &Path) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join("marketplace.json");
        std::fs::write(&path, serde_json::to_string_pretty(&self.0).unwrap()).unwrap();
        path
    }
}
