//! What a build offers to others and needs of them: `exposes`, `requires`, and dependencies on products.

use std::collections::HashSet;

use super::field::Field;
use super::reader::Object;
use super::text::{INTERFACE_URI, NAME, VERSION};
use super::{Exposed, ExposedParameter, Required, RuntimeDependency};

/// An example of exposed interfaces.
pub(super) const EXPOSES: &str =
    r#"[{"uri": "http://hl7.org/fhir", "version": "4.0.1", "parameters": [{"name": "base_url", "required": true}]}]"#;
/// An example of required interfaces.
pub(super) const REQUIRES: &str =
    r#"[{"uri": "http://hl7.org/fhir", "version": "4.0.1", "mappings": {"base_url": "FHIR_BASE_URL"}}]"#;
/// An example of dependencies on products.
pub(super) const DEPENDENCIES: &str = r#"[{"uuid": "f81d4fae-7dec-41d0-a765-00a0c91e6bf6", "build": []}]"#;

const PRODUCT: &str =
    r#""f81d4fae-7dec-41d0-a765-00a0c91e6bf6", the UUID of the product; without it the dependency is left out"#;
const INTERFACE: &str = r#""f81d4fae-7dec-41d0-a765-00a0c91e6bf6", the UUID of the interface, or leave it out"#;
const BUILDS: &str = r#"["f81d4fae-7dec-41d0-a765-00a0c91e6bf6"], or [] for any; else the dependency is left out"#;
const URI: &str = r#""http://hl7.org/fhir""#;
const FHIR_R4: &str = r#""4.0.1""#;
const MAPPINGS: &str = r#"{"base_url": "FHIR_BASE_URL"}"#;

/// The interfaces offered.
pub(super) fn exposed(list: &Field) -> Vec<Exposed> {
    let mut interfaces = HashSet::new();
    let read = |interface: Object| {
        let uri = interface.must("uri", URI).text(&INTERFACE_URI).unwrap_or_default();
        let version = interface.must("version", FHIR_R4).text(&VERSION).unwrap_or_default();
        // New interfaces are named after both.
        if uri.chars().count() + version.chars().count() >= NAME.most {
            interface.error("has a uri and a version that are too long together", "Shorten them to 254 characters.");
        }
        if !interfaces.insert((uri.clone(), version.clone())) {
            interface.error("is the same interface as one before", "List each version of an interface once.");
        }
        let mut names = HashSet::new();
        let parameters = interface.may("parameters", r#"[{"name": "base_url", "required": true}]"#).objects();
        let parameters = parameters.iter().map(|parameter| exposed_parameter(parameter, &mut names)).collect();
        Exposed { uri, version, parameters }
    };
    list.objects().into_iter().map(read).collect()
}

fn exposed_parameter(parameter: &Object, names: &mut HashSet<String>) -> ExposedParameter {
    ExposedParameter {
        name: parameter.must("name", r#""base_url""#).name_unlike(names).unwrap_or_default(),
        required: parameter.may("required", "true").flag().unwrap_or(false),
    }
}

/// An interface needed.
pub(super) fn required(interface: &Object) -> Required {
    Required {
        uri: interface.must("uri", URI).text(&INTERFACE_URI).unwrap_or_default(),
        version: interface.must("version", FHIR_R4).text(&NAME).unwrap_or_default(),
        required: interface.may("required", "true").flag().unwrap_or(true),
        mappings: interface.may("mappings", MAPPINGS).map(),
    }
}

/// The products needed. Those that are not identified are reported and left out.
pub(super) fn dependencies(list: &Field) -> Vec<RuntimeDependency> {
    list.objects().iter().filter_map(runtime_dependency).collect()
}

fn runtime_dependency(dependency: &Object) -> Option<RuntimeDependency> {
    dependency.ignores(&["id", "created_at", "updated_at"]);
    let product_id = dependency.should("uuid", PRODUCT).uuid();
    let build_ids: Vec<_> = dependency.should("build", BUILDS).entries().iter().map(Field::uuid).collect();
    let name = dependency.may("name", r#""Example Server""#).text(&NAME);
    let interface_id = dependency.may("interface_id", INTERFACE).leniently().uuid();
    let required = dependency.may("required", "true").flag().unwrap_or(true);
    let mappings = dependency.may("mappings", MAPPINGS).map();
    // Without the builds that can't be told, others or even all of them would do.
    let build_ids = build_ids.into_iter().collect::<Option<_>>()?;
    Some(RuntimeDependency { product_id: product_id?, build_ids, name, interface_id, required, mappings })
}
