//! `product.facts`: what the official schema wants to be known about a product.

use std::collections::HashSet;

use super::diagnostic::Severity;
use super::interfaces::{DEPENDENCIES, dependencies};
use super::reader::Object;
use super::text::{LINE, LINK, MIME_TYPE, NAME, PROSE, STATEMENT, URI, WEB};
use super::{LicenseRef, RuntimeDependency};

const ORGANIZATION: &str = r#"[{"name": "Example Health", "contact": "office@example.org"}]"#;
const STEWARDS: &str = r#"[{"name": "Alex Example, MD", "role": "curator"}]"#;
const LICENSING: &str = r#"[{"name": "Apache License 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}]"#;
const LICENSE_NAME: &str = r#""Apache License 2.0"; without it the licence is left out"#;
const LICENSE_URL: &str = r#""https://www.apache.org/licenses/LICENSE-2.0"; without it the licence is left out"#;
const PRICING: &str = r#"[{"name": "Evaluation", "kind": "trial", "rate": "0", "measure": "access"}]"#;
const DOMAIN: &str = r#"["Clinical Decision Support"]"#;
const CYBERSECURITY: &str = r#"[{"control": "https://example.org/controls/ac-2", "remark": "Met by the platform"}]"#;
const CUSTOMER_SERVICE: &str =
    r#"[{"service": "email", "url": "mailto:help@example.org", "terms": "Within two working days"}]"#;
const DATA_ACCESS: &str = r#"[{"label": "FHIR R4", "uri": "http://hl7.org/fhir"}]"#;
const ACCESS_MANAGEMENT: &str = r#"[{"name": "SMART App Launch 2.0"}]"#;
const NETWORKING: &str = r#"[{"name": "FHIR server", "uri": "https://fhir.example.org"}]"#;

/// What the marketplace keeps of the facts.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) mime_type: Option<String>,
    pub(super) licenses: Vec<LicenseRef>,
    pub(super) dependencies: Vec<RuntimeDependency>,
}

/// Reads the facts.
pub(super) fn read(facts: &Object) -> Facts {
    for organization in facts.should("organization", ORGANIZATION).not_empty().objects() {
        organization.should("name", r#""Example Health""#).text(&NAME);
        organization.may("contact", r#""office@example.org""#).text(&LINE);
    }
    for steward in facts.should("stewards", STEWARDS).not_empty().objects() {
        steward.should("name", r#""Alex Example, MD""#).text(&NAME);
        steward.should("role", r#""curator""#).one_of(&["endorser", "curator"]);
    }
    for price in facts.may("pricing", PRICING).objects() {
        pricing(&price);
    }
    for domain in facts.should("domain", DOMAIN).entries() {
        domain.text(&NAME);
    }
    for measure in facts.should("cybersecurity", CYBERSECURITY).objects() {
        measure.should("control", r#""https://example.org/controls/ac-2""#).text(&URI);
        measure.should("remark", r#""Met by the platform""#).text(&PROSE);
    }
    for contact in facts.should("customer_service", CUSTOMER_SERVICE).objects() {
        contact.should("service", r#""email""#).one_of(&["phone", "email", "forum"]);
        contact.should("url", r#""mailto:help@example.org""#).text(&LINK);
        contact.should("terms", r#""Within two working days""#).text(&STATEMENT);
    }
    for data in facts.should("data_access", DATA_ACCESS).objects() {
        data.should("label", r#""FHIR R4""#).text(&NAME);
        data.should("uri", r#""http://hl7.org/fhir""#).text(&URI);
    }
    // The official schema has "identify".
    for method in facts.should("identify_and_access_management", ACCESS_MANAGEMENT).objects() {
        method.should("name", r#""SMART App Launch 2.0""#).text(&NAME);
    }
    for address in facts.should("networking", NETWORKING).objects() {
        address.should("name", r#""FHIR server""#).text(&NAME);
        address.should("uri", r#""https://fhir.example.org""#).text(&URI);
    }
    Facts {
        name: facts.must("name", r#""Growth Charts""#).text(&NAME).unwrap_or_default(),
        mime_type: facts.should("technology_mime_type", r#""application/smart.v1""#).text(&MIME_TYPE),
        licenses: licenses(facts),
        dependencies: dependencies(&facts.should("runtime_dependencies", DEPENDENCIES)),
    }
}

/// A price. The official schema misspells "maintenance" and its examples do not, so both will do.
fn pricing(price: &Object) {
    price.should("name", r#""Evaluation""#).text(&NAME);
    price.should("kind", r#""trial""#).one_of(&["trial", "upfront", "meter", "maintenance", "maintainence"]);
    price.should("rate", r#""0""#).text(&NAME);
    let measures = ["cpu_core", "gpu_core", "ram_gib", "invocation", "access", "hour", "custom"];
    price.should("measure", r#""access""#).one_of(&measures);
}

/// The licences that have a name and an address of their own. The others are reported and left out.
fn licenses(facts: &Object) -> Vec<LicenseRef> {
    let (mut names, mut urls) = (HashSet::new(), HashSet::new());
    let read = |license: &Object| {
        let name = license.should("name", LICENSE_NAME).text(&NAME);
        let field = license.should("url", LICENSE_URL);
        let (name, url) = (name?, field.text(&WEB)?);
        if !names.insert(name.clone()) | !urls.insert(url.clone()) {
            field.report(Severity::Warning, "is of a licence that is listed already", "List each licence once.");
            return None;
        }
        Some(LicenseRef { name, url })
    };
    facts.should("licensing", LICENSING).objects().iter().filter_map(read).collect()
}
