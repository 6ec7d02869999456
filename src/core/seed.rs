//! What an empty marketplace starts with: roles, the first administrator's user, common open licences and interfaces.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Result;
use super::access::{Caller, Permissions, administrator};
use super::db::{Db, Tx};
use super::model::{Interface, License, Role};
use super::resource::{Resource, insert, search};

/// Fills an empty marketplace, once in its life; of several servers that start together, one does.
///
/// # Errors
/// When the database refuses or is away.
pub async fn run(db: &Db) -> Result<()> {
    let tx = db.begin().await?;
    if !once(&tx, "seeded").await? {
        return Ok(());
    }
    let caller = Caller::administrator("".into());
    tx.execute(crate::sql!(
        "insert into users (id, name, created_at, updated_at, search) values ($1, $2, $3, $3, $4)",
        administrator::ID,
        "administrator",
        caller.now,
        search::document(["administrator"])
    ))
    .await?;
    for (name, description, default, permissions) in roles() {
        let body = json!({ "name": name, "description": description, "default": default, "permissions": permissions });
        let role: Role = add(&tx, &caller, body).await?;
        if name == "Administrator" {
            administrator::appoint(&tx, role.id.uuid(), administrator::ID, caller.now).await?;
        }
    }
    for (_, name, url) in LICENSES {
        add::<License>(&tx, &caller, json!({ "name": name, "url": url })).await?;
    }
    for (name, uri, version, ordinal) in INTERFACES {
        add::<Interface>(&tx, &caller, json!({ "name": name, "uri": uri, "version": version, "ordinal": ordinal }))
            .await?;
    }
    tx.commit().await
}

/// Whether this is the first time that a thing of this name is done to the database, as of this transaction.
pub(super) async fn once(tx: &Tx, name: &str) -> Result<bool> {
    let now = super::clock::now().to_string();
    let statement =
        crate::sql!("insert into settings (name, value) values ($1, $2) on conflict (name) do nothing", name, now);
    Ok(tx.execute(statement).await? == 1)
}

async fn add<R: Resource>(tx: &Tx, caller: &Caller, body: Value) -> Result<R> {
    let fields: Map<String, Value> = body.as_object().cloned().unwrap_or_default();
    insert::<R>(tx, caller, &[] as &[Uuid], fields).await
}

fn roles() -> [(&'static str, &'static str, bool, Permissions); 4] {
    let all = ["create", "read", "update", "delete", "publish", "validate"].as_slice();
    let read = ["read"].as_slice();
    [
        ("Administrator", "May do everything.", false, Permissions::everything()),
        ("Editor", "Keeps all products and builds.", false, Permissions::of(&[("products", all), ("builds", all)])),
        (
            "Auditor",
            "Sees who has and uses which rights.",
            false,
            Permissions::of(&[("attempts", read), ("entitlements", read), ("claims", read)]),
        ),
        ("Standard", "What every user may do.", true, Permissions::of(&[("products", read)])),
    ]
}

/// Common open licences: their SPDX identifiers, names, and addresses.
pub const LICENSES: [(&str, &str, &str); 8] = [
    ("Apache-2.0", "Apache License 2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
    ("BSD-3-Clause", "BSD 3-Clause License", "https://opensource.org/license/bsd-3-clause"),
    ("CC-BY-4.0", "Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    ("CC0-1.0", "Creative Commons Zero 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    ("AGPL-3.0-only", "GNU Affero General Public License 3.0", "https://www.gnu.org/licenses/agpl-3.0.html"),
    ("GPL-3.0-only", "GNU General Public License 3.0", "https://www.gnu.org/licenses/gpl-3.0.html"),
    ("MIT", "MIT License", "https://opensource.org/license/mit"),
    ("MPL-2.0", "Mozilla Public License 2.0", "https://www.mozilla.org/MPL/2.0/"),
];

const INTERFACES: [(&str, &str, &str, i64); 8] = [
    ("FHIR R4", "http://hl7.org/fhir", "4.0.1", 4),
    ("FHIR R4B", "http://hl7.org/fhir", "4.3.0", 5),
    ("FHIR R5", "http://hl7.org/fhir", "5.0.0", 6),
    ("SMART App Launch 2.2", "http://hl7.org/fhir/smart-app-launch", "2.2.0", 1),
    ("CDS Hooks 2.0", "https://cds-hooks.org", "2.0", 1),
    ("DICOMweb", "https://www.dicomstandard.org/using/dicomweb", "2024", 1),
    ("PostgreSQL 15", "https://www.postgresql.org", "15", 15),
    ("OpenTelemetry Protocol 1", "https://opentelemetry.io/docs/specs/otlp", "1.0", 1),
];
