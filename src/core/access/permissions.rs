//! Permissions: what roles give, as a map of resource and verb to true or false.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::core::Result;
use crate::core::db::{Db, Json, Statement};
use crate::core::field::{Document, Field, Shape};
use crate::core::id::Id;
use crate::core::model::{Group, IdentityProvider, User};

/// What somebody may do with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Make one.
    Create,
    /// See it.
    Read,
    /// Change it.
    Update,
    /// Delete it.
    Delete,
    /// Make a product or a build public.
    Publish,
    /// Vouch for a product or a build.
    Validate,
    /// Ask whether others may use a product.
    Authorize,
    /// Everything, of `everything`.
    Manage,
}

impl Verb {
    /// Its name in permissions.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Publish => "publish",
            Self::Validate => "validate",
            Self::Authorize => "authorize",
            Self::Manage => "manage",
        }
    }
}

const CRUD: &[&str] = &["create", "read", "update", "delete"];
const PUBLISHED: &[&str] = &["create", "read", "update", "delete", "publish", "validate"];

/// Every resource with the verbs that a role can permit on it.
const TEMPLATE: &[(&str, &[&str])] = &[
    ("everything", &["manage"]),
    ("appointments", CRUD),
    // The record of who asked for what is written by the marketplace alone, and so is the log of changes.
    ("attempts", &["read"]),
    ("audit", &["read"]),
    ("badges", CRUD),
    ("builds", PUBLISHED),
    ("claims", CRUD),
    ("configurations", CRUD),
    ("dependencies", CRUD),
    ("entitlements", CRUD),
    ("exposures", CRUD),
    ("groups", CRUD),
    ("identities", CRUD),
    ("identity_providers", CRUD),
    ("instances", CRUD),
    ("interfaces", CRUD),
    ("licenses", CRUD),
    ("logos", CRUD),
    ("members", CRUD),
    ("parameters", CRUD),
    ("platforms", CRUD),
    ("product_licenses", CRUD),
    ("products", &["create", "read", "update", "delete", "publish", "validate", "authorize"]),
    ("publisher_keys", CRUD),
    // So are the decisions on builds.
    ("reviews", &["read"]),
    ("roles", CRUD),
    ("screenshots", CRUD),
    ("sub_products", CRUD),
    ("surrogates", CRUD),
    ("tasks", CRUD),
    ("tokens", CRUD),
    ("users", &["create", "read", "update", "delete", "update_self", "read_self"]),
    ("vouchers", CRUD),
];

/// Whether there is such a resource with such a verb; none stands for any.
pub(super) fn is_known(resource: Option<&str>, verb: Option<&str>) -> bool {
    let knows = |known: &str| verb.is_none_or(|verb| verb == known);
    let on = |name: &str| resource.is_none_or(|resource| resource == name);
    TEMPLATE.iter().any(|(name, verbs)| on(name) && verbs.iter().any(|verb| knows(verb)))
}

/// Which verbs on which resources are permitted. What is not named is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(BTreeMap<String, BTreeMap<String, bool>>);

impl Permissions {
    /// None at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// All of them.
    pub fn everything() -> Self {
        Self::of(&[("everything", &["manage"])])
    }

    /// These, and no others.
    pub fn of(granted: &[(&str, &[&str])]) -> Self {
        let verbs = |verbs: &[&str]| verbs.iter().map(|verb| ((*verb).to_owned(), true)).collect();
        Self(granted.iter().map(|(resource, list)| ((*resource).to_owned(), verbs(list))).collect())
    }

    /// Those of all roles of a user: true anywhere wins.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of_user(db: &Db, id: Id<User>) -> Result<Self> {
        Self::of_roles(
            db,
            crate::sql!(
                "select roles.permissions from roles where exists (select 1 from appointments \
                 where appointments.role_id = roles.id and (appointments.user_id = $1 \
                 or appointments.group_id in (select group_id from members where members.user_id = $1)))",
                id
            ),
        )
        .await
    }

    /// Those of all roles of the users who sign in with a provider.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of_users_of(db: &Db, provider: Id<IdentityProvider>) -> Result<Self> {
        Self::of_roles(
            db,
            crate::sql!(
                "with able as (select user_id from identities where identity_provider_id = $1) \
                 select permissions from roles where id in (select role_id from appointments \
                 where user_id in (select user_id from able) \
                 or group_id in (select group_id from members where user_id in (select user_id from able)))",
                provider
            ),
        )
        .await
    }

    /// Those of all roles of a group.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn of_group(db: &Db, id: Id<Group>) -> Result<Self> {
        let roles = "select roles.permissions from roles where exists (select 1 from appointments \
                     where appointments.role_id = roles.id and appointments.group_id = $1)";
        Self::of_roles(db, Statement::new(roles).bind(id)).await
    }

    async fn of_roles(db: &Db, roles: Statement) -> Result<Self> {
        let roles: Vec<(Json<Self>,)> = db.all(roles).await?;
        Ok(roles.into_iter().fold(Self::none(), |all, (Json(role),)| all.merged(role)))
    }

    /// Whether this is permitted, by itself or by `everything.manage`.
    pub fn permit(&self, resource: &str, verb: Verb) -> bool {
        let granted =
            |resource: &str, verb: &str| self.0.get(resource).and_then(|verbs| verbs.get(verb)) == Some(&true);
        granted(resource, verb.word()) || granted("everything", Verb::Manage.word())
    }

    /// The first of others that these do not permit.
    pub fn first_beyond(&self, others: &Self) -> Option<String> {
        let granted = others.0.iter().flat_map(|(resource, verbs)| {
            verbs.iter().filter(|(_, granted)| **granted).map(move |(verb, _)| (resource, verb))
        });
        let beyond = granted.filter(|(resource, verb)| {
            let mine =
                |resource: &str, verb: &str| self.0.get(resource).and_then(|verbs| verbs.get(verb)) == Some(&true);
            !mine(resource, verb) && !mine("everything", Verb::Manage.word())
        });
        beyond.map(|(resource, verb)| format!("{resource}.{verb}")).next()
    }

    /// These and others together.
    pub(in crate::core) fn merged(mut self, other: Self) -> Self {
        for (resource, verbs) in other.0 {
            let mine = self.0.entry(resource).or_default();
            for (verb, granted) in verbs {
                *mine.entry(verb).or_default() |= granted;
            }
        }
        self
    }

    /// These, with every other permission there is as false: the form that answers have.
    pub fn in_full(&self) -> Self {
        let template = TEMPLATE.iter().map(|(resource, verbs)| {
            ((*resource).to_owned(), verbs.iter().map(|verb| ((*verb).to_owned(), false)).collect())
        });
        Self(template.collect()).merged(self.clone())
    }
}

impl Document for Permissions {
    const SHAPE: Shape = Shape::Object;
    const MUST: &'static str = "an object of resources, each an object of verbs, each true or false";

    fn schema() -> Value {
        let flag = || json!({ "type": "boolean" });
        let resource = |(resource, verbs): &(&str, &[&str])| {
            let verbs: Map<String, Value> = verbs.iter().map(|verb| ((*verb).into(), flag())).collect();
            let verbs = json!({ "type": "object", "properties": verbs, "additionalProperties": false });
            ((*resource).into(), verbs)
        };
        let resources: Map<String, Value> = TEMPLATE.iter().map(resource).collect();
        let example = json!({ "products": { "create": true, "publish": true } });
        json!({ "type": "object", "properties": resources, "additionalProperties": false, "examples": [example] })
    }

    fn read(value: &Value) -> Option<Self> {
        if let Value::String(text) = value {
            return serde_json::from_str(text).ok().and_then(|value| Self::read(&value));
        }
        let verbs = |verbs: &Value| {
            let granted = |(verb, granted): (&String, &Value)| Some((verb.clone(), bool::parse(granted).ok()?));
            verbs.as_object()?.iter().map(granted).collect::<Option<_>>()
        };
        let resource = |(resource, granted): (&String, &Value)| Some((resource.clone(), verbs(granted)?));
        let permissions: Option<_> = value.as_object()?.iter().map(resource).collect();
        permissions.map(|permissions| Self(permissions).in_full())
    }

    fn fault(&self) -> Option<String> {
        let known: Map<String, Value> =
            TEMPLATE.iter().map(|(resource, verbs)| ((*resource).into(), Value::from(*verbs))).collect();
        self.0.iter().find_map(|(resource, verbs)| match known.get(resource).and_then(Value::as_array) {
            None => Some(format!("must not name the unknown resource {resource:?}")),
            Some(permitted) => {
                let unknown = verbs.keys().find(|verb| !permitted.iter().any(|known| known == *verb))?;
                Some(format!("must not name the unknown verb {unknown:?} of {resource}"))
            }
        })
    }
}
